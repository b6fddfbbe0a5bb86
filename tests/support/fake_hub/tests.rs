//! The fake Hub over real connections: what the protocol and the faults look like to a client.

use std::time::Duration;

use reqwest::header::{CONTENT_LENGTH, CONTENT_RANGE, ETAG, LINK, LOCATION};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode};
use tempfile::TempDir;

use super::{Effect, FakeHub, Fault, HubConfig, Matcher, Origin, RemoteHub, RepoBuilder, random_bytes};

const SIZE: usize = 3 << 20;
const WEIGHTS: &str = "/o/n/resolve/main/sub/w%20%231.bin";

struct Fixture {
    hub: FakeHub,
    client: Client,
    _root: TempDir,
}

fn fixture() -> Fixture {
    let root = tempfile::tempdir().unwrap();
    let repo = RepoBuilder::model("o/n").file("config.json", "{}").random_file("sub/w #1.bin", SIZE as u64, 9);
    repo.many_files("many", 30).write(root.path()).unwrap();
    RepoBuilder::model("gpt2").gated().file("a.txt", "a").write(root.path()).unwrap();
    let hub = FakeHub::start(HubConfig::new(root.path()).page_size(10)).unwrap();
    let client = Client::builder().redirect(Policy::none()).no_proxy().build().unwrap();
    Fixture { hub, client, _root: root }
}

impl Fixture {
    async fn get(&self, path: &str) -> Response {
        self.client.get(format!("{}{path}", self.hub.url())).send().await.unwrap()
    }

    /// The signed URL of the large file.
    async fn signed(&self) -> String {
        let redirect = self.get(WEIGHTS).await;
        assert_eq!(redirect.status(), StatusCode::FOUND);
        redirect.headers()[LOCATION].to_str().unwrap().to_owned()
    }

    async fn range(&self, url: &str, range: &str) -> Response {
        self.client.get(url).header("Range", range).send().await.unwrap()
    }
}

#[tokio::test]
async fn a_small_file_is_redirected_on_the_hub_and_a_large_one_to_the_cdn() {
    let f = fixture();
    let small = f.client.head(format!("{}/o/n/resolve/main/config.json", f.hub.url())).send().await.unwrap();
    assert_eq!(small.status(), StatusCode::TEMPORARY_REDIRECT);
    let location = small.headers()[LOCATION].to_str().unwrap();
    assert!(location.starts_with("/api/resolve-cache/models/o/n/"), "{location}");
    let content = f.client.head(format!("{}{location}", f.hub.url())).send().await.unwrap();
    assert_eq!((content.status(), &content.headers()[CONTENT_LENGTH]), (StatusCode::OK, &"2".parse().unwrap()));
    let url = f.signed().await;
    assert!(url.starts_with(f.hub.cdn_url()), "{url}");
    let part = f.range(&url, "bytes=100-199").await;
    assert_eq!(part.headers()[CONTENT_RANGE], format!("bytes 100-199/{SIZE}"));
    assert_eq!(part.bytes().await.unwrap(), random_bytes(SIZE, 9)[100..200]);
    assert_eq!(f.range(&url, "bytes=9999999-").await.status(), StatusCode::RANGE_NOT_SATISFIABLE);
    assert_eq!(f.hub.bytes_sent(Origin::Cdn, "sub/w #1.bin"), 100 + 21);
}

#[tokio::test]
async fn following_the_links_lists_the_whole_tree_once() {
    let f = fixture();
    let mut next = Some(format!("{}/api/models/o/n/tree/main?recursive=true", f.hub.url()));
    let (mut listed, mut pages) = (Vec::new(), 0);
    while let Some(url) = next {
        let page = f.client.get(url).send().await.unwrap();
        next = page.headers().get(LINK).map(|link| {
            let link = link.to_str().unwrap();
            link.strip_prefix('<').and_then(|rest| rest.strip_suffix(">; rel=\"next\"")).unwrap().to_owned()
        });
        let entries: serde_json::Value = page.json().await.unwrap();
        listed.extend(entries.as_array().unwrap().iter().map(|entry| entry["path"].to_string()));
        pages += 1;
    }
    // 32 files and the folders many, many/000, sub.
    let distinct: std::collections::BTreeSet<_> = listed.iter().collect();
    assert_eq!((listed.len(), distinct.len(), pages), (35, 35, 4));
}

#[tokio::test]
async fn access_is_refused_in_the_words_of_the_hub() {
    let f = fixture();
    let absent = f.get("/api/models/o/absent").await;
    assert_eq!((absent.status(), absent.headers().get("X-Error-Code")), (StatusCode::UNAUTHORIZED, None));
    let path = format!("{}/gpt2/resolve/main/a.txt", f.hub.url());
    for (token, status) in [("hf_test_token_valid", 307), ("hf_test_token_nogate", 403), ("hf_bad", 401)] {
        let answer = f.client.get(&path).bearer_auth(token).send().await.unwrap();
        assert_eq!(answer.status(), status, "{token}");
    }
    let missing = f.get("/o/n/resolve/main/none.txt").await;
    assert_eq!(missing.headers()["X-Error-Code"], "EntryNotFound");
    assert_eq!(f.get("/o/n/resolve/none/config.json").await.headers()["X-Error-Code"], "RevisionNotFound");
}

