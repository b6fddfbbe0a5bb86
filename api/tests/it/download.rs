//! `GET /api/health` and `POST /api/download`

use hfd_shared::job::{Removal, Work};
use serde_json::json;

use crate::harness::{CACHE_DIR, Server, Setup};

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
        "kind": "download",
        "repo": "owner/name",
        "revision": "v1",
        "isDataset": true,
        "filters": ["q4_k_m"],
        "excludes": ["*.md"],
        "outputDir": CACHE_DIR,
        "priority": "normal",
        "transfer": "auto",
        "status": "queued",
        "position": 1,
        "attempts": 0,
        "progress": {
            "totalFiles": 0, "completedFiles": 0, "totalBytes": 0, "downloadedBytes": 0, "bytesPerSecond": 0,
        },
        "etaSeconds": null,
        "error": "",
        "waitingReason": "",
        "workers": [],
        "commit": null,
        "outcome": null,
        "callbackUrl": "",
        "createdAt": job["createdAt"],
        "startedAt": null,
        "endedAt": null,
        "files": [],
        "filesTruncated": false,
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

#[tokio::test]
async fn jobs_wait_by_their_priority() {
    let server = Server::start_with(Setup { max_active: 0, ..Setup::default() }).await;
    for (repo, priority) in [("owner/a", "normal"), ("owner/b", "low"), ("owner/c", "high"), ("owner/d", "normal")] {
        let (status, job) = server.post("/api/download", json!({ "repo": repo, "priority": priority })).await;
        assert_eq!((status.as_u16(), job["priority"].as_str()), (202, Some(priority)));
    }
    let (_, list) = server.get("/api/jobs").await;
    let position = |job: &serde_json::Value| (job["repo"].as_str().unwrap().to_owned(), job["position"].as_u64());
    let positions: Vec<_> = list["jobs"].as_array().unwrap().iter().map(position).collect();
    let expected = [("owner/d", 3), ("owner/c", 1), ("owner/b", 4), ("owner/a", 2)];
    assert_eq!(positions, expected.map(|(repo, place)| (repo.to_owned(), Some(place))));
}

#[tokio::test]
async fn a_wrong_priority_or_callback_is_a_400_that_names_it() {
    let server = Server::start().await;
    for (field, value) in [
        ("priority", json!("urgent")),
        ("priority", json!(1)),
        ("callbackUrl", json!("ftp://h/")),
        ("callbackUrl", json!("http://user:secret@h/")),
        ("callbackUrl", json!(["http://h/"])),
    ] {
        let (status, body) = server.post("/api/download", json!({ "repo": "owner/name", field: value })).await;
        assert_eq!(status, 400, "{field}: {value}");
        assert!(body.to_string().contains(field), "{body}");
        assert!(!body.to_string().contains("secret"), "{body}");
    }
    assert_eq!(server.get("/api/jobs").await.1["count"], 0);
}

#[tokio::test]
async fn callbacks_to_private_addresses_or_without_a_secret_are_refused() {
    let server = Server::start().await;
    let to = |url: &str| json!({ "repo": "owner/name", "callbackUrl": url });
    for private in ["http://127.0.0.1:9/hook?key=hush", "http://localhost/", "http://169.254.169.254/", "http://[::1]/"]
    {
        let (status, body) = server.post("/api/download", to(private)).await;
        assert_eq!((status.as_u16(), body["error"].as_str()), (400, Some("Invalid callbackUrl")), "{private}");
        assert!(!body.to_string().contains("hush"), "{body}");
    }
    assert_eq!(server.post("/api/download", to("https://example.org/hook")).await.0, 202);
    let without = Server::start_with(Setup { has_callbacks: false, ..Setup::default() }).await;
    let (status, body) = without.post("/api/download", to("https://example.org/hook")).await;
    assert_eq!((status.as_u16(), body["error"].as_str()), (400, Some("Callbacks are not configured")));
    assert!(body["details"].as_str().unwrap().contains("HFD_CALLBACK_SECRET"), "{body}");
}

#[tokio::test]
async fn a_download_into_a_repository_that_is_being_removed_is_a_409() {
    let server = Server::start().await;
    let removal = server.submit_work("owner/name", Work::Remove(Removal::Repo)).await;
    let (status, body) = server.post("/api/download", json!({ "repo": "owner/name" })).await;
    assert_eq!((status.as_u16(), body["error"].as_str()), (409, Some("Repository in use")));
    assert!(body["details"].as_str().unwrap().contains(&removal.to_string()), "{body}");
    server.complete(removal).await;
    assert_eq!(server.post("/api/download", json!({ "repo": "owner/name" })).await.0, 202);
}
