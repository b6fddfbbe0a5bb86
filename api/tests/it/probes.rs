//! The probes tell the truth.

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::harness::{Server, Setup};

#[tokio::test]
async fn a_store_that_is_away_makes_the_server_unready_and_leaves_it_alive() {
    let server = Server::start_with(Setup { store_is_away: Some("connection refused"), ..Setup::default() }).await;
    let reasons = ["job store unavailable: connection refused"];
    let unready = (StatusCode::SERVICE_UNAVAILABLE, json!({ "status": "not ready", "reasons": reasons }));
    assert_eq!(server.get("/readyz").await, unready);
    assert_eq!(server.get("/healthz").await, (StatusCode::OK, json!({ "status": "ok" })));
}

#[tokio::test]
async fn probes_are_read_with_get_and_head() {
    let server = Server::start().await;
    assert_eq!(server.request(Method::HEAD, "/readyz").send().await.unwrap().status(), 200);
    let refused = server.request(Method::POST, "/readyz").send().await.unwrap();
    assert_eq!((refused.status().as_u16(), refused.headers()["allow"].to_str().unwrap()), (405, "GET, HEAD"));
}
