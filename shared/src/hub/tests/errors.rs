//! Refusals over the wire: headers, bodies, and HEAD, which has none.

use std::time::Duration;

use super::server::{Reply, TestServer};
use super::{File, client, commit, repo};
use crate::hub::{HubError, Retry};

/// What `commit`, `locate` and `fetch_file` make of an answer.
async fn errors_of(reply: Reply) -> [HubError; 3] {
    let hub = TestServer::start().await;
    hub.on("/api/models/o/n/revision/main", reply.clone());
    hub.on(&File::small().target(), reply);
    let client = client(&hub.url);
    [
        client.commit(&repo(), &"main".parse().unwrap()).await.unwrap_err(),
        client.locate(&repo(), commit(), File::small().wanted()).await.unwrap_err(),
        client.fetch_file(&repo(), commit(), File::small().wanted(), 0).await.unwrap_err(),
    ]
}

fn refusal(status: u16, code: &str, message: &str) -> Reply {
    Reply::new(status).header("x-error-code", code).header("x-error-message", message).body("{\"error\":\"x\"}")
}

#[tokio::test]
async fn the_hubs_codes_are_understood_in_every_request() {
    let gated = errors_of(refusal(401, "GatedRepo", "Access is restricted")).await;
    assert!(gated.iter().all(|error| matches!(error, HubError::Gated { .. })), "{gated:?}");
    let revision = errors_of(refusal(404, "RevisionNotFound", "Invalid rev id")).await;
    assert!(revision.iter().all(|error| matches!(error, HubError::RevisionNotFound { .. })), "{revision:?}");
    let entry = errors_of(refusal(404, "EntryNotFound", "Entry not found")).await;
    assert!(entry.iter().all(|error| matches!(error, HubError::FileNotFound { .. })), "{entry:?}");
    let absent = errors_of(refusal(404, "RepoNotFound", "Repository not found")).await;
    assert!(absent.iter().all(|error| matches!(error, HubError::RepoNotFound { .. })), "{absent:?}");
}

#[tokio::test]
async fn the_hubs_messages_are_understood_in_every_request() {
    let message = |status, message| Reply::new(status).header("x-error-message", message);
    let disabled = errors_of(message(403, "Access to this resource is disabled.")).await;
    assert!(disabled.iter().all(|error| matches!(error, HubError::Disabled { .. })), "{disabled:?}");
    let token = errors_of(message(401, "Invalid credentials in Authorization header")).await;
    assert!(token.iter().all(|error| matches!(error, HubError::BadToken { .. })), "{token:?}");
    let private = errors_of(message(401, "Invalid username or password.")).await;
    assert!(private.iter().all(|error| matches!(error, HubError::RepoNotFound { .. })), "{private:?}");
}

#[tokio::test]
async fn a_limit_is_passed_on_with_its_time() {
    for error in errors_of(Reply::new(429).header("retry-after", "7")).await {
        let Retry::After(after) = error.retry() else { panic!("{error}") };
        assert!((Duration::from_secs(5)..=Duration::from_secs(7)).contains(&after), "{error}");
    }
}

#[tokio::test]
async fn an_error_tells_what_failed_and_the_servers_words() {
    let reply = Reply::new(500).header("x-request-id", "r1").body("{\"error\":\"out of\\nluck\"}");
    let [commit, locate, fetch] = errors_of(reply).await;
    assert_eq!(commit.to_string(), "o/n at main: the server answered 500 (out of luck, request r1); try again later");
    assert_eq!(locate.to_string(), "a.txt of o/n: the server answered 500 (request r1); try again later");
    assert_eq!(fetch.to_string(), "a.txt of o/n: the server answered 500 (out of luck, request r1); try again later");
}
