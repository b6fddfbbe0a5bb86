//! The parts of one file on their way to its connections. Each takes one after the other; who finds none left takes a half
//! from whoever would take longest, so that a slow connection does not decide when the file is whole. Before that, halves are
//! taken of the first part when it comes slowly: the hasher waits for it. While a limit holds all connections back, only what
//! comes much more slowly than the helper's last part is shared: what its connection has in its buffers by then would come twice.

use std::cmp::Reverse;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hfd_shared::lock::lock;
use hfd_shared::repo::ByteRange;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::PAGE_BYTES;

/// A part that will be whole by then is left alone: what it loses costs it its connection, for the rest of its answer is on
/// the way.
const WORTH_SPLITTING: Duration = Duration::from_millis(500);

/// A connection that has proved so many times faster than the one with a part helps it.
const WORTH_HELPING: u32 = 4;

/// How long a part is watched before it is helped: new connections are slow.
const HELPED_AFTER: Duration = Duration::from_secs(2);

/// How long a part is watched before its speed is known.
const MEASURED_AFTER: Duration = Duration::from_millis(500);

/// How far back it is looked for how fast a part comes now; up to twice as far. A connection may stop near the end of a part.
const OF_LATE: Duration = Duration::from_secs(2);

/// How long a part that is too small to share may be fetched until it goes over as a whole, and twice as long each time
/// that it does: connections that are all slow shall not take it from each other for ever.
const PATIENCE: Duration = Duration::from_secs(2);

/// Less is not worth a request.
const SMALLEST_HALF: u64 = 512 << 10;

/// Shared by the connections of one file.
pub(super) struct Parts {
    state: Mutex<State>,
    /// Cancelled when there is nothing left to take.
    all_arrived: CancellationToken,
}

struct State {
    waiting: VecDeque<ByteRange>,
    taken: Vec<Arc<Part>>,
}

/// What a connection finds when it looks for work.
pub(super) enum Next {
    /// Its part.
    Part(Arc<Part>),
    /// Others have it all, and are fast enough so far.
    Later,
    /// Everything has arrived.
    Nothing,
}

/// A part in the hands of one connection. Its end may come nearer while it is being fetched.
pub(super) struct Part {
    begun_at: Instant,
    start: u64,
    rest: Mutex<Rest>,
    patience: Duration,
    /// Cancelled when what was left of it has gone to another connection.
    taken_over: CancellationToken,
}

/// What has not arrived.
#[derive(Clone, Copy)]
struct Rest {
    next: u64,
    end: u64,
    /// Where it began at two times, the older one first.
    marks: [(Instant, u64); 2],
}

/// How fast a part came.
#[derive(Debug, Clone, Copy)]
pub(super) struct Speed {
    bytes: u64,
    took: Duration,
}

/// Who looks for a part.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Helper {
    /// How fast its last part came.
    pub(super) speed: Option<Speed>,
    /// Whether a limit holds it back, as it does all others: together they are no faster.
    pub(super) is_held_back: bool,
}

impl Parts {
    pub(super) fn new(missing: VecDeque<ByteRange>) -> Self {
        Self { state: Mutex::new(State { waiting: missing, taken: Vec::new() }), all_arrived: CancellationToken::new() }
    }

    /// What a connection shall fetch: what the first part gives if that comes slowly, else the next one that waits, else what
    /// the one that would take longest can give.
    pub(super) fn next(&self, helper: Helper, now: Instant) -> Next {
        let mut state = lock(&self.state);
        state.taken.retain(|part| part.rest().is_some());
        let State { waiting, taken } = &mut *state;
        let part = helper
            .speed
            .and_then(|speed| help(taken, speed, now))
            .or_else(|| waiting.pop_front().map(|range| Part::new(range, now, PATIENCE)))
            .or_else(|| share(taken, helper, now));
        match part.map(Arc::new) {
            Some(part) => {
                taken.push(Arc::clone(&part));
                Next::Part(part)
            }
            None if taken.is_empty() => {
                self.all_arrived.cancel();
                Next::Nothing
            }
            None => Next::Later,
        }
    }

