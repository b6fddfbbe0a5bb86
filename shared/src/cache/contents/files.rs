//! The files of one revision, a part at a time, and their contents.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io;
use std::path::Path;

use rustix::fs::OFlags;

use super::super::error::CacheError;
use super::super::repo::SNAPSHOTS;
use super::open::{OpenRepo, child};
use super::walk::{CachedFile, Walk};
use super::{Faults, Inventory, targets};
use crate::repo::{BlobHash, CommitHash, RepoPath, RepoRef, Tree};

/// A part of a revision's files.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct FilePage {
    /// The files of this part, sorted folder by folder.
    pub files: Vec<CachedFile>,
    /// How many the revision has.
    pub total: u64,
}

/// A content that can be checked: one blob, or one file of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CachedContent {
    /// Where it lies: the commit of a revision that has it, and the path in it.
    pub path: RepoPath,
    /// The hash that it must have.
    pub hash: BlobHash,
    /// The size that it must have; that which it has, where nobody has left a listing.
    pub size_bytes: u64,
}

/// The contents of a repository that can be checked.
#[derive(Debug, Default)]
pub struct Checkable {
    /// Each of them, once.
    pub contents: Vec<CachedContent>,
    /// Why there may be more: not all of the repository can be looked at.
    pub unseen: Option<CacheError>,
}

impl Inventory {
    /// Files of a revision, from `offset` on and at most `limit`; none when the cache does not hold it.
    pub fn files(
        &self,
        repo: &RepoRef,
        commit: CommitHash,
        offset: u64,
        limit: usize,
    ) -> Result<Option<FilePage>, CacheError> {
        let Some(open) = self.open(repo)? else { return Ok(None) };
        let Some(snapshot) = open.snapshot(commit)? else { return Ok(None) };
        let mut page = FilePage::default();
        Walk::new(&open).snapshot(&snapshot, &mut |file| {
            if page.total >= offset && page.files.len() < limit {
                page.files.push(file);
            }
            page.total += 1;
        })?;
        Ok(Some(page))
    }

    /// All contents of a repository whose hash is known, each once; none when the cache does not hold the repository.
    ///
    /// What a listing names and a snapshot links to, but is not there, counts as well. Files that have neither a hash for
    /// a name nor a listing cannot be checked.
    pub fn contents_to_check(&self, repo: &RepoRef) -> Result<Option<Checkable>, CacheError> {
        let Some(open) = self.open(repo)? else { return Ok(None) };
        let mut contents = Vec::new();
        let mut seen = HashSet::new();
        let (mut walk, mut unseen) = (Walk::new(&open), None);
        for commit in open.commits(&mut Faults::default())? {
            let Some(snapshot) = open.snapshot(commit)? else { continue };
            let listing = open.listing(commit)?;
            let listed = by_path(listing.as_ref());
            walk.dangling = Vec::new();
            let mut add = |path: &str, blob: Option<&str>, size_bytes: u64| {
                let hash = blob.and_then(|blob| blob.parse().ok());
                let (hash, size_bytes) = match (hash, listed.get(path)) {
                    (Some(hash), Some((listed, size_bytes))) if hash == *listed => (hash, *size_bytes),
                    (Some(hash), _) => (hash, size_bytes),
                    (None, Some((listed, size_bytes))) => (*listed, *size_bytes),
                    (None, None) => return,
                };
                // A plain file has nothing in common with the blob of the same hash.
                let key = (hash, blob.is_none().then(|| (commit, path.to_owned())));
                match format!("{commit}/{path}").parse() {
                    Ok(path) if seen.insert(key) => contents.push(CachedContent { path, hash, size_bytes }),
                    Ok(_) => {}
                    Err(_) => unseen = Some(format!("{path:?} is too long, or no path of a repository")),
                }
            };
            walk.snapshot(&snapshot, &mut |file| add(&file.path, file.blob.as_deref(), file.size_bytes))?;
            for (path, blob) in std::mem::take(&mut walk.dangling) {
                add(&path, Some(&blob), 0);
            }
        }
        if !walk.strays.is_empty() {
            unseen = Some("links point outside the repository's blobs".to_owned());
        }
        let unseen = walk.whole().err().or(unseen.map(|reason| open.unseen(reason)));
        Ok(Some(Checkable { contents, unseen }))
    }

    /// Opens a content for reading; none if it is not there.
    pub fn open_content(&self, repo: &RepoRef, content: &CachedContent) -> Result<Option<File>, CacheError> {
        let Some(open) = self.open(repo)? else { return Ok(None) };
        match open.entry(&content.path)? {
            Some(Entry::File(file)) => Ok(Some(file)),
            // A mirror may send ETags that are no hashes.
            Some(Entry::Blob(name)) if name.parse::<BlobHash>().is_err() => open.open_blob(&name),
            _ => open.open_blob(&content.hash.to_string()),
        }
    }
}

/// What lies under a path in a snapshot.
enum Entry {
    /// A file of its own.
    File(File),
    /// A link to the blob of this name.
    Blob(String),
}

impl OpenRepo {
    /// An entry of a snapshot, by its commit and path.
    fn entry(&self, path: &RepoPath) -> Result<Option<Entry>, CacheError> {
        let Some(mut folder) = child(&self.folder, SNAPSHOTS)? else { return Ok(None) };
        let mut names: Vec<&str> = path.as_str().split('/').collect();
        let name = names.pop().unwrap_or_default();
        let depth = names.len().saturating_sub(1);
        for name in names {
            match child(&folder, name)? {
                Some(next) => folder = next,
                None => return Ok(None),
            }
        }
        if let Some(target) = folder.read_link(name) {
            let folders: Vec<&Path> = self.paths.iter().map(AsRef::as_ref).collect();
            return Ok(targets::blob(&target, depth, &folders).map(|blob| Entry::Blob(blob.to_owned())));
        }
        match folder.open_file(name, OFlags::RDONLY) {
            Ok(file) => Ok(Some(Entry::File(file))),
            Err(CacheError::Conflict { .. }) => Ok(None),
            Err(error) if error.is_not_found() || is_symlink(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Whether something was not opened because it is a symlink.
fn is_symlink(error: &CacheError) -> bool {
    let loops = |source: &io::Error| source.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error());
    matches!(error, CacheError::Io { source, .. } if loops(source))
}

fn by_path(listing: Option<&Tree>) -> HashMap<&str, (BlobHash, u64)> {
    let files = listing.map(|tree| tree.files.as_slice()).unwrap_or_default();
    files.iter().map(|file| (file.path.as_str(), (file.blob, file.size_bytes))).collect()
}
