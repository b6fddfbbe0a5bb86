//! Small files: fetched with one request, so there is nothing to continue.

use std::fmt;
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use rustix::fs::{Advice, OFlags};

use super::dir::{Dir, TMP, unique_name};
use super::error::{At, CacheError};
use super::publish;
use super::repo::{DATA, RepoCache, safe_token};
use crate::lock::lock;
use crate::repo::{BlobHash, Content};

/// A small file in the making: in memory first, then under a name of its own, which is removed when this is dropped.
#[derive(Debug)]
pub struct SmallFile {
    repo: RepoCache,
    writer: String,
    content: Content,
    in_memory: Vec<u8>,
    on_disk: Option<OnDisk>,
}

#[derive(Debug)]
struct OnDisk {
    scratch: Arc<Dir>,
    name: String,
    data: File,
    written_bytes: u64,
    /// Whether it has its place, under another name.
    is_moved: bool,
}

/// A small file that is to be published.
pub struct Publication {
    /// The file, whose content has been verified.
    pub file: SmallFile,
    /// Asked right before anything is done for it: who was told to stop puts nothing into a cache that may just have been
    /// cleared.
    pub is_wanted: Box<dyn Fn() -> bool + Send>,
}

impl fmt::Debug for Publication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Publication").field("file", &self.file).finish_non_exhaustive()
    }
}

/// Publishes small files of one repository.
#[derive(Debug)]
pub struct SmallFiles {
    repo: RepoCache,
    /// Where they are made. It stays open, and so tells a repository that was removed from one that came in its place.
    scratch: Mutex<Option<Arc<Dir>>>,
}

/// The folder of contents beside each folder that files of a round were made in; nearly always it is the same one.
type BlobsBeside = Vec<(Arc<Dir>, Dir)>;

impl RepoCache {
    /// Begins a small file, in memory. `writer` shows in its temporary name.
    pub fn begin_small(&self, content: Content, writer: &str) -> SmallFile {
        SmallFile { repo: self.clone(), writer: writer.to_owned(), content, in_memory: Vec::new(), on_disk: None }
    }

    /// Publishes small files from now on.
    pub fn small_files(&self) -> SmallFiles {
        SmallFiles { repo: self.clone(), scratch: Mutex::default() }
    }
}

impl SmallFiles {
    /// Publishes files. What each became is told in their order; one that is not wanted is superseded. Blocks.
    ///
    /// All are written out together, then synced, and their folder once for all: on most volumes that is one commit of the
    /// journal instead of two for each.
    pub fn publish(&self, mut files: Vec<Publication>) -> Vec<Result<(), CacheError>> {
        let written: Vec<_> = files.iter_mut().map(|each| self.write(each)).collect();
        if files.len() > 1 {
            files.iter().filter_map(|each| each.file.on_disk.as_ref()).for_each(OnDisk::begin_sync);
        }
        let mut blobs = BlobsBeside::new();
        let publish = |(each, written): (&mut Publication, Result<(), CacheError>)| {
            written.and_then(|()| self.publish_one(each, &mut blobs))
        };
        let mut published: Vec<_> = files.iter_mut().zip(written).map(publish).collect();
        let synced = blobs.iter().try_for_each(|(_, blobs)| blobs.try_sync().map_err(|error| (blobs, error)));
        if let Err((blobs, error)) = synced {
            // None of them is known to be there after a loss of power.
            let unsynced = || Err(CacheError::new("sync", blobs.path(), error));
            published = published.into_iter().map(|published| published.and_then(|()| unsynced())).collect();
        }
        if published.iter().any(Result::is_err) {
            *lock(&self.scratch) = None;
        }
        published
    }

    fn write(&self, Publication { file, is_wanted }: &mut Publication) -> Result<(), CacheError> {
        if !is_wanted() {
            return Err(self.superseded(&file.content));
        }
        file.write_out_in(|_| self.scratch())
    }

