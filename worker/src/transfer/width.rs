//! How many connections a large file uses: more while more bring more, fewer after failures.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use hfd_shared::lock::lock;
use tokio::sync::Notify;
use tokio::time::Instant;

/// Connections of the first file of a process. Those of later ones begin with what the one before ended with.
pub(super) const FIRST: usize = 2;

/// How often the rate is looked at.
const INTERVAL: Duration = Duration::from_millis(100);

/// More connections are worth it when they bring so much more.
const GAIN_PERCENT: u64 = 10;

/// Intervals in which new connections may show it: some need long until their first byte, and longer until they are fast.
const CHANCES: u32 = 8;

/// How long a number is kept that was found enough.
const KEPT: Duration = Duration::from_secs(5);

/// Tells the connections of one file which of them are wanted.
pub(super) struct Width {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug)]
struct State {
    most: usize,
    wanted: usize,
    phase: Phase,
    /// When, and at how many bytes, the present interval began.
    begun: Option<(Instant, u64)>,
    /// Intervals in a row in which nothing came.
    silent: u32,
}

#[derive(Debug, Clone, Copy)]
enum Phase {
    /// There are more than before, when it was so fast.
    Trying { before: usize, bytes_per_second: u64, chances: u32 },
    /// It is enough until then.
    Settled { until: Instant },
}

impl Width {
    /// At most so many connections, and `first` of them to begin with.
    pub(super) fn new(most: usize, first: usize) -> Self {
        Self { state: Mutex::new(State::new(most.max(1), first)), changed: Notify::new() }
    }

    /// How many connections are wanted.
    pub(super) fn wanted(&self) -> usize {
        self.lock().wanted
    }

    /// Waits until a connection is wanted; they are numbered from 0.
    pub(super) async fn until_wanted(&self, number: usize) {
        loop {
            let mut changed = pin!(self.changed.notified());
            // Before the look, so that no change is missed.
            changed.as_mut().enable();
            if number < self.wanted() {
                return;
            }
            changed.await;
        }
    }

    /// A connection has failed: one fewer for a while.
    pub(super) fn failed(&self) {
        self.lock().failed(Instant::now());
    }

