//! Positional writes of one part: while one buffer fills from the network, the other goes to disk.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use hfd_shared::repo::ByteRange;
use tokio::sync::oneshot;

use super::frontier::Frontier;
use super::{Meter, lock};
use crate::fence::Fence;

/// Of one of a writer's two buffers: large enough that a write costs little, small enough for a processor's cache.
const LARGEST_BUFFER: usize = 256 << 10;
const SMALLEST_BUFFER: usize = 64 << 10;

/// What all buffers together would have if each were as large as those of the newest writer, down to the smallest size: many
/// connections are to fit in memory.
const SHARED_BYTES: usize = 6 << 20;

/// Writers in this process.
static WRITERS: AtomicUsize = AtomicUsize::new(0);

/// Where all parts of a file go.
#[derive(Clone)]
pub(super) struct Sink {
    pub(super) file: Arc<File>,
    pub(super) frontier: Arc<Frontier>,
    pub(super) meter: Meter,
    pub(super) fence: Fence,
    pub(super) writes: Arc<Mutex<Writes>>,
}

/// What is to be written to one file. The system lets one write to it at a time: a thread for each would wait for its turn.
#[derive(Default)]
pub(super) struct Writes {
    waiting: VecDeque<Write>,
    /// Whether a thread is at it.
    is_served: bool,
}

struct Write {
    buffer: Vec<u8>,
    range: ByteRange,
    /// Gets the buffer back, emptied.
    written: oneshot::Sender<io::Result<Vec<u8>>>,
}

/// Writes one part from its start on.
pub(super) struct PartWriter {
    sink: Sink,
    /// Bytes of each of its buffers.
    buffer_bytes: usize,
    /// Where the buffer's first byte goes.
    offset: u64,
    buffer: Vec<u8>,
    writing: Option<oneshot::Receiver<io::Result<Vec<u8>>>>,
}

impl PartWriter {
    pub(super) fn new(sink: Sink, start: u64) -> Self {
        let buffer_bytes = buffer_bytes(WRITERS.fetch_add(1, Ordering::Relaxed) + 1);
        Self { sink, buffer_bytes, offset: start, buffer: Vec::with_capacity(buffer_bytes), writing: None }
    }

    /// The place of the next byte in the file.
    pub(super) fn position(&self) -> u64 {
        self.offset + self.buffer.len() as u64
    }

    /// Takes bytes; waits while both buffers are full.
    pub(super) async fn push(&mut self, mut bytes: Bytes) -> io::Result<()> {
        while !bytes.is_empty() {
            let room = self.buffer_bytes - self.buffer.len();
            self.buffer.extend_from_slice(&bytes.split_to(room.min(bytes.len())));
            if self.buffer.len() == self.buffer_bytes {
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
        self.offset = range.end();
        self.writing = Some(self.sink.begin(buffer, range));
        Ok(())
    }

    /// Waits for the buffer that is being written; returns it, or a new one.
    async fn wait(&mut self) -> io::Result<Vec<u8>> {
        match self.writing.take() {
            Some(writing) => writing.await.map_err(io::Error::other)?,
            None => Ok(Vec::with_capacity(self.buffer_bytes)),
        }
    }
}

impl Drop for PartWriter {
    fn drop(&mut self) {
        WRITERS.fetch_sub(1, Ordering::Relaxed);
    }
}

/// How large each buffer of the last one of so many writers is.
fn buffer_bytes(writers: usize) -> usize {
    let share = SHARED_BYTES / (2 * writers.max(1));
    (1 << share.max(1).ilog2()).clamp(SMALLEST_BUFFER, LARGEST_BUFFER)
}

impl Sink {
    /// Has the buffer written behind those before it.
    fn begin(&self, buffer: Vec<u8>, range: ByteRange) -> oneshot::Receiver<io::Result<Vec<u8>>> {
        let (written, result) = oneshot::channel();
        let mut writes = lock(&self.writes);
        writes.waiting.push_back(Write { buffer, range, written });
        if !std::mem::replace(&mut writes.is_served, true) {
            let sink = self.clone();
            tokio::task::spawn_blocking(move || sink.serve());
        }
        result
    }

    /// Writes until nothing waits.
    fn serve(&self) {
        while let Some(Write { buffer, range, written }) = self.next_write() {
            // Nobody waits for it any more.
            _ = written.send(self.write(buffer, range));
        }
    }

    fn next_write(&self) -> Option<Write> {
        let mut writes = lock(&self.writes);
        let next = writes.waiting.pop_front();
        writes.is_served = next.is_some();
        next
    }

    fn write(&self, mut buffer: Vec<u8>, range: ByteRange) -> io::Result<Vec<u8>> {
        if !self.fence.is_open() {
            return Err(io::Error::other("the lease of the file is over"));
        }
        self.file.write_all_at(&buffer, range.start())?;
        self.frontier.written(range);
        self.meter.add(range.len());
        buffer.clear();
        Ok(buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn with_many_writers_new_ones_have_smaller_buffers() {
        assert_eq!([1, 12, 13, 24, 25, 1000].map(|writers| buffer_bytes(writers) >> 10), [256, 256, 128, 128, 64, 64]);
    }
}