    fn publish_one(
        &self,
        Publication { file: SmallFile { on_disk, content, .. }, is_wanted }: &mut Publication,
        blobs: &mut BlobsBeside,
    ) -> Result<(), CacheError> {
        let Some(file) = on_disk else { return Err(self.superseded(content)) };
        file.sync(content.size_bytes)?;
        if self.repo.has_blob(*content)? {
            return Ok(());
        }
        // The folder may have come in the place of one that a removal took while these were written.
        if !is_wanted() {
            return Err(self.superseded(content));
        }
        let known = blobs.iter().position(|(scratch, _)| Arc::ptr_eq(scratch, &file.scratch));
        let (_, blobs) = if let Some(known) = known {
            &blobs[known]
        } else {
            // None where a removal has moved it away, which is not to be undone.
            let beside = self.repo.blobs_beside(&file.scratch)?.ok_or_else(|| self.superseded(content))?;
            blobs.push_mut((Arc::clone(&file.scratch), beside))
        };
        publish::move_to(&self.repo, blobs, &file.scratch, &file.name, *content)?;
        file.is_moved = true;
        Ok(())
    }

    fn superseded(&self, content: &Content) -> CacheError {
        CacheError::Superseded { path: self.repo.partial_path(&content.blob) }
    }

    fn scratch(&self) -> Result<Arc<Dir>, CacheError> {
        let mut scratch = lock(&self.scratch);
        if let Some(scratch) = &*scratch {
            return Ok(Arc::clone(scratch));
        }
        let opened = Arc::new(self.repo.scratch()?);
        *scratch = Some(Arc::clone(&opened));
        Ok(opened)
    }
}

impl SmallFile {
    /// Appends bytes, in memory.
    pub fn push(&mut self, bytes: &[u8]) {
        self.in_memory.extend_from_slice(bytes);
    }

    /// What is in memory only.
    pub fn in_memory(&self) -> &[u8] {
        &self.in_memory
    }

    /// Writes what is in memory only to the disk. Blocks.
    pub fn write_out(&mut self) -> Result<(), CacheError> {
        self.write_out_in(|repo| repo.scratch().map(Arc::new))
    }

    /// Moves the bytes to where they can be looked at but are never used. Blocks.
    pub fn quarantine(mut self) -> Result<(), CacheError> {
        let folder = self.repo.new_quarantine(&self.content.blob)?;
        self.write_out()?;
        let Some(file) = &mut self.on_disk else { return Ok(()) };
        file.scratch.rename(&file.name, &folder, DATA)?;
        file.is_moved = true;
        Ok(())
    }

    /// The same, in the folder that is asked for if nothing of it is on disk yet.
    fn write_out_in(
        &mut self,
        scratch: impl FnOnce(&RepoCache) -> Result<Arc<Dir>, CacheError>,
    ) -> Result<(), CacheError> {
        let file = match &mut self.on_disk {
            Some(file) => file,
            None => self.on_disk.insert(OnDisk::create(scratch(&self.repo)?, &self.content.blob, &self.writer)?),
        };
        file.write(&self.in_memory)?;
        // Its memory, too: many files may wait until they are published.
        self.in_memory = Vec::new();
        Ok(())
    }
}

impl OnDisk {
    fn create(scratch: Arc<Dir>, blob: &BlobHash, writer: &str) -> Result<Self, CacheError> {
        let name = unique_name(&format!("{blob}.{}", safe_token(writer)), TMP)?;
        let data = scratch.open_file(&name, OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL)?;
        Ok(Self { scratch, name, data, written_bytes: 0, is_moved: false })
    }

    /// Where it lies for now, for messages.
    fn path(&self) -> PathBuf {
        self.scratch.path_of(&self.name)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), CacheError> {
        self.data.write_all_at(bytes, self.written_bytes).at("write", &self.path())?;
        self.written_bytes += bytes.len() as u64;
        Ok(())
    }

    /// Lets the system begin to write the bytes out, so that many files get to the disk together.
    fn begin_sync(&self) {
        // The advice to forget what is in memory writes it first. Whoever does not take it syncs file by file.
        _ = rustix::fs::fadvise(&self.data, 0, None, Advice::DontNeed);
    }

    fn sync(&self, expected_bytes: u64) -> Result<(), CacheError> {
        self.data.sync_all().at("sync", &self.path())?;
        let found_bytes = self.data.metadata().at("inspect", &self.path())?.len();
        if found_bytes != expected_bytes {
            return Err(CacheError::WrongSize { path: self.path(), expected_bytes, found_bytes });
        }
        Ok(())
    }
}

impl Drop for OnDisk {
    fn drop(&mut self) {
        if !self.is_moved
            && let Err(error) = self.scratch.remove_file(&self.name)
        {
            tracing::debug!(%error, "a temporary file stays for the garbage collection");
        }
    }
}
