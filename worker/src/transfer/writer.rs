//! Positional writes of one part: while some bytes go to disk, the next come from the network.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, IoSlice};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use hfd_shared::lock::lock;
use hfd_shared::repo::ByteRange;
use tokio::sync::oneshot;

use super::frontier::Frontier;
use super::{Meter, PAGE_BYTES};
use crate::fence::Fence;

/// How much a writer gathers before it writes: enough that a write costs little.
const LARGEST_WRITE: usize = 256 << 10;
const SMALLEST_WRITE: usize = 64 << 10;

/// What all writers together would gather, twice, if each took as much as the newest, down to the smallest: many connections
/// are to fit in memory.
const SHARED_BYTES: usize = 6 << 20;

/// Smaller pieces are copied: each may hold the whole memory that it was received into, hyper's 408 KiB.
const SMALLEST_PIECE: usize = 64 << 10;

/// Where all parts of a file go.
#[derive(Clone)]
pub(super) struct Sink {
    pub(super) file: Arc<File>,
    pub(super) frontier: Arc<Frontier>,
    pub(super) meter: Meter,
    pub(super) fence: Fence,
    pub(super) writes: Arc<Mutex<Writes>>,
    /// How many write parts in this process.
    pub(super) writers: Arc<AtomicUsize>,
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
    /// What is gathered, as it was received, and behind it copies of smaller pieces.
    pieces: Vec<Bytes>,
    copied: Vec<u8>,
    /// Where that goes.
    start: u64,
    end: u64,
    writing: Option<oneshot::Receiver<io::Result<()>>>,
}

impl PartWriter {
    pub(super) fn new(sink: Sink, start: u64) -> Self {
        let enough = enough(sink.writers.fetch_add(1, Ordering::Relaxed) + 1);
        Self { sink, enough, pieces: Vec::new(), copied: Vec::new(), start, end: start, writing: None }
    }

    /// The place of the next byte in the file.
    pub(super) fn position(&self) -> u64 {
        self.end
    }

