//! What the API is made of and how it is set up.

use std::path::PathBuf;
use std::sync::Arc;

use hfd_shared::callback::CallbackPolicy;
use hfd_shared::config::Access;
use hfd_shared::control::{Jobs, Settings};
use hfd_shared::hub::HubClient;
use hfd_shared::metrics::Exposition;
use hfd_shared::ports::{EventBus, JobStore, Roster, TaskQueue};
use hfd_shared::readiness::Readiness;

use crate::feed::FeedTimes;

/// The version that `health` and `init` tell.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// How the service runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// As one process, which is its own worker.
    Single,
    /// As many processes.
    Cluster,
}

/// How the API is set up.
#[derive(Debug, Clone)]
pub struct ApiConfig {
    /// The cache's folder: read for `/api/cache`, and shown as `outputDir`. It need not be there.
    pub cache_dir: PathBuf,
    /// Who may use it.
    pub access: Access,
    /// How the service runs.
    pub mode: Mode,
    /// Which callbacks are taken.
    pub callbacks: CallbackPolicy,
    /// When the feed does what nothing else makes it do.
    pub feed: FeedTimes,
}

/// What the API works with.
#[derive(Clone)]
pub struct ApiState {
    /// Creates and changes jobs.
    pub jobs: Jobs,
    /// Where jobs are read from.
    pub store: Arc<dyn JobStore>,
    /// Tells which jobs changed.
    pub bus: Arc<dyn EventBus>,
    /// Asked how much it holds.
    pub queue: Arc<dyn TaskQueue>,
    /// Who is at work.
    pub roster: Arc<dyn Roster>,
    /// Where plans are made from.
    pub hub: HubClient,
    /// What the readiness probe looks at.
    pub readiness: Readiness,
    /// What is shown at `/metrics`, if it is to be shown here.
    pub metrics: Option<Exposition>,
    /// What all processes share.
    pub settings: Settings,
    /// The set-up.
    pub config: ApiConfig,
}
