//! The command line of `hfdownloader`.

use clap::{Args, Parser, Subcommand};
use hfd_api::AdminArgs;
use hfd_shared::config::{CallbackArgs, DataArgs, JobArgs, ListenArgs, LogArgs, ProbeArgs, SecretArgs, UsageError};
use hfd_shared::job::{DownloadRequest, JobRequest, TransferWay};
use hfd_worker::WorkerArgs;

/// Stands before a dataset's name in its address on the Hub.
const DATASETS: &str = "datasets/";

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

#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    pub(crate) listen: ListenArgs,
    #[command(flatten)]
    pub(crate) admin: AdminArgs,
    #[command(flatten)]
    pub(crate) data: DataArgs,
    #[command(flatten)]
    pub(crate) jobs: JobArgs,
    #[command(flatten)]
    pub(crate) secret: SecretArgs,
    #[command(flatten)]
    pub(crate) callback: CallbackArgs,
    #[command(flatten)]
    pub(crate) probe: ProbeArgs,
    #[command(flatten)]
    pub(crate) worker: WorkerArgs,
    #[command(flatten)]
    pub(crate) log: LogArgs,
}

#[derive(Debug, Args)]
pub(crate) struct DownloadArgs {
    /// Repository, optionally with filters: `owner/name`, `datasets/owner/name` or `owner/name:q4_k_m,q5_k_m`
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
    /// Also link each file in a folder named by the filter that it matched, if that has no * or ?
    #[arg(long)]
    pub(crate) append_filter_subdir: bool,
    /// On which way content comes: auto, http, or xet for files that the Hub keeps there; auto takes Xet above 50 GB alone
    #[arg(long, default_value = "auto")]
    pub(crate) transfer: TransferWay,
    /// Print one JSON object a line instead of progress for people
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) worker: WorkerArgs,
    #[command(flatten)]
    pub(crate) log: LogArgs,
}

impl DownloadArgs {
    /// What is asked for.
    ///
    /// # Errors
    /// When it cannot be meant so.
    pub(crate) fn request(&self) -> Result<JobRequest, UsageError> {
        for (flag, patterns) in [("--filter", &self.filters), ("--exclude", &self.excludes)] {
            if !patterns.is_empty() && patterns.iter().all(|pattern| pattern.trim().is_empty()) {
                return Err(UsageError(format!("{flag} is empty: say which files, or leave it out")));
            }
        }
        // As in an address of the Hub, where no owner has this name.
        let dataset = self.repo.strip_prefix(DATASETS);
        let request = DownloadRequest {
            repo: dataset.unwrap_or(&self.repo).to_owned(),
            revision: Some(self.revision.clone()),
            dataset: self.dataset || dataset.is_some(),
            filters: self.filters.clone(),
            excludes: self.excludes.clone(),
            append_filter_subdir: self.append_filter_subdir,
            callback_url: None,
            transfer: self.transfer,
        };
        JobRequest::parse(&request).map_err(|error| UsageError(error.to_string()))
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
}
