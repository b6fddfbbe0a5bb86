//! Unfinished large files that several processes may write to and any may continue.

use std::fs::File;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use rustix::fs::{FallocateFlags, OFlags};

use super::dir::{BLOCK_BYTES, Dir};
use super::error::{At, CacheError};
use super::publish::{self, Verified};
use super::ranges::{merged, total_bytes};
use super::records::{self, RecordFile};
use super::repo::{DATA, RepoCache, safe_token};
use crate::repo::{ByteRange, Content};

/// How often a partial that vanishes while it is being opened is tried again.
const OPEN_ATTEMPTS: usize = 8;

/// One writer's view of an unfinished blob.
///
/// The data is one file in its final size, written by position. What is durable is told by the records of all writers;
/// everything else in the file is void, whatever the file system says about holes and blocks.
///
/// A partial belongs to one folder and one data file that are held open. When another worker publishes, discards or
/// quarantines it, this view does not turn to what may come under the same name later: [`CacheError::Superseded`] says
/// so. Late writes through [`Self::data`] then go to a file that is published (the same bytes at the same place) or gone.
#[derive(Debug)]
pub struct Partial {
    repo: RepoCache,
    scratch: Dir,
    folder: Dir,
    content: Content,
    writer: String,
    data: Arc<File>,
    is_new: bool,
    recorded: Vec<ByteRange>,
    records: Option<RecordFile>,
    /// A failed sync drops the error and keeps no dirty pages: a second one would succeed without the bytes on disk.
    sync_failed: bool,
}

impl RepoCache {
    /// Opens the partial of a content, or begins one. `writer` shows in the name of this writer's records.
    pub fn open_partial(&self, content: Content, writer: &str) -> Result<Partial, CacheError> {
        for _ in 0..OPEN_ATTEMPTS {
            match self.try_open_partial(content, writer) {
                Ok(Some(partial)) => return Ok(partial),
                Ok(None) => {}
                // The folder was moved away between two steps.
                Err(error) if error.is_not_found() => {}
                Err(error) => return Err(error),
            }
        }
        Err(CacheError::Superseded { path: self.partial_path(&content.blob) })
    }

    /// None if the data file was replaced while it was being opened.
    fn try_open_partial(&self, content: Content, writer: &str) -> Result<Option<Partial>, CacheError> {
        let scratch = self.scratch()?;
        let folder = scratch.make_child(&content.blob.to_string())?;
        // Only for writing: a network client that may also read would first fetch each page that it writes in part.
        let data = folder.open_file(DATA, OFlags::WRONLY | OFlags::CREATE)?;
        let path = folder.path_of(DATA);
        let has_size = |data: &File| Ok(data.metadata().at("inspect", &path)?.len() == content.size_bytes);

        let is_new = !has_size(&data)?;
        if is_new {
            // Old records would speak of bytes that this file does not have: they go before it gets its size.
            // Asked again right before, for another writer may just have done all this.
            if !has_size(&data)? {
                records::remove_all(&folder)?;
            }
            data.set_len(content.size_bytes).at("size", &path)?;
        }
        let recorded = records::read_all(&folder, content)?;
        let partial = Partial {
            repo: self.clone(),
            scratch,
            folder,
            content,
            writer: safe_token(writer),
            data: Arc::new(data),
            is_new,
            recorded,
            records: None,
            sync_failed: false,
        };
        Ok(partial.is_current()?.then_some(partial))
    }

    /// How many bytes of a content's partial are durable; 0 if there is none or its records are not to be trusted.
    pub(super) fn recorded_bytes(&self, content: Content) -> u64 {
        self.read_recorded(content).ok().flatten().map_or(0, |ranges| total_bytes(&ranges))
    }

    /// How much of the volume a content's partial takes up already, reserved space included: what a check of the free space
    /// need not ask for again. At least what is recorded, at most the size.
    pub(super) fn occupied_bytes(&self, content: Content) -> u64 {
        let data = self.partial_path(&content.blob).join(DATA);
        let reserved = std::fs::symlink_metadata(data).map_or(0, |found| found.blocks().saturating_mul(BLOCK_BYTES));
        reserved.min(content.size_bytes).max(self.recorded_bytes(content))
    }

    fn read_recorded(&self, content: Content) -> Result<Option<Vec<ByteRange>>, CacheError> {
        let Some(scratch) = self.existing_scratch()? else { return Ok(None) };
        let Some(folder) = scratch.child(&content.blob.to_string())? else { return Ok(None) };
        let whole = folder.stat(DATA)?.is_some_and(|stat| u64::try_from(stat.st_size) == Ok(content.size_bytes));
        if whole { records::read_all(&folder, content).map(Some) } else { Ok(None) }
    }
}

impl Partial {
    /// The data, for positional writes. May be kept beyond this view.
    pub fn data(&self) -> Arc<File> {
        Arc::clone(&self.data)
    }

