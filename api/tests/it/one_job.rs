//! `?job=`: following one job.

use std::time::Duration;

use serde_json::{Value, json};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use crate::harness::Server;
use crate::socket::Socket;

#[tokio::test]
async fn only_the_job_is_told_of() {
    let server = Server::start().await;
    let (followed, other) = (server.submit("owner/followed").await, server.submit("owner/other").await);
    let (mut socket, init) = Socket::connect_to(&server, &format!("?job={followed}")).await;
    let ids: Vec<&Value> = init["jobs"].as_array().unwrap().iter().map(|job| &job["id"]).collect();
    assert_eq!(ids, [&json!(followed.to_string())]);
    server.complete(other).await;
    server.submit("owner/third").await;
    server.complete(followed).await;
    let seen = socket.until(|message| message["type"] == "event").await;
    for (message, seq) in seen.iter().zip(2..) {
        let id = if message["type"] == "event" { &message["data"]["jobId"] } else { &message["data"]["id"] };
        assert_eq!((id.as_str(), message["seq"].as_u64()), (Some(followed.to_string().as_str()), Some(seq)));
    }
    assert_eq!(seen.last().unwrap()["data"]["event"], "download_complete");
    assert_eq!(socket.during(Duration::from_secs(1)).await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_job_that_is_not_there_is_refused_before_the_handshake() {
    let server = Server::start().await;
    for id in ["a1b2c3d4e5f6", "nonsense", ""] {
        let Err(Error::Http(refusal)) = connect_async(format!("ws://{}/api/ws?job={id}", server.address)).await else {
            panic!("{id:?} must be refused")
        };
        assert_eq!(refusal.status(), 404);
        let body: Value = serde_json::from_slice(refusal.body().as_deref().unwrap_or_default()).unwrap_or_default();
        assert_eq!(body["error"], "Job not found");
    }
}

#[tokio::test]
async fn the_connection_ends_with_the_job() {
    let server = Server::start().await;
    let id = server.submit("owner/name").await;
    let (mut socket, _) = Socket::connect_to(&server, &format!("?job={id}")).await;
    server.jobs.cancel(id).await.unwrap();
    server.jobs.dismiss(id).await.unwrap();
    let seen = socket.until(|message| message["data"]["event"] == "job_removed").await;
    assert_eq!(seen.last().unwrap()["data"]["jobId"], id.to_string());
    assert_eq!(socket.closed().await.unwrap().code, CloseCode::Normal);
}
