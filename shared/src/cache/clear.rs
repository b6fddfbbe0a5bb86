//! Clears a repository's folder of what no revision needs.

use std::time::Duration;

use super::contents::{OpenRepo, Unused, child, measure};
use super::dir::{Dir, is_folder, occupied_bytes};
use super::error::CacheError;
use super::garbage::is_old;
use super::repo::{BLOBS, RepoCache, SCRATCH, TRASH, discard};
use crate::repo::BlobHash;

/// Blobs that are locked at a time.
const BATCH: usize = 256;

/// What clearing may do, and whom it tells.
pub struct Clearing<'a> {
    /// Asked before each step; nothing more is done when it says no.
    pub may_go_on: &'a dyn Fn() -> bool,
    /// Told of each thing that is gone: its path in the cache, and the bytes that are free again.
    pub gone: &'a mut dyn FnMut(String, u64),
}

impl RepoCache {
    /// Removes a partial or something temporary that [`Inventory::unused`](super::Inventory::unused) has found, if it is
    /// still stale and nobody holds its lock. Returns whether it is gone.
    pub fn remove_unused(&self, unused: &Unused, stale_after: Duration) -> Result<bool, CacheError> {
        let Some((parent, name)) = Dir::open(self.root())?.parent_of(&unused.path)? else { return Ok(false) };
        let Some(found) = measure(&parent, name)? else { return Ok(false) };
        if name.ends_with(TRASH) {
            return parent.remove_folder(name).map(|_| true);
        }
        let lock = unused.etag().map(|etag| self.lock_etag(etag)).transpose()?;
        if matches!(lock, Some(None)) || !is_old(found.last_change, stale_after) {
            return Ok(false);
        }
        let Some(scratch) = self.existing_folder()?.map(|folder| folder.make_child(SCRATCH)).transpose()? else {
            return Ok(false);
        };
        if parent.stat(name)?.is_some_and(|stat| is_folder(&stat)) {
            discard(&parent, name, &scratch).map(|()| true)
        } else {
            parent.remove_file(name).map(|()| true)
        }
    }

    /// Removes all blobs that no snapshot links to. Those that huggingface_hub has locked stay: it locks a blob from its
    /// download to its link.
    pub fn remove_unlinked_blobs(&self, clearing: &mut Clearing<'_>) -> Result<(), CacheError> {
        let Some(open) = self.open()? else { return Ok(()) };
        let (Some(blobs), Some(linked)) = (open.blobs(), open.linked()?) else { return Ok(()) };
        let mut unlinked: Vec<BlobHash> = Vec::new();
        for name in blobs.names()? {
            if let Ok(blob) = name.parse()
                && !linked.contains(&name)
            {
                unlinked.push(blob);
            }
        }
        drop(linked);
        for batch in unlinked.chunks(BATCH) {
            self.remove_batch(&open, blobs, batch, clearing)?;
        }
        blobs.sync()
    }

    fn remove_batch(
        &self,
        open: &OpenRepo,
        blobs: &Dir,
        batch: &[BlobHash],
        clearing: &mut Clearing<'_>,
    ) -> Result<(), CacheError> {
        let mut locked = Vec::new();
        for blob in batch {
            if let Some(lock) = self.lock_blob(blob)? {
                locked.push((blob.to_string(), lock));
            }
        }
        // Looked at again: whoever had a lock before may have linked the blob.
        let Some(linked) = open.linked()? else { return Ok(()) };
        for (name, _lock) in locked.iter().filter(|(name, _)| !linked.contains(name)) {
            if !(clearing.may_go_on)() {
                return Ok(());
            }
            if let Some(stat) = blobs.stat(name)?
                && !is_folder(&stat)
            {
                blobs.remove_file(name)?;
                (clearing.gone)(self.path_in_cache(&format!("{BLOBS}/{name}")), occupied_bytes(&stat));
            }
        }
        Ok(())
    }

    /// The folder that is there, not what a symlink in its place points to.
    pub(super) fn existing_folder(&self) -> Result<Option<Dir>, CacheError> {
        child(&Dir::open(self.root())?, self.name())
    }
}
