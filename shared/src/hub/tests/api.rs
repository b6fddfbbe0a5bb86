//! Answers of the JSON API and their retries.

use std::time::Duration;

use super::server::{Reply, TestServer};
use super::{COMMIT, client, client_with, commit, repo};
use crate::hub::{HubError, Retry};
use crate::settings::TransferSettings;

const MAIN: &str = "/api/models/o/n/revision/main";

fn sha() -> Reply {
    Reply::new(200).body(format!("{{\"sha\":\"{COMMIT}\",\"siblings\":[]}}"))
}

#[tokio::test]
async fn a_revision_becomes_a_commit_over_redirects_of_both_kinds() {
    let hub = TestServer::start().await;
    hub.on("/api/models/o/n/revision/refs%2Fpr%2F1", Reply::new(307).header("location", "../renamed"));
    hub.on("/api/models/o/n/renamed", Reply::new(301).header("location", hub.url.join("/there").unwrap().as_str()));
    hub.on("/there", sha());
    let revision = "refs/pr/1".parse().unwrap();
    assert_eq!(client(&hub.url).commit(&repo(), &revision).await, Ok(commit()));
    let requests = hub.requests();
    assert_eq!(requests.len(), 3);
    assert_eq!(requests[0].header("accept-encoding"), Some("identity"));
    assert_eq!(requests[0].header("user-agent"), Some(concat!("hfdownloader/", env!("CARGO_PKG_VERSION"))));
}

#[tokio::test]
async fn a_mirror_may_pass_on_where_the_hub_redirects_to() {
    let mirror = TestServer::start().await;
    mirror.on(MAIN, Reply::new(307).header("location", "https://huggingface.co/api/models/new/n/revision/main"));
    mirror.on("/api/models/new/n/revision/main", sha());
    assert_eq!(client(&mirror.url).commit(&repo(), &"main".parse().unwrap()).await, Ok(commit()));
    let itself = format!("https://huggingface.co{MAIN}");
    let mirror = TestServer::start().await;
    mirror.on(MAIN, Reply::new(307).header("location", &itself));
    let error = client(&mirror.url).commit(&repo(), &"main".parse().unwrap()).await.unwrap_err();
    assert!(error.to_string().contains("a redirect to another server, https://huggingface.co"), "{error}");
}

#[tokio::test]
async fn a_commit_is_not_asked_for() {
    let hub = TestServer::start().await;
    assert_eq!(client(&hub.url).commit(&repo(), &COMMIT.parse().unwrap()).await, Ok(commit()));
    assert!(hub.requests().is_empty());
}

#[tokio::test]
async fn a_failing_server_is_asked_again() {
    let hub = TestServer::start().await;
    hub.on(MAIN, Reply::new(503));
    hub.on(MAIN, sha());
    let client = client_with(&hub.url, &TransferSettings { retries: 1, ..TransferSettings::default() });
    assert_eq!(client.commit(&repo(), &"main".parse().unwrap()).await, Ok(commit()));
    assert_eq!(hub.requests().len(), 2);
}

#[tokio::test]
async fn tries_end() {
    let hub = TestServer::start().await;
    hub.on(MAIN, Reply::new(500));
    let client = client_with(&hub.url, &TransferSettings { retries: 1, ..TransferSettings::default() });
    let error = client.commit(&repo(), &"main".parse().unwrap()).await.unwrap_err();
    assert!(matches!(error, HubError::Server { status: 500, .. }), "{error}");
    assert_eq!(hub.requests().len(), 2);
}

#[tokio::test]
async fn what_cannot_get_better_or_must_wait_is_asked_once() {
    let limited = Reply::new(429).header("ratelimit", "\"api\";r=0;t=9");
    let cases = [
        (Reply::new(404).header("x-error-code", "RepoNotFound"), Retry::Never),
        (limited, Retry::After(Duration::from_secs(10))),
        (Reply::new(200).body("<html>log in</html>"), Retry::Never),
        (Reply::new(200).body("{\"sha\":\"main\"}"), Retry::Never),
        (Reply::new(302), Retry::Never),
        (Reply::new(302).header("location", "ftp://elsewhere/"), Retry::Never),
    ];
    for (reply, retry) in cases {
        let hub = TestServer::start().await;
        hub.on(MAIN, reply);
        let client = client_with(&hub.url, &TransferSettings::default());
        let error = client.commit(&repo(), &"main".parse().unwrap()).await.unwrap_err();
        assert_eq!(error.retry(), retry, "{error}");
        assert_eq!(hub.requests().len(), 1, "{error}");
    }
}

#[tokio::test]
async fn after_a_limit_nothing_is_asked_until_its_time_has_come() {
    let hub = TestServer::start().await;
    hub.on(MAIN, Reply::new(429).header("retry-after", "60"));
    let client = client_with(&hub.url, &TransferSettings::default());
    for _ in 0..3 {
        let error = client.commit(&repo(), &"main".parse().unwrap()).await.unwrap_err();
        assert!(matches!(error, HubError::RateLimited { .. }), "{error}");
    }
    assert_eq!(hub.requests().len(), 1);
}

#[tokio::test]
async fn redirects_in_a_circle_end() {
    let hub = TestServer::start().await;
    hub.on(MAIN, Reply::new(302).header("location", MAIN));
    let error = client(&hub.url).commit(&repo(), &"main".parse().unwrap()).await.unwrap_err();
    assert!(matches!(error, HubError::Protocol { .. }), "{error}");
    assert_eq!(hub.requests().len(), 21);
}

#[tokio::test]
async fn a_hub_that_is_not_there_is_a_network_error() {
    let gone = {
        let hub = TestServer::start().await;
        hub.url.clone()
    };
    let error = client(&gone).commit(&repo(), &"main".parse().unwrap()).await.unwrap_err();
    assert_eq!(error.retry(), Retry::Soon, "{error}");
}
