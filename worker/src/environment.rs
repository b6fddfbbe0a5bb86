//! What a worker process has: its ports, the Hub, the cache and its settings.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hfd_shared::backend::Backend;
use hfd_shared::blocking::blocking;
use hfd_shared::cache::{Cache, CacheError};
use hfd_shared::callback::CallbackPolicy;
use hfd_shared::control::{Jobs, Settings};
use hfd_shared::hub::HubClient;
use hfd_shared::job::WorkerName;
use hfd_shared::ports::{EventBus, Holder, JobStore, Roster, TaskQueue};
use hfd_shared::process::host_name;
use hfd_shared::settings::JobSettings;

use crate::args::WorkerSettings;
use crate::callback::CallbackClient;
use crate::listings::Listings;
use crate::outages::Outages;
use crate::patience::Patience;
use crate::presence::Presence;
use crate::throttle::Throttle;
use crate::transfer::Engine;

/// Everything a task needs; made once per process.
pub struct Environment {
    /// The name of this worker: unique among the processes that ever write to the cache.
    pub name: WorkerName,
    /// The truth about jobs.
    pub store: Arc<dyn JobStore>,
    /// Where tasks come from.
    pub queue: Arc<dyn TaskQueue>,
    /// Tells when jobs change.
    pub bus: Arc<dyn EventBus>,
    /// Shows who is at work.
    pub roster: Arc<dyn Roster>,
    /// Moves jobs through their life.
    pub jobs: Jobs,
    /// How long signs of life count, and ended jobs are kept; how many run, unless the shared settings say otherwise.
    pub limits: JobSettings,
    /// The Hub.
    pub hub: HubClient,
    /// What all processes share.
    pub settings: Settings,
    /// What is known of repositories whose listing was interrupted.
    pub(crate) listings: Listings,
    /// The cache on disk.
    pub cache: Arc<Cache>,
    /// Downloads into it.
    pub(crate) engine: Engine,
    /// Tells the ends of jobs.
    pub(crate) callbacks: CallbackClient,
    /// How many Fetch tasks are done at a time.
    pub slots: usize,
    /// How long jobs wait for servers that are away.
    pub(crate) outages: Outages,
    /// How long the locks of other programs are waited for.
    pub(crate) patience: Patience,
    /// What this worker does now.
    pub(crate) presence: Presence,
    /// Tells the attempts of this process apart.
    pub(crate) attempts: AtomicU64,
}

/// Why a process cannot be a worker.
#[derive(Debug, thiserror::Error)]
pub enum EnvironmentError {
    /// The cache's folder or its volume is not fit.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// The operating system gave no random number.
    #[error("no random number for the worker's name: {0}")]
    Random(#[from] getrandom::Error),
    /// The system gives no TLS.
    #[error("no client for callbacks: {0}")]
    Callbacks(#[from] reqwest::Error),
}

impl Environment {
    /// Opens the cache and gives the worker its name, and the process the umask of the settings.
    pub fn open(
        settings: WorkerSettings,
        limits: JobSettings,
        callbacks: CallbackPolicy,
        backend: &Backend,
    ) -> Result<Self, EnvironmentError> {
        let WorkerSettings { cache_dir, hub, shared, slots, umask } = settings;
        if let Some(umask) = umask {
            rustix::process::umask(umask);
        }
        let Backend { store, queue, bus, bandwidth, roster, .. } = backend.clone();
        let cache = Arc::new(Cache::open(cache_dir)?);
        let name = WorkerName::random(&host_name())?;
        let throttle = Throttle::new(shared.clone(), bandwidth);
        Ok(Self {
            jobs: Jobs::new(Arc::clone(&store), limits.max_active),
            engine: Engine::new(hub.clone(), throttle, name.clone(), cache.idle_folder()),
            name,
            cache,
            patience: Patience::default(),
            outages: Outages::new(limits.max_outage),
            listings: Listings::default(),
            callbacks: CallbackClient::new(callbacks)?,
            presence: Presence::new(),
            attempts: AtomicU64::default(),
            store,
            queue,
            bus,
            roster,
            limits,
            hub,
            settings: shared,
            slots,
        })
    }

    /// Checks that the volume of the cache is there and can be written to.
    pub(crate) async fn check_volume(&self) -> Result<(), CacheError> {
        let cache = Arc::clone(&self.cache);
        blocking(move || cache.check_usable()).await
    }

    /// A holder of tasks and leases that nobody was before.
    pub(crate) fn holder(&self) -> Holder {
        Holder { worker: self.name.clone(), attempt: self.attempts.fetch_add(1, Ordering::Relaxed) }
    }
}
