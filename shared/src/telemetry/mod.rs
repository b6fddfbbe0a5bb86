//! Logs, and the spans of traces.

mod export;

use std::io::{self, IsTerminal};
use std::time::Duration;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::{Level, Metadata, Subscriber};
use tracing_opentelemetry::OpenTelemetryLayer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer};
use url::Url;

use crate::repo::Invalid;

pub use export::ExportError;

/// As much as is ever logged of these libraries: below it, lapin logs whole frames, and with them the password. What goes
/// wrong in those of Xet is told by us, without the signatures that are in their addresses.
const LIBRARIES: [&str; 6] =
    ["lapin=info", "xet=off", "xet_client=off", "xet_core_structures=off", "xet_data=off", "xet_runtime=off"];

/// Begins the names of our own crates: what libraries do has no spans in a trace.
const OWN: &str = "hfd";

/// How long the last spans may take to be sent when the process ends.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(3);

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line, for machines.
    Json,
}

impl std::str::FromStr for LogFormat {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(Invalid::new("log format", text, "text or json")),
        }
    }
}

/// Why nothing can be logged or traced.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter cannot be read.
    #[error(transparent)]
    Filter(#[from] Invalid),
    /// Spans cannot be sent.
    #[error(transparent)]
    Export(#[from] ExportError),
}

/// Sends the last spans when it is dropped: a program keeps it to its end.
#[must_use]
pub struct Telemetry {
    provider: SdkTracerProvider,
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        // A collector that is away must not fail a program that has done its work.
        _ = self.provider.shutdown_with_timeout(FLUSH_TIMEOUT);
    }
}

/// Sends logs to standard error, and spans to a collector if there is one. Spans are made in any case, so that each
/// request and task has a trace id that is logged and passed on.
///
/// The filter has the syntax of `RUST_LOG`, such as `info,hfd_worker=debug`; it is for logs alone.
///
/// # Errors
/// When the filter cannot be read or the collector's address cannot be one.
pub fn init(
    program: &'static str,
    filter: &str,
    format: LogFormat,
    collector: Option<&Url>,
) -> Result<Telemetry, TelemetryError> {
    let provider = export::provider(program, collector)?;
    let spans = OpenTelemetryLayer::new(provider.tracer(program))
        .with_location(false)
        .with_threads(false)
        .with_tracked_inactivity(false)
        .with_filter(filter_fn(is_traced));
    tracing_subscriber::registry().with(logs(log_filter(filter)?, format)).with(spans).init();
    Ok(Telemetry { provider })
}

/// Events stay in the logs: a trace tells what was done and how long it took.
fn is_traced(metadata: &Metadata<'_>) -> bool {
    metadata.is_span() && *metadata.level() <= Level::INFO && metadata.target().starts_with(OWN)
}

fn log_filter(filter: &str) -> Result<EnvFilter, Invalid> {
    let filter: EnvFilter = filter
        .parse()
        .map_err(|_| Invalid::new("log filter", filter, "a level or a list such as info,hfd_worker=debug"))?;
    Ok(LIBRARIES.into_iter().flat_map(str::parse).fold(filter, EnvFilter::add_directive))
}

fn logs<S: Subscriber + for<'a> LookupSpan<'a>>(filter: EnvFilter, format: LogFormat) -> impl Layer<S> {
    let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr);
    let lines = match format {
        LogFormat::Text => lines.with_ansi(io::stderr().is_terminal()).boxed(),
        LogFormat::Json => lines.json().boxed(),
    };
    lines.with_filter(filter)
}
