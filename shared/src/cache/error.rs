//! What can go wrong on the volume.

use std::io;
use std::path::{Path, PathBuf};

/// Why the cache could not do it. Nothing that readers see has been left half done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CacheError {
    /// The volume or the quota is full (`ENOSPC`, `EDQUOT`; on network volumes often only the sync says so).
    #[error("no space left on the volume: cannot {operation} {}; free space or raise the quota, then retry", path.display())]
    NoSpace {
        /// What was being done, such as `write`.
        operation: &'static str,
        /// On what.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The volume is mounted read-only.
    #[error("the volume is read-only: cannot {operation} {}; mount it writable", path.display())]
    ReadOnly {
        /// What was being done.
        operation: &'static str,
        /// On what.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// This process' user may not do it.
    #[error("permission denied: cannot {operation} {}; give the user of this process write access to it", path.display())]
    Denied {
        /// What was being done.
        operation: &'static str,
        /// On what.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The volume cannot do something that the cache needs.
    #[error("the volume at {} is unfit for the cache: it has no {missing}; use a local disk, NFS, CephFS or Lustre", root.display())]
    Unfit {
        /// The cache's folder.
        root: PathBuf,
        /// What the volume cannot do, such as `symbolic links`.
        missing: &'static str,
        /// The system's error.
        source: io::Error,
    },
    /// The cache's folder lies on another volume than when it was opened.
    #[error("{} is not on the volume any more that it was on; mount it, or restart this process", root.display())]
    Unmounted {
        /// The cache's folder.
        root: PathBuf,
    },
    /// There is a file where a folder belongs, or the other way round.
    #[error("{} is not {expected}; move it away, then retry", path.display())]
    Conflict {
        /// The entry that is in the way.
        path: PathBuf,
        /// What should be there, such as `a folder`.
        expected: &'static str,
    },
    /// A file does not have the size that it must have, so it was not published.
    #[error("{} has {found_bytes} bytes instead of {expected_bytes}; it was not published", path.display())]
    WrongSize {
        /// The file.
        path: PathBuf,
        /// The size that it should have.
        expected_bytes: u64,
        /// The size that it has.
        found_bytes: u64,
    },
    /// Something about a repository cannot be told, for not all of it can be looked at.
    #[error("not all of {} can be looked at: {reason}", folder.display())]
    Unseen {
        /// The repository's folder.
        folder: PathBuf,
        /// What cannot.
        reason: String,
    },
    /// Somebody else has published, discarded or quarantined this partial meanwhile: look for the blob or open it anew.
    #[error("{} was finished or removed by another worker; start over with this file", path.display())]
    Superseded {
        /// The partial's data.
        path: PathBuf,
    },
    /// Anything else that the system reports.
    #[error("cannot {operation} {}: {source}", path.display())]
    Io {
        /// What was being done.
        operation: &'static str,
        /// On what.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
}

impl CacheError {
    /// The class of an error from writing or reading a partial through its plain file handle.
    pub fn partial(path: impl Into<PathBuf>, source: io::Error) -> Self {
        Self::new("write or read the partial of", path, source)
    }

    /// The class of an error from reading a file of the cache through its plain file handle.
    pub fn reading(path: impl Into<PathBuf>, source: io::Error) -> Self {
        Self::new("read", path, source)
    }

    /// Sorts an error of the system into its class.
    pub(super) fn new(operation: &'static str, path: impl Into<PathBuf>, source: impl Into<io::Error>) -> Self {
        let (path, source) = (path.into(), source.into());
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::NoSpace { operation, path, source },
            io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly { operation, path, source },
            io::ErrorKind::PermissionDenied => Self::Denied { operation, path, source },
            _ => Self::Io { operation, path, source },
        }
    }

    /// Whether the volume or the quota is full.
    pub fn is_no_space(&self) -> bool {
        matches!(self, Self::NoSpace { .. })
    }

    /// Whether doing the whole thing again soon may help; the rest needs somebody to act first.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Io { .. } | Self::Superseded { .. } | Self::WrongSize { .. })
    }

    /// Whether what was to be created exists.
    pub(super) fn is_there(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::AlreadyExists)
    }

    /// Whether what was to be used does not exist.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }
}

/// Adds to a system's error what was done, and on what.
pub(super) trait At<T> {
    fn at(self, operation: &'static str, path: &Path) -> Result<T, CacheError>;
}

impl<T, E: Into<io::Error>> At<T> for Result<T, E> {
    fn at(self, operation: &'static str, path: &Path) -> Result<T, CacheError> {
        self.map_err(|source| CacheError::new(operation, path, source))
    }
}

#[cfg(test)]
mod tests {
    use rustix::io::Errno;

    use super::*;

    #[test]
    fn the_systems_errors_are_sorted_by_what_must_be_done() {
        let class = |errno: Errno| CacheError::new("sync", "/cache/x", errno);
        for full in [Errno::NOSPC, Errno::DQUOT] {
            assert!(class(full).is_no_space() && !class(full).is_transient(), "{full}");
        }
        assert!(matches!(class(Errno::ROFS), CacheError::ReadOnly { .. }));
        assert!(matches!(class(Errno::ACCESS), CacheError::Denied { .. }));
        assert!(class(Errno::STALE).is_transient() && !class(Errno::STALE).is_no_space());
        assert!(class(Errno::NOENT).is_not_found());
        assert!(class(Errno::NOSPC).to_string().contains("cannot sync /cache/x"));
    }
}
