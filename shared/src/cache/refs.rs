//! Refs: which commit a revision stands for.

use std::io::Write as _;

use super::dir::Dir;
use super::error::CacheError;
use super::repo::{RepoCache, SNAPSHOTS};
use crate::repo::{CommitHash, Revision};

/// The folder of refs.
pub(super) const REFS: &str = "refs";

/// A commit, and some.
pub(super) const MAX_REF_BYTES: u64 = 64;

impl RepoCache {
    /// The commit that a revision stands for, by the cache; none if it is not known, or is a commit itself.
    pub fn read_ref(&self, revision: &Revision) -> Option<CommitHash> {
        let refs = Dir::open(self.folder()).ok()?.child(REFS).ok()??;
        let (folder, name) = refs.parent_of(revision.as_str()).ok()??;
        String::from_utf8(folder.read(name, MAX_REF_BYTES).ok()?).ok()?.parse().ok()
    }

    /// Notes which commit a revision stands for; the last step of a download. Nothing for a revision that is a commit.
    ///
    /// The file holds 40 hex digits and no newline: huggingface_hub takes its whole text for the name of the snapshot
    /// (`_snapshot_download.py`).
    pub fn write_ref(&self, revision: &Revision, commit: CommitHash) -> Result<(), CacheError> {
        if revision.as_commit().is_some() {
            return Ok(());
        }
        let repo = self.open_folder()?;
        // A ref to a snapshot that is not there would make `scan_cache_dir()` drop the whole repository.
        repo.make_child(SNAPSHOTS)?.make_child(&commit.to_string())?;

        let mut folder = repo.make_child(REFS)?;
        let mut names: Vec<&str> = revision.as_str().split('/').collect();
        let name = names.pop().unwrap_or_default();
        for name in names {
            folder = folder.make_child(name)?;
        }
        let text = commit.to_string();
        if folder.read(name, MAX_REF_BYTES).is_ok_and(|present| present == text.as_bytes()) {
            return Ok(());
        }
        let scratch = self.scratch()?;
        let private = scratch.write_private("ref", |file| file.write_all(text.as_bytes()))?;
        let moved = scratch.rename(&private, &folder, name).and_then(|()| folder.sync());
        if moved.is_err() {
            scratch.remove_file(&private)?;
        }
        moved
    }
}
