//! A running fake Hub.

use std::net::{IpAddr, TcpListener};
use std::sync::Arc;

use anyhow::Context as _;
use poem::Server;
use tokio::runtime::Runtime;

use super::catalog::RepoKey;
use super::config::HubConfig;
use super::connections::ResettableAcceptor;
use super::fault::{Fault, FaultId};
use super::log::RequestRecord;
use super::meta::RepoKind;
use super::route::Origin;
use super::server::OriginEndpoint;
use super::state::HubState;

/// A fake Hub that serves until it is dropped.
///
/// It has threads of its own, so it works in tests without a runtime, with a single-threaded one or with paused time.
#[derive(Debug)]
pub struct FakeHub {
    state: Arc<HubState>,
    runtime: Option<Runtime>,
}

/// A file as the hub lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServedFile {
    /// Path in the repo.
    pub path: String,
    /// Size.
    pub size_bytes: u64,
    /// SHA-256 of an LFS file, git's blob SHA-1 of any other: the name of its blob in the cache.
    pub etag: String,
    /// Whether the CDN serves it.
    pub lfs: bool,
}

impl FakeHub {
    /// Hashes the repos, binds both ports and serves. Blocks while it hashes.
    pub fn start(config: HubConfig) -> anyhow::Result<Self> {
        let (hub_listener, hub_url) = bind(config.bind, config.port)?;
        let (cdn_listener, own_cdn_url) = bind(config.bind, config.cdn_port)?;
        let cdn_url = config.cdn_url.clone().unwrap_or(own_cdn_url);
        let state = Arc::new(HubState::new(config, hub_url, cdn_url));
        state.reload()?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .thread_name("fake-hub")
            .enable_all()
            .build()
            .context("starting the fake Hub's threads")?;
        for (origin, listener) in [(Origin::Hub, hub_listener), (Origin::Cdn, cdn_listener)] {
            serve(&runtime, Arc::clone(&state), origin, listener)?;
        }
        Ok(Self { state, runtime: Some(runtime) })
    }

    /// Base URL of the Hub origin, for `HF_ENDPOINT`.
    pub fn url(&self) -> &str {
        &self.state.hub_url
    }

    /// Base URL of the CDN origin.
    pub fn cdn_url(&self) -> &str {
        &self.state.cdn_url
    }

    /// What it was started with: root folder, tokens, page size.
    pub fn config(&self) -> &HubConfig {
        &self.state.config
    }

    /// Reads the root folder anew; only changed files are hashed again.
    pub fn reload(&self) -> anyhow::Result<()> {
        self.state.reload()
    }

    /// Switches a fault on.
    pub fn inject(&self, fault: Fault) -> FaultId {
        self.state.faults.inject(fault)
    }

    /// Switches all faults off. Answers already under way keep theirs.
    pub fn clear_faults(&self) {
        self.state.faults.clear();
    }

    /// How many requests a fault has hit.
    pub fn fault_hits(&self, id: FaultId) -> u64 {
        self.state.faults.hits(id)
    }

    /// The requests since the start or the last reset, oldest first.
    pub fn requests(&self) -> Vec<RequestRecord> {
        self.state.log.records()
    }

    /// The requests that name this file, by its path in the repo.
    pub fn requests_for(&self, file: &str) -> Vec<RequestRecord> {
        self.requests().into_iter().filter(|record| record.file.as_deref() == Some(file)).collect()
    }

    /// Body bytes an origin has sent in answers about a file, by its path in the repo.
    pub fn bytes_sent(&self, origin: Origin, file: &str) -> u64 {
        let of_origin = |record: &RequestRecord| record.origin == origin;
        self.requests_for(file).into_iter().filter(of_origin).map(|record| record.bytes_sent).sum()
    }

    /// Body bytes an origin has sent in all.
    pub fn total_bytes_sent(&self, origin: Origin) -> u64 {
        self.requests().iter().filter(|record| record.origin == origin).map(|record| record.bytes_sent).sum()
    }

    /// Answers of an origin that are still under way.
    pub fn open_answers(&self, origin: Origin) -> usize {
        self.state.log.under_way(origin)
    }

    /// Forgets the requests so far.
    pub fn reset_log(&self) {
        self.state.log.reset();
    }

    /// The commit of a revision, by its name.
    pub fn commit(&self, kind: RepoKind, repo: &str, revision: &str) -> Option<String> {
        let key = RepoKey { kind, id: repo.to_owned() };
        Some(self.state.catalog().repo(&key)?.revision(revision)?.commit.clone())
    }

    /// The files of a revision, in the order they are listed; none if there is no such revision.
    pub fn files(&self, kind: RepoKind, repo: &str, revision: &str) -> Vec<ServedFile> {
        let key = RepoKey { kind, id: repo.to_owned() };
        let catalog = self.state.catalog();
        let Some(revision) = catalog.repo(&key).and_then(|repo| repo.revision(revision)) else { return Vec::new() };
        let served = revision.files().map(|file| ServedFile {
            path: file.path.clone(),
            size_bytes: file.size,
            etag: file.etag().to_owned(),
            lfs: file.digest.lfs.is_some(),
        });
        served.collect()
    }
}

impl Drop for FakeHub {
    fn drop(&mut self) {
        // A plain drop would wait for silent answers, and must not happen inside another runtime.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn bind(address: IpAddr, port: u16) -> anyhow::Result<(TcpListener, String)> {
    let listener = TcpListener::bind((address, port)).with_context(|| format!("listening on {address}:{port}"))?;
    listener.set_nonblocking(true)?;
    let url = format!("http://{}", listener.local_addr()?);
    Ok((listener, url))
}

fn serve(runtime: &Runtime, state: Arc<HubState>, origin: Origin, listener: TcpListener) -> anyhow::Result<()> {
    let _inside = runtime.enter();
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let acceptor = ResettableAcceptor::new(listener, Arc::clone(&state.connections))?;
    runtime.spawn(async move {
        if let Err(error) = Server::new_with_acceptor(acceptor).run(OriginEndpoint { origin, state }).await {
            tracing::error!(%error, ?origin, "fake Hub stopped serving");
        }
    });
    Ok(())
}
