//! Listings: pages, folders, and what is wrong with them.

use serde_json::{Value, json};

use super::server::{Reply, TestServer};
use super::{COMMIT, GIT_SHA1, SHA256, client, commit, repo};
use crate::hub::{HubError, Listing};
use crate::repo::Tree;

fn root() -> String {
    format!("/api/models/o/n/tree/{COMMIT}")
}

fn file(path: &str) -> Value {
    json!({"type": "file", "path": path, "size": 5, "oid": GIT_SHA1})
}

fn folder(path: &str) -> Value {
    json!({"type": "directory", "path": path, "oid": GIT_SHA1})
}

fn page(entries: &[Value]) -> Reply {
    Reply::new(200).body(json!(entries).to_string())
}

async fn list(hub: &TestServer) -> Result<Tree, HubError> {
    client(&hub.url).tree(&repo(), commit()).await
}

fn paths(tree: &Tree) -> Vec<&str> {
    tree.files.iter().map(|file| file.path.as_str()).collect()
}

#[tokio::test]
async fn all_pages_are_followed_by_absolute_and_relative_links() {
    let hub = TestServer::start().await;
    let absolute = format!("<{}{}?cursor=a>; rel=\"next\"", hub.url.as_str().trim_end_matches('/'), root());
    let lfs =
        json!({"type": "file", "path": "m.bin", "size": 134, "oid": GIT_SHA1, "lfs": {"oid": SHA256, "size": 10}});
    hub.on(&format!("{}?recursive=true&expand=false", root()), page(&[folder("d"), lfs]).header("link", &absolute));
    let relative = "<?cursor=b>; rel=\"next\"";
    hub.on(&format!("{}?cursor=a", root()), page(&[file("d/x")]).header("link", relative));
    hub.on(&format!("{}?cursor=b", root()), page(&[file("z")]));
    let tree = list(&hub).await.unwrap();
    assert_eq!(paths(&tree), ["m.bin", "d/x", "z"]);
    assert_eq!((tree.files[0].size_bytes, tree.files[0].blob.to_string().as_str()), (10, SHA256));
    assert_eq!(hub.requests().len(), 3);
}

#[tokio::test]
async fn a_listing_goes_on_with_the_page_that_was_refused() {
    let hub = TestServer::start().await;
    hub.on(
        &format!("{}?recursive=true&expand=false", root()),
        page(&[file("a")]).header("link", "<?cursor=b>; rel=\"next\""),
    );
    let second = format!("{}?cursor=b", root());
    hub.on(&second, Reply::new(429).header("retry-after", "9"));
    hub.on(&second, page(&[file("b")]));
    let mut listing = Listing::new(repo(), commit());
    listing.read_page(&client(&hub.url)).await.unwrap();
    let refused = listing.read_page(&client(&hub.url)).await.unwrap_err();
    assert!(matches!(refused, HubError::RateLimited { .. }), "{refused}");
    listing.read_page(&client(&hub.url)).await.unwrap();
    assert!(listing.is_whole());
    assert_eq!(paths(&listing.into_tree()), ["a", "b"]);
    assert_eq!(hub.requests().len(), 3);
}

#[tokio::test]
async fn a_mirror_that_does_not_list_recursively_is_walked() {
    let hub = TestServer::start().await;
    hub.on(&root(), page(&[folder("a b"), folder("d"), file("x")]));
    hub.on(&format!("{}/a%20b", root()), page(&[file("a b/1"), folder("a b/c")]));
    hub.on(&format!("{}/a%20b/c", root()), page(&[file("a b/c/2")]));
    hub.on(&format!("{}/d", root()), page(&[]));
    let tree = list(&hub).await.unwrap();
    assert_eq!(paths(&tree), ["x", "a b/1", "a b/c/2"]);
    assert_eq!(hub.requests().len(), 4);
}

#[tokio::test]
async fn a_recursive_listing_is_not_walked() {
    let hub = TestServer::start().await;
    hub.on(&root(), page(&[folder("a"), folder("a/b"), folder("c"), file("a/b/1"), file("c/2")]));
    assert_eq!(paths(&list(&hub).await.unwrap()), ["a/b/1", "c/2"]);
    assert_eq!(hub.requests().len(), 1);
}

#[tokio::test]
async fn one_unsafe_path_fails_the_listing() {
    let hub = TestServer::start().await;
    hub.on(&root(), page(&[file("good"), file("../bad")]));
    let error = list(&hub).await.unwrap_err();
    assert!(matches!(error, HubError::UnsafePath { .. }), "{error}");
    assert_eq!(hub.requests().len(), 1);
}

#[tokio::test]
async fn a_listing_that_cannot_be_true_is_refused() {
    let hub = TestServer::start().await;
    let circle = format!("<{}?recursive=true&expand=false>; rel=\"next\"", root());
    hub.on(&root(), page(&[]).header("link", &circle));
    let twice = TestServer::start().await;
    twice.on(&root(), page(&[file("a"), file("a")]));
    let elsewhere = TestServer::start().await;
    elsewhere.on(&root(), page(&[folder("d")]));
    elsewhere.on(&format!("{}/d", root()), page(&[file("dd/x")]));
    let deep = TestServer::start().await;
    let paths = (0..2_500).map(|at| file(&format!("{at}/{}x", "folder/".repeat(127))));
    deep.on(&root(), page(&paths.collect::<Vec<_>>()));
    let vast = TestServer::start().await;
    let lfs = |path: &str, size: u64| json!({"type": "file", "path": path, "size": 134, "oid": GIT_SHA1, "lfs": {"oid": SHA256, "size": size}});
    vast.on(&root(), page(&[lfs("a", 1 << 53), lfs("b", 1)]));
    for hub in [hub, twice, elsewhere, deep, vast] {
        let error = list(&hub).await.unwrap_err();
        assert!(matches!(error, HubError::Protocol { .. }), "{error}");
    }
}
