//! What is logged, and how.

use clap::Args;
use url::Url;

use super::UsageError;
use crate::telemetry::{self, LogFormat, Telemetry};

/// Chooses what is logged, and where traces go.
#[derive(Debug, Clone, Args)]
pub struct LogArgs {
    /// What is logged to standard error: error, warn, info, debug, or a list such as `info,hfd_worker=debug`
    /// [default: info; error of the command that downloads by itself]
    #[arg(long, env = "HFD_LOG")]
    pub log: Option<String>,
    /// How it is logged: text or json
    #[arg(long, env = "HFD_LOG_FORMAT", default_value = "text")]
    pub log_format: LogFormat,
    /// Collector that traces are sent to, by OTLP over HTTP, such as `http://collector:4318`; none when absent
    #[arg(long, value_name = "URL", env = "OTEL_EXPORTER_OTLP_ENDPOINT")]
    pub otlp_endpoint: Option<String>,
}

impl LogArgs {
    /// Starts logging and tracing in the name of a program, with its own filter unless another is set. Keep what is
    /// returned to the end.
    ///
    /// # Errors
    /// When the filter cannot be read, or the collector's address is none.
    pub fn start(&self, program: &'static str, default: &str) -> Result<Telemetry, UsageError> {
        let filter = self.log.as_deref().unwrap_or(default);
        let collector = self.otlp_endpoint.as_deref().map(str::trim).filter(|text| !text.is_empty());
        let collector = collector.map(Url::parse).transpose().map_err(|error| {
            UsageError(format!("invalid --otlp-endpoint: {error}; expected an address such as http://collector:4318"))
        })?;
        telemetry::init(program, filter, self.log_format, collector.as_ref())
            .map_err(|error| UsageError(error.to_string()))
    }
}
