//! The cache as a whole.

use std::path::{Path, PathBuf};

use super::dir::Dir;
use super::error::{At, CacheError};
use super::probe;
use super::repo::{RepoCache, folder_name};
use super::volume::Volume;
use crate::repo::{RepoKind, RepoRef};

/// The folder of lock files, which `scan_cache_dir()` of huggingface_hub skips.
pub(super) const LOCKS: &str = ".locks";

/// In the folder of locks, since huggingface_hub does not look there.
const IDLE: &str = ".idle";

/// The hub folder (`HF_HUB_CACHE`), on a volume that was found fit for it.
#[derive(Debug, Clone)]
pub struct Cache {
    volume: Volume,
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
        Ok(Self { volume: Volume::of(root)? })
    }

    /// The hub folder.
    pub fn root(&self) -> &Path {
        self.volume.root()
    }

    /// A folder for what a library wants to make on disk and nobody needs later. It may be absent.
    pub fn idle_folder(&self) -> PathBuf {
        self.root().join(LOCKS).join(IDLE)
    }

    /// Checks that the folder is there, on the volume that it was opened on, and may be written to.
    pub fn check_writable(&self) -> Result<(), CacheError> {
        self.volume.check_writable()
    }

    /// The same, but a folder that is not there is good if it can be made on the volume.
    pub fn check_usable(&self) -> Result<(), CacheError> {
        self.volume.check_usable()
    }

    /// The space on the volume.
    pub fn space(&self) -> Result<Space, CacheError> {
        Space::of(self.root())
    }

    /// The folder of one repository. Nothing is created.
    pub fn repo(&self, repo: &RepoRef) -> RepoCache {
        RepoCache::new(self.volume.clone(), repo)
    }

    /// The models and datasets that have a folder, whether complete or not.
    pub fn repos(&self) -> Result<Vec<RepoRef>, CacheError> {
        self.inventory().repos()
    }
}

/// The inverse of `folder_name`: a repository id has no `--` of its own.
pub(super) fn parse_folder_name(name: &str) -> Option<RepoRef> {
    [RepoKind::Model, RepoKind::Dataset].into_iter().find_map(|kind| {
        let id = name.strip_prefix(kind.plural())?.strip_prefix("--")?;
        let repo = RepoRef { kind, id: id.replace("--", "/").parse().ok()? };
        (folder_name(&repo) == name).then_some(repo)
    })
}