#[tokio::test]
async fn a_broken_body_ends_after_the_bytes_it_was_given() {
    let f = fixture();
    for effect in [Effect::Reset, Effect::Truncate, Effect::Silence] {
        f.hub.reset_log();
        let id = f.hub.inject(Fault::new(effect.clone()).on(Matcher::data().file("w #1.bin")).after_bytes(1_000_000));
        let mut body = f.client.get(f.signed().await).send().await.unwrap();
        let mut got = 0;
        let end = loop {
            match tokio::time::timeout(Duration::from_millis(400), body.chunk()).await {
                Ok(Ok(Some(bytes))) => got += bytes.len(),
                Ok(Ok(None)) => panic!("{effect:?}: the body looks whole"),
                Ok(Err(error)) => break Some(format!("{error:?}")),
                Err(_) => break None,
            }
        };
        assert_eq!(got, 1_000_000, "{effect:?}");
        assert_eq!(end.is_none(), effect == Effect::Silence, "{effect:?}");
        assert_eq!(end.is_some_and(|error| error.contains("ConnectionReset")), effect == Effect::Reset, "{effect:?}");
        assert_eq!(f.hub.bytes_sent(Origin::Cdn, "sub/w #1.bin"), 1_000_000, "{effect:?}");
        assert_eq!(f.hub.fault_hits(id), 1);
    }
}

#[tokio::test]
async fn ranges_and_bytes_can_be_wrong() {
    let f = fixture();
    let (url, content) = (f.signed().await, random_bytes(SIZE, 9));
    f.hub.inject(Fault::new(Effect::IgnoreRange));
    let whole = f.range(&url, "bytes=5-9").await;
    assert_eq!((whole.status(), whole.bytes().await.unwrap().len()), (StatusCode::OK, SIZE));
    f.hub.inject(Fault::new(Effect::WrongContentRange { start_by: 3, total_by: 1 }));
    let shifted = f.range(&url, "bytes=5-9").await;
    assert_eq!(shifted.headers()[CONTENT_RANGE], format!("bytes 8-12/{}", SIZE + 1));
    assert_eq!(shifted.bytes().await.unwrap(), content[8..13]);
    f.hub.inject(Fault::new(Effect::FlipByte { offset: 7 }));
    assert_eq!(f.range(&url, "bytes=0-4").await.bytes().await.unwrap(), content[..5]);
    assert_eq!(f.range(&url, "bytes=5-9").await.bytes().await.unwrap()[2], !content[7]);
    let etag = f.range(&url, "bytes=0-0").await.headers()[ETAG].clone();
    f.hub.inject(Fault::new(Effect::ChangedEtag));
    let changed = f.client.get(&url).header("Range", "bytes=0-0").header("If-Range", &etag).send().await.unwrap();
    assert_eq!(changed.status(), StatusCode::OK);
    assert_ne!(changed.headers()[ETAG], etag);
    f.hub.inject(Fault::new(Effect::WrongSize { by: 5 }).on(Matcher::resolve()));
    assert_eq!(f.get(WEIGHTS).await.headers()["X-Linked-Size"], (SIZE + 5).to_string());
}

#[tokio::test]
async fn an_expired_url_stays_expired_and_a_new_one_works() {
    let f = fixture();
    let url = f.signed().await;
    f.hub.inject(Fault::new(Effect::ExpiredUrl).skip(1));
    for status in [206, 403, 403] {
        assert_eq!(f.range(&url, "bytes=0-9").await.status(), status);
    }
    assert_eq!(f.range(&f.signed().await, "bytes=0-9").await.status(), 206);
}

#[tokio::test]
async fn another_process_injects_faults_over_http() {
    let f = fixture();
    let remote = RemoteHub::new(f.hub.url()).unwrap();
    remote.inject(&Fault::new(Effect::RateLimited { reset_s: 7 }).on(Matcher::api()).times(2)).await.unwrap();
    remote.inject(&Fault::new(Effect::Status { code: 503 }).always().on(Matcher::resolve())).await.unwrap();
    let limited = f.get("/api/models/o/n").await;
    assert_eq!(limited.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(limited.headers()["RateLimit"], "\"api\";r=0;t=7");
    assert_eq!(f.get("/o/n/resolve/main/config.json").await.status(), StatusCode::SERVICE_UNAVAILABLE);
    remote.clear_faults().await.unwrap();
    assert_eq!(f.get("/api/models/o/n").await.status(), StatusCode::OK);
    let statuses: Vec<_> = remote.requests().await.unwrap().iter().map(|record| record.status).collect();
    assert_eq!(statuses, [429, 503, 200]);
}
