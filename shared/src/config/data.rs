//! Where a single process keeps its jobs.

use std::path::PathBuf;

use clap::Args;

use super::{UsageError, locations};

/// Names the folder for the list of jobs.
#[derive(Debug, Clone, Args)]
pub struct DataArgs {
    /// Folder for the list of jobs [default: hfdownloader in `$XDG_DATA_HOME` or `~/.local/share`]
    #[arg(long, env = "HFD_DATA_DIR")]
    pub data_dir: Option<PathBuf>,
}

impl DataArgs {
    /// The absolute path of the data folder that the flags or the environment name.
    ///
    /// # Errors
    /// When nothing names one.
    pub fn folder(&self) -> Result<PathBuf, UsageError> {
        let path = self.data_dir.clone().or_else(|| locations::data_dir(&locations::environment));
        let none = || UsageError("no data folder: set --data-dir, HFD_DATA_DIR or HOME".to_owned());
        path.map(|path| locations::absolute(&path)).ok_or_else(none)
    }
}
