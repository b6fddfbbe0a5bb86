//! The records of a partial: which of its bytes are durable.
//!
//! Each writer has a file of its own beside the data, for network volumes cannot append to one file from several
//! machines. It is text: a head line, then a line for each range; every line ends with a checksum over itself, the blob's
//! hash and its size. A line that a kill has cut short, or that belongs to another content, fails its checksum and
//! counts for nothing.

use std::fs::File;
use std::os::unix::fs::FileExt;

use rustix::fs::OFlags;
use sha2::{Digest, Sha256};

use super::dir::{Dir, unique_name};
use super::error::{At, CacheError};
use super::ranges::merged;
use crate::repo::{ByteRange, Content};

/// Ends the names of record files.
pub(super) const ENDING: &str = ".parts";

const FORMAT: &str = "hfd-parts 1";

/// No record file comes near this; a longer one is not ours and is read only so far.
const MAX_FILE_BYTES: u64 = 64 << 20;

/// Records of another hash or size are never trusted.
impl Content {
    fn head(self) -> String {
        self.sealed(&format!("{FORMAT} {} {}", self.blob, self.size_bytes))
    }

    fn line(self, range: ByteRange) -> String {
        self.sealed(&format!("{} {}", range.start(), range.end()))
    }

    /// The text with its checksum and the end of the line.
    fn sealed(self, text: &str) -> String {
        format!("{text} {}\n", self.checksum(text))
    }

    fn checksum(self, text: &str) -> String {
        let digest = Sha256::digest(format!("{FORMAT} {} {} {text}", self.blob, self.size_bytes));
        hex::encode(&digest[..6])
    }

    /// The ranges of one record file; none of a file with another head.
    fn parse(self, text: &str) -> Vec<ByteRange> {
        match text.strip_prefix(&self.head()) {
            Some(lines) => lines.split_inclusive('\n').filter_map(|line| self.parse_line(line)).collect(),
            None => Vec::new(),
        }
    }

    fn parse_line(self, line: &str) -> Option<ByteRange> {
        let (text, checksum) = line.strip_suffix('\n')?.rsplit_once(' ')?;
        if checksum != self.checksum(text) {
            return None;
        }
        let (start, end) = text.split_once(' ')?;
        let range = ByteRange::new(start.parse().ok()?, end.parse().ok()?)?;
        (range.end() <= self.size_bytes).then_some(range)
    }
}

/// What all writers together have recorded in a partial's folder.
pub(super) fn read_all(folder: &Dir, content: Content) -> Result<Vec<ByteRange>, CacheError> {
    let mut ranges = Vec::new();
    for name in record_files(folder)? {
        let bytes = match folder.read(&name, MAX_FILE_BYTES) {
            Ok(bytes) => bytes,
            Err(error) if error.is_not_found() => continue,
            Err(error) => return Err(error),
        };
        ranges.extend(content.parse(&String::from_utf8_lossy(&bytes)));
    }
    Ok(merged(ranges))
}

/// Removes the records of all writers: the data that they speak of is gone.
pub(super) fn remove_all(folder: &Dir) -> Result<(), CacheError> {
    for name in record_files(folder)? {
        folder.remove_file(&name)?;
    }
    folder.sync()
}

fn record_files(folder: &Dir) -> Result<Vec<String>, CacheError> {
    let mut names = folder.names()?;
    names.retain(|name| name.ends_with(ENDING));
    Ok(names)
}

/// One writer's own record file.
#[derive(Debug)]
pub(super) struct RecordFile {
    file: File,
    name: String,
    content: Content,
    /// Where the next record goes. Written by position, so that a failed write is overwritten by the next.
    end: u64,
}

impl RecordFile {
    /// A new, empty record file under a name that nobody else uses.
    pub(super) fn create(folder: &Dir, writer: &str, content: Content) -> Result<Self, CacheError> {
        let name = unique_name(writer, ENDING)?;
        let file = folder.open_file(&name, OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL)?;
        Ok(Self { file, name, content, end: 0 })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Appends ranges durably. The caller has synced their data before.
    pub(super) fn append(&mut self, folder: &Dir, ranges: &[ByteRange]) -> Result<(), CacheError> {
        let is_new = self.end == 0;
        let mut text = if is_new { self.content.head() } else { String::new() };
        text.extend(ranges.iter().map(|&range| self.content.line(range)));

        let path = folder.path_of(&self.name);
        self.file.write_all_at(text.as_bytes(), self.end).at("write", &path)?;
        self.file.sync_data().at("sync", &path)?;
        if is_new {
            folder.sync()?;
        }
        self.end += text.len() as u64;
        Ok(())
    }
}
