//! `GET /api/health` and `POST /api/download`

use serde_json::json;

use crate::harness::{CACHE_DIR, Server};

/// UTC, whole seconds, `Z`.
pub(crate) fn assert_time(value: &serde_json::Value) {
    let text = value.as_str().unwrap();
    assert_eq!(text.len(), "2024-01-15T10:30:00Z".len(), "{text}");
    assert!(text.ends_with('Z') && text.as_bytes()[10] == b'T', "{text}");
}

#[tokio::test]
async fn health_tells_status_version_and_time() {
    let server = Server::start().await;
    let (status, body) = server.get("/api/health").await;
    assert_eq!(status, 200);
    assert_time(&body["time"]);
    let expected = json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION"), "time": body["time"] });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn a_new_job_is_a_202_with_every_documented_field() {
    let server = Server::start().await;
    let body = json!({ "repo": "owner/name:q4_k_m", "excludes": ["*.md"], "dataset": true, "revision": "v1" });
    let (status, job) = server.post("/api/download", body).await;
    assert_eq!(status, 202);
    assert_time(&job["createdAt"]);
    let expected = json!({
        "id": job["id"],
        "repo": "owner/name",
        "revision": "v1",
        "isDataset": true,
        "filters": ["q4_k_m"],
        "excludes": ["*.md"],
        "outputDir": CACHE_DIR,
        "status": "queued",
        "progress": {
            "totalFiles": 0, "completedFiles": 0, "totalBytes": 0, "downloadedBytes": 0, "bytesPerSecond": 0,
        },
        "error": "",
        "waitingReason": "",
        "workers": [],
        "commit": null,
        "createdAt": job["createdAt"],
        "startedAt": null,
        "endedAt": null,
        "files": [],
    });
    assert_eq!(job, expected);
    let id = job["id"].as_str().unwrap();
    assert!(id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
}

#[tokio::test]
async fn the_same_live_job_is_a_200_with_the_job_and_the_message() {
    let server = Server::start().await;
    let body = json!({ "repo": "owner/name", "filters": ["b", "a"] });
    let (_, first) = server.post("/api/download", body).await;
    let again = json!({ "repo": "owner/name", "filters": ["a", "b"], "revision": "main", "excludes": null });
    let (status, body) = server.post("/api/download", again).await;
    assert_eq!(status, 200);
    assert_eq!(body["job"]["id"], first["id"]);
    assert_eq!(body["message"], "Download already in progress");
    assert_eq!(body.as_object().unwrap().len(), 2);
    assert_eq!(body["job"].as_object().unwrap().len(), first.as_object().unwrap().len());
    assert_time(&body["job"]["startedAt"]);
    let (_, list) = server.get("/api/jobs").await;
    assert_eq!(list["count"], 1);
}
