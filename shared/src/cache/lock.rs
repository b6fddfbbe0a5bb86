//! Python's lock files.

use std::fs::{File, TryLockError};

use rustix::fs::OFlags;

use super::dir::{Dir, occupied_bytes};
use super::error::CacheError;
use super::repo::{BLOBS, INCOMPLETE, RepoCache};
use crate::repo::{BlobHash, Content};

/// Keeps Python processes from fetching the same blob; given back when dropped.
///
/// A courtesy that saves bandwidth: no download's correctness rests on it, for on some network volumes locks do nothing. Held
/// until the blob is linked, it also keeps the blob from being removed as one that nothing links to.
#[derive(Debug)]
pub struct BlobLock {
    _file: Option<File>,
}

impl BlobLock {
    const WITHOUT_EFFECT: Self = Self { _file: None };
}

/// The folder of a repository's lock files, held open.
#[derive(Debug)]
pub struct BlobLocks {
    folder: Dir,
}

impl BlobLocks {
    /// Takes the lock of a blob as huggingface_hub does (`WeakFileLock` in `utils/_fixes.py`: `flock` on a file of mode
    /// 0664 that is never removed). None while somebody else holds it.
    pub fn lock(&self, blob: &BlobHash) -> Result<Option<BlobLock>, CacheError> {
        self.lock_etag(&blob.to_string())
    }

    fn lock_etag(&self, etag: &str) -> Result<Option<BlobLock>, CacheError> {
        let name = format!("{etag}.lock");
        let (file, created) = match open_lock_file(&self.folder, &name) {
            Ok(opened) => opened,
            // Another user's lock file, which this one may not open: no reason not to download.
            Err(CacheError::Denied { .. }) => return Ok(Some(BlobLock::WITHOUT_EFFECT)),
            Err(error) => return Err(error),
        };
        match file.try_lock() {
            Ok(()) => Ok(Some(BlobLock { _file: Some(file) })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(_)) => {
                // Where `flock` is missing, Python takes the mere existence of this file for a lock and would wait for
                // ever.
                if created {
                    self.folder.remove_file(&name)?;
                }
                Ok(Some(BlobLock::WITHOUT_EFFECT))
            }
        }
    }
}

impl RepoCache {
    /// Opens the folder of lock files, created if necessary.
    pub fn locks(&self) -> Result<BlobLocks, CacheError> {
        Ok(BlobLocks { folder: self.lock_files()? })
    }

    /// Takes the lock of one blob; see [`BlobLocks::lock`].
    pub fn lock_blob(&self, blob: &BlobHash) -> Result<Option<BlobLock>, CacheError> {
        self.locks()?.lock(blob)
    }

    /// The same for what another program has put there under any ETag.
    pub(super) fn lock_etag(&self, etag: &str) -> Result<Option<BlobLock>, CacheError> {
        self.locks()?.lock_etag(etag)
    }

    /// What has come so far, in bytes, of a content that somebody else fetches, be it a process of ours or huggingface_hub. As
    /// long as it grows, whoever has the lock is alive.
    pub fn begun_bytes(&self, content: Content) -> u64 {
        self.recorded_bytes(content) + self.incomplete_bytes(&content.blob).unwrap_or(0)
    }

    fn incomplete_bytes(&self, blob: &BlobHash) -> Result<u64, CacheError> {
        let begun = format!("{blob}.");
        let blobs = Dir::open(&self.folder().join(BLOBS))?;
        let mut bytes = 0;
        for name in blobs.names()? {
            if name.starts_with(&begun) && name.ends_with(INCOMPLETE) {
                bytes += blobs.stat(&name)?.map_or(0, |stat| occupied_bytes(&stat));
            }
        }
        Ok(bytes)
    }
}

/// The lock file, and whether it was created just now.
fn open_lock_file(folder: &Dir, name: &str) -> Result<(File, bool), CacheError> {
    let create = |exclusive| {
        let flags = OFlags::RDWR | OFlags::CREATE | exclusive;
        folder.open_file_with_mode(name, flags, 0o664).map(|file| (file, true))
    };
    match create(OFlags::EXCL) {
        // Some volumes say of one of another user's that it may not be created.
        Err(error) if error.is_there() || matches!(error, CacheError::Denied { .. }) => {}
        created => return created,
    }
    match folder.open_file(name, OFlags::RDWR) {
        Ok(file) => Ok((file, false)),
        // Some versions of Python's filelock remove what they let go.
        Err(error) if error.is_not_found() => create(OFlags::empty()),
        // One of another user's that may be read can be locked all the same.
        Err(CacheError::Denied { .. }) => folder.open_file(name, OFlags::RDONLY).map(|file| (file, false)),
        Err(error) => Err(error),
    }
}
