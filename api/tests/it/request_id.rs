//! Every response names its request, and carries the headers that every response carries.

use reqwest::{Method, RequestBuilder};

use crate::harness::Server;

async fn id(request: RequestBuilder) -> String {
    let response = request.send().await.unwrap();
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("cache-control", "no-store"),
    ] {
        assert_eq!(response.headers()[name], value);
    }
    assert!(response.headers()["content-security-policy"].to_str().unwrap().contains("frame-ancestors 'none'"));
    response.headers()["x-request-id"].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_response_has_the_id_of_its_request_or_a_new_one() {
    let server = Server::start().await;
    for (method, path) in [
        (Method::GET, "/api/jobs"),
        (Method::GET, "/healthz"),
        (Method::GET, "/api/docs"),
        (Method::GET, "/nowhere"),
        (Method::PUT, "/api/jobs"),
        (Method::POST, "/api/download"),
        (Method::OPTIONS, "/api/jobs"),
        (Method::GET, "/api/ws"),
    ] {
        let request = || server.request(method.clone(), path);
        assert_eq!(id(request().header("x-request-id", "mine-1")).await, "mine-1", "{method} {path}");
        let (first, second) = (id(request()).await, id(request().header("x-request-id", "not mine")).await);
        assert_eq!((first.len(), second.len()), (32, 32), "{method} {path}");
        assert_ne!(first, second);
    }
    let refused = server.request(Method::GET, "/api/jobs").header("host", "evil.example");
    assert_eq!(id(refused.header("x-request-id", "mine-2")).await, "mine-2");
}
