//! What is logged, and how.

use clap::Args;

use super::UsageError;
use crate::telemetry::{self, LogFormat};

/// Chooses what is logged.
#[derive(Debug, Clone, Args)]
pub struct LogArgs {
    /// What is logged to standard error: error, warn, info, debug, or a list such as `info,hfd_worker=debug`
    #[arg(long, env = "HFD_LOG")]
    pub log: Option<String>,
    /// How it is logged: text or json
    #[arg(long, env = "HFD_LOG_FORMAT", default_value = "text")]
    pub log_format: LogFormat,
}

impl LogArgs {
    /// Starts logging, with the program's own filter unless another is set.
    ///
    /// # Errors
    /// When the filter cannot be read.
    pub fn start(&self, default: &str) -> Result<(), UsageError> {
        let filter = self.log.as_deref().unwrap_or(default);
        telemetry::init(filter, self.log_format).map_err(|error| UsageError(error.to_string()))
    }
}
