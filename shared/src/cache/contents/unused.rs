//! What no revision needs: contents without a link, and what was begun and never ended.

use std::collections::HashSet;
use std::time::{Duration, SystemTime};

use super::super::dir::{Dir, TMP, is_folder, is_symlink, modified, occupied_bytes};
use super::super::error::CacheError;
use super::super::garbage::is_old;
use super::super::remove::trash_of;
use super::super::repo::{ASIDE, BLOBS, INCOMPLETE, QUARANTINE, SCRATCH, SNAPSHOTS, TRASH, folder_name};
use super::super::root::LOCKS;
use super::super::tree::TREES;
use super::Inventory;
use super::open::{OpenRepo, child};
use super::walk::Walk;
use crate::repo::{BlobHash, RepoRef};

/// What was begun and not touched for so long is taken for given up.
pub const STALE_AFTER: Duration = Duration::from_hours(24);

/// Deeper folders of what is unused are not measured.
const MAX_DEPTH: usize = 256;

/// Something that can go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unused {
    /// What it is.
    pub kind: UnusedKind,
    /// Where it lies in the cache.
    pub path: String,
    /// How much of the volume it takes up.
    pub size_bytes: u64,
    /// When somebody last touched what he may go on with; none of what can go at once.
    last_change: Option<SystemTime>,
}

/// What of a repository can go.
#[derive(Debug, Default)]
pub struct Leftovers {
    /// Each of it.
    pub found: Vec<Unused>,
    /// Why no contents are among it: not all of the repository can be looked at.
    pub unseen: Option<CacheError>,
}

/// Why something can go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnusedKind {
    /// A content that no revision links to.
    Blob,
    /// A content that was begun, by us or by huggingface_hub, and not touched for a day.
    Partial,
    /// What a removal or a process that was killed has left.
    Temporary,
}

impl Unused {
    /// Whether nobody has touched it for so long, if that matters.
    pub fn is_stale(&self, stale_after: Duration) -> bool {
        self.last_change.is_none_or(|last_change| is_old(last_change, stale_after))
    }

    /// The content whose partial it is, for one of ours.
    pub fn partial_of(&self) -> Option<BlobHash> {
        let (folder, name) = self.path.rsplit_once('/')?;
        if self.kind == UnusedKind::Partial && folder.ends_with(SCRATCH) { name.parse().ok() } else { None }
    }

    /// The `ETag` that huggingface_hub locks while it works on this.
    pub(in super::super) fn etag(&self) -> Option<&str> {
        let name = self.path.rsplit('/').next()?;
        let etag = name.split('.').next().filter(|etag| !etag.is_empty())?;
        (self.kind != UnusedKind::Temporary).then_some(etag)
    }
}

impl Inventory {
    /// What of a repository can go, partials only when nobody has touched them for `stale_after`.
    pub fn unused(&self, repo: &RepoRef, stale_after: Duration) -> Result<Leftovers, CacheError> {
        let mut leftovers = self.leftovers(repo)?;
        leftovers.found.retain(|item| item.is_stale(stale_after));
        Ok(leftovers)
    }

    /// The same, and what somebody may be at.
    pub fn leftovers(&self, repo: &RepoRef) -> Result<Leftovers, CacheError> {
        let mut list = List { prefix: folder_name(repo), leftovers: Leftovers::default() };
        let Some(root) = Dir::find(&self.root)? else { return Ok(list.leftovers) };
        if let Some(open) = self.open(repo)? {
            list.add_blobs(&open)?;
            if let Some(scratch) = child(&open.folder, SCRATCH)? {
                list.add_scratch(&scratch)?;
            }
        }
        if let Some(locks) = child(&root, LOCKS)? {
            for name in locks.names()?.iter().filter(|name| trash_of(name) == Some(&list.prefix)) {
                let size_bytes = occupied_by(&locks, name)?;
                let (kind, path) = (UnusedKind::Temporary, format!("{LOCKS}/{name}"));
                list.leftovers.found.push(Unused { kind, path, size_bytes, last_change: None });
            }
        }
        Ok(list.leftovers)
    }
}

struct List {
    prefix: String,
    leftovers: Leftovers,
}

impl List {
    fn add_blobs(&mut self, open: &OpenRepo) -> Result<(), CacheError> {
        let Some(blobs) = open.blobs() else { return Ok(()) };
        let linked = match open.linked() {
            Ok(linked) => Some(linked),
            // Nobody knows of a blob that nothing links to it.
            Err(error @ CacheError::Unseen { .. }) => {
                self.leftovers.unseen = Some(error);
                None
            }
            Err(error) => return Err(error),
        };
        for name in blobs.names()? {
            if name.ends_with(INCOMPLETE) {
                self.add_changing(UnusedKind::Partial, blobs, BLOBS, &name)?;
            } else if name.parse::<BlobHash>().is_ok()
                && linked.as_ref().is_some_and(|linked| !linked.contains(&name))
                && let Some(stat) = blobs.stat(&name)?
                && !is_folder(&stat)
            {
                self.add(UnusedKind::Blob, BLOBS, &name, occupied_bytes(&stat), None);
            }
        }
        Ok(())
    }

