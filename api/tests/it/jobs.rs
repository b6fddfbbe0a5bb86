//! `/api/jobs`

use hfd_shared::job::{JobId, Outcome, Removal, Work};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::download::assert_time;
use crate::harness::{Server, Setup};

#[tokio::test]
async fn jobs_are_listed_newest_first_with_their_files() {
    let server = Server::start().await;
    let none = json!({ "jobs": [], "count": 0, "total": 0, "nextCursor": null });
    assert_eq!(server.get("/api/jobs").await, (StatusCode::OK, none));
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
    assert_eq!(job["attempts"], 1);
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
        (Method::POST, format!("{running}/retry"), "Job not found or not failed or cancelled"),
        (Method::POST, format!("{unknown}/retry"), "Job not found or not failed or cancelled"),
        (Method::POST, format!("{unknown}/dismiss"), "Job not found"),
        (Method::GET, format!("{unknown}/files"), "Job not found"),
    ] {
        let (status, body) = server.send(method.clone(), &format!("/api/jobs/{path}")).await;
        assert_eq!((status.as_u16(), body["error"].as_str()), (404, Some(error)), "{method} {path}");
        assert!(body["details"].is_string());
    }
    let (_, failed) = server.get(&format!("/api/jobs/{ended}")).await;
    assert_eq!((failed["status"].as_str(), failed["error"].as_str()), (Some("failed"), Some("no such repository")));
}

#[tokio::test]
async fn a_failed_job_is_retried_from_its_beginning() {
    let server = Server::start().await;
    let id = server.submit("owner/name").await;
    server.plan(id, &[10, 20]).await;
    server.fail(id, "it broke").await;
    let (status, body) = server.send(Method::POST, &format!("/api/jobs/{id}/retry")).await;
    assert_eq!((status.as_u16(), body), (200, json!({ "success": true, "message": "Job queued again" })));
    let (_, job) = server.get(&format!("/api/jobs/{id}")).await;
    assert_eq!((job["attempts"].as_u64(), job["error"].as_str(), &job["files"]), (Some(2), Some(""), &json!([])));
}

#[tokio::test]
async fn a_retry_beside_a_job_in_its_way_is_a_409() {
    let server = Server::start().await;
    let (same, removed) = (server.submit("owner/same").await, server.submit("owner/removed").await);
    server.fail(same, "it broke").await;
    server.fail(removed, "it broke").await;
    let again = server.submit("owner/same").await;
    let removal = server.submit_work("owner/removed", Work::Prune).await;
    for (id, error, other) in [(same, "Job already in progress", again), (removed, "Repository in use", removal)] {
        let (status, body) = server.send(Method::POST, &format!("/api/jobs/{id}/retry")).await;
        assert_eq!((status.as_u16(), body["error"].as_str()), (409, Some(error)));
        assert!(body["details"].as_str().unwrap().contains(&other.to_string()), "{body}");
    }
}

#[tokio::test]
async fn what_removes_files_runs_at_once_and_cannot_be_cancelled() {
    let server = Server::start_with(Setup { max_active: 0, ..Setup::default() }).await;
    let id = server.submit_work("owner/name", Work::Remove(Removal::Repo)).await;
    let (_, job) = server.get(&format!("/api/jobs/{id}")).await;
    assert_eq!((job["kind"].as_str(), job["status"].as_str()), (Some("remove"), Some("running")));
    for (method, path) in [(Method::DELETE, format!("/api/jobs/{id}")), (Method::POST, format!("/api/jobs/{id}/pause"))]
    {
        let (status, body) = server.send(method, &path).await;
        assert_eq!((status.as_u16(), body["error"].as_str()), (409, Some("Job cannot be stopped")));
    }
}

#[tokio::test]
async fn an_outcome_is_shortened_but_where_one_job_is_asked_for() {
    let server = Server::start().await;
    let id = server.submit_work("owner/name", Work::Prune).await;
    let mut outcome = Outcome::default();
    for number in 0..150 {
        outcome.remove(format!("blobs/{number}"), 10);
    }
    server.complete_with(id, Some(outcome)).await;
    let (_, list) = server.get("/api/jobs").await;
    let (_, one) = server.get(&format!("/api/jobs/{id}")).await;
    for (job, entries) in [(&list["jobs"][0], 100), (&one, 150)] {
        assert_eq!(job["outcome"]["freedBytes"], 1_500);
        assert_eq!(job["outcome"]["removed"].as_array().unwrap().len(), entries);
        assert_eq!(job["outcome"]["failures"], json!([]));
    }
}

#[tokio::test]
async fn an_ended_job_is_dismissed_and_a_live_one_is_not() {
    let server = Server::start().await;
    let id = server.submit("owner/name").await;
    let path = format!("/api/jobs/{id}/dismiss");
    let (status, body) = server.send(Method::POST, &path).await;
    assert_eq!((status.as_u16(), body["error"].as_str()), (409, Some("Job has not ended")));
    server.complete(id).await;
    let dismissed = json!({ "success": true, "message": "Job dismissed" });
    assert_eq!(server.send(Method::POST, &path).await, (StatusCode::OK, dismissed));
    assert_eq!(server.get(&format!("/api/jobs/{id}")).await.0, 404);
    assert_eq!(server.send(Method::POST, &path).await.0, 404);
}

#[tokio::test]
async fn ended_jobs_are_dismissed_by_their_status() {
    let server = Server::start_with(Setup { max_active: 10, ..Setup::default() }).await;
    let mut jobs = Vec::new();
    for number in 0..4 {
        jobs.push(server.submit(&format!("owner/model-{number}")).await);
    }
    server.complete(jobs[0]).await;
    server.fail(jobs[1], "it broke").await;
    server.send(Method::DELETE, &format!("/api/jobs/{}", jobs[2])).await;
    for wrong in [
        "",
        "?status=",
        "?status=running",
        "?status=completed,queued",
        "?status=gone",
        "?status=completed&repo=owner/model-1",
    ] {
        assert_eq!(server.send(Method::DELETE, &format!("/api/jobs{wrong}")).await.0, 400, "{wrong:?}");
    }
    let (status, body) = server.send(Method::DELETE, "/api/jobs?status=completed,failed").await;
    assert_eq!((status.as_u16(), body), (200, json!({ "success": true, "message": "Jobs dismissed", "count": 2 })));
    let (_, list) = server.get("/api/jobs").await;
    assert_eq!((&list["jobs"][0]["id"], &list["jobs"][1]["id"]), (&json!(jobs[3]), &json!(jobs[2])));
    assert_eq!(list["count"], 2);
}
