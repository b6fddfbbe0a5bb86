//! What all requests of one fake Hub share.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use super::access::Caller;
use super::catalog::{Catalog, Repo, RepoKey};
use super::config::HubConfig;
use super::connections::Connections;
use super::digest::DigestCache;
use super::fault_set::FaultSet;
use super::log::RequestLog;
use super::refusal::Refusal;
use super::signed_url::UrlSigner;

/// State of a running hub.
#[derive(Debug)]
pub(crate) struct HubState {
    pub(crate) config: HubConfig,
    pub(crate) hub_url: String,
    pub(crate) cdn_url: String,
    pub(crate) faults: FaultSet,
    pub(crate) log: RequestLog,
    pub(crate) signer: UrlSigner,
    pub(crate) connections: Arc<Connections>,
    catalog: RwLock<Arc<Catalog>>,
    digests: DigestCache,
    answered: AtomicU64,
}

impl HubState {
    pub(crate) fn new(config: HubConfig, hub_url: String, cdn_url: String) -> Self {
        let signer = UrlSigner::new(config.signed_url_lifetime, cdn_url.clone());
        Self {
            config,
            hub_url,
            cdn_url,
            faults: FaultSet::default(),
            log: RequestLog::default(),
            signer,
            connections: Arc::default(),
            catalog: RwLock::default(),
            digests: DigestCache::default(),
            answered: AtomicU64::new(0),
        }
    }

    /// Reads the root folder anew.
    pub(crate) fn reload(&self) -> anyhow::Result<()> {
        let fresh = Arc::new(Catalog::load(&self.config.root, &self.digests)?);
        *self.catalog.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    pub(crate) fn catalog(&self) -> Arc<Catalog> {
        Arc::clone(&self.catalog.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// A repo, or what its absence looks like to this caller.
    pub(crate) fn repo(&self, key: &RepoKey, caller: Caller) -> Result<Arc<Repo>, Refusal> {
        self.catalog().repo(key).cloned().ok_or_else(|| caller.absent())
    }

    /// A number for each answer, from 1.
    pub(crate) fn number(&self) -> u64 {
        self.answered.fetch_add(1, Ordering::Relaxed) + 1
    }
}
