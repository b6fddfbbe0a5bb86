//! The volume that the cache lies on.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::Access;

use super::dir::Dir;
use super::error::{At, CacheError};
use super::probe;

/// The cache's folder, and how to tell that it is still on the volume on which it was opened: without that, the folder below
/// its mount would fill up unseen.
#[derive(Debug, Clone)]
pub(super) struct Volume {
    root: PathBuf,
    /// The folder's device and inode when it was opened.
    identity: (u64, u64),
}

impl Volume {
    /// The volume as it is now.
    pub(super) fn of(root: PathBuf) -> Result<Self, CacheError> {
        let identity = identity(&root)?;
        Ok(Self { root, identity })
    }

    /// The hub folder.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Opens the hub folder for what is to be written, created if necessary. What is done relative to it stays on the volume,
    /// even if that is unmounted in the meantime.
    pub(super) fn open(&self) -> Result<Dir, CacheError> {
        match self.find()? {
            Some(folder) => Ok(folder),
            None => Dir::make(&self.root).and_then(|folder| self.checked(folder)),
        }
    }

    /// The same for what is to be taken out; none where there is no folder on the volume.
    pub(super) fn find(&self) -> Result<Option<Dir>, CacheError> {
        match Dir::find(&self.root)? {
            Some(folder) => self.checked(folder).map(Some),
            None => self.check_usable().map(|()| None),
        }
    }

    fn checked(&self, folder: Dir) -> Result<Dir, CacheError> {
        let stat = rustix::fs::fstat(&folder).at("inspect", &self.root)?;
        self.check((stat.st_dev, stat.st_ino), || Ok(folder.stat(probe::TAG)?.is_some()))?;
        Ok(folder)
    }

    /// Checks that the folder is there, on its volume, and may be written to.
    pub(super) fn check_writable(&self) -> Result<(), CacheError> {
        self.check(identity(&self.root)?, || Ok(self.root.join(probe::TAG).exists()))?;
        let rights = Access::WRITE_OK | Access::EXEC_OK;
        rustix::fs::access(&self.root, rights).at("write to", &self.root)
    }

    /// The same, but a folder that is not there is good if it can be made on the volume.
    pub(super) fn check_usable(&self) -> Result<(), CacheError> {
        match self.check_writable() {
            Err(error) if error.is_not_found() => {
                let above = self.root.ancestors().find_map(|folder| identity(folder).ok());
                let is_on_volume = above.is_some_and(|(device, _)| device == self.identity.0);
                if is_on_volume { Ok(()) } else { Err(self.unmounted()) }
            }
            checked => checked,
        }
    }

    fn check(
        &self,
        (device, inode): (u64, u64),
        has_tag: impl FnOnce() -> Result<bool, CacheError>,
    ) -> Result<(), CacheError> {
        let (old_device, old_inode) = self.identity;
        // Made anew beside the old one, mounted again under another number, or another volume with a cache on it.
        let is_known = device == old_device || inode == old_inode || has_tag()?;
        if is_known { Ok(()) } else { Err(self.unmounted()) }
    }

    fn unmounted(&self) -> CacheError {
        CacheError::Unmounted { root: self.root.clone() }
    }
}

fn identity(folder: &Path) -> Result<(u64, u64), CacheError> {
    let stat = std::fs::metadata(folder).at("inspect", folder)?;
    Ok((stat.dev(), stat.ino()))
}
