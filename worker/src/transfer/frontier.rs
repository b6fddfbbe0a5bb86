//! How far a file is written without a gap: the hasher follows behind.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::num::NonZeroU64;
use std::os::unix::fs::FileExt;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use hfd_shared::lock::lock;
use hfd_shared::repo::{BlobHash, ByteRange};
use rustix::fs::{Advice, fadvise};

use super::content_hash::ContentHasher;

/// As much as stays in a processor's cache.
const READ_BYTES: u64 = 256 << 10;

/// The hasher sleeps until there is so much for it: to be woken costs both sides.
const STEP_BYTES: u64 = 1 << 20;

/// What the hasher waits for when it waits for whatever comes.
const ANYTHING: u64 = u64::MAX;

/// How far the disk may be ahead of the hasher, and what it is asked for at a time: systems read only so much for one wish.
const AHEAD_BYTES: u64 = 8 << 20;
const ASKED_BYTES: u64 = 128 << 10;

/// Shared by those who write the parts and the one who hashes the whole.
#[derive(Default)]
pub(super) struct Frontier {
    state: Mutex<State>,
    moved: Condvar,
}

#[derive(Default)]
struct State {
    /// Everything before this is written.
    reached: u64,
    /// What is written beyond it: start → end.
    beyond: BTreeMap<u64, u64>,
    /// What is written and not yet taken to be recorded.
    unrecorded: Vec<ByteRange>,
    /// What the one hasher waits for.
    awaited: u64,
    /// Something was written since it was made.
    has_moved: bool,
    aborted: bool,
}

impl Frontier {
    /// The frontier of a file of which these ranges are there already.
    pub(super) fn new(recorded: &[ByteRange]) -> Self {
        let frontier = Self::default();
        for range in recorded {
            frontier.lock().extend(*range);
        }
        frontier
    }

    /// Notes that a range is written.
    pub(super) fn written(&self, range: ByteRange) {
        let mut state = self.lock();
        let before = state.reached;
        state.extend(range);
        state.unrecorded.push(range);
        let is_first = !std::mem::replace(&mut state.has_moved, true);
        if is_first || (before < state.awaited && state.awaited <= state.reached) {
            self.moved.notify_all();
        }
    }

    /// What was written since the last time that this was asked.
    pub(super) fn take_unrecorded(&self) -> Vec<ByteRange> {
        std::mem::take(&mut self.lock().unrecorded)
    }

    /// Ends the hasher's wait: there will be no more.
    pub(super) fn abort(&self) {
        self.lock().aborted = true;
        self.moved.notify_all();
    }

    /// Blocks until something is written, unless all of the file is there already; none when aborted.
    fn wait_for_move(&self, size_bytes: u64) -> Option<u64> {
        let mut state = self.lock();
        state.awaited = ANYTHING;
        self.wait_while(state, |state| !state.has_moved && state.reached < size_bytes)
    }

    /// Blocks until so many bytes are written without a gap, and returns how many are; none when aborted.
    fn wait_for(&self, bytes: u64) -> Option<u64> {
        let mut state = self.lock();
        state.awaited = bytes;
        self.wait_while(state, |state| state.reached < bytes)
    }

