//! `/api/settings`

use std::time::Duration;

use hfd_shared::ports::JobStore as _;
use hfd_shared::repo::{RepoKind, RepoRef};
use hfd_tests::fake_hub::{FakeHub, HubConfig, RepoBuilder};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::harness::{CACHE_DIR, Server, Setup, hub_client, secret_key, settings};

const TOKEN: &str = "hf_test_token_valid";
const PATH: &str = "/api/settings";

fn updated() -> (StatusCode, Value) {
    (StatusCode::OK, json!({ "success": true, "message": "Settings updated" }))
}

async fn token_of(server: &Server) -> Value {
    server.get(PATH).await.1["token"].clone()
}

#[tokio::test]
async fn the_settings_are_shown_as_documented() {
    let server = Server::start().await;
    let expected = json!({
        "token": "",
        "cacheDir": CACHE_DIR,
        "connections": 8,
        "maxActive": 2,
        "multipartThreshold": "1MiB",
        "verify": "sha256",
        "retries": 0,
        "maxBytesPerSecond": "0",
        "endpoint": "http://127.0.0.1:9",
    });
    assert_eq!(server.get(PATH).await, (StatusCode::OK, expected));
    let at_the_hub = Server::start_with(Setup { hub: "https://huggingface.co".to_owned(), ..Setup::default() }).await;
    assert_eq!(at_the_hub.get(PATH).await.1["endpoint"], "");
}

#[tokio::test]
async fn a_token_is_stored_encrypted_and_shown_masked() {
    let server = Server::start().await;
    assert_eq!(server.post(PATH, json!({ "token": TOKEN })).await, updated());
    assert_eq!(token_of(&server).await, "********alid");
    let stored = server.store.settings().await.unwrap();
    let json = serde_json::to_string(&stored).unwrap();
    assert!(stored.token.is_some() && !format!("{json} {stored:?}").contains(TOKEN), "{json}");
    // A form sends back what it was given, or nothing.
    for unchanged in [json!({ "token": "********alid" }), json!({})] {
        assert_eq!(server.post(PATH, unchanged).await, updated());
        assert_eq!(server.store.settings().await.unwrap(), stored);
    }
    for removed in [json!({ "token": "" }), json!({ "token": null })] {
        assert_eq!(server.post(PATH, json!({ "token": TOKEN })).await, updated());
        assert_eq!(server.post(PATH, removed).await, updated());
        assert_eq!(token_of(&server).await, "");
    }
}

#[tokio::test]
async fn each_setting_is_changed_alone_and_null_brings_back_the_configured_one() {
    let server = Server::start().await;
    let configured = server.get(PATH).await.1;
    let mut expected = configured.clone();
    let changes = [
        ("connections", json!(1)),
        ("connections", json!(64)),
        ("maxActive", json!(256)),
        ("multipartThreshold", json!("32MiB")),
        ("verify", json!("none")),
        ("retries", json!(20)),
        ("maxBytesPerSecond", json!("100MiB")),
        ("maxBytesPerSecond", json!("0")),
    ];
    for (field, value) in &changes {
        assert_eq!(server.post(PATH, json!({ *field: value })).await, updated());
        expected[field] = value.clone();
        assert_eq!(server.get(PATH).await.1, expected, "{field}");
    }
    for (field, _) in &changes {
        assert_eq!(server.post(PATH, json!({ *field: null })).await, updated());
        expected[field] = configured[field].clone();
        assert_eq!(server.get(PATH).await.1, expected, "{field}");
    }
}

#[tokio::test]
async fn more_active_jobs_are_admitted_at_once_and_fewer_stop_none() {
    let server = Server::start().await;
    let mut jobs = Vec::new();
    for number in 0..4 {
        jobs.push(server.submit(&format!("owner/model-{number}")).await);
    }
    let running = async || {
        let list = server.get("/api/jobs").await.1;
        list["jobs"].as_array().unwrap().iter().filter(|job| job["status"] == "running").count()
    };
    assert_eq!(running().await, 2);
    assert_eq!(server.post(PATH, json!({ "maxActive": 3 })).await, updated());
    assert_eq!(running().await, 3);
    assert_eq!(server.post(PATH, json!({ "maxActive": 1 })).await, updated());
    assert_eq!(running().await, 3);
    server.fail(jobs[0], "lost").await;
    assert_eq!(running().await, 2, "the one that waits has no room");
}

