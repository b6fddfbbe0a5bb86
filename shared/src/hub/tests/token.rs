//! The token goes to the Hub's own origin and nowhere else.

use std::sync::Arc;

use reqwest::header::HeaderValue;
use secrecy::SecretString;
use url::Url;

use super::server::{Reply, TestServer};
use super::{COMMIT, File, TOKEN, client, commit, hub_and_cdn, read_all, repo};
use crate::embedded::LocalLimiter;
use crate::hub::{HubClient, HubError};
use crate::settings::{HubSettings, TransferSettings};

fn authorization_for(client: &HubClient, url: &Url) -> Option<HeaderValue> {
    client.authorization_for(&client.inner.identities.current(), url)
}

fn assert_with_token(server: &TestServer, requests: usize) {
    let got = server.requests();
    assert_eq!(got.len(), requests, "{got:?}");
    for request in got {
        assert_eq!(request.header("authorization"), Some(format!("Bearer {TOKEN}").as_str()), "{request:?}");
    }
}

fn assert_without_token(server: &TestServer, requests: usize) {
    let got = server.requests();
    assert_eq!(got.len(), requests, "{got:?}");
    assert!(!format!("{got:?}").contains(TOKEN), "{got:?}");
}

#[tokio::test]
async fn a_located_files_bytes_are_fetched_without_it() {
    let (hub, cdn) = hub_and_cdn().await;
    cdn.on("/bytes", Reply::new(200).body("0123456789"));
    let client = client(&hub.url);
    let location = client.locate(&repo(), commit(), File::large().wanted()).await.unwrap();
    read_all(client.fetch(&location, None, 10).await.unwrap()).await.unwrap();
    assert_with_token(&hub, 1);
    assert_without_token(&cdn, 1);
}

#[tokio::test]
async fn a_small_files_redirects_carry_it_at_home_only() {
    let (hub, cdn) = hub_and_cdn().await;
    hub.on(&File::small().target(), Reply::new(307).header("location", "/cache/a"));
    hub.on("/cache/a", Reply::new(302).header("location", cdn.url.join("/a").unwrap().as_str()));
    // Another server's redirects may lead anywhere.
    let other = TestServer::start().await;
    cdn.on("/a", Reply::new(302).header("location", other.url.join("/b").unwrap().as_str()));
    other.on("/b", Reply::new(200).body("hello"));
    let fetched = client(&hub.url).fetch_file(&repo(), commit(), File::small().wanted(), 0).await.unwrap();
    assert_eq!(read_all(fetched).await.unwrap(), b"hello");
    assert_with_token(&hub, 2);
    assert_without_token(&cdn, 1);
    assert_without_token(&other, 1);
}

#[tokio::test]
async fn a_foreign_next_page_or_redirect_is_refused_unasked() {
    let (hub, other) = (TestServer::start().await, TestServer::start().await);
    let link = format!("<{}api/next>; rel=\"next\"", other.url);
    hub.on(&format!("/api/models/o/n/tree/{COMMIT}"), Reply::new(200).header("link", &link).body("[]"));
    hub.on("/api/models/o/n/revision/main", Reply::new(307).header("location", other.url.as_str()));
    let client = client(&hub.url);
    let listing = client.tree(&repo(), commit()).await.unwrap_err();
    assert!(matches!(listing, HubError::Protocol { .. }), "{listing}");
    let redirect = client.commit(&repo(), &"main".parse().unwrap()).await.unwrap_err();
    assert!(matches!(redirect, HubError::Protocol { .. }), "{redirect}");
    assert_without_token(&other, 0);
}

#[tokio::test]
async fn it_is_in_no_output_even_if_the_server_says_it() {
    let hub = TestServer::start().await;
    let echo = Reply::new(403).body(format!("{{\"error\":\"not with Bearer {TOKEN}\"}}"));
    hub.on("/api/models/o/n/revision/main", echo);
    let client = client(&hub.url);
    let error = client.commit(&repo(), &"main".parse().unwrap()).await.unwrap_err();
    assert!(error.to_string().contains("not with Bearer [token]"), "{error}");
    for text in [format!("{error:?}"), format!("{client:?}"), format!("{:?}", authorization_for(&client, &hub.url))] {
        assert!(!text.contains(TOKEN), "{text}");
    }
}

#[test]
fn the_origin_is_scheme_host_and_port() {
    let endpoint = "https://hub.example/mirror".parse().unwrap();
    let client = client(&endpoint);
    let is_sent = |url: &str| authorization_for(&client, &url.parse().unwrap()).is_some();
    for own in ["https://hub.example/", "https://hub.example:443/x", "https://HUB.example/mirror/api"] {
        assert!(is_sent(own), "{own}");
    }
    for other in [
        "http://hub.example/",
        "https://hub.example:8443/",
        "https://cdn.hub.example/",
        "https://hub.example.evil/",
        "https://hub.example@evil/",
    ] {
        assert!(!is_sent(other), "{other}");
    }
}

#[test]
fn a_token_from_a_file_may_end_with_a_newline_but_not_hold_one() {
    let with = |token: &str| {
        let settings = HubSettings { endpoint: "https://h/".parse().unwrap(), token: Some(token.into()) };
        let client = HubClient::new(&settings, &TransferSettings::default(), Arc::new(LocalLimiter::new()))?;
        Ok(authorization_for(&client, client.endpoint()).map(|value| value.to_str().unwrap().to_owned()))
    };
    assert_eq!(with("abc\n"), Ok(Some("Bearer abc".to_owned())));
    assert_eq!(with(" \n"), Ok(None));
    assert!(matches!(with("a\nb"), Err(HubError::BadToken { .. })));
}

#[tokio::test]
async fn another_one_is_used_from_the_next_request_on() {
    let hub = TestServer::start().await;
    hub.on(&File::small().target(), Reply::new(200).body("hello"));
    let client = client(&hub.url);
    for token in [Some("hf_other"), Some(" hf_third\n"), None] {
        client.set_token(token.map(SecretString::from).as_ref()).unwrap();
        client.fetch_file(&repo(), commit(), File::small().wanted(), 0).await.unwrap();
    }
    let sent: Vec<_> =
        hub.requests().iter().map(|request| request.header("authorization").map(str::to_owned)).collect();
    assert_eq!(sent, [Some("Bearer hf_other".to_owned()), Some("Bearer hf_third".to_owned()), None]);
    assert!(matches!(client.set_token(Some(&"a\nb".into())), Err(HubError::BadToken { .. })));
    assert_eq!(authorization_for(&client, &hub.url), None);
}

#[test]
fn neither_the_present_one_nor_the_one_before_is_quoted() {
    let client = client(&"https://hub.example".parse().unwrap());
    client.set_token(Some(&"hf_other".into())).unwrap();
    // The same once more does not make the one before forgotten.
    client.set_token(Some(&"hf_other".into())).unwrap();
    assert_eq!(client.quote(&format!("{TOKEN} or hf_other")), "[token] or [token]");
}
