//! What the API is made of and how it is set up.

use std::path::PathBuf;
use std::sync::Arc;

use hfd_shared::control::Jobs;
use hfd_shared::hub::HubClient;
use hfd_shared::ports::{EventBus, JobStore};
use secrecy::SecretString;

/// The version that `health` and `init` tell.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The user that every request must name, with the password.
#[derive(Debug, Clone)]
pub struct BasicAuth {
    /// The user's name; it cannot contain a colon.
    pub user: String,
    /// The password.
    pub password: SecretString,
}

/// How the API is set up.
#[derive(Debug, Clone)]
pub struct ApiConfig {
    /// The cache's folder, shown as `outputDir`.
    pub cache_dir: PathBuf,
    /// Guards everything when given.
    pub auth: Option<BasicAuth>,
    /// Files of at least so many bytes become units of their own in a plan.
    pub large_from_bytes: u64,
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
    /// Where plans are made from.
    pub hub: HubClient,
    /// The set-up.
    pub config: ApiConfig,
}