    /// The data for reading, freshly opened: only then do network volumes show what other machines have written.
    pub fn reader(&self) -> Result<File, CacheError> {
        let file = match self.folder.open_file(DATA, OFlags::RDONLY) {
            Err(error) if error.is_not_found() => return Err(self.superseded()),
            opened => opened?,
        };
        if self.is_current()? { Ok(file) } else { Err(self.superseded()) }
    }

    /// What is durable, by the records of all writers at the opening and this one's since; sorted and merged.
    pub fn recorded(&self) -> &[ByteRange] {
        &self.recorded
    }

    /// Where the data lies, for messages.
    fn path(&self) -> PathBuf {
        self.folder.path_of(DATA)
    }

    /// Writes bytes at their place, and sorts the error.
    #[cfg(test)]
    pub(super) fn write_at(&self, bytes: &[u8], offset: u64) -> Result<(), CacheError> {
        use std::os::unix::fs::FileExt as _;

        self.data.write_all_at(bytes, offset).at("write", &self.path())
    }

    /// Reserves the space of a new partial, so that a full volume is found out before the download.
    ///
    /// What a full volume gave is given back, with the partial. Volumes that cannot reserve are left alone; glibc's
    /// `posix_fallocate` would write every block there.
    pub fn preallocate(&self) -> Result<(), CacheError> {
        if !self.is_new || self.content.size_bytes == 0 {
            return Ok(());
        }
        let reserve = || rustix::fs::fallocate(&*self.data, FallocateFlags::empty(), 0, self.content.size_bytes);
        match rustix::io::retry_on_intr(reserve).at("reserve space for", &self.path()) {
            Err(error) if error.is_no_space() => {
                self.repo.discard_partial(&self.content.blob)?;
                Err(error)
            }
            _ => Ok(()),
        }
    }

    /// Makes all bytes written so far durable, then records these ranges of them.
    ///
    /// After a sync has failed, this view records and publishes nothing any more: open the partial anew and fetch what
    /// is not recorded.
    pub fn record(&mut self, ranges: &[ByteRange]) -> Result<(), CacheError> {
        let ranges = merged(ranges.to_vec());
        let Some(last) = ranges.last() else { return Ok(()) };
        if last.end() > self.content.size_bytes {
            return Err(self.wrong_size(last.end()));
        }
        // The record must never be on disk before the bytes that it speaks of.
        self.sync_data()?;
        self.append_record(&ranges)?;
        self.recorded = merged([self.recorded.as_slice(), &ranges].concat());
        Ok(())
    }

    fn append_record(&mut self, ranges: &[ByteRange]) -> Result<(), CacheError> {
        let mut records = match self.records.take() {
            Some(records) => records,
            None => match RecordFile::create(&self.folder, &self.writer, self.content) {
                Err(error) if error.is_not_found() => return Err(self.superseded()),
                created => created?,
            },
        };
        // Asked when the record file exists: whoever puts a new data file in place afterwards removes that record file.
        if !self.is_current()? {
            self.folder.remove_file(records.name())?;
            return Err(self.superseded());
        }
        let appended = records.append(&self.folder, ranges);
        self.records = Some(records);
        appended
    }

    /// Publishes the blob. The caller has verified its content.
    ///
    /// It is a success when another process has published the same blob meanwhile.
    pub fn publish(mut self) -> Result<(), CacheError> {
        self.sync_data()?;
        let found_bytes = self.data.metadata().at("inspect", &self.path())?.len();
        if found_bytes != self.content.size_bytes {
            return Err(self.wrong_size(found_bytes));
        }
        if self.is_current()? {
            let verified = Verified { folder: &self.folder, name: DATA, file: &self.data, content: self.content };
            publish::shared_file(&self.repo, &verified)?;
        } else if !self.repo.has_blob(self.content)? {
            return Err(self.superseded());
        }

        let (repo, blob) = (self.repo.clone(), self.content.blob);
        // Closed first: network volumes keep open files of a removed folder under another name in it.
        drop(self);
        if let Err(error) = repo.discard_partial(&blob) {
            tracing::debug!(%blob, %error, "what is left of a published partial stays for the garbage collection");
        }
        Ok(())
    }

    fn sync_data(&mut self) -> Result<(), CacheError> {
        if self.sync_failed {
            let reason = std::io::Error::other("an earlier sync of it has failed");
            return Err(CacheError::new("sync", self.path(), reason));
        }
        let synced = self.data.sync_data().at("sync", &self.path());
        self.sync_failed = synced.is_err();
        synced
    }

    /// Whether the blob's partial is still this folder with this data, in its place: a removal moves all of it away at once.
    fn is_current(&self) -> Result<bool, CacheError> {
        let same_folder = self.scratch.holds(&self.content.blob.to_string(), &self.folder)?;
        Ok(same_folder && self.folder.holds(DATA, &self.data)? && self.repo.has_as_scratch(&self.scratch)?)
    }

    fn superseded(&self) -> CacheError {
        CacheError::Superseded { path: self.path() }
    }

    fn wrong_size(&self, found_bytes: u64) -> CacheError {
        CacheError::WrongSize { path: self.path(), expected_bytes: self.content.size_bytes, found_bytes }
    }
}
