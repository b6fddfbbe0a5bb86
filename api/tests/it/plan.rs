//! `POST /api/plan` and `dryRun`, against the fake Hub

use hfd_tests::fake_hub::{Effect, FakeHub, Fault, HubConfig, Matcher, RepoBuilder};
use reqwest::Method;
use serde_json::json;
use tempfile::TempDir;

use crate::harness::{Server, Setup};

struct World {
    server: Server,
    hub: FakeHub,
    _root: TempDir,
}

async fn world() -> World {
    let root = tempfile::tempdir().unwrap();
    RepoBuilder::model("owner/model")
        .file("README.md", "hello")
        .file("config.json", "{}")
        .random_file("model.Q4_K_M.gguf", 3 << 20, 1)
        .random_file("model.Q8_0.gguf", 5 << 20, 2)
        .write(root.path())
        .unwrap();
    let hub = FakeHub::start(HubConfig::new(root.path())).unwrap();
    let server = Server::start_with(Setup { hub: hub.url().to_owned(), ..Setup::default() }).await;
    World { server, hub, _root: root }
}

#[tokio::test]
async fn a_plan_lists_what_a_download_would_take() {
    let world = world().await;
    let body = json!({ "repo": "owner/model:q4_k_m", "excludes": ["readme"] });
    let (status, plan) = world.server.post("/api/plan", body).await;
    let expected = json!({
        "repo": "owner/model",
        "revision": "main",
        "files": [
            { "path": "config.json", "size": 2, "lfs": false },
            { "path": "model.Q4_K_M.gguf", "size": 3 << 20, "lfs": true },
        ],
        "totalSize": (3 << 20) + 2,
        "totalFiles": 2,
    });
    assert_eq!((status.as_u16(), plan), (200, expected));
}

#[tokio::test]
async fn a_dry_run_is_a_plan_and_starts_nothing() {
    let world = world().await;
    let (_, plan) = world.server.post("/api/plan", json!({ "repo": "owner/model" })).await;
    let (status, dry) = world.server.post("/api/download", json!({ "repo": "owner/model", "dryRun": true })).await;
    assert_eq!((status.as_u16(), &dry), (200, &plan));
    assert_eq!(dry["totalFiles"], 4);
    assert_eq!(world.server.get("/api/jobs").await.1["count"], 0);
}

#[tokio::test]
async fn what_the_hub_refuses_has_its_status_and_says_what_to_do() {
    let world = world().await;
    for (body, status, error, says) in [
        (json!({ "repo": "owner/absent" }), 404, "Repository not found", "owner/absent"),
        (json!({ "repo": "owner/model", "revision": "v9" }), 404, "Revision not found", "revision"),
        (json!({ "repo": "owner/model", "filters": ["q2_k"] }), 400, "Nothing to download", "model.Q4_K_M.gguf"),
        (json!({ "repo": "owner/model", "excludes": ["*"] }), 400, "Nothing to download", "excludes"),
    ] {
        for (path, dry_run) in [("/api/plan", false), ("/api/download", true)] {
            let mut body = body.clone();
            body["dryRun"] = dry_run.into();
            let (got, answer) = world.server.post(path, body).await;
            assert_eq!((got.as_u16(), answer["error"].as_str()), (status, Some(error)), "{answer}");
            assert!(answer["details"].as_str().unwrap().contains(says), "{answer}");
        }
    }
}

#[tokio::test]
async fn a_hub_in_trouble_is_told_apart_from_our_own() {
    let world = world().await;
    for (effect, status) in [(Effect::Status { code: 500 }, 502), (Effect::RetryAfter { seconds: 120 }, 429)] {
        world.hub.inject(Fault::new(effect).on(Matcher::api()).always());
        let request = world.server.request(Method::POST, "/api/plan").json(&json!({ "repo": "owner/model" }));
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), status);
        assert_eq!(response.headers().contains_key("retry-after"), status == 429);
        world.hub.clear_faults();
    }
    let nobody = Server::start().await;
    let (status, answer) = nobody.post("/api/plan", json!({ "repo": "owner/model" })).await;
    assert_eq!((status.as_u16(), answer["error"].as_str()), (502, Some("Hub failed")), "{answer}");
}
