//! Every error is JSON with `error` and `details`.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{Server, read};

fn assert_error(answer: &(StatusCode, Value), status: u16, error: &str) {
    assert_eq!(answer.0, status, "{}", answer.1);
    assert_eq!(answer.1["error"], error, "{}", answer.1);
    assert!(answer.1["details"].as_str().is_some_and(|details| !details.is_empty()), "{}", answer.1);
    assert_eq!(answer.1.as_object().unwrap().len(), 2);
}

#[tokio::test]
async fn an_unknown_path_or_method_is_answered_in_json() {
    let server = Server::start().await;
    for path in ["/ui", "/ui/../Cargo.toml", "/nowhere", "/api", "/api/nowhere", "/api/jobs/a/b/c"] {
        assert_error(&server.get(path).await, 404, "Not found");
    }
    let response = server.request(Method::PUT, "/api/jobs").send().await.unwrap();
    assert_eq!(response.headers()["allow"], "GET, HEAD, DELETE");
    assert_error(&read(response).await, 405, "Method not allowed");
}

#[tokio::test]
async fn a_bad_repository_has_the_documented_error() {
    let server = Server::start().await;
    for path in ["/api/download", "/api/plan"] {
        for repo in ["", "a/b/c", "a b", "../x", "a/"] {
            let (status, body) = server.post(path, json!({ "repo": repo })).await;
            assert_eq!(status, 400, "{repo:?}");
            assert_eq!(body, json!({ "error": "Invalid repo format", "details": "Expected owner/name" }), "{repo:?}");
        }
    }
}

#[tokio::test]
async fn a_wrong_body_is_refused_and_the_field_is_named() {
    let server = Server::start().await;
    let many = vec!["x"; 201];
    for (body, error, named) in [
        (json!({ "repo": 1 }), "Invalid request body", "repo: must be a string"),
        (json!({ "repo": true }), "Invalid request body", "repo: must be a string"),
        (json!({ "repo": null }), "Invalid request body", "repo: is required"),
        (json!({}), "Invalid request body", "repo: is required"),
        (json!({ "repo": "a/b", "filter": ["q4"] }), "Invalid request body", "filter: unknown field; known are repo"),
        (json!({ "repo": "a/b", "filters": "q4" }), "Invalid request body", "filters: must be a list of strings"),
        (json!({ "repo": "a/b", "filters": [4] }), "Invalid request body", "filters: must be a list of strings"),
        (json!({ "repo": "a/b", "dataset": "true" }), "Invalid request body", "dataset: must be true or false"),
        (json!({ "repo": "a/b", "dryRun": 1 }), "Invalid request body", "dryRun: must be true or false"),
        (json!({ "repo": "a/b", "revision": 1 }), "Invalid request body", "revision: must be a string"),
        (json!({ "filters": 4, "x": 1 }), "Invalid request body", "filters: must be a list of strings: invalid type"),
        (json!({ "filters": 4, "x": 1 }), "Invalid request body", "; x: unknown field"),
        (json!(["a/b"]), "Invalid request body", "a JSON object"),
        (json!({ "repo": "a/b", "revision": "../x" }), "Invalid revision", "expected a branch"),
        (json!({ "repo": "a/b", "filters": ["*["] }), "Invalid filter", "invalid pattern"),
        (json!({ "repo": "a/b", "excludes": many }), "Too many filters", "at most 200"),
    ] {
        for path in ["/api/download", "/api/plan"] {
            let answer = server.post(path, body.clone()).await;
            assert_error(&answer, 400, error);
            assert!(answer.1["details"].as_str().unwrap().contains(named), "{}", answer.1);
        }
    }
    assert_eq!(server.get("/api/jobs").await.1["count"], 0, "nothing was started");
}

#[tokio::test]
async fn a_body_that_is_not_json_is_refused() {
    let server = Server::start().await;
    let post = || server.request(Method::POST, "/api/download");
    let typed = |text: &'static str| post().header("content-type", "application/json").body(text);
    let answer = read(typed("{\"repo\": \"a/b\"").send().await.unwrap()).await;
    assert_error(&answer, 400, "Invalid request body");
    assert!(answer.1["details"].as_str().unwrap().contains("line 1"), "{}", answer.1);
    assert_error(&read(typed("").send().await.unwrap()).await, 400, "Invalid request body");
    for other in [post().body("{}"), post().header("content-type", "text/plain").body("{\"repo\":\"a/b\"}")] {
        assert_error(&read(other.send().await.unwrap()).await, 400, "Invalid content type");
    }
    let with_charset = post().header("content-type", "application/json; charset=utf-8").body("{\"repo\":\"a/b\"}");
    assert_eq!(with_charset.send().await.unwrap().status(), 202);
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_with_and_without_its_length() {
    let server = Server::start().await;
    let text = format!("{{\"repo\": \"{}\"}}", "x".repeat(1 << 20));
    let post = || server.request(Method::POST, "/api/download").header("content-type", "application/json");
    let answer = read(post().body(text.clone()).send().await.unwrap()).await;
    assert_error(&answer, 413, "Request too large");
    let chunks = futures_util::stream::iter([Ok::<_, std::io::Error>(text)]);
    let answer = read(post().body(reqwest::Body::wrap_stream(chunks)).send().await.unwrap()).await;
    assert_error(&answer, 413, "Request too large");
}

#[tokio::test]
async fn a_plain_request_to_the_websocket_is_refused() {
    let server = Server::start().await;
    assert_error(&server.get("/api/ws").await, 400, "WebSocket required");
}

#[tokio::test]
async fn a_path_or_query_that_is_no_text_or_too_long_is_refused() {
    let server = Server::start().await;
    for target in ["/api/jobs/%ff", "/api/jobs/%zz", "/api/jobs/%", "/api/jobs/%00", "/api/jobs?x=%ff", "/%e4/x"] {
        assert_error(&server.get(target).await, 400, "Invalid path");
    }
    let long = "x".repeat(8 << 10);
    assert_error(&server.get(&format!("/api/jobs/{long}")).await, 414, "Path too long");
    assert_error(&server.get(&format!("/api/jobs?x={long}")).await, 414, "Path too long");
    assert_error(&server.get("/api/jobs/%C3%A4").await, 404, "Job not found");
}

#[tokio::test]
async fn what_reads_is_asked_with_head_too() {
    let server = Server::start().await;
    for path in ["/api/jobs", "/api/settings", "/api/health", "/api/openapi.json", "/api/docs"] {
        let response = server.request(Method::HEAD, path).send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        assert_eq!(response.bytes().await.unwrap().len(), 0, "{path}");
    }
}
