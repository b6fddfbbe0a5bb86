//! The kinds of work that a job can do.

use serde::{Deserialize, Serialize};

/// What a job does with its repository.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Work {
    /// Brings files of the Hub into the cache.
    #[default]
    Download,
    /// Hashes what the cache holds of the repository and compares it with what it should be.
    Verify,
    /// Removes the repository, or a revision of it, from the cache.
    Remove(Removal),
    /// Removes what no revision in the cache needs any more.
    Prune,
}

/// How much of a repository is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Removal {
    /// All of it.
    Repo,
    /// What only the job's revision needs.
    Revision,
}

/// The name of a kind of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WorkKind {
    /// See [`Work::Download`].
    Download,
    /// See [`Work::Verify`].
    Verify,
    /// See [`Work::Remove`].
    Remove,
    /// See [`Work::Prune`].
    Prune,
}

impl Work {
    /// Which kind it is.
    pub fn kind(self) -> WorkKind {
        match self {
            Self::Download => WorkKind::Download,
            Self::Verify => WorkKind::Verify,
            Self::Remove(_) => WorkKind::Remove,
            Self::Prune => WorkKind::Prune,
        }
    }

    /// Whether it takes files away: then no other live job may want the repository. It takes moments, so it never waits
    /// for other repositories' jobs, and once begun it cannot be stopped.
    pub fn is_exclusive(self) -> bool {
        matches!(self, Self::Remove(_) | Self::Prune)
    }
}

impl WorkKind {
    /// The word for it in the API and the logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Download => "download",
            Self::Verify => "verify",
            Self::Remove => "remove",
            Self::Prune => "prune",
        }
    }
}
