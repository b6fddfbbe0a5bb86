//! Where a file's bytes are.

use std::time::Instant;

use super::server::{Reply, TestServer};
use super::{File, GIT_SHA1, SHA256, client, commit, hub_and_cdn, read_all, repo};
use crate::hub::{HubError, Location};
use crate::repo::ByteRange;

#[tokio::test]
async fn a_large_file_is_where_the_first_foreign_redirect_leads() {
    let (hub, cdn) = hub_and_cdn().await;
    cdn.on("/bytes?X-Amz-Signature=s", Reply::new(206).header("content-range", "bytes 2-4/10").body("234"));
    let client = client(&hub.url);
    let location = client.locate(&repo(), commit(), File::large().wanted()).await.unwrap();
    assert!(cdn.requests().is_empty());
    assert_eq!(hub.requests()[0].method, "HEAD");
    assert!(location.is_fresh());
    assert!(!format!("{location:?}").contains("Signature"), "{location:?}");
    let fetched = client.fetch(&location, ByteRange::new(2, 5), 10).await.unwrap();
    assert_eq!(read_all(fetched).await.unwrap(), b"234");
    assert_eq!(cdn.requests()[0].header("range"), Some("bytes=2-4"));
}

#[tokio::test]
async fn a_small_file_is_at_the_hub_itself() {
    let hub = TestServer::start().await;
    let file = File::small();
    let absolute = hub.url.join("/second").unwrap();
    hub.on(&file.target(), Reply::new(307).header("location", "/first?etag=%22x%22").body("Temporary Redirect"));
    hub.on("/first", Reply::new(307).header("location", absolute.as_str()).header("content-length", "0"));
    hub.on("/second", Reply::new(200).header("etag", &format!("W/\"{GIT_SHA1}\"")).body("hello"));
    let client = client(&hub.url);
    let location = client.locate(&repo(), commit(), file.wanted()).await.unwrap();
    let fetched = client.fetch(&location, None, 5).await.unwrap();
    assert_eq!(fetched.etag.as_deref(), Some(GIT_SHA1));
    assert_eq!(read_all(fetched).await.unwrap(), b"hello");
    let targets: Vec<_> = hub.requests().into_iter().map(|request| request.target).collect();
    assert_eq!(targets[1..], ["/first?etag=%22x%22", "/second", "/second"]);
}

#[tokio::test]
async fn a_location_ends_before_its_signature_does() {
    let hub = TestServer::start().await;
    let date = "Thu, 31 Dec 2026 12:00:00 GMT";
    let target = "http://127.0.0.1:1/x?X-Amz-Date=20261231T120000Z&X-Amz-Expires=3600";
    hub.on(&File::large().target(), Reply::new(302).header("date", date).header("location", target));
    let before = Instant::now();
    let location = client(&hub.url).locate(&repo(), commit(), File::large().wanted()).await.unwrap();
    let usable = location.expires_at.unwrap() - before;
    assert!((2880..2900).contains(&usable.as_secs()), "{usable:?}");
    assert!(location.is_fresh());
    assert!(!Location { expires_at: Some(Instant::now()), ..location }.is_fresh());
}

#[tokio::test]
async fn another_file_under_the_name_is_noticed() {
    let other = SHA256.replace('1', "3");
    for (name, value) in [("x-linked-etag", other.as_str()), ("x-linked-size", "11")] {
        let hub = TestServer::start().await;
        let elsewhere = Reply::new(302).header("location", "http://127.0.0.1:1/x").header(name, value);
        hub.on(&File::large().target(), elsewhere);
        let client = client(&hub.url);
        let located = client.locate(&repo(), commit(), File::large().wanted()).await.unwrap_err();
        let fetched = client.fetch_file(&repo(), commit(), File::large().wanted(), 0).await.unwrap_err();
        for error in [located, fetched] {
            assert!(matches!(error, HubError::Changed { .. }), "{error}");
        }
    }
}
