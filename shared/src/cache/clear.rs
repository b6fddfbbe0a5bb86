//! Clears a repository's folder of what no revision needs.

use std::ops::RangeInclusive;
use std::time::Duration;

use rustix::process::Resource;

use super::contents::{OpenRepo, Unused, child, measure};
use super::dir::{Dir, is_folder, occupied_bytes, unique_name};
use super::error::CacheError;
use super::garbage::is_old;
use super::repo::{ASIDE, BLOBS, RepoCache, SCRATCH, TRASH, discard};
use crate::repo::BlobHash;

/// Blobs that are locked at a time, each with a file that is open: as many as that, for each batch looks at all snapshots twice.
const BATCH: RangeInclusive<usize> = 256..=8192;

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
        let Some(root) = self.existing_root()? else { return Ok(false) };
        let Some((parent, name)) = root.parent_of(&unused.path)? else { return Ok(false) };
        let Some(found) = measure(&parent, name)? else { return Ok(false) };
        if name.ends_with(TRASH) {
            return parent.remove_folder(name).map(|_| true);
        }
        let lock = unused.etag().map(|etag| self.lock_etag(etag)).transpose()?;
        if matches!(lock, Some(None)) || !is_old(found.last_change, stale_after) {
            return Ok(false);
        }
        let Some(scratch) = self.scratch_of_folder()? else { return Ok(false) };
        if parent.stat(name)?.is_some_and(|stat| is_folder(&stat)) {
            discard(&parent, name, &scratch).map(|()| true)
        } else {
            parent.remove_file(name).map(|()| true)
        }
    }

    /// Removes all blobs that no snapshot links to. Those that huggingface_hub has locked stay: it locks a blob from its
    /// download to its link.
    ///
    /// # Errors
    /// [`CacheError::Unseen`] if not everything can be looked at: all of them stay.
    pub fn remove_unlinked_blobs(&self, clearing: &mut Clearing<'_>) -> Result<(), CacheError> {
        let Some(open) = self.open()? else { return Ok(()) };
        let Some(blobs) = open.blobs() else { return Ok(()) };
        if let Some(scratch) = child(&open.folder, SCRATCH)? {
            // As one leaves them that was killed.
            for name in scratch.names()?.iter().filter(|name| name.ends_with(ASIDE)) {
                let blob = name.split('.').next().unwrap_or_default();
                put_back(blobs, &scratch, name, blob)?;
            }
        }
        let linked = open.linked()?;
        let mut unlinked: Vec<BlobHash> = Vec::new();
        for name in blobs.names()? {
            if let Ok(blob) = name.parse()
                && !linked.contains(&name)
            {
                unlinked.push(blob);
            }
        }
        drop(linked);
        for batch in unlinked.chunks(batch()) {
            if !(clearing.may_go_on)() {
                break;
            }
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
        let locks = self.locks()?;
        let mut locked = Vec::new();
        for blob in batch {
            if let Some(lock) = locks.lock(blob)? {
                locked.push((blob.to_string(), lock));
            }
        }
        // Looked at again: whoever had a lock before may have linked the blob.
        let linked = open.linked()?;
        let Some(scratch) = self.scratch_of_folder()? else { return Ok(()) };
        let mut aside = Vec::new();
        let mut ended = Ok(());
        for (name, _lock) in locked.iter().filter(|(name, _)| !linked.contains(name)) {
            if !(clearing.may_go_on)() {
                break;
            }
            match put_aside(blobs, &scratch, name) {
                Ok(Some((temporary, bytes))) => aside.push((name, temporary, bytes)),
                Ok(None) => {}
                Err(error) => {
                    ended = Err(error);
                    break;
                }
            }
        }
        if aside.is_empty() {
            return ended;
        }
        // And again: who finds a blob links it without its lock, and then looks whether it is still there.
        let linked = open.linked();
        for (name, temporary, bytes) in aside {
            let is_unlinked = matches!(&linked, Ok(linked) if !linked.contains(name));
            let done = if is_unlinked && (clearing.may_go_on)() {
                let removed = scratch.remove_file(&temporary);
                removed.map(|()| (clearing.gone)(self.path_in_cache(&format!("{BLOBS}/{name}")), bytes))
            } else {
                put_back(blobs, &scratch, &temporary, name)
            };
            // Each of the others is not lost for it.
            ended = ended.and(done);
        }
        ended.and(linked.map(drop))
    }

    /// The folder of unfinished things in the folder that is there, created if necessary.
    fn scratch_of_folder(&self) -> Result<Option<Dir>, CacheError> {
        self.existing_folder()?.map(|folder| folder.make_child(SCRATCH)).transpose()
    }

    /// The folder that is there, not what a symlink in its place points to.
    pub(super) fn existing_folder(&self) -> Result<Option<Dir>, CacheError> {
        self.existing_root()?.map_or(Ok(None), |root| child(&root, self.name()))
    }
}

/// A quarter of the files that this process may have open.
fn batch() -> usize {
    let files = rustix::process::getrlimit(Resource::Nofile)
        .current
        .and_then(|files| usize::try_from(files).ok())
        .unwrap_or(usize::MAX);
    (files / 4).clamp(*BATCH.start(), *BATCH.end())
}

/// Moves a blob to where nobody finds it; returns its name there and what it takes. None when it is gone already.
fn put_aside(blobs: &Dir, scratch: &Dir, name: &str) -> Result<Option<(String, u64)>, CacheError> {
    let Some(stat) = blobs.stat(name)?.filter(|stat| !is_folder(stat)) else { return Ok(None) };
    let aside = unique_name(name, ASIDE)?;
    blobs.rename(name, scratch, &aside)?;
    Ok(Some((aside, occupied_bytes(&stat))))
}

/// Gives a blob its name back, unless it was published anew meanwhile.
fn put_back(blobs: &Dir, scratch: &Dir, aside: &str, name: &str) -> Result<(), CacheError> {
    if blobs.stat(name)?.is_some() { scratch.remove_file(aside) } else { scratch.rename(aside, blobs, name) }
}
