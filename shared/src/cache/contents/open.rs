//! A repository's folder, held open for reading.

use std::fs::File;
use std::path::{Path, PathBuf};

use rustix::fs::{FileType, OFlags, Stat};

use super::super::dir::Dir;
use super::super::error::CacheError;
use super::super::repo::{BLOBS, SNAPSHOTS, folder_name};
use super::super::tree::{MAX_LISTING_BYTES, TREES, file_name};
use super::super::tree_json;
use super::targets::{self, SHARED};
use crate::repo::{CommitHash, RepoRef, Tree};

/// A repository's folder. Everything in it is reached through open folders, never through a symlink.
pub(in super::super) struct OpenRepo {
    pub(super) repo: RepoRef,
    pub(in super::super) folder: Dir,
    /// The folder's path, as configured and without symlinks: what an absolute link may begin with.
    pub(super) paths: Vec<PathBuf>,
    root: Dir,
    blobs: Option<Dir>,
}

impl OpenRepo {
    /// Opens a repository's folder; none if there is none, or a symlink in its place.
    pub(in super::super) fn open(root_path: &Path, repo: &RepoRef) -> Result<Option<Self>, CacheError> {
        Dir::find(root_path)?.map_or(Ok(None), |root| Self::open_in(root, root_path, repo))
    }

    /// The same in the hub folder that is open already.
    pub(in super::super) fn open_in(root: Dir, root_path: &Path, repo: &RepoRef) -> Result<Option<Self>, CacheError> {
        let name = folder_name(repo);
        let folder = match root.child(&name) {
            Ok(Some(folder)) => folder,
            Ok(None) | Err(CacheError::Conflict { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut paths = vec![root_path.join(&name)];
        paths.extend(std::fs::canonicalize(root_path).map(|path| path.join(&name)));
        let blobs = child(&folder, BLOBS)?;
        Ok(Some(Self { repo: repo.clone(), folder, paths, root, blobs }))
    }

    /// The error for what cannot be told of the repository.
    pub(super) fn unseen(&self, reason: String) -> CacheError {
        let folder = self.paths.first().cloned().unwrap_or_default();
        CacheError::Unseen { folder, reason }
    }

    /// The folder of snapshots.
    pub(in super::super) fn snapshots(&self) -> Result<Option<Dir>, CacheError> {
        child(&self.folder, SNAPSHOTS)
    }

    /// The snapshot of a commit; none if it has none.
    pub(super) fn snapshot(&self, commit: CommitHash) -> Result<Option<Dir>, CacheError> {
        let Some(snapshots) = self.snapshots()? else { return Ok(None) };
        child(&snapshots, &commit.to_string())
    }

    /// The folder of blobs.
    pub(in super::super) fn blobs(&self) -> Option<&Dir> {
        self.blobs.as_ref()
    }

    /// The file of a blob, in the repository's folder or in the shared store; none if there is none.
    pub(super) fn blob(&self, name: &str) -> Result<Option<Stat>, CacheError> {
        Ok(self.locate(name)?.map(|(.., stat)| stat))
    }

    /// A blob, for reading.
    pub(super) fn open_blob(&self, name: &str) -> Result<Option<File>, CacheError> {
        let Some((shared, name, _)) = self.locate(name)? else { return Ok(None) };
        match (&shared, &self.blobs) {
            (Some(folder), _) | (None, Some(folder)) => folder.open_file(&name, OFlags::RDONLY).map(Some),
            (None, None) => Ok(None),
        }
    }

    /// The folder that a blob's file lies in, if it is not the repository's own, and its name there.
    fn locate(&self, name: &str) -> Result<Option<(Option<Dir>, String, Stat)>, CacheError> {
        let Some(blobs) = &self.blobs else { return Ok(None) };
        let Some(stat) = blobs.stat(name)? else { return Ok(None) };
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => Ok(Some((None, name.to_owned(), stat))),
            FileType::Symlink => self.locate_shared(&blobs.read_link(name).unwrap_or_default()),
            _ => Ok(None),
        }
    }

    fn locate_shared(&self, target: &str) -> Result<Option<(Option<Dir>, String, Stat)>, CacheError> {
        let roots: Vec<&Path> = self.paths.iter().filter_map(|path| path.parent()).collect();
        let Some((folder, name)) = targets::shared(target, &roots) else { return Ok(None) };
        let Some(store) = child(&self.root, SHARED)? else { return Ok(None) };
        let Some(folder) = child(&store, folder)? else { return Ok(None) };
        let stat = folder.stat(name)?;
        let regular = stat.filter(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile);
        Ok(regular.map(|stat| (Some(folder), name.to_owned(), stat)))
    }

    /// The published listing of a commit; none if there is none that can be read.
    pub(super) fn listing(&self, commit: CommitHash) -> Result<Option<Tree>, CacheError> {
        let Some(trees) = child(&self.folder, TREES)? else { return Ok(None) };
        // Those of huggingface_hub are for its user only: to others, what the commit holds is not known.
        let Ok(bytes) = trees.read(&file_name(commit), MAX_LISTING_BYTES) else { return Ok(None) };
        Ok(tree_json::read(commit, &bytes))
    }
}

/// A folder in another one; none if there is none, or something else in its place.
pub(in super::super) fn child(folder: &Dir, name: &str) -> Result<Option<Dir>, CacheError> {
    match folder.child(name) {
        Err(CacheError::Conflict { .. }) => Ok(None),
        found => found,
    }
}
