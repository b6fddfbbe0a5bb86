//! Flags and environment variables: flag > environment > default.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{StringValueParser, TypedValueParser};
use clap::{Args, Parser, Subcommand};
use hfd_shared::job::DownloadRequest;
use hfd_shared::settings::{ByteSize, TransferSettings, Verify};
use hfd_shared::telemetry::LogFormat;
use secrecy::SecretString;

/// Downloads Hugging Face models and datasets: fast, resumable, verified.
#[derive(Debug, Parser)]
#[command(name = "hfdownloader", version, propagate_version = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve the API and do the downloads, all in this process
    Serve(ServeArgs),
    /// Download one repository and exit
    Download(DownloadArgs),
    /// Print the API's OpenAPI document
    Openapi,
    /// Print the table of all flags and variables
    #[command(hide = true)]
    Configuration,
}

/// A combination of flags that cannot be.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct UsageError(pub(crate) String);

#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// Port to listen on
    #[arg(long, env = "HFD_PORT", default_value_t = 8080)]
    pub(crate) port: u16,
    /// Address to listen on; set a user and a password before you open it to others
    #[arg(long, env = "HFD_BIND", default_value = "127.0.0.1")]
    pub(crate) bind: IpAddr,
    /// User name that clients must give (with --auth-pass)
    #[arg(long, env = "HFD_AUTH_USER", requires = "auth_pass")]
    pub(crate) auth_user: Option<String>,
    /// Password that clients must give (with --auth-user)
    #[arg(long, env = "HFD_AUTH_PASS", requires = "auth_user", hide_env_values = true, value_parser = secret())]
    pub(crate) auth_pass: Option<SecretString>,
    /// Folder for the list of jobs [default: hfdownloader in `$XDG_DATA_HOME` or `~/.local/share`]
    #[arg(long, env = "HFD_DATA_DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Jobs that run at a time, 1 to 256
    #[arg(long, env = "HFD_MAX_ACTIVE", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) max_active: u16,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
}

#[derive(Debug, Args)]
pub(crate) struct DownloadArgs {
    /// Repository, optionally with filters: `owner/name` or `owner/name:q4_k_m,q5_k_m`
    pub(crate) repo: String,
    /// The repository is a dataset
    #[arg(long)]
    pub(crate) dataset: bool,
    /// Branch, tag, ref or commit
    #[arg(short = 'b', long, default_value = "main")]
    pub(crate) revision: String,
    /// Take only weights and data whose path contains this text, or matches it if it has * or ?; may be repeated
    #[arg(short = 'F', long = "filter", value_name = "PATTERN", value_delimiter = ',')]
    pub(crate) filters: Vec<String>,
    /// Leave out files whose path contains this text, or matches it if it has * or ?; may be repeated
    #[arg(short = 'E', long = "exclude", value_name = "PATTERN", value_delimiter = ',')]
    pub(crate) excludes: Vec<String>,
    /// Also link each file in a folder named by the filter that it matched
    #[arg(long)]
    pub(crate) append_filter_subdir: bool,
    /// Print one JSON object a line instead of progress for people
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
}

/// Flags of every command that downloads.
#[derive(Debug, Args)]
pub(crate) struct CommonArgs {
    /// The Hub's cache folder [default: `$HF_HUB_CACHE`, `$HF_HOME/hub` or `~/.cache/huggingface/hub`]
    #[arg(long, env = "HFD_CACHE_DIR")]
    pub(crate) cache_dir: Option<PathBuf>,
    /// The Hub, or a mirror of it
    #[arg(long, env = "HF_ENDPOINT")]
    pub(crate) endpoint: Option<String>,
    /// Token for private and gated repositories [default: the file that `hf auth login` writes]
    #[arg(short = 't', long, env = "HF_TOKEN", hide_env_values = true, value_parser = secret())]
    pub(crate) token: Option<SecretString>,
    /// Connections for each large file, or each batch of small ones, 1 to 64
    #[arg(long, env = "HFD_CONNECTIONS", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) connections: u16,
    /// Files of at least this size are fetched in parts
    #[arg(long, env = "HFD_MULTIPART_THRESHOLD", default_value = "32MiB")]
    pub(crate) multipart_threshold: ByteSize,
    /// How content is checked before it is published: none, size or sha256
    #[arg(long, env = "HFD_VERIFY", default_value = "sha256")]
    pub(crate) verify: Verify,
    /// Failures of a connection in a row without progress after which its file is given up, 0 to 20
    #[arg(long, env = "HFD_RETRIES", default_value_t = 4, value_parser = clap::value_parser!(u16).range(0..=20))]
    pub(crate) retries: u16,
    /// Large files, or batches of small ones, in work at a time, 1 to 64
    #[arg(long, env = "HFD_SLOTS", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) slots: u16,
    /// Seconds without a byte after which a connection is dropped and tried again
    #[arg(long, env = "HFD_STALL_TIMEOUT", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) stall_timeout: u64,
    /// Bytes a second below which a connection counts as stalled; 0 for never
    #[arg(long, env = "HFD_MIN_SPEED", default_value = "1KiB")]
    pub(crate) min_speed: ByteSize,
    /// What is logged to standard error: error, warn, info, debug, or a list such as `info,hfd_worker=debug`
    #[arg(long, env = "HFD_LOG")]
    pub(crate) log: Option<String>,
    /// How it is logged: text or json
    #[arg(long, env = "HFD_LOG_FORMAT", default_value = "text")]
    pub(crate) log_format: LogFormat,
}

fn secret() -> impl TypedValueParser<Value = SecretString> {
    StringValueParser::new().map(SecretString::from)
}

impl CommonArgs {
    pub(crate) fn transfer(&self) -> TransferSettings {
        TransferSettings {
            connections: usize::from(self.connections),
            multipart_threshold: self.multipart_threshold,
            verify: self.verify,
            retries: usize::from(self.retries),
            stall_timeout: Duration::from_secs(self.stall_timeout),
            min_bytes_per_second: self.min_speed.0,
        }
    }
}

impl DownloadArgs {
    pub(crate) fn request(&self) -> DownloadRequest {
        DownloadRequest {
            repo: self.repo.clone(),
            revision: Some(self.revision.clone()),
            dataset: self.dataset,
            filters: self.filters.clone(),
            excludes: self.excludes.clone(),
            append_filter_subdir: self.append_filter_subdir,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn values_beyond_their_limits_are_refused() {
        for bad in [
            ["--connections", "0"],
            ["--connections", "65"],
            ["--max-active", "257"],
            ["--retries", "21"],
            ["--verify", "md5"],
            ["--multipart-threshold", "lots"],
            ["--auth-user", "alone"],
        ] {
            assert!(Cli::try_parse_from(["hfdownloader", "serve", bad[0], bad[1]]).is_err(), "{bad:?} must be refused");
        }
    }
}
