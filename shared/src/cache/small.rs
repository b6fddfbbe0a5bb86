//! Small files: fetched with one request, so there is nothing to continue.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;

use rustix::fs::OFlags;

use super::dir::{Dir, TMP, unique_name};
use super::error::{At, CacheError};
use super::publish::{self, Verified};
use super::records::Subject;
use super::repo::{DATA, RepoCache, safe_token};
use crate::repo::BlobHash;

/// A small file in the making, under a name of its own. Removed when it is dropped unpublished.
#[derive(Debug)]
pub struct SmallFile {
    repo: RepoCache,
    scratch: Dir,
    name: String,
    data: File,
    written_bytes: u64,
    subject: Subject,
}

impl RepoCache {
    /// Begins a small file. `writer` shows in its temporary name.
    pub fn create_small(&self, blob: &BlobHash, size_bytes: u64, writer: &str) -> Result<SmallFile, CacheError> {
        let scratch = self.scratch()?;
        let name = unique_name(&format!("{blob}.{}", safe_token(writer)), TMP)?;
        let data = scratch.open_file(&name, OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL)?;
        let subject = Subject { blob: *blob, size_bytes };
        Ok(SmallFile { repo: self.clone(), scratch, name, data, written_bytes: 0, subject })
    }
}

impl SmallFile {
    /// Where it lies for now, for messages.
    fn path(&self) -> PathBuf {
        self.scratch.path_of(&self.name)
    }

    /// Appends bytes.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), CacheError> {
        self.data.write_all_at(bytes, self.written_bytes).at("write", &self.path())?;
        self.written_bytes += bytes.len() as u64;
        Ok(())
    }

    /// Publishes the blob. The caller has verified its content.
    pub fn publish(self) -> Result<(), CacheError> {
        self.data.sync_all().at("sync", &self.path())?;
        let found_bytes = self.data.metadata().at("inspect", &self.path())?.len();
        let expected_bytes = self.subject.size_bytes;
        if found_bytes != expected_bytes {
            return Err(CacheError::WrongSize { path: self.path(), expected_bytes, found_bytes });
        }
        let verified = Verified { folder: &self.scratch, name: &self.name, file: &self.data, subject: self.subject };
        publish::private_file(&self.repo, &verified)
    }

    /// Moves the bytes to where they can be looked at but are never used.
    pub fn quarantine(self) -> Result<(), CacheError> {
        let folder = self.repo.empty_quarantine(&self.subject.blob)?;
        self.scratch.rename(&self.name, &folder, DATA)
    }
}

impl Drop for SmallFile {
    fn drop(&mut self) {
        // Gone already when it was published or quarantined; otherwise the garbage collection is the second chance.
        if let Err(error) = self.scratch.remove_file(&self.name) {
            tracing::debug!(%error, "a temporary file stays for the garbage collection");
        }
    }
}
