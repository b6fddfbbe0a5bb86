//! The entries of snapshots: symlinks to blobs.

use super::dir::{Dir, TMP, is_folder, unique_name};
use super::error::CacheError;
use super::repo::{BLOBS, RepoCache, SNAPSHOTS};
use crate::repo::{BlobHash, CommitHash, RepoPath};

/// Folders within a repository nest no deeper than this; the limit ends the walk over a snapshot.
const MAX_DEPTH: usize = 256;

impl RepoCache {
    /// Makes a snapshot's file point to its blob. Does nothing when it does already, replaces any other entry.
    ///
    /// The target is relative, as huggingface_hub's `_create_symlink` makes it, so that the cache can be moved. Folders
    /// on the way are never followed through symlinks: a repository's author controls these names.
    pub fn link(&self, commit: CommitHash, path: &RepoPath, blob: &BlobHash) -> Result<(), CacheError> {
        let blob_path = self.folder().join(BLOBS).join(blob.to_string());
        // A dangling entry would make `scan_cache_dir()` drop the whole repository.
        if let Err(error) = std::fs::metadata(&blob_path) {
            return Err(CacheError::new("link to", blob_path, error));
        }
        let mut folder = self.open_folder()?.make_child(SNAPSHOTS)?.make_child(&commit.to_string())?;
        let mut names: Vec<&str> = path.as_str().split('/').collect();
        let file_name = names.pop().unwrap_or_default();
        for name in names {
            folder = folder.make_child(name)?;
        }

        let target = format!("{}{BLOBS}/{blob}", "../".repeat(path.depth() + 2));
        if folder.read_link(file_name).as_ref() == Some(&target) {
            return Ok(());
        }
        let scratch = self.scratch()?;
        let private = unique_name("link", TMP)?;
        scratch.symlink(&target, &private)?;
        let moved = scratch.rename(&private, &folder, file_name);
        if moved.is_err() {
            scratch.remove_file(&private)?;
        }
        moved
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
