//! What becomes of a Fetch by what became of its files.

use std::time::Duration;

use hfd_shared::cache::CacheError;
use hfd_shared::job::FileIndex;
use hfd_shared::metrics::{self, FileOutcome};
use hfd_shared::ports::{Claimed, FileEnd, StoreError};
use tracing::warn;

use crate::environment::Environment;
use crate::tasks::{Ending, VOLUME_DELAY, during_outage, without_volume};
use crate::transfer::TransferError;

/// Why a file of the unit is not in the cache.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    #[error("stopped")]
    Stopped,
    #[error("not now")]
    Later { delay: Duration, waiting: String },
    #[error("{0}")]
    Failed(String),
    /// A server that may just be away.
    #[error("{0}")]
    Unanswered(String),
    #[error(transparent)]
    Cache(CacheError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<CacheError> for FetchError {
    fn from(error: CacheError) -> Self {
        match error {
            // It may be back already.
            CacheError::Unmounted { .. } => Self::Later { delay: VOLUME_DELAY, waiting: error.to_string() },
            error => Self::Cache(error),
        }
    }
}

impl From<TransferError> for FetchError {
    fn from(error: TransferError) -> Self {
        match error {
            TransferError::Stopped => Self::Stopped,
            TransferError::Later { delay, reason } => Self::Later { delay, waiting: reason },
            TransferError::Cache(error) => error.into(),
            error if error.is_outage() => Self::Unanswered(error.to_string()),
            error => Self::Failed(error.to_string()),
        }
    }
}

/// What became of each group: its files and the result that they share.
pub(super) type Ended = Vec<(Vec<FileIndex>, Result<(), FetchError>)>;

pub(super) async fn settle(env: &Environment, claimed: &Claimed, ended: Ended) -> Result<Ending, StoreError> {
    let mut ends = Vec::new();
    let mut later: Option<(Duration, String)> = None;
    let mut unanswered = None;
    let mut stopped = false;
    // What came or failed without the volume counts for nothing.
    if let Some(later) = without_volume(env).await {
        return Ok(later);
    }
    for (files, result) in ended {
        let result = match result {
            Ok(()) => Ok(()),
            Err(FetchError::Unanswered(error)) if env.outages.are_waited_for() => {
                unanswered = Some(error);
                continue;
            }
            Err(error @ (FetchError::Failed(_) | FetchError::Unanswered(_) | FetchError::Cache(_))) => {
                warn!(task = %claimed.task, %error, "file failed");
                metrics::file_ended(FileOutcome::Failed, files.len());
                Err(error.to_string())
            }
            Err(FetchError::Stopped) => {
                stopped = true;
                continue;
            }
            Err(FetchError::Later { delay, waiting }) => {
                if later.as_ref().is_none_or(|(longest, _)| *longest < delay) {
                    later = Some((delay, waiting));
                }
                continue;
            }
            Err(FetchError::Store(error)) => return Err(error),
        };
        ends.extend(files.into_iter().map(|file| FileEnd { file, result: result.clone() }));
    }
    if stopped || later.is_some() || unanswered.is_some() {
        if !ends.is_empty() {
            env.store.checkpoint(claimed, ends).await?;
        }
        return match (later, unanswered) {
            (Some((delay, waiting)), _) if !stopped => Ok(Ending::Later { delay, waiting: Some(waiting) }),
            (None, Some(error)) if !stopped => during_outage(env, &claimed.task, error).await,
            _ => Ok(Ending::Stopped),
        };
    }
    env.store.finish_unit(claimed, ends).await?;
    Ok(Ending::Settled)
}
