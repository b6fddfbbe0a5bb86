//! What of a job is not there. Folders are listed, for to ask a network volume about each of many files in turn takes minutes.

use std::collections::{HashMap, HashSet};

use super::dir::Dir;
use super::error::CacheError;
use super::repo::{BLOBS, RepoCache, SCRATCH, SNAPSHOTS};
use crate::repo::{BlobHash, CommitHash, Content, RepoPath};

impl RepoCache {
    /// How many bytes contents still need on the volume, less what their partials take up already. One that comes several
    /// times counts once.
    ///
    /// # Errors
    /// When a folder cannot be listed or a blob cannot be looked at.
    pub fn missing_bytes(&self, contents: impl IntoIterator<Item = Content>) -> Result<u64, CacheError> {
        let (blobs, partials) = (self.hashes_in(BLOBS)?, self.partials()?);
        let mut seen = HashSet::new();
        let mut missing_bytes = 0;
        for content in contents {
            let Content { blob, size_bytes } = content;
            if !seen.insert(blob) || blobs.contains(&blob) && self.has_blob(content)? {
                continue;
            }
            let begun_bytes = if partials.contains(&blob) { self.occupied_bytes(content) } else { 0 };
            missing_bytes += size_bytes.saturating_sub(begun_bytes);
        }
        Ok(missing_bytes)
    }

    /// Which files of a snapshot are not there: they have no entry, or no blob.
    ///
    /// # Errors
    /// When a folder cannot be listed, and without the volume.
    pub fn lost<'a>(
        &self,
        commit: CommitHash,
        files: impl IntoIterator<Item = (&'a RepoPath, BlobHash)>,
    ) -> Result<Vec<&'a RepoPath>, CacheError> {
        let folder = self.open_folder()?;
        let blobs = folder.make_child(BLOBS)?;
        let snapshot = folder.make_child(SNAPSHOTS)?.child(&commit.to_string())?;
        let listed = hashes_of(&blobs)?;
        let folder_of = |path| Ok(snapshot.as_ref().map(|snapshot| snapshot.parent_of(path)).transpose()?.flatten());
        let mut entries: HashMap<&str, HashSet<String>> = HashMap::new();
        let mut lost = Vec::new();
        for (path, blob) in files {
            let path_text = path.as_str();
            let (parent, name) = path_text.rsplit_once('/').unwrap_or(("", path_text));
            if !entries.contains_key(parent) {
                let names = folder_of(path_text)?.map_or_else(|| Ok(Vec::new()), |(folder, _)| folder.names())?;
                entries.insert(parent, names.into_iter().collect());
            }
            // Some volumes list a name in another form than it was given, or what was there a moment ago: those are asked for.
            let has_entry = entries[parent].contains(name)
                || folder_of(path_text)?.map_or(Ok(None), |(folder, name)| folder.stat(name))?.is_some();
            if !has_entry || !(listed.contains(&blob) || blobs.stat(&blob.to_string())?.is_some()) {
                lost.push(path);
            }
        }
        Ok(lost)
    }

    /// The blobs that have a partial.
    pub fn partials(&self) -> Result<HashSet<BlobHash>, CacheError> {
        self.hashes_in(SCRATCH)
    }

    fn hashes_in(&self, name: &str) -> Result<HashSet<BlobHash>, CacheError> {
        self.existing_child(name)?.map_or_else(|| Ok(HashSet::new()), |folder| hashes_of(&folder))
    }
}

/// The entries of a folder that are named by a blob.
fn hashes_of(folder: &Dir) -> Result<HashSet<BlobHash>, CacheError> {
    Ok(folder.names()?.iter().filter_map(|name| name.parse().ok()).collect())
}