    fn wait_while(&self, state: MutexGuard<'_, State>, holds: impl Fn(&State) -> bool) -> Option<u64> {
        let waited = self.moved.wait_while(state, |state| holds(state) && !state.aborted);
        let state = waited.unwrap_or_else(PoisonError::into_inner);
        (!state.aborted).then_some(state.reached)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl State {
    fn extend(&mut self, range: ByteRange) {
        self.beyond.insert(range.start(), range.end());
        while let Some(first) = self.beyond.first_entry()
            && *first.key() <= self.reached
        {
            self.reached = first.remove().max(self.reached);
        }
    }
}

/// Hashes a file in order while it is being written; what it reads is still in the page cache, but for what was `recorded`
/// before. That is not read before something new has come: of a server that is away nothing may come for long. Blocks; none when
/// aborted.
pub(super) fn hash_behind(
    frontier: &Frontier,
    file: &File,
    recorded: &[ByteRange],
    size_bytes: u64,
    expected: &BlobHash,
) -> io::Result<Option<BlobHash>> {
    if !recorded.is_empty() && frontier.wait_for_move(size_bytes).is_none() {
        return Ok(None);
    }
    let mut ahead = Ahead::of(file, recorded);
    let mut hasher = ContentHasher::like(expected, size_bytes);
    let mut buffer = vec![0; usize::try_from(READ_BYTES.min(size_bytes)).unwrap_or(usize::MAX)];
    let (mut hashed, mut reached) = (0, 0);
    while hashed < size_bytes {
        // Asked also while there is more to hash: it may have been aborted.
        let until = if hashed < reached { reached } else { size_bytes.min(hashed + STEP_BYTES) };
        reached = match frontier.wait_for(until) {
            Some(reached) => reached,
            None => return Ok(None),
        };
        ahead.ask(hashed);
        let wanted = usize::try_from(reached - hashed).map_or(buffer.len(), |bytes| bytes.min(buffer.len()));
        let read = file.read_at(&mut buffer[..wanted], hashed)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        hasher.update(&buffer[..read]);
        hashed += read as u64;
    }
    Ok(Some(hasher.finish()))
}

/// Has what is to be hashed next read from the disk, and nothing else: by itself the system reads on into what was written and
/// never recorded, which comes again over the network.
struct Ahead<'a> {
    file: &'a File,
    recorded: &'a [ByteRange],
    /// Everything recorded before this has been asked for.
    asked: u64,
}

impl<'a> Ahead<'a> {
    fn of(file: &'a File, recorded: &'a [ByteRange]) -> Self {
        if !recorded.is_empty() {
            // Where advice is not taken more is read; so with all of it.
            _ = fadvise(file, 0, None, Advice::Random);
        }
        Self { file, recorded, asked: 0 }
    }

