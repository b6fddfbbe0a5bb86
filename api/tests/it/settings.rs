//! `/api/settings`

use std::time::Duration;

use hfd_shared::control::Settings;
use hfd_shared::ports::JobStore as _;
use hfd_shared::repo::{RepoKind, RepoRef};
use hfd_tests::fake_hub::{FakeHub, HubConfig, RepoBuilder};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::harness::{CACHE_DIR, Server, Setup, hub_client, secret_key};

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
    for unchanged in [json!({ "token": "********alid" }), json!({ "token": null }), json!({})] {
        assert_eq!(server.post(PATH, unchanged).await, updated());
        assert_eq!(server.store.settings().await.unwrap(), stored);
    }
    assert_eq!(server.post(PATH, json!({ "token": "" })).await, updated());
    assert_eq!(token_of(&server).await, "");
}

#[tokio::test]
async fn without_a_key_no_token_is_stored() {
    let server = Server::start_with(Setup { has_key: false, ..Setup::default() }).await;
    let (status, body) = server.post(PATH, json!({ "token": TOKEN })).await;
    assert_eq!((status.as_u16(), &body["error"]), (400, &json!("Token cannot be stored")));
    assert!(body["details"].as_str().unwrap().contains("set HFD_SECRET_KEY"), "{body}");
    assert!(!body.to_string().contains(TOKEN), "{body}");
    assert_eq!(server.store.settings().await.unwrap().token, None);
}

#[tokio::test]
async fn what_cannot_be_set_is_refused_whole_and_named() {
    let server = Server::start().await;
    for (field, value, says) in [
        ("connections", json!(16), "--connections"),
        ("maxActive", json!(8), "--max-active"),
        ("multipartThreshold", json!("1GiB"), "--multipart-threshold"),
        ("verify", json!("none"), "--verify"),
        ("retries", json!(1), "--retries"),
        ("endpoint", json!("http://mirror"), "--endpoint"),
        ("cacheDir", json!("/x"), "cannot be changed over the API"),
        ("modelsDir", json!("/x"), "cannot be changed over the API"),
        ("datasetsDir", json!("/x"), "cannot be changed over the API"),
        ("tokn", json!("x"), "known are token"),
        ("token", json!(1), "must be a string"),
    ] {
        let mut body = json!({ "token": TOKEN });
        body[field] = value;
        let (status, body) = server.post(PATH, body).await;
        assert_eq!((status.as_u16(), &body["error"]), (400, &json!("Invalid request body")), "{field}");
        let details = body["details"].as_str().unwrap();
        assert!(details.contains(&format!("{field:?}")) && details.contains(says), "{details}");
    }
    let (status, body) = server.post(PATH, json!({ "token": "a\nb" })).await;
    assert_eq!((status.as_u16(), &body["error"]), (400, &json!("Invalid token")));
    assert_eq!(token_of(&server).await, "");
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
    let settings = Settings::new(server.store.clone(), other.clone(), Some(secret_key()), None).unwrap();
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
