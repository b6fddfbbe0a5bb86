//! Positional writes of one part: while one buffer fills from the network, the other goes to disk.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use hfd_shared::repo::ByteRange;
use tokio::task::JoinHandle;

use super::Meter;
use super::frontier::Frontier;
use crate::fence::Fence;

/// Large enough that a write costs little, small enough that many connections fit in memory, and one in a processor's cache.
const BUFFER_BYTES: usize = 256 << 10;

/// Where all parts of a file go.
#[derive(Clone)]
pub(super) struct Sink {
    pub(super) file: Arc<File>,
    pub(super) frontier: Arc<Frontier>,
    pub(super) meter: Meter,
    pub(super) fence: Fence,
    /// Held while writing: the system lets one write to a file at a time, and has the others spin for it.
    pub(super) writes: Arc<Mutex<()>>,
}

/// Writes one part from its start on.
pub(super) struct PartWriter {
    sink: Sink,
    /// Where the buffer's first byte goes.
    offset: u64,
    buffer: Vec<u8>,
    writing: Option<JoinHandle<io::Result<Vec<u8>>>>,
}

impl PartWriter {
    pub(super) fn new(sink: Sink, start: u64) -> Self {
        Self { sink, offset: start, buffer: Vec::with_capacity(BUFFER_BYTES), writing: None }
    }

    /// The place of the next byte in the file.
    pub(super) fn position(&self) -> u64 {
        self.offset + self.buffer.len() as u64
    }

    /// Takes bytes; waits while both buffers are full.
    pub(super) async fn push(&mut self, mut bytes: Bytes) -> io::Result<()> {
        while !bytes.is_empty() {
            let room = BUFFER_BYTES - self.buffer.len();
            self.buffer.extend_from_slice(&bytes.split_to(room.min(bytes.len())));
            if self.buffer.len() == BUFFER_BYTES {
                self.write_out().await?;
            }
        }
        Ok(())
    }

    /// Writes what is left.
    pub(super) async fn finish(mut self) -> io::Result<()> {
        self.write_out().await?;
        self.wait().await.map(drop)
    }

    async fn write_out(&mut self) -> io::Result<()> {
        let spare = self.wait().await?;
        let Some(range) = ByteRange::new(self.offset, self.position()) else { return Ok(()) };
        let buffer = std::mem::replace(&mut self.buffer, spare);
        let sink = self.sink.clone();
        self.offset = range.end();
        self.writing = Some(tokio::task::spawn_blocking(move || sink.write(buffer, range)));
        Ok(())
    }

    /// Waits for the buffer that is being written; returns it, or a new one.
    async fn wait(&mut self) -> io::Result<Vec<u8>> {
        match self.writing.take() {
            Some(writing) => writing.await.map_err(io::Error::other)?,
            None => Ok(Vec::with_capacity(BUFFER_BYTES)),
        }
    }
}

impl Sink {
    fn write(&self, mut buffer: Vec<u8>, range: ByteRange) -> io::Result<Vec<u8>> {
        let one_at_a_time = self.writes.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.fence.is_open() {
            return Err(io::Error::other("the lease of the file is over"));
        }
        self.file.write_all_at(&buffer, range.start())?;
        drop(one_at_a_time);
        self.frontier.written(range);
        self.meter.add(range.len());
        buffer.clear();
        Ok(buffer)
    }
}
