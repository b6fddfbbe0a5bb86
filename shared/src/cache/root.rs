//! The cache as a whole.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::Access;

use super::dir::Dir;
use super::error::{At, CacheError};
use super::probe;
use super::repo::{RepoCache, folder_name};
use crate::repo::{RepoKind, RepoRef};

/// The folder of lock files, which `scan_cache_dir()` of huggingface_hub skips.
pub(super) const LOCKS: &str = ".locks";

/// In the folder of locks, since huggingface_hub does not look there.
const IDLE: &str = ".idle";

/// The hub folder (`HF_HUB_CACHE`), on a volume that was found fit for it.
#[derive(Debug, Clone)]
pub struct Cache {
    root: PathBuf,
    /// The folder's device and inode when it was opened.
    identity: (u64, u64),
}

/// The space on the cache's volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space {
    /// Bytes that this process may still write.
    pub free_bytes: u64,
    /// Bytes of the whole.
    pub capacity_bytes: u64,
}

impl Space {
    /// The space on the volume of a folder.
    pub(super) fn of(folder: &Path) -> Result<Self, CacheError> {
        let volume = rustix::fs::statvfs(folder).at("measure the free space of", folder)?;
        let bytes = |blocks: u64| blocks.saturating_mul(volume.f_frsize);
        Ok(Self { free_bytes: bytes(volume.f_bavail), capacity_bytes: bytes(volume.f_blocks) })
    }
}

impl Cache {
    /// Opens the cache, creates it if necessary, and checks that the volume can do what is needed. On one without any space
    /// that cannot be found out; it is opened all the same, for whoever is to make room.
    pub fn open(root: PathBuf) -> Result<Self, CacheError> {
        let folder = Dir::make(&root)?;
        match probe::run(&root, &folder) {
            Err(error) if error.is_no_space() => tracing::warn!(%error, "the volume is not tried: it is full"),
            probed => probed?,
        }
        let identity = identity(&root)?;
        Ok(Self { root, identity })
    }

    /// The hub folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A folder for what a library wants to make on disk and nobody needs later. It may be absent.
    pub fn idle_folder(&self) -> PathBuf {
        self.root.join(LOCKS).join(IDLE)
    }

    /// Checks that the folder is there, on the volume that it was opened on, and may be written to: without the volume, the
    /// folder below its mount would fill up unseen.
    pub fn check_writable(&self) -> Result<(), CacheError> {
        let ((device, inode), (old_device, old_inode)) = (identity(&self.root)?, self.identity);
        // Made anew beside the old one, mounted again under another number, or another volume with a cache on it.
        let is_known = device == old_device || inode == old_inode || self.root.join(probe::TAG).exists();
        if !is_known {
            return Err(CacheError::Unmounted { root: self.root.clone() });
        }
        let rights = Access::WRITE_OK | Access::EXEC_OK;
        rustix::fs::access(&self.root, rights).at("write to", &self.root)
    }

    /// The same, but a folder that is not there is good if it can be made on the volume.
    pub fn check_usable(&self) -> Result<(), CacheError> {
        match self.check_writable() {
            Err(error) if error.is_not_found() => {
                let above = self.root.ancestors().find_map(|folder| identity(folder).ok());
                let is_on_volume = above.is_some_and(|(device, _)| device == self.identity.0);
                if is_on_volume { Ok(()) } else { Err(CacheError::Unmounted { root: self.root.clone() }) }
            }
            checked => checked,
        }
    }

    /// The space on the volume.
    pub fn space(&self) -> Result<Space, CacheError> {
        Space::of(&self.root)
    }

    /// The folder of one repository. Nothing is created.
    pub fn repo(&self, repo: &RepoRef) -> RepoCache {
        RepoCache::new(&self.root, repo)
    }

    /// The models and datasets that have a folder, whether complete or not.
    pub fn repos(&self) -> Result<Vec<RepoRef>, CacheError> {
        self.inventory().repos()
    }
}

fn identity(root: &Path) -> Result<(u64, u64), CacheError> {
    let stat = std::fs::metadata(root).at("inspect", root)?;
    Ok((stat.dev(), stat.ino()))
}

/// The inverse of `folder_name`: a repository id has no `--` of its own.
pub(super) fn parse_folder_name(name: &str) -> Option<RepoRef> {
    [RepoKind::Model, RepoKind::Dataset].into_iter().find_map(|kind| {
        let id = name.strip_prefix(kind.plural())?.strip_prefix("--")?;
        let repo = RepoRef { kind, id: id.replace("--", "/").parse().ok()? };
        (folder_name(&repo) == name).then_some(repo)
    })
}