    /// Takes back what has not arrived of a part, for the next connection that looks.
    pub(super) fn give_back(&self, part: &Part) {
        let mut state = lock(&self.state);
        if let Some(rest) = part.take_rest() {
            state.waiting.push_front(rest);
        }
    }

    /// Until everything has arrived.
    pub(super) async fn all_arrived(&self) {
        self.all_arrived.cancelled().await;
    }
}

/// Half of the first part, if a connection of this speed would have it much sooner.
fn help(taken: &[Arc<Part>], speed: Speed, now: Instant) -> Option<Part> {
    let first = taken.iter().min_by_key(|part| part.start)?;
    first.time_worth_splitting(now)?;
    first.is_worth_helping(speed, now).then(|| first.give(now))?
}

fn share(taken: &[Arc<Part>], helper: Helper, now: Instant) -> Option<Part> {
    let mut slow: Vec<_> = taken.iter().filter_map(|part| Some((part.time_worth_splitting(now)?, part))).collect();
    if let Some(speed) = helper.speed.filter(|_| helper.is_held_back) {
        slow.retain(|(_, part)| part.is_worth_helping(speed, now));
    }
    slow.sort_by_key(|(left, _)| Reverse(*left));
    slow.into_iter().find_map(|(_, part)| part.give(now))
}

