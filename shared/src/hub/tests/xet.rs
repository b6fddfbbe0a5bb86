//! Access to Xet.

use super::server::{Reply, TestServer};
use super::{COMMIT, client, commit, repo};
use crate::hub::HubError;

#[tokio::test]
async fn access_names_its_server_and_shows_no_secret() {
    let hub = TestServer::start().await;
    let body = r#"{"accessToken":"xet_secret","exp":4102444800,"casUrl":"https://cas.example/a"}"#;
    hub.on(&format!("/api/models/o/n/xet-read-token/{COMMIT}"), Reply::new(200).body(body));
    let access = client(&hub.url).xet_access(&repo(), commit()).await.unwrap();
    assert_eq!(access.server.as_str(), "https://cas.example/a");
    assert!(access.time_left().as_secs() > 0);
    assert!(!format!("{access:?}").contains("xet_secret"));
}

#[tokio::test]
async fn an_answer_without_a_server_is_refused() {
    let hub = TestServer::start().await;
    for bad in ["file:///etc", "cas"] {
        let body = format!(r#"{{"accessToken":"x","exp":1,"casUrl":"{bad}"}}"#);
        hub.on(&format!("/api/models/o/n/xet-read-token/{COMMIT}"), Reply::new(200).body(body));
        let error = client(&hub.url).xet_access(&repo(), commit()).await.unwrap_err();
        assert!(matches!(error, HubError::Protocol { .. }), "{error}");
    }
}
