//! The specification is served, with a page that needs no other server.

use reqwest::Method;
use serde_json::Value;

use crate::harness::Server;

#[tokio::test]
async fn the_served_document_is_the_one_of_the_code() {
    let server = Server::start().await;
    let (status, document) = server.get("/api/openapi.json").await;
    assert_eq!(status, 200);
    assert_eq!(document, serde_json::from_str::<Value>(&hfd_api::openapi_json().unwrap()).unwrap());
}

#[tokio::test]
async fn the_page_holds_the_document_and_may_load_nothing() {
    let server = Server::start().await;
    let response = server.request(Method::GET, "/api/docs").send().await.unwrap();
    let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
    assert!(header("content-type").starts_with("text/html"));
    let policy = header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("http") && !policy.contains('*'), "{policy}");
    let page = response.text().await.unwrap();
    assert!(page.contains("SwaggerUIBundle(") && page.contains(&hfd_api::openapi_json().unwrap()));
    for load in
        ["src=\"http", "src='http", "src=\"//", "href=\"http", "<link", "@import", "url(http", "url(//", "url(\"http"]
    {
        assert!(!page.contains(load), "the page loads {load}");
    }
}
