//! What a worker process has: its ports, the Hub, the cache and its settings.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hfd_shared::cache::Cache;
use hfd_shared::control::Jobs;
use hfd_shared::hub::HubClient;
use hfd_shared::ports::{EventBus, JobStore, TaskQueue};
use hfd_shared::settings::TransferSettings;

use crate::patience::Patience;

/// Everything a task needs; made once per process.
pub struct Environment {
    /// The name of this worker: unique among the processes that ever write to the cache, and safe as a file name.
    pub name: String,
    /// The truth about jobs.
    pub store: Arc<dyn JobStore>,
    /// Where tasks come from.
    pub queue: Arc<dyn TaskQueue>,
    /// Tells when jobs change.
    pub bus: Arc<dyn EventBus>,
    /// Moves jobs through their life.
    pub jobs: Jobs,
    /// The Hub.
    pub hub: HubClient,
    /// The cache on disk.
    pub cache: Arc<Cache>,
    /// How data is moved.
    pub transfer: TransferSettings,
    /// How many Fetch tasks are done at a time.
    pub slots: usize,
    /// How long the locks of other programs are waited for.
    pub patience: Patience,
    /// Tells the attempts of this process apart.
    pub attempts: AtomicU64,
}

impl Environment {
    /// A number that this process has not used before.
    pub(crate) fn next_number(&self) -> u64 {
        self.attempts.fetch_add(1, Ordering::Relaxed)
    }
}
