//! Takes repositories and revisions out of the cache, so that readers see each whole or not at all.
//!
//! A kill at any moment leaves a cache that is valid; the same removal again does the rest. What is in removal is moved to
//! where no reader looks first. A ref goes before its snapshot, for a ref without one makes `scan_cache_dir()` of
//! huggingface_hub drop the whole repository; which snapshot is to follow is noted in `.hfd/removing/`.

use super::clear::Clearing;
use super::contents::{OpenRepo, child};
use super::dir::{Dir, unique_name};
use super::error::CacheError;
use super::refs::REFS;
use super::repo::{RepoCache, SCRATCH, SNAPSHOTS, TRASH, discard};
use super::root::LOCKS;
use super::tree::{TREES, file_name};
use crate::repo::{CommitHash, Revision};

/// The folder of commits whose snapshots are in removal.
const REMOVING: &str = "removing";

/// The folder in which huggingface_hub notes which files a commit has not.
const NO_EXIST: &str = ".no_exist";

impl RepoCache {
    /// Removes the whole repository, and what an earlier removal has left of it. Nothing happens when it is not there.
    pub fn remove(&self, clearing: &mut Clearing<'_>) -> Result<(), CacheError> {
        let Some(root) = self.existing_root()? else { return Ok(()) };
        let locks = root.make_child(LOCKS)?;
        if !(clearing.may_go_on)() {
            return Ok(());
        }
        if root.child(self.name())?.is_some() {
            let trash = unique_name(self.name(), TRASH)?;
            root.rename(self.name(), &locks, &trash)?;
            root.sync()?;
        }
        for trash in locks.names()?.iter().filter(|name| trash_of(name) == Some(self.name())) {
            let freed = locks.remove_folder(trash)?;
            (clearing.gone)(self.name().to_owned(), freed);
        }
        Ok(())
    }

    /// Removes a revision, with the blobs that no other one links to.
    ///
    /// A commit goes with all refs that stand for it. Of a ref's commit the snapshot goes only when no other ref stands
    /// for it. Nothing happens when the cache does not hold the revision, but an earlier removal is brought to its end.
    pub fn remove_revision(&self, revision: &Revision, clearing: &mut Clearing<'_>) -> Result<(), CacheError> {
        let Some(open) = self.open()? else { return Ok(()) };
        let removing = open.folder.make_child(SCRATCH)?.make_child(REMOVING)?;
        if !(clearing.may_go_on)() {
            return Ok(());
        }
        let refs = open.refs()?.found;
        match revision.as_commit() {
            Some(commit) => {
                // Noted first: the last ref may be gone when a kill comes.
                removing.open_file(&commit.to_string(), rustix::fs::OFlags::WRONLY | rustix::fs::OFlags::CREATE)?;
                removing.sync()?;
                for (reference, _) in refs.iter().filter(|(_, other)| **other == commit) {
                    self.remove_ref(&open, reference, None, clearing)?;
                }
            }
            None => {
                if let Some(commit) = refs.get(revision) {
                    self.remove_ref(&open, revision, Some((&removing, *commit)), clearing)?;
                }
            }
        }
        self.finish_removals(&open, &removing, clearing)
    }

    /// Forgets that a commit is in removal, for it is wanted again: a removal that failed would otherwise be brought to its
    /// end by the next one, and take what was downloaded since.
    pub fn forget_removal(&self, commit: CommitHash) -> Result<(), CacheError> {
        let Some(scratch) = self.existing_scratch()? else { return Ok(()) };
        child(&scratch, REMOVING)?.map_or(Ok(()), |removing| removing.remove_file(&commit.to_string()))
    }

    /// Removes a ref; with a folder to note it in, by moving it there under the name of its commit.
    fn remove_ref(
        &self,
        open: &OpenRepo,
        reference: &Revision,
        note: Option<(&Dir, CommitHash)>,
        clearing: &mut Clearing<'_>,
    ) -> Result<(), CacheError> {
        let path = format!("{REFS}/{reference}");
        let Some((folder, name)) = open.folder.parent_of(&path)? else { return Ok(()) };
        match note {
            Some((removing, commit)) => folder.rename(name, removing, &commit.to_string())?,
            None => folder.remove_file(name)?,
        }
        folder.sync()?;
        (clearing.gone)(self.path_in_cache(&path), 0);
        Ok(())
    }

    /// Removes the snapshots that are noted, unless a ref stands for them, and then what only they needed.
    fn finish_removals(&self, open: &OpenRepo, removing: &Dir, clearing: &mut Clearing<'_>) -> Result<(), CacheError> {
        let noted = removing.names()?;
        for commit in noted.iter().filter_map(|name| name.parse().ok()) {
            if !(clearing.may_go_on)() {
                return Ok(());
            }
            if !open.refs()?.found.values().any(|other| *other == commit) {
                self.remove_snapshot(open, commit, clearing)?;
            }
        }
        let cleared = self.remove_unlinked_blobs(clearing);
        // Where blobs stay for good, too, a note that stays would take the snapshot when it has come again.
        if matches!(cleared, Ok(()) | Err(CacheError::Unseen { .. })) {
            noted.iter().try_for_each(|name| removing.remove_file(name))?;
        }
        cleared
    }

    fn remove_snapshot(
        &self,
        open: &OpenRepo,
        commit: CommitHash,
        clearing: &mut Clearing<'_>,
    ) -> Result<(), CacheError> {
        let scratch = open.folder.make_child(SCRATCH)?;
        if let Some(snapshots) = open.snapshots()? {
            let trash = unique_name("snapshot", TRASH)?;
            match snapshots.rename(&commit.to_string(), &scratch, &trash) {
                Err(error) if error.is_not_found() => {}
                moved => {
                    moved?;
                    snapshots.sync()?;
                    let freed = scratch.remove_folder(&trash)?;
                    (clearing.gone)(self.path_in_cache(&format!("{SNAPSHOTS}/{commit}")), freed);
                }
            }
        }
        for folder in [&open.folder, &scratch] {
            if let Some(trees) = child(folder, TREES)? {
                trees.remove_file(&file_name(commit))?;
            }
        }
        match child(&open.folder, NO_EXIST)? {
            Some(no_exist) => discard(&no_exist, &commit.to_string(), &scratch),
            None => Ok(()),
        }
    }
}

/// The name of the repository's folder that something in the folder of locks was, before its removal gave it the name
/// that [`unique_name`] makes; none for anything else.
pub(super) fn trash_of(name: &str) -> Option<&str> {
    let (folder, random) = name.strip_suffix(TRASH)?.rsplit_once('.')?;
    (random.len() == 16 && random.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(folder)
}
