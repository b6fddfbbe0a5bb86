//! The client against servers on this machine.

mod server;

mod api;
mod errors;
mod fetch;
mod limits;
mod locate;
mod token;
mod tree;
mod xet;

use std::sync::Arc;
use std::time::Duration;

use url::Url;

use self::server::TestServer;
use super::{HubClient, WantedFile};
use crate::embedded::LocalLimiter;
use crate::ports::HubLimiter;
use crate::repo::{BlobHash, CommitHash, RepoKind, RepoPath, RepoRef};
use crate::settings::{HubSettings, TransferSettings};

const TOKEN: &str = "hf_secret0123456789";
const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
const SHA256: &str = "1111111111111111111111111111111111111111111111111111111111111111";
const GIT_SHA1: &str = "2222222222222222222222222222222222222222";

fn repo() -> RepoRef {
    RepoRef { kind: RepoKind::Model, id: "o/n".parse().unwrap() }
}

fn commit() -> CommitHash {
    COMMIT.parse().unwrap()
}

/// A client with a token and no retries.
fn client(endpoint: &Url) -> HubClient {
    client_with(endpoint, &TransferSettings { retries: 0, ..TransferSettings::default() })
}

fn client_with(endpoint: &Url, transfer: &TransferSettings) -> HubClient {
    let settings = HubSettings { endpoint: endpoint.clone(), token: Some(TOKEN.into()) };
    HubClient::new(&settings, transfer, Arc::new(LocalLimiter::new())).unwrap()
}

/// A client as [`client`], which shares its limiter with others.
fn client_sharing(endpoint: &Url, limiter: Arc<dyn HubLimiter>) -> HubClient {
    let settings = HubSettings { endpoint: endpoint.clone(), token: Some(TOKEN.into()) };
    HubClient::new(&settings, &TransferSettings { retries: 0, ..TransferSettings::default() }, limiter).unwrap()
}

/// A client that waits only shortly for an answer.
fn impatient(endpoint: &Url) -> HubClient {
    let stall_timeout = Duration::from_millis(100);
    client_with(endpoint, &TransferSettings { stall_timeout, ..TransferSettings::default() })
}

/// A file of a repository, owned.
struct File {
    path: RepoPath,
    size_bytes: u64,
    blob: BlobHash,
}

impl File {
    fn large() -> Self {
        Self { path: "m.bin".parse().unwrap(), size_bytes: 10, blob: SHA256.parse().unwrap() }
    }

    fn small() -> Self {
        Self { path: "a.txt".parse().unwrap(), size_bytes: 5, blob: GIT_SHA1.parse().unwrap() }
    }

    fn wanted(&self) -> WantedFile<'_> {
        WantedFile { path: &self.path, size_bytes: self.size_bytes, blob: self.blob }
    }

    fn target(&self) -> String {
        format!("/o/n/resolve/{COMMIT}/{}", self.path)
    }
}

async fn read_all(mut fetched: super::Fetched) -> Result<Vec<u8>, super::HubError> {
    let mut all = Vec::new();
    while let Some(chunk) = fetched.chunk().await? {
        all.extend_from_slice(&chunk);
    }
    Ok(all)
}

/// A Hub and a content server with one large file: `0123456789`.
async fn hub_and_cdn() -> (TestServer, TestServer) {
    let (hub, cdn) = (TestServer::start().await, TestServer::start().await);
    let redirect = server::Reply::new(302)
        .header("location", cdn.url.join("/bytes?X-Amz-Signature=s").unwrap().as_str())
        .header("x-linked-etag", &format!("\"{SHA256}\""))
        .header("x-linked-size", "10")
        .body("elsewhere");
    hub.on(&File::large().target(), redirect);
    (hub, cdn)
}
