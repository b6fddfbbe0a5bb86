//! Why a file did not arrive.

use std::time::Duration;

use hfd_shared::cache::CacheError;
use hfd_shared::hub::HubError;
use hfd_shared::repo::{BlobHash, RepoPath};

/// Why a file did not arrive.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TransferError {
    /// Told to stop; what had arrived is recorded.
    #[error("stopped")]
    Stopped,
    /// It is to be tried again later: the Hub asked for that, or somebody removed the repository.
    #[error("{reason}")]
    Later {
        /// When.
        delay: Duration,
        /// Why.
        reason: String,
    },
    /// The Hub does not give the file.
    #[error(transparent)]
    Hub(HubError),
    /// Too many failures in a row without progress.
    #[error("gave up after {tries} tries without progress: {last}")]
    GaveUp {
        /// Tries without progress.
        tries: usize,
        /// The last failure.
        last: HubError,
    },
    /// The server gives whole files only.
    #[error("gave up after {tries} tries: {last}")]
    NoRanges {
        /// Tries.
        tries: usize,
        /// The last answer.
        last: HubError,
    },
    /// Parts of the file came from different versions of it.
    #[error("{path} changed while it was fetched: {reason}")]
    Changed {
        /// The file.
        path: RepoPath,
        /// What differed.
        reason: String,
    },
    /// The content is not what the Hub says it is.
    #[error("{path} has the wrong content: expected hash {expected}, got {got}; nothing was published")]
    WrongHash {
        /// The file.
        path: RepoPath,
        /// The hash in the listing.
        expected: BlobHash,
        /// The hash of the bytes that came.
        got: BlobHash,
    },
    /// The volume refused.
    #[error(transparent)]
    Cache(#[from] CacheError),
}

/// Why one try came to nothing.
#[derive(Debug)]
pub(super) enum Failure {
    /// The network or the server failed; another try may do better.
    Try(HubError),
    /// The transfer ends.
    Transfer(TransferError),
}

impl From<HubError> for Failure {
    fn from(error: HubError) -> Self {
        Self::Try(error)
    }
}

impl From<TransferError> for Failure {
    fn from(error: TransferError) -> Self {
        Self::Transfer(error)
    }
}

impl TransferError {
    /// Whether a server may just be away.
    pub(crate) fn is_outage(&self) -> bool {
        matches!(self, Self::GaveUp { last, .. } if last.is_outage())
    }

    /// Whether what arrived must be dropped.
    pub(super) fn is_wrong_content(&self) -> bool {
        matches!(self, Self::Changed { .. } | Self::WrongHash { .. })
    }
}
