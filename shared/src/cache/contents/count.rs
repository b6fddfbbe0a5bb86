//! The sums over a repository and its revisions.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;
use std::time::SystemTime;

use rustix::fs::fstat;

use super::super::dir::{Dir, accessed, modified};
use super::super::error::{At, CacheError};
use super::open::{OpenRepo, child};
use super::refs::IGNORED;
use super::walk::{CachedFile, Walk};
use super::{Faults, later};
use crate::repo::{CommitHash, RepoRef, Revision, Tree};

/// What a cache holds of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepoContents {
    /// The repository.
    pub repo: RepoRef,
    /// Its folder.
    pub folder: PathBuf,
    /// Bytes of all files, each content once.
    pub size_bytes: u64,
    /// How many different contents the revisions have.
    pub files: u64,
    /// When a content was last read, by the volume's access times; that of the folder when there are none.
    pub last_used: SystemTime,
    /// When a content was last written; that of the folder when there are none.
    pub last_modified: SystemTime,
    /// The revisions, by commit.
    pub revisions: Vec<CachedRevision>,
    /// What is wrong with the folder, in words.
    pub faults: Vec<String>,
}

/// A snapshot in the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CachedRevision {
    /// Its commit.
    pub commit: CommitHash,
    /// The branches, tags and other refs that stand for it.
    pub refs: Vec<Revision>,
    /// Bytes of all its files, each content once.
    pub size_bytes: u64,
    /// How many files it has.
    pub files: u64,
    /// When its newest content was written; when the snapshot was made, if it has none.
    pub last_modified: SystemTime,
    /// Whether it has all files of its commit.
    pub state: State,
}

/// Whether a snapshot has all files of its commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It has all that the commit's listing names.
    Complete,
    /// It has not: a download is under way or ended early, or it took only some of the files.
    Partial {
        /// How many files of the listing are not there, or have another size.
        missing: u64,
    },
    /// Nobody has left a listing of the commit.
    Unknown,
}

/// The sums over different contents.
#[derive(Debug, Default)]
struct Sums {
    seen: HashSet<(u64, u64)>,
    size_bytes: u64,
    accessed: Option<SystemTime>,
    modified: Option<SystemTime>,
}

impl Sums {
    fn add(&mut self, file: &CachedFile) {
        if self.seen.insert(file.inode) {
            self.size_bytes += file.size_bytes;
        }
        self.accessed = Some(later(self.accessed, file.accessed));
        self.modified = Some(later(self.modified, file.modified));
    }
}

impl OpenRepo {
    /// Counts everything. The state of the revisions takes reading their listings.
    pub(super) fn count(&self, with_states: bool) -> Result<RepoContents, CacheError> {
        let mut refs = self.refs()?;
        let mut by_commit: BTreeMap<CommitHash, Vec<Revision>> = BTreeMap::new();
        for (revision, commit) in std::mem::take(&mut refs.found) {
            by_commit.entry(commit).or_default().push(revision);
        }
        let mut walk = Walk::new(self);
        walk.faults = std::mem::take(&mut refs.faults);
        let mut sums = Sums::default();
        let mut revisions = Vec::new();
        for (commit, snapshot) in self.commits(&mut walk.faults)? {
            let listing = if with_states { self.listing(commit)? } else { None };
            let refs = by_commit.remove(&commit).unwrap_or_default();
            revisions.push(revision(&mut walk, &snapshot, commit, refs, listing, &mut sums)?);
        }
        for dangling in by_commit.into_values().flatten() {
            walk.faults.add(format!("refs/{dangling} stands for a commit that has no snapshot"));
        }
        let stat = fstat(&self.folder).at("inspect", &self.paths[0])?;
        Ok(RepoContents {
            repo: self.repo.clone(),
            folder: self.paths[0].clone(),
            size_bytes: sums.size_bytes,
            files: sums.seen.len() as u64,
            last_used: sums.accessed.unwrap_or_else(|| accessed(&stat)),
            last_modified: sums.modified.unwrap_or_else(|| modified(&stat)),
            revisions,
            faults: walk.faults.0,
        })
    }

    /// The snapshots, by commit.
    pub(super) fn commits(&self, faults: &mut Faults) -> Result<BTreeMap<CommitHash, Dir>, CacheError> {
        let mut commits = BTreeMap::new();
        let Some(snapshots) = self.snapshots()? else {
            faults.add("there is no folder of snapshots".to_owned());
            return Ok(commits);
        };
        for name in snapshots.names()?.into_iter().filter(|name| name != IGNORED) {
            match (name.parse(), child(&snapshots, &name)?) {
                (Ok(commit), Some(snapshot)) => _ = commits.insert(commit, snapshot),
                _ => faults.add(format!("snapshots/{name} is no folder of a commit")),
            }
        }
        Ok(commits)
    }
}

fn revision(
    walk: &mut Walk<'_>,
    snapshot: &Dir,
    commit: CommitHash,
    refs: Vec<Revision>,
    listing: Option<Tree>,
    all: &mut Sums,
) -> Result<CachedRevision, CacheError> {
    let mut own = Sums::default();
    let mut files = 0;
    let is_listed = listing.is_some();
    let wanted = listing.map(|tree| tree.files).unwrap_or_default();
    let mut missing: HashMap<&str, u64> = wanted.iter().map(|file| (file.path.as_str(), file.size_bytes)).collect();
    walk.snapshot(snapshot, &mut |file| {
        files += 1;
        own.add(&file);
        all.add(&file);
        if missing.get(file.path.as_str()) == Some(&file.size_bytes) {
            missing.remove(file.path.as_str());
        }
    })?;
    let state = match missing.len() as u64 {
        _ if !is_listed => State::Unknown,
        0 => State::Complete,
        missing => State::Partial { missing },
    };
    let made = || fstat(snapshot).map(|stat| modified(&stat));
    let last_modified = match own.modified {
        Some(modified) => modified,
        None => made().at("inspect", &snapshot.path_of(""))?,
    };
    Ok(CachedRevision { commit, refs, size_bytes: own.size_bytes, files, last_modified, state })
}
