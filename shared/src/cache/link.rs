//! The entries of snapshots: symlinks to blobs.

use rustix::io::Errno;

use super::dir::{Dir, TMP, is_folder, unique_name};
use super::error::CacheError;
use super::repo::{BLOBS, RepoCache, SNAPSHOTS};
use crate::repo::{BlobHash, CommitHash, RepoPath};

/// Folders within a repository nest no deeper than this; the limit ends the walk over a snapshot.
const MAX_DEPTH: usize = 256;

/// The folder of a snapshot, held open.
#[derive(Debug)]
pub struct Snapshot {
    repo: RepoCache,
    folder: Dir,
    /// The folder in it that was last used, by its path: the next file is often beside the last.
    last: Option<(String, Dir)>,
}

impl Snapshot {
    /// Makes a file point to its blob. Does nothing when it does already, replaces any other entry.
    ///
    /// The target is relative, as huggingface_hub's `_create_symlink` makes it, so that the cache can be moved. Folders
    /// on the way are never followed through symlinks: a repository's author controls these names.
    pub fn link(&mut self, path: &RepoPath, blob: &BlobHash) -> Result<(), CacheError> {
        let blob_path = self.repo.folder().join(BLOBS).join(blob.to_string());
        // A dangling entry would make `scan_cache_dir()` drop the whole repository.
        if let Err(error) = std::fs::metadata(&blob_path) {
            return Err(CacheError::new("link to", blob_path, error));
        }
        let target = format!("{}{BLOBS}/{blob}", "../".repeat(path.depth() + 2));
        let Some((parents, name)) = path.as_str().rsplit_once('/') else {
            return self.put(&self.folder, path.as_str(), &target);
        };
        let folder = match self.last.take() {
            Some((last, folder)) if last == parents => folder,
            _ => self.make_folder(parents)?,
        };
        self.put(&folder, name, &target)?;
        self.last = Some((parents.to_owned(), folder));
        Ok(())
    }

    fn make_folder(&self, path: &str) -> Result<Dir, CacheError> {
        let (first, rest) = path.split_once('/').unwrap_or((path, ""));
        let below = rest.split('/').filter(|name| !name.is_empty());
        below.fold(self.folder.make_child(first), |folder, name| folder?.make_child(name))
    }

    fn put(&self, folder: &Dir, name: &str, target: &str) -> Result<(), CacheError> {
        match folder.try_symlink(target, name) {
            Ok(()) => return Ok(()),
            Err(Errno::EXIST) if folder.read_link(name).as_deref() == Some(target) => return Ok(()),
            Err(Errno::EXIST) => {}
            Err(error) => return Err(CacheError::new("create the symlink", folder.path_of(name), error)),
        }
        let scratch = self.repo.scratch()?;
        let private = unique_name("link", TMP)?;
        scratch.symlink(target, &private)?;
        let moved = scratch.rename(&private, folder, name);
        if moved.is_err() {
            scratch.remove_file(&private)?;
        }
        moved
    }
}

impl RepoCache {
    /// Opens the folder of a snapshot, created if necessary.
    pub fn snapshot(&self, commit: CommitHash) -> Result<Snapshot, CacheError> {
        let folder = self.open_folder()?.make_child(SNAPSHOTS)?.make_child(&commit.to_string())?;
        Ok(Snapshot { repo: self.clone(), folder, last: None })
    }

    /// Makes all entries of a snapshot, and those that they point to, survive a loss of power: one sync a folder, not one a
    /// file. Some blobs may have been put there by others a moment ago.
    pub(super) fn sync_snapshot(&self, commit: CommitHash) -> Result<(), CacheError> {
        let folder = self.open_folder()?;
        if let Some(blobs) = folder.child(BLOBS)? {
            blobs.sync()?;
        }
        let Some(snapshots) = folder.child(SNAPSHOTS)? else { return Ok(()) };
        if let Some(snapshot) = snapshots.child(&commit.to_string())? {
            sync_below(&snapshot, MAX_DEPTH)?;
        }
        snapshots.sync()
    }
}

fn sync_below(folder: &Dir, depth_left: usize) -> Result<(), CacheError> {
    for name in folder.names()? {
        let is_folder = folder.stat(&name)?.is_some_and(|stat| is_folder(&stat));
        if is_folder
            && depth_left > 0
            && let Some(child) = folder.child(&name)?
        {
            sync_below(&child, depth_left - 1)?;
        }
    }
    folder.sync()
}
