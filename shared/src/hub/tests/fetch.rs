//! Bytes, and answers that are not the wanted ones.

use super::server::{Reply, TestServer};
use super::{File, client, commit, hub_and_cdn, impatient, read_all, repo};
use crate::hub::{Fetched, HubError, Retry};
use crate::repo::ByteRange;

/// Fetches from the content server of [`hub_and_cdn`], which answers with this.
async fn fetch(reply: Reply, range: Option<(u64, u64)>) -> Result<Fetched, HubError> {
    let (hub, cdn) = hub_and_cdn().await;
    cdn.on("/bytes", reply);
    let client = impatient(&hub.url);
    let location = client.locate(&repo(), commit(), File::large().wanted()).await?;
    client.fetch(&location, range.and_then(|(start, end)| ByteRange::new(start, end)), 10).await
}

async fn fetch_all(reply: Reply, range: Option<(u64, u64)>) -> Result<Vec<u8>, HubError> {
    read_all(fetch(reply, range).await?).await
}

#[tokio::test]
async fn a_body_without_a_length_is_counted() {
    let chunked = |body: &str| Reply::new(200).chunked().body(body);
    assert_eq!(fetch_all(chunked("0123456789"), None).await.unwrap(), b"0123456789");
    let short = fetch_all(chunked("01234"), None).await;
    assert!(matches!(short, Err(HubError::Truncated { missing_bytes: 5, .. })), "{short:?}");
    let long = fetch_all(chunked("0123456789a"), None).await;
    assert!(matches!(long, Err(HubError::TooLong { .. })), "{long:?}");
}

#[tokio::test]
async fn a_connection_that_ends_early_is_a_truncation() {
    let part = Reply::new(206).header("content-range", "bytes 2-6/10").body("23").promising(5);
    let mut fetched = fetch(part, Some((2, 7))).await.unwrap();
    assert_eq!(fetched.chunk().await.unwrap().unwrap().as_ref(), b"23");
    assert_eq!(fetched.remaining_bytes(), 3);
    let error = fetched.chunk().await.unwrap_err();
    assert!(matches!(error, HubError::Truncated { missing_bytes: 3, .. }), "{error:?}");
    assert_eq!(error.retry(), Retry::Soon);
}

#[tokio::test]
async fn the_wrong_part_is_refused() {
    let wrong = fetch_all(Reply::new(206).header("content-range", "bytes 0-4/10").body("01234"), Some((2, 7))).await;
    assert!(matches!(wrong, Err(HubError::WrongRange { .. })), "{wrong:?}");
    let whole = fetch_all(Reply::new(200).body("0123456789"), Some((2, 7))).await;
    assert!(matches!(whole, Err(HubError::RangeIgnored { .. })), "{whole:?}");
    let covering = fetch_all(Reply::new(200).body("0123456789"), Some((0, 10))).await;
    assert_eq!(covering.unwrap(), b"0123456789");
}

#[tokio::test]
async fn a_content_servers_refusals_are_told_apart() {
    let expired = fetch(Reply::new(403).body("<Code>AccessDenied</Code>"), None).await.unwrap_err();
    assert!(matches!(&expired, HubError::UrlExpired { status: 403, detail, .. } if detail.contains("AccessDenied")));
    assert_eq!(expired.retry(), Retry::Resolve);
    let beyond = fetch(Reply::new(416), Some((2, 7))).await.unwrap_err();
    assert_eq!(beyond.retry(), Retry::Resolve, "{beyond}");
    let failing = fetch(Reply::new(502), None).await.unwrap_err();
    assert_eq!(failing.retry(), Retry::Soon, "{failing}");
}

#[tokio::test]
async fn a_located_file_that_the_hub_refuses_is_to_be_located_again() {
    let hub = TestServer::start().await;
    hub.on(&File::small().target(), Reply::new(302).header("location", "/signed"));
    hub.on("/signed", Reply::new(200).body("hello"));
    hub.on("/signed", Reply::new(403));
    let client = client(&hub.url);
    let location = client.locate(&repo(), commit(), File::small().wanted()).await.unwrap();
    let error = client.fetch(&location, None, 5).await.unwrap_err();
    assert_eq!(error.retry(), Retry::Resolve, "{error}");
}

#[tokio::test]
async fn silence_is_not_waited_for() {
    let error = fetch(Reply::silence(), None).await.unwrap_err();
    assert!(matches!(error, HubError::Timeout { .. }), "{error}");
    assert_eq!(error.retry(), Retry::Soon);
}

#[tokio::test]
async fn a_small_file_comes_in_one_request() {
    let hub = TestServer::start().await;
    hub.on(&File::small().target(), Reply::new(200).body("hello"));
    let fetched = client(&hub.url).fetch_file(&repo(), commit(), File::small().wanted(), 0).await.unwrap();
    assert_eq!(fetched.remaining_bytes(), 5);
    assert_eq!(read_all(fetched).await.unwrap(), b"hello");
    let requests = hub.requests();
    assert_eq!((requests.len(), requests[0].method.as_str(), requests[0].header("range")), (1, "GET", None));
}

#[tokio::test]
async fn the_rest_of_a_small_file_is_asked_for_as_a_range() {
    let hub = TestServer::start().await;
    hub.on(&File::small().target(), Reply::new(307).header("location", "/cache"));
    hub.on("/cache", Reply::new(206).header("content-range", "bytes 3-4/5").body("lo"));
    let fetched = client(&hub.url).fetch_file(&repo(), commit(), File::small().wanted(), 3).await.unwrap();
    assert_eq!(read_all(fetched).await.unwrap(), b"lo");
    assert_eq!(hub.requests()[1].header("range"), Some("bytes=3-4"));
}

#[tokio::test]
async fn nothing_left_needs_no_request() {
    let hub = TestServer::start().await;
    let fetched = client(&hub.url).fetch_file(&repo(), commit(), File::small().wanted(), 5).await.unwrap();
    assert!(read_all(fetched).await.unwrap().is_empty());
    assert!(hub.requests().is_empty());
}