    /// Follows the rate of what was received until it is dropped.
    pub(super) async fn follow(&self, received: &AtomicU64) -> Infallible {
        loop {
            tokio::time::sleep(INTERVAL).await;
            self.lock().observe(Instant::now(), received.load(Ordering::Relaxed));
            self.changed.notify_waiters();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl State {
    fn new(most: usize, first: usize) -> Self {
        let wanted = first.min(most);
        // Whatever comes first is more than nothing.
        let phase = Phase::Trying { before: wanted, bytes_per_second: 0, chances: CHANCES };
        Self { most, wanted, phase, begun: None, silent: 0 }
    }

    fn observe(&mut self, now: Instant, bytes: u64) {
        let Some((begun, bytes_before)) = self.begun.replace((now, bytes)) else { return };
        if bytes == bytes_before {
            self.silent += 1;
            // Those that are wanted may all be dead.
            if self.silent.is_multiple_of(CHANCES) {
                self.try_more(now, 0, 2);
            }
            return;
        }
        self.silent = 0;
        if bytes_before == 0 {
            // They were not there yet when it began.
            return;
        }
        let elapsed_ms = u64::try_from(now.saturating_duration_since(begun).as_millis()).unwrap_or(u64::MAX).max(1);
        let rate = bytes.saturating_sub(bytes_before).saturating_mul(1000) / elapsed_ms;
        let is_more = |before: u64| rate > before.saturating_mul(100 + GAIN_PERCENT) / 100;
        match self.phase {
            Phase::Trying { before, bytes_per_second, .. } if is_more(bytes_per_second) => {
                self.try_more(now, rate.min(self.lasting(before, bytes_per_second)), 2);
            }
            Phase::Trying { before, bytes_per_second, chances } if chances > 1 => {
                self.phase = Phase::Trying { before, bytes_per_second, chances: chances - 1 };
            }
            Phase::Trying { before, .. } => {
                self.wanted = before;
                self.phase = Phase::Settled { until: now + KEPT };
            }
            Phase::Settled { until } if now >= until => self.try_more(now, rate, 1),
            Phase::Settled { .. } => {}
        }
    }

    /// The most that so many connections can go on to bring, when fewer brought that. What is above it came at once when they
    /// were opened, and would hide what further ones bring.
    fn lasting(&self, before: usize, bytes_per_second: u64) -> u64 {
        if bytes_per_second == 0 {
            return u64::MAX;
        }
        bytes_per_second.saturating_mul(self.wanted as u64) / before as u64
    }

    /// Adds `halves` halves of what there is.
    fn try_more(&mut self, now: Instant, bytes_per_second: u64, halves: usize) {
        let before = self.wanted;
        self.wanted = (before + (before * halves / 2).max(1)).min(self.most);
        self.phase = if self.wanted > before {
            Phase::Trying { before, bytes_per_second, chances: CHANCES }
        } else {
            Phase::Settled { until: now + KEPT }
        };
    }

    fn failed(&mut self, now: Instant) {
        self.wanted = (self.wanted - 1).max(1);
        self.phase = Phase::Settled { until: now + KEPT };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    /// A file over a network that gives so many bytes a second to so many connections.
    struct File {
        state: State,
        now: Instant,
        bytes: u64,
    }

    impl File {
        fn new(most: usize) -> Self {
            Self { state: State::new(most, FIRST), now: Instant::now(), bytes: 1 }
        }

        /// The largest number of connections that was wanted.
        fn run(&mut self, seconds: u64, rate: impl Fn(u64) -> u64) -> usize {
            let interval_ms = u64::try_from(INTERVAL.as_millis()).unwrap();
            let intervals = 0..seconds * 1000 / interval_ms;
            let wanted = intervals.map(|_| {
                self.bytes += rate(self.state.wanted as u64) * interval_ms / 1000;
                self.now += INTERVAL;
                self.state.observe(self.now, self.bytes);
                self.state.wanted
            });
            wanted.max().unwrap()
        }
    }

    #[test]
    fn it_grows_to_the_limit_while_each_connection_brings_more() {
        let mut file = File::new(32);
        file.run(3, |connections| connections * 20 * MIB);
        assert_eq!(file.state.wanted, 32);
    }

    #[test]
    fn it_grows_no_further_than_the_network() {
        let mut file = File::new(64);
        let most = file.run(60, |connections| connections.min(10) * 20 * MIB);
        assert!((10..=24).contains(&file.state.wanted) && most <= 32, "{} {most}", file.state.wanted);
    }

    #[test]
    fn what_comes_at_once_from_new_connections_hides_nothing() {
        let mut file = File::new(8);
        let opened = std::cell::Cell::new(0);
        file.run(2, |connections| {
            let new = connections - opened.replace(connections).min(connections);
            let at_once = if connections == 4 { new * 40 * MIB } else { 0 };
            connections.min(7) * 20 * MIB + at_once
        });
        assert_eq!(file.state.wanted, 8);
    }

    #[test]
    fn where_more_bring_nothing_it_goes_back_and_looks_again_now_and_then() {
        let mut file = File::new(8);
        assert_eq!(file.run(2, |_| 900 * MIB), 2 * FIRST);
        assert_eq!(file.run(3, |_| 900 * MIB), FIRST);
        assert_eq!(file.run(3, |_| 900 * MIB), FIRST + FIRST / 2);
    }

    #[test]
    fn others_join_those_that_give_nothing() {
        let mut file = File::new(8);
        assert_eq!(file.run(3, |_| 0), 8);
    }

    #[test]
    fn each_failure_takes_one_away_for_a_while() {
        let mut file = File::new(8);
        let linear = |connections: u64| connections * 20 * MIB;
        file.run(3, linear);
        file.state.failed(file.now);
        assert_eq!(file.run(4, linear), 7);
        assert_eq!(file.run(4, linear), 8);
        (0..20).for_each(|_| file.state.failed(file.now));
        assert_eq!(file.run(4, linear), 1);
        assert_eq!(file.run(30, linear), 8);
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_waits_until_it_is_wanted() {
        let (width, received) = (Width::new(8, FIRST), AtomicU64::new(0));
        let more = async {
            loop {
                received.fetch_add(width.wanted() as u64 * 5 * MIB, Ordering::Relaxed);
                tokio::time::sleep(INTERVAL).await;
            }
        };
        tokio::select! {
            () = width.until_wanted(7) => {}
            never = width.follow(&received) => match never {},
            () = more => {}
        }
        assert_eq!(width.wanted(), 8);
    }
}
