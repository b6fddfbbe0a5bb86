//! What a cache holds, read without changing anything: as `scan_cache_dir()` of huggingface_hub counts it.
//!
//! Symlinks are never followed by the system. A snapshot's entry counts only when its target is, by its text, a blob of
//! the same repository; a blob may be a symlink into the store of contents that huggingface_hub shares between
//! repositories. Whatever else lies around is named as a fault and not looked into.

mod count;
mod files;
mod open;
mod refs;
mod targets;
mod unused;
mod walk;

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::dir::{Dir, is_folder};
use super::error::CacheError;
use super::remove::trash_of;
use super::repo::folder_name;
use super::root::{Cache, LOCKS, Space, parse_folder_name};
use crate::repo::{CommitHash, RepoRef, Revision};

pub use count::{CachedRevision, RepoContents, State};
pub use files::{CachedContent, Checkable, FilePage};
pub use unused::{Leftovers, STALE_AFTER, Unused, UnusedKind};
pub use walk::CachedFile;

pub(super) use open::{OpenRepo, child};
pub(super) use unused::measure;

/// Files that are looked at in one repository; the rest of a larger one is not counted.
const MAX_FILES: usize = 1_000_000;

/// Faults that are named; more of a broken repository would help nobody.
const MAX_FAULTS: usize = 100;

/// A view of the hub folder that only reads. The folder need not exist, nor be writable.
#[derive(Debug, Clone)]
pub struct Inventory {
    root: PathBuf,
}

impl Inventory {
    /// The view of the hub folder at `root`.
    pub fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// The hub folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Whether there is a cache at all: not in a process that has no view of its volume, where the folder is empty at most.
    pub fn is_there(&self) -> Result<bool, CacheError> {
        match Dir::find(&self.root)? {
            Some(root) => Ok(!root.names()?.is_empty()),
            None => Ok(false),
        }
    }

    /// The space on the volume; none when there is no cache, or no view of it.
    pub fn space(&self) -> Result<Option<Space>, CacheError> {
        self.is_there()?.then(|| Space::of(&self.root)).transpose()
    }

    /// The models and datasets that have a folder, sorted; none when there is no cache yet.
    pub fn repos(&self) -> Result<Vec<RepoRef>, CacheError> {
        let Some(root) = Dir::find(&self.root)? else { return Ok(Vec::new()) };
        let mut repos = Vec::new();
        for name in root.names()? {
            if let Some(repo) = parse_folder_name(&name)
                && root.stat(&name)?.is_some_and(|stat| is_folder(&stat))
            {
                repos.push(repo);
            }
        }
        repos.sort();
        Ok(repos)
    }

    /// Whether a repository has a folder.
    pub fn has(&self, repo: &RepoRef) -> Result<bool, CacheError> {
        self.open(repo).map(|found| found.is_some())
    }

    /// The repositories that have a folder, and those of which a removal that was killed has left something.
    pub fn repos_and_trash(&self) -> Result<Vec<RepoRef>, CacheError> {
        let mut repos = self.repos()?;
        if let Some(root) = Dir::find(&self.root)?
            && let Some(locks) = child(&root, LOCKS)?
        {
            repos.extend(locks.names()?.iter().filter_map(|name| parse_folder_name(trash_of(name)?)));
            repos.sort();
            repos.dedup();
        }
        Ok(repos)
    }

    /// The sums over a repository, without the state of its revisions; none when it has no folder.
    pub fn summary(&self, repo: &RepoRef) -> Result<Option<RepoContents>, CacheError> {
        self.open(repo)?.map(|open| open.count(false)).transpose()
    }

    /// The same for a list, in which one that cannot be read, such as another user's, has no sums and says why.
    pub fn summary_or_fault(&self, repo: &RepoRef) -> Option<RepoContents> {
        self.summary(repo).unwrap_or_else(|error| {
            let folder = self.root.join(folder_name(repo));
            Some(RepoContents {
                repo: repo.clone(),
                folder,
                size_bytes: 0,
                files: 0,
                last_used: SystemTime::UNIX_EPOCH,
                last_modified: SystemTime::UNIX_EPOCH,
                revisions: Vec::new(),
                faults: vec![error.to_string()],
            })
        })
    }

    /// A repository with its revisions and their state.
    pub fn contents(&self, repo: &RepoRef) -> Result<Option<RepoContents>, CacheError> {
        self.open(repo)?.map(|open| open.count(true)).transpose()
    }

    /// The commit that a revision stands for in the cache: by a ref, or the snapshot itself.
    pub fn commit(&self, repo: &RepoRef, revision: &Revision) -> Result<Option<CommitHash>, CacheError> {
        let Some(open) = self.open(repo)? else { return Ok(None) };
        let commit = match revision.as_commit() {
            Some(commit) => Some(commit),
            None => open.refs()?.found.get(revision).copied(),
        };
        match commit {
            Some(commit) if open.snapshot(commit)?.is_some() || revision.as_commit().is_none() => Ok(Some(commit)),
            _ => Ok(None),
        }
    }

    fn open(&self, repo: &RepoRef) -> Result<Option<OpenRepo>, CacheError> {
        OpenRepo::open(&self.root, repo)
    }
}

impl Cache {
    /// The view that only reads.
    pub fn inventory(&self) -> Inventory {
        Inventory::new(self.root().to_owned())
    }
}

/// What is wrong with a repository's folder, in words.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<String>);

impl Faults {
    fn add(&mut self, fault: String) {
        if self.0.len() < MAX_FAULTS {
            self.0.push(fault);
        }
    }
}

/// The later of two times.
fn later(one: Option<SystemTime>, other: SystemTime) -> SystemTime {
    one.map_or(other, |one| one.max(other))
}