    fn add_scratch(&mut self, scratch: &Dir) -> Result<(), CacheError> {
        for name in scratch.names()? {
            if name.parse::<BlobHash>().is_ok() {
                self.add_changing(UnusedKind::Partial, scratch, SCRATCH, &name)?;
            } else if name.ends_with(ASIDE) {
                // It goes, or comes back to its place, with the blobs.
                self.add(UnusedKind::Blob, SCRATCH, &name, occupied_by(scratch, &name)?, None);
            } else if name.ends_with(TRASH) {
                self.add(UnusedKind::Temporary, SCRATCH, &name, occupied_by(scratch, &name)?, None);
            } else if name.ends_with(TMP) {
                self.add_changing(UnusedKind::Temporary, scratch, SCRATCH, &name)?;
            }
        }
        for below in [QUARANTINE, TREES] {
            let Some(folder) = child(scratch, below)? else { continue };
            for name in folder.names()? {
                self.add_changing(UnusedKind::Temporary, &folder, &format!("{SCRATCH}/{below}"), &name)?;
            }
        }
        Ok(())
    }

    /// Adds what somebody may be at, if it is still there.
    fn add_changing(&mut self, kind: UnusedKind, parent: &Dir, folder: &str, name: &str) -> Result<(), CacheError> {
        if let Some(found) = measure(parent, name)? {
            self.add(kind, folder, name, found.occupied_bytes, Some(found.last_change));
        }
        Ok(())
    }

    fn add(&mut self, kind: UnusedKind, folder: &str, name: &str, size_bytes: u64, last_change: Option<SystemTime>) {
        let path = format!("{}/{folder}/{name}", self.prefix);
        self.leftovers.found.push(Unused { kind, path, size_bytes, last_change });
    }
}

impl OpenRepo {
    /// The names of all blobs that a snapshot may link to.
    ///
    /// # Errors
    /// [`CacheError::Unseen`] if not everything can be looked at.
    pub(in super::super) fn linked(&self) -> Result<HashSet<String>, CacheError> {
        let mut linked = HashSet::new();
        let Some(snapshots) = self.snapshots()? else {
            let is_absent = self.folder.stat(SNAPSHOTS)?.is_none();
            return if is_absent { Ok(linked) } else { Err(self.unseen(format!("{SNAPSHOTS} is no folder"))) };
        };
        let mut walk = Walk::new(self);
        let (names, has_others) = snapshots.names_and_rest()?;
        for name in names {
            match child(&snapshots, &name)? {
                Some(snapshot) => walk.snapshot(&snapshot, &mut |file| linked.extend(file.blob))?,
                // A symlink may lead to more links.
                None if snapshots.stat(&name)?.is_some_and(|stat| is_symlink(&stat)) => {
                    return Err(self.unseen(format!("{SNAPSHOTS}/{name} is a symlink")));
                }
                None => {}
            }
        }
        linked.extend(std::mem::take(&mut walk.strays));
        // It may just be put aside.
        linked.extend(std::mem::take(&mut walk.dangling).into_iter().map(|(_, blob)| blob));
        walk.whole()?;
        if has_others { Err(self.unseen(format!("a name in {SNAPSHOTS} is not UTF-8"))) } else { Ok(linked) }
    }
}

/// An entry with all that is in it.
pub(in super::super) struct Measured {
    pub(in super::super) occupied_bytes: u64,
    pub(in super::super) last_change: SystemTime,
}

/// How much of the volume an entry takes up with all that is in it; 0 if there is none.
fn occupied_by(parent: &Dir, name: &str) -> Result<u64, CacheError> {
    Ok(measure(parent, name)?.map_or(0, |found| found.occupied_bytes))
}

/// Measures an entry; none if there is none.
pub(in super::super) fn measure(parent: &Dir, name: &str) -> Result<Option<Measured>, CacheError> {
    measure_below(parent, name, MAX_DEPTH)
}

fn measure_below(parent: &Dir, name: &str, depth_left: usize) -> Result<Option<Measured>, CacheError> {
    let Some(stat) = parent.stat(name)? else { return Ok(None) };
    let mut sum = Measured { occupied_bytes: occupied_bytes(&stat), last_change: modified(&stat) };
    if is_folder(&stat)
        && depth_left > 0
        && let Some(folder) = child(parent, name)?
    {
        for name in folder.names()? {
            if let Some(found) = measure_below(&folder, &name, depth_left - 1)? {
                sum.occupied_bytes += found.occupied_bytes;
                sum.last_change = sum.last_change.max(found.last_change);
            }
        }
    }
    Ok(Some(sum))
}