    /// Asks for some more than what comes after `hashed`.
    fn ask(&mut self, hashed: u64) {
        while let Some(range) = self.recorded.first() {
            let start = self.asked.max(range.start());
            let end = range.end().min(start + ASKED_BYTES);
            if start > hashed + AHEAD_BYTES {
                return;
            }
            _ = fadvise(self.file, start, NonZeroU64::new(end - start), Advice::WillNeed);
            self.asked = end;
            if end == range.end() {
                self.recorded = &self.recorded[1..];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;

    fn range(start: u64, end: u64) -> ByteRange {
        ByteRange::new(start, end).unwrap()
    }

    #[test]
    fn the_frontier_stops_at_the_first_gap() {
        let frontier = Frontier::default();
        frontier.written(range(0, 10));
        frontier.written(range(20, 30));
        assert_eq!(frontier.wait_for(1), Some(10));
        frontier.written(range(10, 20));
        assert_eq!(frontier.wait_for(11), Some(30));
    }

    #[test]
    fn only_what_was_not_there_before_is_to_be_recorded() {
        let frontier = Frontier::new(&[range(0, 10), range(20, 30)]);
        frontier.written(range(10, 20));
        assert_eq!(frontier.wait_for(1), Some(30));
        assert_eq!(frontier.take_unrecorded(), [range(10, 20)]);
        assert!(frontier.take_unrecorded().is_empty());
    }

    #[test]
    fn an_aborted_hasher_hashes_nothing_more_of_what_is_written() {
        let frontier = Frontier::default();
        frontier.written(range(0, 1 << 40));
        frontier.abort();
        let file = tempfile::tempfile().unwrap();
        assert_eq!(hash_behind(&frontier, &file, &[], 1 << 40, &BlobHash::Sha256([0; 32])).unwrap(), None);
    }

    #[test]
    fn a_waiting_hasher_ends_when_aborted() {
        let frontier = Arc::new(Frontier::default());
        let waiting = Arc::clone(&frontier);
        let hasher = std::thread::spawn(move || waiting.wait_for(1));
        frontier.abort();
        assert_eq!(hasher.join().unwrap(), None);
    }

    #[test]
    fn what_is_recorded_is_not_read_before_something_comes() {
        let path = tempfile::NamedTempFile::new().unwrap();
        let (file, reader) = (path.reopen().unwrap(), path.reopen().unwrap());
        let recorded = [range(0, 10)];
        let frontier = Arc::new(Frontier::new(&recorded));
        let waiting = Arc::clone(&frontier);
        let hasher = std::thread::spawn(move || {
            hash_behind(&waiting, &reader, &recorded, 20, &BlobHash::Sha256([0; 32])).unwrap()
        });
        while frontier.lock().awaited != ANYTHING {
            assert!(!hasher.is_finished(), "it has read the file, which is empty");
            std::thread::yield_now();
        }
        file.write_all_at(&[7; 20], 0).unwrap();
        frontier.written(range(10, 20));
        let mut whole = ContentHasher::like(&BlobHash::Sha256([0; 32]), 20);
        whole.update(&[7; 20]);
        assert_eq!(hasher.join().unwrap(), Some(whole.finish()));
    }

    #[test]
    fn a_sleeping_hasher_is_woken_for_each_step_and_for_the_rest() {
        let content = vec![7; 2 * usize::try_from(STEP_BYTES).unwrap() + 1000];
        let size_bytes = content.len() as u64;
        let mut whole = ContentHasher::like(&BlobHash::Sha256([0; 32]), size_bytes);
        whole.update(&content);
        let path = tempfile::NamedTempFile::new().unwrap();
        let (file, reader) = (path.reopen().unwrap(), path.reopen().unwrap());
        let frontier = Arc::new(Frontier::default());
        let waiting = Arc::clone(&frontier);
        let hasher = std::thread::spawn(move || {
            hash_behind(&waiting, &reader, &[], size_bytes, &BlobHash::Sha256([0; 32])).unwrap()
        });
        for until in [STEP_BYTES, 2 * STEP_BYTES, size_bytes] {
            // It sleeps until this is written.
            while frontier.lock().awaited != until {
                std::thread::yield_now();
            }
            let start = (until - 1) / STEP_BYTES * STEP_BYTES;
            let middle = start.midpoint(until);
            for piece in [range(middle, until), range(start, middle)] {
                file.write_all_at(&content[..usize::try_from(piece.len()).unwrap()], piece.start()).unwrap();
                frontier.written(piece);
            }
        }
        assert_eq!(hasher.join().unwrap(), Some(whole.finish()));
    }

    proptest! {
        #[test]
        fn any_order_of_writes_is_hashed_in_order(
            content in prop::collection::vec(any::<u8>(), 1..2000),
            order in any::<prop::sample::Index>(),
        ) {
            let mut pieces: Vec<ByteRange> =
                (0..content.len() as u64).step_by(97).map(|at| range(at, (at + 97).min(content.len() as u64))).collect();
            let count = pieces.len();
            pieces.rotate_left(order.index(count));
            pieces[..count / 2].reverse();
            let path = tempfile::NamedTempFile::new().unwrap();
            let file = path.reopen().unwrap();
            let frontier = Frontier::default();
            for piece in pieces {
                let bytes = &content[usize::try_from(piece.start()).unwrap()..usize::try_from(piece.end()).unwrap()];
                file.write_all_at(bytes, piece.start()).unwrap();
                frontier.written(piece);
            }
            let size = content.len() as u64;
            let mut whole = ContentHasher::like(&BlobHash::Sha256([0; 32]), size);
            whole.update(&content);
            let hashed = hash_behind(&frontier, &file, &[], size, &BlobHash::Sha256([0; 32])).unwrap();
            prop_assert_eq!(hashed, Some(whole.finish()));
        }
    }
}
