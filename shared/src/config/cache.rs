//! Where the cache is.

use std::path::PathBuf;

use clap::Args;

use super::{UsageError, locations};

/// Names the cache folder.
#[derive(Debug, Clone, Args)]
pub struct CacheArgs {
    /// The Hub's cache folder [default: `$HF_HUB_CACHE`, `$HF_HOME/hub` or `~/.cache/huggingface/hub`]
    #[arg(long, env = "HFD_CACHE_DIR")]
    pub cache_dir: Option<PathBuf>,
}

impl CacheArgs {
    /// The absolute path of the cache folder that the flags or the environment name.
    ///
    /// # Errors
    /// When nothing names one.
    pub fn folder(&self) -> Result<PathBuf, UsageError> {
        let path = self.cache_dir.clone().or_else(|| locations::cache_dir(&locations::environment));
        let none = || UsageError("no cache folder: set --cache-dir, HFD_CACHE_DIR, HF_HUB_CACHE or HOME".to_owned());
        path.map(|path| locations::absolute(&path)).ok_or_else(none)
    }
}
