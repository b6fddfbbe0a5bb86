//! Listings of commits: `trees/<commit>.json`.
//!
//! With it huggingface_hub tells a complete snapshot from a partial one when it is offline, and needs no listing when it
//! is online. Ours is staged in `.hfd/` until the job's files are there, for it must not promise what is still to come.

use super::dir::Dir;
use super::error::CacheError;
use super::repo::{RepoCache, SCRATCH};
use super::tree_json;
use crate::repo::{CommitHash, Tree};

/// The folder of listings, beside the snapshots and, for staged ones, in the scratch folder.
pub(super) const TREES: &str = "trees";

/// No listing comes near this.
pub(super) const MAX_LISTING_BYTES: u64 = 256 << 20;

impl RepoCache {
    /// Keeps a listing for later, unless the same is there already.
    pub fn stage_tree(&self, tree: &Tree) -> Result<(), CacheError> {
        if self.read_tree(tree.commit).is_some_and(|present| tree_json::is_same(&present, tree)) {
            return Ok(());
        }
        let scratch = self.scratch()?;
        let staged = scratch.make_child(TREES)?;
        let private = scratch.write_private("tree", |file| tree_json::write(tree, file))?;
        scratch.rename(&private, &staged, &file_name(tree.commit))
    }

    /// A commit's listing, staged or published, ours or Python's. None if there is none that can be read.
    pub fn read_tree(&self, commit: CommitHash) -> Option<Tree> {
        let folder = Dir::open(self.folder()).ok()?;
        let read = |trees: &Dir| {
            let bytes = trees.read(&file_name(commit), MAX_LISTING_BYTES).ok()?;
            tree_json::read(commit, &bytes)
        };
        let staged = || read(&folder.child(SCRATCH).ok()??.child(TREES).ok()??);
        let published = || read(&folder.child(TREES).ok()??);
        // Staged first: it becomes published, never the other way round, so it cannot be missed between the two looks.
        staged().or_else(published)
    }

    /// Publishes a staged listing, once the job's files are in the snapshot. Nothing happens when it is published.
    pub fn publish_tree(&self, commit: CommitHash) -> Result<(), CacheError> {
        self.sync_snapshot(commit)?;
        let trees = self.open_folder()?.make_child(TREES)?;
        let staged = self.scratch()?.make_child(TREES)?;
        let name = file_name(commit);
        match staged.rename(&name, &trees, &name) {
            Err(error) if error.is_not_found() && trees.stat(&name)?.is_some() => Ok(()),
            moved => moved.and_then(|()| trees.sync()),
        }
    }
}

/// The name of a commit's listing.
pub(super) fn file_name(commit: CommitHash) -> String {
    format!("{commit}.json")
}