    /// Takes bytes; once there are enough of them, waits until those before are written, and one of many writers until all are:
    /// then hyper can receive into the same memory again. Each write ends with a page, but for the last one.
    pub(super) async fn push(&mut self, mut bytes: Bytes) -> io::Result<()> {
        let aligned = (self.end + bytes.len() as u64) / PAGE_BYTES * PAGE_BYTES;
        if aligned > self.end && aligned - self.start >= self.enough {
            let within = usize::try_from(aligned - self.end).map_or(bytes.len(), |within| within.min(bytes.len()));
            self.gather(bytes.split_to(within));
            self.write_out().await?;
            if self.enough < LARGEST_WRITE as u64 {
                self.wait().await?;
            }
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
        if bytes.len() < SMALLEST_PIECE {
            self.copied.extend_from_slice(&bytes);
        } else {
            self.close_copied();
            self.pieces.push(bytes);
        }
    }

    fn close_copied(&mut self) {
        if !self.copied.is_empty() {
            self.pieces.push(std::mem::take(&mut self.copied).into());
        }
    }

    async fn write_out(&mut self) -> io::Result<()> {
        self.wait().await?;
        self.close_copied();
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
        self.sink.writers.fetch_sub(1, Ordering::Relaxed);
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
        let is_served = {
            let mut writes = lock(&self.writes);
            writes.waiting.push_back(Write { pieces, range, written });
            std::mem::replace(&mut writes.is_served, true)
        };
        if !is_served {
            let server = Server { sink: self.clone(), is_done: false };
            tokio::task::spawn_blocking(move || server.serve());
        }
        result
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

/// Writes until nothing waits. What waits when it ends otherwise fails.
struct Server {
    sink: Sink,
    is_done: bool,
}

impl Server {
    fn serve(mut self) {
        let mut next = self.next();
        while let Some(Write { pieces, range, written }) = next {
            let result = self.sink.write(pieces, range);
            next = self.next();
            if next.is_none() {
                // Closed first: who hears of the last write may remove the file.
                drop(self);
                _ = written.send(result);
                return;
            }
            // Nobody may wait for it any more.
            _ = written.send(result);
        }
    }

    fn next(&mut self) -> Option<Write> {
        let mut writes = lock(&self.sink.writes);
        let next = writes.waiting.pop_front();
        writes.is_served = next.is_some();
        self.is_done = next.is_none();
        next
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if !self.is_done {
            *lock(&self.sink.writes) = Writes::default();
        }
    }
}

fn write_all_at(file: &File, pieces: &[Bytes], mut offset: u64) -> io::Result<()> {
    let mut slices: Vec<_> = pieces.iter().map(|piece| IoSlice::new(piece)).collect();
    let mut left = &mut slices[..];
    while !left.is_empty() {
        let written = rustix::io::retry_on_intr(|| rustix::io::pwritev(file, left, offset))?;
        if written == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        offset += written as u64;
        IoSlice::advance_slices(&mut left, written);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::fence::Moment;

    #[test]
    fn with_many_writers_new_ones_gather_less() {
        assert_eq!([1, 12, 13, 24, 25, 1000].map(|writers| enough(writers) >> 10), [256, 256, 128, 128, 64, 64]);
    }

    fn sink(file: File) -> Sink {
        Sink {
            file: Arc::new(file),
            frontier: Arc::default(),
            meter: Meter::default(),
            fence: Fence::new(Moment::now(), Duration::from_hours(1)),
            writes: Arc::default(),
            writers: Arc::default(),
        }
    }

    #[tokio::test]
    async fn a_write_that_fails_ends_its_writer_and_no_other() {
        let path = tempfile::NamedTempFile::new().unwrap();
        let read_only = sink(File::open(path.path()).unwrap());
        let push = async |bytes| {
            let mut writer = PartWriter::new(read_only.clone(), 0);
            let pushed = writer.push(Bytes::from(vec![7; bytes])).await;
            pushed.and(writer.finish().await)
        };
        assert!(push(1).await.is_err());
        assert!(push(10 << 20).await.is_err());
        assert_eq!(read_only.frontier.take_unrecorded(), []);
    }

    #[tokio::test]
    async fn nothing_is_written_without_the_lease() {
        let mut sink = sink(tempfile::tempfile().unwrap());
        sink.fence = Fence::new(Moment::now(), Duration::ZERO);
        let mut writer = PartWriter::new(sink.clone(), 0);
        writer.push(Bytes::from_static(b"late")).await.unwrap();
        assert!(writer.finish().await.is_err());
        assert_eq!(sink.file.metadata().unwrap().len(), 0);
    }

    #[test]
    fn what_waits_for_a_server_that_broke_off_fails() {
        let sink = sink(tempfile::tempfile().unwrap());
        let (written, mut result) = oneshot::channel();
        let range = ByteRange::new(0, 1).unwrap();
        *lock(&sink.writes) =
            Writes { waiting: [Write { pieces: Vec::new(), range, written }].into(), is_served: true };
        drop(Server { sink: sink.clone(), is_done: false });
        assert_eq!(result.try_recv().unwrap_err(), oneshot::error::TryRecvError::Closed);
        assert!(!lock(&sink.writes).is_served);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn many_writers_share_a_file_and_let_go_of_it() {
        let sink = sink(tempfile::tempfile().unwrap());
        let write = async |number: u64| {
            let mut writer = PartWriter::new(sink.clone(), number << 20);
            for _ in 0..1024 {
                writer.push(Bytes::from(vec![u8::try_from(number).unwrap(); 1024])).await.unwrap();
                tokio::task::yield_now().await;
            }
            writer.finish().await.unwrap();
        };
        futures_util::future::join_all((0..32).map(write)).await;
        let mut written = Vec::new();
        (&*sink.file).read_to_end(&mut written).unwrap();
        assert!(written.iter().zip(0u64..).all(|(byte, place)| u64::from(*byte) == place >> 20));
        assert_eq!((written.len(), Arc::strong_count(&sink.file)), (32 << 20, 1));
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
            let content: Vec<u8> = (0..251).cycle().take(sizes.iter().sum()).collect();
            let sink = sink(tempfile::tempfile().unwrap());
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
            prop_assert!(ranges.iter().skip(1).all(|range| range.start() % PAGE_BYTES == 0));
            let (_, before) = ranges.split_last().unwrap();
            prop_assert!(before.iter().all(|range| range.len() >= SMALLEST_WRITE as u64));
            prop_assert!(ranges.iter().all(|range| range.len() < LARGEST_WRITE as u64 + 2 * PAGE_BYTES + 500_000));
            prop_assert!(ranges.windows(2).all(|pair| pair[0].end() == pair[1].start()));
            prop_assert_eq!(sink.meter.bytes(), content.len() as u64);
        }
    }
}
