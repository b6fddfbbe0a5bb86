//! One repository's folder in the cache.

use std::io;
use std::path::{Path, PathBuf};

use super::contents::OpenRepo;
use super::dir::{Dir, unique_name};
use super::error::CacheError;
use super::root::LOCKS;
use super::volume::Volume;
use crate::repo::{BlobHash, CommitHash, Content, RepoRef};

/// The folder of contents.
pub(super) const BLOBS: &str = "blobs";
/// Ends the names beside blobs under which huggingface_hub begins them.
pub(super) const INCOMPLETE: &str = ".incomplete";
/// The folder of snapshots.
pub(super) const SNAPSHOTS: &str = "snapshots";
/// The folder of all that is unfinished.
pub(super) const SCRATCH: &str = ".hfd";
/// The folder in it for bytes that failed their check.
pub(super) const QUARANTINE: &str = "quarantine";
/// The bytes of a partial.
pub(super) const DATA: &str = "data";
/// Ends the names of blobs that are put aside before they go. No other process takes them for something left behind.
pub(super) const ASIDE: &str = ".aside";
/// Ends the names of folders in removal.
pub(super) const TRASH: &str = ".trash";

/// Times that a quarantine is tried again when others quarantine the same blob at the same time.
const QUARANTINE_ATTEMPTS: usize = 4;

/// One repository's folder. Nothing is created before the first write.
#[derive(Debug, Clone)]
pub struct RepoCache {
    repo: RepoRef,
    volume: Volume,
    name: String,
    folder: PathBuf,
}

impl RepoCache {
    pub(super) fn new(volume: Volume, repo: &RepoRef) -> Self {
        let name = folder_name(repo);
        Self { repo: repo.clone(), folder: volume.root().join(&name), volume, name }
    }

    /// The hub folder.
    pub(super) fn root(&self) -> &Path {
        self.volume.root()
    }

    /// The name of the repository's folder.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The path of something in the repository's folder, for messages.
    pub(super) fn path_in_cache(&self, path: &str) -> String {
        format!("{}/{path}", self.name)
    }

    /// Whether there is a folder.
    pub fn is_there(&self) -> Result<bool, CacheError> {
        Ok(Dir::find(&self.folder)?.is_some())
    }

    /// The folder, to take something out of it; none if there is none.
    pub(super) fn open(&self) -> Result<Option<OpenRepo>, CacheError> {
        self.existing_root()?.map_or(Ok(None), |root| OpenRepo::open_in(root, self.root(), &self.repo))
    }

    /// The folder of the repository.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder of a snapshot: what `snapshot_download` of huggingface_hub returns.
    pub fn snapshot_dir(&self, commit: CommitHash) -> PathBuf {
        self.folder.join(SNAPSHOTS).join(commit.to_string())
    }

