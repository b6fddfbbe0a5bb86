//! `/api/jobs`

use hfd_shared::job::JobId;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::download::assert_time;
use crate::harness::Server;

#[tokio::test]
async fn jobs_are_listed_newest_first_with_their_files() {
    let server = Server::start().await;
    assert_eq!(server.get("/api/jobs").await, (StatusCode::OK, json!({ "jobs": [], "count": 0 })));
    let first = server.submit("owner/first").await;
    let second = server.submit("owner/second").await;
    server.plan(first, &[10, 20, 30]).await;
    server.finish(first, 0, Ok(())).await;
    server.report(first, 1, 15).await;
    server.finish(first, 2, Err("hash differs".into())).await;
    let (status, list) = server.get("/api/jobs").await;
    assert_eq!(status, 200);
    assert_eq!(list["count"], 2);
    assert_eq!(list["jobs"][0]["id"], second.to_string());
    let job = &list["jobs"][1];
    assert_eq!(job["status"], "running");
    assert_eq!(job["commit"], "a1".repeat(20));
    assert_time(&job["startedAt"]);
    assert_eq!(job["endedAt"], Value::Null);
    assert_eq!(job["progress"]["totalFiles"], 3);
    assert_eq!(job["progress"]["completedFiles"], 1);
    assert_eq!(job["progress"]["totalBytes"], 60);
    let file = |number: usize, size: u64, downloaded: Value, status: &str, error: &str| {
        json!({
            "path": format!("file-{number:04}.bin"), "totalBytes": size, "downloaded": downloaded,
            "status": status, "error": error,
        })
    };
    let expected = json!([
        file(0, 10, json!(10), "complete", ""),
        file(1, 20, json!(15), "downloading", ""),
        file(2, 30, job["files"][2]["downloaded"].clone(), "failed", "hash differs"),
    ]);
    assert_eq!(job["files"], expected);
    let (status, one) = server.get(&format!("/api/jobs/{first}")).await;
    assert_eq!((status, &one), (StatusCode::OK, job));
}

#[tokio::test]
async fn a_job_is_paused_resumed_and_cancelled_with_the_documented_messages() {
    let server = Server::start().await;
    let id = server.submit("owner/name").await;
    let done = |message: &str| (StatusCode::OK, json!({ "success": true, "message": message }));
    let job = format!("/api/jobs/{id}");
    assert_eq!(server.send(Method::POST, &format!("{job}/pause")).await, done("Job paused"));
    assert_eq!(server.get(&job).await.1["status"], "paused");
    assert_eq!(server.send(Method::POST, &format!("{job}/resume")).await, done("Job resumed"));
    assert_eq!(server.send(Method::DELETE, &job).await, done("Job cancelled"));
    let (_, ended) = server.get(&job).await;
    assert_eq!(ended["status"], "cancelled");
    assert_time(&ended["endedAt"]);
}

#[tokio::test]
async fn an_operation_in_the_wrong_state_is_a_404_with_the_documented_message() {
    let server = Server::start().await;
    let running = server.submit("owner/running").await;
    let ended = server.submit("owner/ended").await;
    server.fail(ended, "no such repository").await;
    let unknown = "a1b2c3d4e5f6".parse::<JobId>().unwrap().to_string();
    for (method, path, error) in [
        (Method::POST, format!("{running}/resume"), "Job not found or not paused"),
        (Method::POST, format!("{ended}/pause"), "Job not found or not running"),
        (Method::DELETE, ended.to_string(), "Job not found or already completed"),
        (Method::GET, unknown.clone(), "Job not found"),
        (Method::DELETE, unknown.clone(), "Job not found or already completed"),
        (Method::POST, format!("{unknown}/pause"), "Job not found or not running"),
        (Method::POST, format!("{unknown}/resume"), "Job not found or not paused"),
        (Method::GET, "not-an-id".to_owned(), "Job not found"),
        (Method::GET, "..%2F..".to_owned(), "Job not found"),
        (Method::DELETE, "zzzzzzzzzzzz".to_owned(), "Job not found or already completed"),
        (Method::POST, "1/pause".to_owned(), "Job not found or not running"),
        (Method::POST, "1/resume".to_owned(), "Job not found or not paused"),
    ] {
        let (status, body) = server.send(method.clone(), &format!("/api/jobs/{path}")).await;
        assert_eq!((status.as_u16(), body["error"].as_str()), (404, Some(error)), "{method} {path}");
        assert!(body["details"].is_string());
    }
    let (_, failed) = server.get(&format!("/api/jobs/{ended}")).await;
    assert_eq!((failed["status"].as_str(), failed["error"].as_str()), (Some("failed"), Some("no such repository")));
}