impl Speed {
    /// How long so many bytes take.
    fn time_for(self, bytes: u64) -> Duration {
        // What has not begun to arrive counts as its first byte.
        let nanos = self.took.as_nanos() * u128::from(bytes) / u128::from(self.bytes.max(1));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

impl Rest {
    fn mark(&mut self, now: Instant) {
        if now.saturating_duration_since(self.marks[1].0) >= OF_LATE {
            self.marks = [self.marks[1], (now, self.next)];
        }
    }
}

impl Part {
    fn new(range: ByteRange, now: Instant, patience: Duration) -> Self {
        let rest = Rest { next: range.start(), end: range.end(), marks: [(now, range.start()); 2] };
        let (start, taken_over) = (range.start(), CancellationToken::new());
        Self { begun_at: now, start, rest: Mutex::new(rest), patience, taken_over }
    }

    /// Until what was left of it has gone to another connection.
    pub(super) async fn taken_over(&self) {
        self.taken_over.cancelled().await;
    }

    pub(super) fn start(&self) -> u64 {
        self.start
    }

    /// What has not arrived; none when it is whole.
    pub(super) fn rest(&self) -> Option<ByteRange> {
        let rest = lock(&self.rest);
        ByteRange::new(rest.next, rest.end)
    }

    /// Takes bytes that came behind those before; returns how many of them still belong to it.
    pub(super) fn arrived(&self, bytes: usize, now: Instant) -> usize {
        let mut rest = lock(&self.rest);
        rest.mark(now);
        let mine = usize::try_from(rest.end - rest.next).map_or(bytes, |left| left.min(bytes));
        rest.next += mine as u64;
        mine
    }

    /// Takes away what has not arrived.
    fn take_rest(&self) -> Option<ByteRange> {
        let mut rest = lock(&self.rest);
        let taken = ByteRange::new(rest.next, rest.end);
        rest.end = rest.next;
        self.taken_over.cancel();
        taken
    }

    /// How long it has been fetched.
    fn age(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.begun_at)
    }

    /// How long the rest will take at the speed of late, if that is long enough to be split; not known at first.
    fn time_worth_splitting(&self, now: Instant) -> Option<Duration> {
        let is_known = self.age(now) >= MEASURED_AFTER;
        is_known.then(|| self.speed_of_late(now).time_for(self.bytes_left())).filter(|left| *left > WORTH_SPLITTING)
    }

    /// How fast it came; none if it was taken over, which says nothing about the next one.
    pub(super) fn speed_if_kept(&self, now: Instant) -> Option<Speed> {
        (!self.taken_over.is_cancelled()).then(|| self.speed(now))
    }

    fn speed_of_late(&self, now: Instant) -> Speed {
        let mut rest = lock(&self.rest);
        rest.mark(now);
        let (since, from) = rest.marks[0];
        Speed { bytes: rest.next - from, took: now.saturating_duration_since(since) }
    }

    fn speed(&self, now: Instant) -> Speed {
        Speed { bytes: lock(&self.rest).next - self.start, took: self.age(now) }
    }

    /// Whether a connection of this speed would have the rest much sooner.
    fn is_worth_helping(&self, speed: Speed, now: Instant) -> bool {
        let bytes_left = self.bytes_left();
        let helped = speed.time_for(bytes_left).saturating_mul(WORTH_HELPING);
        self.age(now) >= HELPED_AFTER && self.speed(now).time_for(bytes_left) > helped
    }

    fn bytes_left(&self) -> u64 {
        self.rest().map_or(0, ByteRange::len)
    }

    /// Gives its second half away; of one that is too small for that the whole, once there was time enough for it.
    fn give(&self, now: Instant) -> Option<Self> {
        let mut rest = lock(&self.rest);
        let middle = (rest.next + (rest.end - rest.next) / 2).next_multiple_of(PAGE_BYTES);
        let half = ByteRange::new(middle, rest.end).filter(|half| half.len() >= SMALLEST_HALF);
        if let Some(half) = half {
            rest.end = middle;
            return Some(Self::new(half, now, PATIENCE));
        }
        drop(rest);
        let has_time = self.age(now) < self.patience;
        if has_time { None } else { self.take_rest().map(|whole| Self::new(whole, now, self.patience * 2)) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MIB: u64 = 1 << 20;

    fn parts(ranges: &[(u64, u64)]) -> Parts {
        Parts::new(ranges.iter().map(|(start, end)| ByteRange::new(*start, *end).unwrap()).collect())
    }

    fn taken(parts: &Parts, now: Instant) -> Arc<Part> {
        part(parts.next(Helper::default(), now))
    }

    fn taken_after(parts: &Parts, done: &Part, now: Instant) -> Arc<Part> {
        part(parts.next(after(done, now), now))
    }

    fn after(done: &Part, now: Instant) -> Helper {
        Helper { speed: done.speed_if_kept(now), is_held_back: false }
    }

    fn part(next: Next) -> Arc<Part> {
        match next {
            Next::Part(part) => part,
            Next::Later => panic!("everything is in other hands"),
            Next::Nothing => panic!("nothing is left"),
        }
    }

    fn mib(range: Option<ByteRange>) -> Option<(u64, u64)> {
        range.map(|range| (range.start() / MIB, range.end() / MIB))
    }

    #[test]
    fn the_slowest_part_is_shared_when_none_waits() {
        let parts = parts(&[(0, 64 * MIB), (64 * MIB, 128 * MIB)]);
        let begun = Instant::now();
        let (fast, slow) = (taken(&parts, begun), taken(&parts, begun));
        fast.arrived(60 << 20, begun);
        slow.arrived(4 << 20, begun);
        let later = begun + Duration::from_secs(2);
        assert_eq!(mib(taken(&parts, later).rest()), Some((98, 128)));
        assert_eq!(mib(slow.rest()), Some((68, 98)));
        assert_eq!(mib(fast.rest()), Some((60, 64)));
    }

    #[test]
    fn a_connection_keeps_what_is_its_own_alone() {
        let parts = parts(&[(0, 8 * MIB)]);
        let begun = Instant::now();
        let slow = taken(&parts, begun);
        assert_eq!(slow.arrived(1 << 20, begun), 1 << 20);
        let half = taken(&parts, begun + Duration::from_secs(10));
        assert_eq!(half.start(), slow.rest().unwrap().end());
        let own = usize::try_from(half.start() - MIB).unwrap();
        assert_eq!(slow.arrived(8 << 20, begun), own);
        assert_eq!((slow.rest(), slow.arrived(1, begun)), (None, 0));
    }

    #[test]
    fn what_is_nearly_there_or_has_just_begun_is_left_alone() {
        let parts = parts(&[(0, 64 * MIB)]);
        let begun = Instant::now();
        let part = taken(&parts, begun);
        assert!(matches!(parts.next(Helper::default(), begun + Duration::from_millis(100)), Next::Later));
        part.arrived(60 << 20, begun);
        assert!(matches!(parts.next(Helper::default(), begun + Duration::from_secs(5)), Next::Later));
        part.arrived(4 << 20, begun);
        assert!(matches!(parts.next(Helper::default(), begun + Duration::from_secs(5)), Next::Nothing));
    }

    #[test]
    fn a_connection_that_gives_nothing_keeps_nothing() {
        let parts = parts(&[(0, 64 * MIB)]);
        let begun = Instant::now();
        let dead = taken(&parts, begun);
        for tenth in 5..=20 {
            if let Next::Part(part) = parts.next(Helper::default(), begun + Duration::from_millis(100 * tenth)) {
                part.arrived(usize::MAX, begun);
            }
        }
        assert_eq!(dead.rest(), None);
        assert!(dead.taken_over.is_cancelled());
        assert!(dead.speed_if_kept(begun + Duration::from_secs(3)).is_none());
    }

    #[test]
    fn a_connection_that_stops_near_the_end_is_soon_helped() {
        let parts = parts(&[(0, 64 * MIB)]);
        let begun = Instant::now();
        let part = taken(&parts, begun);
        let tenth = |tenth: u64| begun + Duration::from_millis(100 * tenth);
        for now in (1..=31).map(tenth) {
            part.arrived(2 << 20, now);
        }
        let mut looks = (31..).map(tenth).step_by(2);
        let helped_at = looks.find(|now| matches!(parts.next(Helper::default(), *now), Next::Part(_))).unwrap();
        assert!(helped_at <= tenth(31) + 2 * OF_LATE, "after {:?}", helped_at - tenth(31));
    }

    #[test]
    fn one_that_cannot_share_keeps_no_other_from_it() {
        let parts = parts(&[(0, MIB / 2), (MIB, 64 * MIB)]);
        let begun = Instant::now();
        let (dead, slow) = (taken(&parts, begun), taken(&parts, begun));
        slow.arrived(1 << 20, begun);
        let half = taken(&parts, begun + Duration::from_secs(1));
        assert_eq!(half.start(), slow.rest().unwrap().end());
        assert_eq!(dead.rest().unwrap().len(), MIB / 2);
    }

    #[test]
    fn a_small_rest_that_all_fetch_slowly_stays_longer_with_each() {
        let parts = parts(&[(0, MIB / 4)]);
        let begun = Instant::now();
        let first = taken(&parts, begun);
        first.arrived(1, begun);
        let second = taken(&parts, begun + PATIENCE);
        assert_eq!((first.rest(), second.start()), (None, 1));
        second.arrived(1, begun);
        assert!(matches!(parts.next(Helper::default(), begun + 2 * PATIENCE), Next::Later));
        assert_eq!(taken(&parts, begun + 3 * PATIENCE).start(), 2);
    }

    #[test]
    fn while_a_limit_holds_all_back_only_what_comes_much_more_slowly_is_shared() {
        let parts = parts(&[(0, 64 * MIB), (64 * MIB, 128 * MIB), (128 * MIB, 192 * MIB)]);
        let begun = Instant::now();
        let (done, equal, slow) = (taken(&parts, begun), taken(&parts, begun), taken(&parts, begun));
        done.arrived(64 << 20, begun);
        equal.arrived(32 << 20, begun);
        slow.arrived(1 << 20, begun);
        let later = begun + HELPED_AFTER;
        let held_back = Helper { is_held_back: true, ..after(&done, later) };
        assert_eq!(mib(part(parts.next(held_back, later)).rest()), Some((160, 192)));
        slow.arrived(31 << 20, later);
        assert!(matches!(parts.next(held_back, later), Next::Later));
        assert_eq!(mib(part(parts.next(after(&done, later), later)).rest()), Some((112, 128)));
    }

    #[test]
    fn a_much_faster_connection_helps_with_the_first_part_before_it_begins_another() {
        let parts = parts(&[(0, 64 * MIB), (64 * MIB, 128 * MIB), (128 * MIB, 192 * MIB), (192 * MIB, 256 * MIB)]);
        let begun = Instant::now();
        let (slow, fast) = (taken(&parts, begun), taken(&parts, begun));
        slow.arrived(4 << 20, begun);
        fast.arrived(64 << 20, begun);
        let later = begun + HELPED_AFTER;
        let too_soon = taken_after(&parts, &fast, later.checked_sub(Duration::from_millis(1)).unwrap());
        assert_eq!(mib(too_soon.rest()), Some((128, 192)));
        assert_eq!(mib(taken_after(&parts, &fast, later).rest()), Some((34, 64)));
        assert_eq!(mib(slow.rest()), Some((4, 34)));
        slow.arrived(20 << 20, later);
        assert_eq!(mib(taken_after(&parts, &fast, later).rest()), Some((192, 256)));
    }

    #[test]
    fn a_slow_connection_does_not_hold_the_hasher_up() {
        const CONNECTIONS: usize = 8;
        const FILE: u64 = 4096 * MIB;
        let parts = parts(&(0..64).map(|part| (part * 64 * MIB, (part + 1) * 64 * MIB)).collect::<Vec<_>>());
        let (mut now, tick) = (Instant::now(), Duration::from_millis(50));
        let mut holders: Vec<Arc<Part>> = (0..CONNECTIONS).map(|_| taken(&parts, now)).collect();
        let (mut arrived, mut longest_wait) = (0, 0);
        while arrived < FILE {
            now += tick;
            for (number, part) in holders.iter_mut().enumerate() {
                let rate = if number == 3 { 2 * MIB } else { 20 * MIB };
                arrived += part.arrived(usize::try_from(rate / 20).unwrap(), now) as u64;
                if part.rest().is_none()
                    && let Next::Part(next) = parts.next(after(part, now), now)
                {
                    *part = next;
                }
            }
            let first_missing = holders.iter().filter_map(|part| part.rest()).map(ByteRange::start).min();
            longest_wait = longest_wait.max(arrived.saturating_sub(first_missing.unwrap_or(FILE)));
        }
        assert!(longest_wait < 512 * MIB, "{} MiB were there behind a gap", longest_wait / MIB);
    }

    proptest! {
        #[test]
        fn every_byte_belongs_to_exactly_one_part(
            steps in prop::collection::vec((0..4usize, 0..20u64 * MIB, any::<bool>()), 0..60),
        ) {
            let parts = parts(&[(0, 32 * MIB), (40 * MIB, 100 * MIB)]);
            let begun = Instant::now();
            let mut all: Vec<Arc<Part>> = Vec::new();
            for (second, (who, bytes, fails)) in (1..).zip(steps) {
                let now = begun + Duration::from_secs(second);
                let done = all.last().filter(|part| part.rest().is_none());
                if let Next::Part(part) = parts.next(done.map_or_else(Helper::default, |done| after(done, now)), now) {
                    all.push(part);
                }
                let part = &all[who % all.len()];
                part.arrived(usize::try_from(bytes).unwrap(), now);
                if fails {
                    parts.give_back(part);
                }
            }
            let mut waiting: Vec<ByteRange> = lock(&parts.state).waiting.iter().copied().collect();
            waiting.extend(all.iter().filter_map(|part| ByteRange::new(part.start, lock(&part.rest).end)));
            waiting.sort();
            let total: u64 = waiting.iter().map(|range| range.len()).sum();
            prop_assert_eq!(total, 92 * MIB);
            prop_assert!(waiting.windows(2).all(|pair| pair[0].end() <= pair[1].start()));
        }
    }
}