    /// Whether the blob of a content is there: a file of that size, or a symlink to one, for huggingface_hub 1.32 and later keep
    /// contents of several repositories once, in a store of their own (`utils/_shared_blobs.py`).
    ///
    /// A blob of another size does not count; publishing replaces it.
    pub fn has_blob(&self, content: Content) -> Result<bool, CacheError> {
        let path = self.folder.join(BLOBS).join(content.blob.to_string());
        match std::fs::metadata(&path) {
            Ok(found) => Ok(found.is_file() && found.len() == content.size_bytes),
            Err(error) => match error.kind() {
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Ok(false),
                _ if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) => Ok(false),
                _ => Err(CacheError::new("inspect", path, error)),
            },
        }
    }

    /// Removes a blob's partial with all its records, if there is one.
    pub fn discard_partial(&self, blob: &BlobHash) -> Result<(), CacheError> {
        match self.existing_scratch()? {
            Some(scratch) => discard(&scratch, &blob.to_string(), &scratch),
            None => Ok(()),
        }
    }

    /// Moves a blob's partial to where its bytes can be looked at but are never used; replaces an older one.
    pub fn quarantine(&self, blob: &BlobHash) -> Result<(), CacheError> {
        let Some(scratch) = self.existing_scratch()? else { return Ok(()) };
        let name = blob.to_string();
        let quarantine = scratch.make_child(QUARANTINE)?;
        let mut moved = Ok(());
        for _ in 0..QUARANTINE_ATTEMPTS {
            discard(&quarantine, &name, &scratch)?;
            moved = scratch.rename(&name, &quarantine, &name);
            match &moved {
                Err(error) if error.is_not_found() => return Ok(()),
                Err(_) => {}
                Ok(()) => break,
            }
        }
        moved
    }

    /// Whether bytes of this blob were wrong not long ago.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn is_quarantined(&self, blob: &BlobHash) -> Result<bool, CacheError> {
        Ok(self.quarantined(blob)?.is_some())
    }

    fn quarantined(&self, blob: &BlobHash) -> Result<Option<Dir>, CacheError> {
        let Some(scratch) = self.existing_scratch()? else { return Ok(None) };
        let Some(quarantine) = scratch.child(QUARANTINE)? else { return Ok(None) };
        quarantine.child(&blob.to_string())
    }

    /// Gives back the room of a blob's wrong bytes; that they were wrong stays known. Says whether there were any.
    pub fn empty_quarantine(&self, blob: &BlobHash) -> Result<bool, CacheError> {
        let Some(quarantined) = self.quarantined(blob)? else { return Ok(false) };
        let has_bytes = !quarantined.names()?.is_empty();
        if has_bytes {
            self.new_quarantine(blob)?;
        }
        Ok(has_bytes)
    }

    /// The empty folder for bytes of a blob that failed their check.
    pub(super) fn new_quarantine(&self, blob: &BlobHash) -> Result<Dir, CacheError> {
        let scratch = self.scratch()?;
        let quarantine = scratch.make_child(QUARANTINE)?;
        discard(&quarantine, &blob.to_string(), &scratch)?;
        quarantine.make_child(&blob.to_string())
    }

    /// The hub folder, to take something out of it; none if there is none.
    pub(super) fn existing_root(&self) -> Result<Option<Dir>, CacheError> {
        self.volume.find()
    }

    /// The repository's folder, created if necessary.
    pub(super) fn open_folder(&self) -> Result<Dir, CacheError> {
        let folder = self.volume.open()?.make_entry(&self.name)?;
        // `scan_cache_dir()` calls a repository without this folder corrupted, so it comes first.
        folder.make_child(SNAPSHOTS)?;
        Ok(folder)
    }

    /// The folder of the repository's lock files, created if necessary.
    pub(super) fn lock_files(&self) -> Result<Dir, CacheError> {
        self.volume.open()?.make_child(LOCKS)?.make_entry(&self.name)
    }

    /// The folder of contents, created if necessary.
    pub(super) fn blobs(&self) -> Result<Dir, CacheError> {
        self.open_folder()?.make_child(BLOBS)
    }

    /// The folder of unfinished things, created if necessary.
    pub(super) fn scratch(&self) -> Result<Dir, CacheError> {
        self.open_folder()?.make_child(SCRATCH)
    }

    /// The folder of contents, created if necessary; none if this is not the folder of unfinished things any more.
    pub(super) fn blobs_beside(&self, scratch: &Dir) -> Result<Option<Dir>, CacheError> {
        self.folder_around(scratch)?.map(|folder| folder.make_child(BLOBS)).transpose()
    }

    /// Whether this is the folder of unfinished things.
    pub(super) fn has_as_scratch(&self, scratch: &Dir) -> Result<bool, CacheError> {
        Ok(self.folder_around(scratch)?.is_some())
    }

    /// The repository's folder, if this is the folder of unfinished things in it.
    fn folder_around(&self, scratch: &Dir) -> Result<Option<Dir>, CacheError> {
        match Dir::find(&self.folder)? {
            Some(folder) if folder.holds(SCRATCH, scratch)? => Ok(Some(folder)),
            _ => Ok(None),
        }
    }

    /// The folder of unfinished things, if there is one.
    pub(super) fn existing_scratch(&self) -> Result<Option<Dir>, CacheError> {
        self.existing_child(SCRATCH)
    }

    /// A folder in the repository's, if there is one.
    pub(super) fn existing_child(&self, name: &str) -> Result<Option<Dir>, CacheError> {
        match Dir::find(&self.folder)? {
            Some(folder) => folder.child(name),
            None => Ok(None),
        }
    }

    pub(super) fn partial_path(&self, blob: &BlobHash) -> PathBuf {
        self.folder.join(SCRATCH).join(blob.to_string())
    }
}

/// Removes a folder whole or not at all in the eyes of others: it is renamed first.
pub(super) fn discard(parent: &Dir, name: &str, scratch: &Dir) -> Result<(), CacheError> {
    let trash = unique_name("old", TRASH)?;
    match parent.rename(name, scratch, &trash) {
        Err(error) if error.is_not_found() => Ok(()),
        moved => moved.and_then(|()| scratch.remove_folder(&trash).map(drop)),
    }
}

/// `models--owner--name`, as `repo_folder_name` in huggingface_hub's `file_download.py`.
pub(super) fn folder_name(repo: &RepoRef) -> String {
    format!("{}--{}", repo.kind.plural(), repo.id.as_str().replace('/', "--"))
}

/// A text as part of a file name: short, and without anything that could mean something.
pub(super) fn safe_token(text: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
    text.chars().take(64).map(safe).collect()
}