#[tokio::test]
async fn without_a_key_no_token_is_stored() {
    let server = Server::start_with(Setup { has_key: false, ..Setup::default() }).await;
    let details = refused(&server, json!({ "token": TOKEN, "connections": 9 })).await;
    assert!(details.starts_with("token: cannot be stored") && details.contains("set HFD_SECRET_KEY"), "{details}");
    assert_eq!(server.post(PATH, json!({ "connections": 9 })).await, updated(), "the others need no key");
}

/// Why a change is refused. Nothing is changed, and the token is not in the answer.
async fn refused(server: &Server, body: Value) -> String {
    let before = server.store.settings().await.unwrap();
    let (status, answer) = server.post(PATH, body.clone()).await;
    assert_eq!((status.as_u16(), &answer["error"]), (400, &json!("Invalid settings")), "{body}");
    assert!(!answer.to_string().contains(TOKEN), "{answer}");
    assert_eq!(server.store.settings().await.unwrap(), before, "{body}");
    answer["details"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_cannot_be_set_is_refused_whole_and_named() {
    let server = Server::start().await;
    for (field, value, says) in [
        ("connections", json!(0), "from 1 to 64"),
        ("connections", json!(65), "from 1 to 64"),
        ("connections", json!("8"), "a whole number or null"),
        ("connections", json!(1.5), "a whole number or null"),
        ("connections", json!(-1), "a whole number or null"),
        ("maxActive", json!(0), "from 1 to 256"),
        ("maxActive", json!(257), "from 1 to 256"),
        ("multipartThreshold", json!("lots"), "a number with an optional unit"),
        ("multipartThreshold", json!(1024), "a string or null"),
        ("verify", json!("md5"), "none, size or sha256"),
        ("retries", json!(21), "from 0 to 20"),
        ("maxBytesPerSecond", json!("1KiB"), "at least 64KiB"),
        ("endpoint", json!("http://mirror"), "--endpoint"),
        ("cacheDir", json!("/x"), "cannot be changed over the API"),
        ("modelsDir", json!("/x"), "cannot be changed over the API"),
        ("datasetsDir", json!("/x"), "cannot be changed over the API"),
        ("tokn", json!("x"), "unknown field; known are token"),
    ] {
        let mut body = json!({ "token": TOKEN, "verify": "size" });
        body[field] = value;
        let details = refused(&server, body).await;
        assert!(details.starts_with(&format!("{field}: ")) && details.contains(says), "{details}");
    }
    for token in [json!(1), json!("a\nb"), json!("********9999")] {
        let details = refused(&server, json!({ "token": token, "verify": "size" })).await;
        assert!(details.starts_with("token: "), "{details}");
    }
}

#[tokio::test]
async fn all_faults_are_told_at_once() {
    let server = Server::start_with(Setup { has_key: false, ..Setup::default() }).await;
    let body = json!({
        "token": TOKEN, "connections": 0, "maxActive": 1000, "multipartThreshold": "x", "verify": 1, "retries": 2,
        "cacheDir": "/x", "colour": "red",
    });
    let details = refused(&server, body).await;
    for field in ["token", "connections", "maxActive", "multipartThreshold", "verify", "cacheDir", "colour"] {
        assert!(details.split("; ").any(|fault| fault.starts_with(&format!("{field}: "))), "{field}: {details}");
    }
    assert!(!details.contains("retries: "), "{details}");
}

#[tokio::test]
async fn a_token_that_was_set_is_used_by_every_process() {
    let root = tempfile::tempdir().unwrap();
    RepoBuilder::model("owner/private").private().file("config.json", "{}").write(root.path()).unwrap();
    let fake = FakeHub::start(HubConfig::new(root.path())).unwrap();
    let server = Server::start_with(Setup { hub: fake.url().to_owned(), ..Setup::default() }).await;
    let plan = json!({ "repo": "owner/private" });
    assert_eq!(server.post("/api/plan", plan.clone()).await.0, 404);

    let other = hub_client(fake.url());
    let settings = settings(server.store.clone(), other.clone(), Some(secret_key()), 1);
    let stop = CancellationToken::new();
    let following = tokio::spawn({
        let stop = stop.clone();
        async move { stop.run_until_cancelled(settings.follow()).await }
    });
    assert_eq!(server.post(PATH, json!({ "token": TOKEN })).await, updated());
    assert_eq!(server.post("/api/plan", plan).await.0, 200);
    let repo = RepoRef { kind: RepoKind::Model, id: "owner/private".parse().unwrap() };
    let used = async {
        while other.commit(&repo, &"main".parse().unwrap()).await.is_err() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), used).await.unwrap();
    stop.cancel();
    following.await.unwrap();
}
