//! Logs.

use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;

use crate::repo::Invalid;

/// As much as is ever logged of the AMQP client.
const LAPIN: &str = "lapin=info";

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

/// Sends logs to standard error. The filter has the syntax of `RUST_LOG`, such as `info,hfd_worker=debug`.
///
/// # Errors
/// When the filter cannot be read.
pub fn init(filter: &str, format: LogFormat) -> Result<(), Invalid> {
    let filter: EnvFilter = filter
        .parse()
        .map_err(|_| Invalid::new("log filter", filter, "a level or a list such as info,hfd_worker=debug"))?;
    // Below this, lapin logs whole frames, and with them the password.
    let filter = LAPIN.parse().into_iter().fold(filter, EnvFilter::add_directive);
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    match format {
        LogFormat::Text => builder.with_ansi(io::stderr().is_terminal()).init(),
        LogFormat::Json => builder.json().init(),
    }
    Ok(())
}
