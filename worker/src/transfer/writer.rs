//! Positional writes of one part: while some bytes go to disk, the next come from the network.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, IoSlice};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use hfd_shared::repo::ByteRange;
use rustix::io::Errno;
use tokio::sync::oneshot;

use super::frontier::Frontier;
use super::{Meter, lock};
use crate::fence::Fence;

/// How much a writer gathers before it writes: enough that a write costs little.
const LARGEST_WRITE: usize = 256 << 10;
const SMALLEST_WRITE: usize = 64 << 10;

/// What all writers together would gather, twice, if each took as much as the newest, down to the smallest: many connections
/// are to fit in memory.
const SHARED_BYTES: usize = 6 << 20;

/// Writes end at multiples of this in the file but for the last of a part: whole pages, of the largest kind that file systems
/// use.
const ALIGNMENT: u64 = 64 << 10;

/// So many the system takes at a time: UIO_MAXIOV of `linux/uio.h`.
const MOST_PIECES: usize = 1024;

/// Smaller pieces are copied: each may hold the whole memory that it was received into.
const SMALLEST_PIECE: usize = 16 << 10;

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
    pieces: Vec<Bytes>,
    range: ByteRange,
    written: oneshot::Sender<io::Result<()>>,
}

/// Writes one part from its start on.
pub(super) struct PartWriter {
    sink: Sink,
    /// How much it gathers, in bytes.
    enough: u64,
    /// What is gathered, as it was received, and where it goes.
    pieces: Vec<Bytes>,
    start: u64,
    end: u64,
    writing: Option<oneshot::Receiver<io::Result<()>>>,
}

impl PartWriter {
    pub(super) fn new(sink: Sink, start: u64) -> Self {
        let enough = enough(WRITERS.fetch_add(1, Ordering::Relaxed) + 1);
        Self { sink, enough, pieces: Vec::new(), start, end: start, writing: None }
    }

    /// The place of the next byte in the file.
    pub(super) fn position(&self) -> u64 {
        self.end
    }

    /// Takes bytes; once there are enough of them, waits until those before are written.
    pub(super) async fn push(&mut self, mut bytes: Bytes) -> io::Result<()> {
        let aligned = (self.end + bytes.len() as u64) / ALIGNMENT * ALIGNMENT;
        if aligned > self.end && aligned - self.start >= self.enough {
            let within = usize::try_from(aligned - self.end).map_or(bytes.len(), |within| within.min(bytes.len()));
            self.gather(bytes.split_to(within));
            self.write_out().await?;
        }
        self.gather(bytes);
        Ok(())
    }

    /// Writes what is left.
    pub(super) async fn finish(mut self) -> io::Result<()> {
        self.write_out().await?;
        self.wait().await
    }

    fn gather(&mut self, bytes: Bytes) {
        self.end += bytes.len() as u64;
        match bytes.len() {
            0 => {}
            1..SMALLEST_PIECE => self.pieces.push(Bytes::copy_from_slice(&bytes)),
            _ => self.pieces.push(bytes),
        }
    }

    async fn write_out(&mut self) -> io::Result<()> {
        self.wait().await?;
        let pieces = std::mem::take(&mut self.pieces);
        let Some(range) = ByteRange::new(self.start, self.end) else { return Ok(()) };
        self.start = self.end;
        self.writing = Some(self.sink.begin(pieces, range));
        Ok(())
    }

    /// Waits for what is being written.
    async fn wait(&mut self) -> io::Result<()> {
        match self.writing.take() {
            Some(writing) => writing.await.map_err(io::Error::other)?,
            None => Ok(()),
        }
    }
}

impl Drop for PartWriter {
    fn drop(&mut self) {
        WRITERS.fetch_sub(1, Ordering::Relaxed);
    }
}

/// How much the last one of so many writers gathers, in bytes.
fn enough(writers: usize) -> u64 {
    let share = SHARED_BYTES / (2 * writers.max(1));
    (1 << share.max(1).ilog2()).clamp(SMALLEST_WRITE, LARGEST_WRITE) as u64
}

