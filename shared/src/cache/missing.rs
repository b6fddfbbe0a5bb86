//! How much of a job is still to come.

use std::collections::HashSet;

use super::dir::Dir;
use super::error::CacheError;
use super::repo::{BLOBS, RepoCache, SCRATCH};
use crate::repo::BlobHash;

impl RepoCache {
    /// How many bytes contents of the given sizes still need on the volume, less what their partials take up already. A
    /// content that comes several times counts once.
    ///
    /// The folders are listed first, for to ask a network volume about each of many files in turn takes minutes.
    ///
    /// # Errors
    /// When a folder cannot be listed or a blob cannot be looked at.
    pub fn missing_bytes(&self, contents: impl IntoIterator<Item = (BlobHash, u64)>) -> Result<u64, CacheError> {
        let (blobs, partials) = (self.hashes_in(BLOBS)?, self.partials()?);
        let mut seen = HashSet::new();
        let mut missing_bytes = 0;
        for (blob, size_bytes) in contents {
            if !seen.insert(blob) || blobs.contains(&blob) && self.has_blob(&blob, size_bytes)? {
                continue;
            }
            let is_begun = partials.contains(&blob);
            missing_bytes += size_bytes - if is_begun { self.occupied_bytes(&blob, size_bytes) } else { 0 };
        }
        Ok(missing_bytes)
    }

    /// The blobs that have a partial.
    pub fn partials(&self) -> Result<HashSet<BlobHash>, CacheError> {
        self.hashes_in(SCRATCH)
    }

    fn hashes_in(&self, name: &str) -> Result<HashSet<BlobHash>, CacheError> {
        let Some(folder) = Dir::find(self.folder())? else { return Ok(HashSet::new()) };
        let Some(folder) = folder.child(name)? else { return Ok(HashSet::new()) };
        Ok(folder.names()?.iter().filter_map(|name| name.parse().ok()).collect())
    }
}
