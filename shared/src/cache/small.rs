//! Small files: fetched with one request, so there is nothing to continue.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;

use rustix::fs::{Advice, OFlags};

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

    /// Publishes small files, whose content the caller has verified. What each became is told in their order.
    ///
    /// All are written out together, then synced, and their folder once for all: on most volumes that is one commit of the
    /// journal instead of two for each.
    pub fn publish_small(&self, files: &[SmallFile]) -> Vec<Result<(), CacheError>> {
        if files.len() > 1 {
            files.iter().for_each(SmallFile::begin_sync);
        }
        let mut blobs = None;
        let publish = |file: &SmallFile| -> Result<(), CacheError> {
            file.sync()?;
            publish::private_file(self, &file.verified(), &mut blobs)
        };
        let published: Vec<_> = files.iter().map(publish).collect();
        match blobs.map_or(Ok(()), |blobs| blobs.try_sync()) {
            Ok(()) => published,
            // None of them is known to be there after a loss of power.
            Err(error) => {
                let unsynced = |file: &SmallFile| Err(CacheError::new("sync the folder of", file.path(), error));
                published.into_iter().zip(files).map(|(published, file)| published.and(unsynced(file))).collect()
            }
        }
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

    /// Lets the system begin to write the bytes out, so that many files get to the disk together.
    fn begin_sync(&self) {
        // The advice to forget what is in memory writes it first. Whoever does not take it syncs file by file.
        _ = rustix::fs::fadvise(&self.data, 0, None, Advice::DontNeed);
    }

    fn sync(&self) -> Result<(), CacheError> {
        self.data.sync_all().at("sync", &self.path())?;
        let found_bytes = self.data.metadata().at("inspect", &self.path())?.len();
        let expected_bytes = self.subject.size_bytes;
        if found_bytes != expected_bytes {
            return Err(CacheError::WrongSize { path: self.path(), expected_bytes, found_bytes });
        }
        Ok(())
    }

    fn verified(&self) -> Verified<'_> {
        Verified { folder: &self.scratch, name: &self.name, file: &self.data, subject: self.subject }
    }

    /// Moves the bytes to where they can be looked at but are never used.
    pub fn quarantine(self) -> Result<(), CacheError> {
        let folder = self.repo.new_quarantine(&self.subject.blob)?;
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