impl Sink {
    /// Has the pieces written behind those before them.
    fn begin(&self, pieces: Vec<Bytes>, range: ByteRange) -> oneshot::Receiver<io::Result<()>> {
        let (written, result) = oneshot::channel();
        let mut writes = lock(&self.writes);
        writes.waiting.push_back(Write { pieces, range, written });
        if !std::mem::replace(&mut writes.is_served, true) {
            let sink = self.clone();
            tokio::task::spawn_blocking(move || sink.serve());
        }
        result
    }

    /// Writes until nothing waits.
    fn serve(&self) {
        while let Some(Write { pieces, range, written }) = self.next_write() {
            // Nobody may wait for it any more.
            _ = written.send(self.write(pieces, range));
        }
    }

    fn next_write(&self) -> Option<Write> {
        let mut writes = lock(&self.writes);
        let next = writes.waiting.pop_front();
        writes.is_served = next.is_some();
        next
    }

    fn write(&self, pieces: Vec<Bytes>, range: ByteRange) -> io::Result<()> {
        if !self.fence.is_open() {
            return Err(io::Error::other("the lease of the file is over"));
        }
        write_all_at(&self.file, &pieces, range.start())?;
        // Before others hear of it: this is memory that they would have to get anew.
        drop(pieces);
        self.frontier.written(range);
        self.meter.add(range.len());
        Ok(())
    }
}

fn write_all_at(file: &File, pieces: &[Bytes], mut offset: u64) -> io::Result<()> {
    let mut slices: Vec<_> = pieces.iter().map(|piece| IoSlice::new(piece)).collect();
    let mut left = &mut slices[..];
    while !left.is_empty() {
        match rustix::io::pwritev(file, &left[..left.len().min(MOST_PIECES)], offset) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => {
                offset += written as u64;
                IoSlice::advance_slices(&mut left, written);
            }
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::time::{Duration, Instant};

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn with_many_writers_new_ones_gather_less() {
        assert_eq!([1, 12, 13, 24, 25, 1000].map(|writers| enough(writers) >> 10), [256, 256, 128, 128, 64, 64]);
    }

    fn sink() -> Sink {
        let file = Arc::new(tempfile::tempfile().unwrap());
        Sink {
            file,
            frontier: Arc::default(),
            meter: Meter::default(),
            fence: Fence::new(Instant::now(), Duration::from_secs(3600)),
            writes: Arc::default(),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn pieces_of_any_size_are_written_in_order_from_the_start_on(
            start in 0..200_000u64,
            sizes in prop::collection::vec(prop_oneof![1..50usize, 1..500_000usize], 1..40),
            repeated in 1..3000usize,
        ) {
            let sizes: Vec<usize> = sizes.into_iter().chain(std::iter::repeat_n(9, repeated)).collect();
            let content: Vec<u8> = (0..sizes.iter().sum()).map(|at: usize| (at % 251) as u8).collect();
            let sink = sink();
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(async {
                let mut writer = PartWriter::new(sink.clone(), start);
                let mut left = Bytes::from(content.clone());
                for size in sizes {
                    writer.push(left.split_to(size)).await.unwrap();
                }
                assert_eq!(writer.position(), start + content.len() as u64);
                writer.finish().await.unwrap();
            });
            let mut written = Vec::new();
            (&*sink.file).read_to_end(&mut written).unwrap();
            prop_assert!(written[usize::try_from(start).unwrap()..] == content);
            let ranges = sink.frontier.take_unrecorded();
            prop_assert!(ranges.iter().skip(1).all(|range| range.start() % ALIGNMENT == 0));
            prop_assert!(ranges.windows(2).all(|pair| pair[0].end() == pair[1].start()));
            prop_assert_eq!(sink.meter.bytes(), content.len() as u64);
        }
    }
}
