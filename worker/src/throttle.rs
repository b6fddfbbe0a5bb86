//! Holds the bytes that this process receives to the limits: its own, and that of all processes together.

use std::num::NonZeroU64;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex as StdMutex};
use std::time::Duration;

use hfd_shared::control::Settings;
use hfd_shared::embedded::LocalBandwidth;
use hfd_shared::lock::lock;
use hfd_shared::ports::Bandwidth;
use hfd_shared::settings::ByteRate;
use tokio::sync::Mutex;
use tokio::time::Instant;
use tracing::debug;

/// How many reservations a second a process makes that has the line for itself: few enough for the store, many enough for
/// an even flow.
const RESERVATIONS_PER_SECOND: u64 = 20;

/// What one reservation may be.
const QUANTUM_BYTES: RangeInclusive<u64> = 16 << 10..=4 << 20;

/// How long a limit that has gone may still hold up those who wait.
const SLICE: Duration = Duration::from_secs(1);

/// How long a line that somebody waited in counts as one that holds back.
const RECENTLY: Duration = Duration::from_secs(1);

/// The limits of a process. A response that is not read on is held back by its sender.
pub(crate) struct Throttle {
    settings: Settings,
    process: Line,
    shared: Line,
}

impl Throttle {
    /// Holds this process to the limits of the settings in force.
    pub(crate) fn new(settings: Settings, bandwidth: Arc<dyn Bandwidth>) -> Self {
        Self { settings, process: Line::new(None), shared: Line::new(Some(bandwidth)) }
    }

    /// Waits until so many bytes may have been received.
    pub(crate) async fn pass(&self, bytes: usize) {
        let bytes = bytes as u64;
        self.process.pass(bytes, || self.settings.in_force().transfer.max_process_bytes_per_second).await;
        self.shared.pass(bytes, || self.settings.in_force().transfer.max_bytes_per_second).await;
    }

    /// Whether bytes have waited for a limit of late.
    pub(crate) fn holds_back(&self) -> bool {
        self.process.holds_back() || self.shared.holds_back()
    }
}

/// A line, and what this process has reserved on it.
struct Line {
    reserved: Mutex<Reserved>,
    /// Who keeps the line for all processes, if it is not this one's own.
    shared: Option<Arc<dyn Bandwidth>>,
    /// The line where it is shared with nobody, or as long as who keeps it cannot be asked.
    alone: LocalBandwidth,
    /// When somebody last had to wait.
    waited_at: StdMutex<Option<Instant>>,
}

/// It outlives whoever made the reservation and was stopped while it waited.
struct Reserved {
    bytes: u64,
    ready_at: Instant,
}

impl Line {
    fn new(shared: Option<Arc<dyn Bandwidth>>) -> Self {
        let reserved = Mutex::new(Reserved { bytes: 0, ready_at: Instant::now() });
        Self { reserved, shared, alone: LocalBandwidth::new(), waited_at: StdMutex::default() }
    }

    /// One connection of the process reserves at a time; the others wait behind it. The limit is asked for again while they
    /// do.
    async fn pass(&self, mut bytes: u64, limit: impl Fn() -> ByteRate) {
        if limit().limit().is_none() {
            return;
        }
        let mut reserved = self.reserved.lock().await;
        while bytes > 0 {
            let Some(rate) = limit().limit() else {
                reserved.bytes = 0;
                return;
            };
            let quantum = quantum(rate);
            // What is left of a reservation at a higher rate would be a burst at this one.
            reserved.bytes = reserved.bytes.min(quantum);
            let wait = reserved.ready_at.saturating_duration_since(Instant::now());
            if reserved.bytes == 0 {
                let wait = self.reserve(quantum, rate).await;
                *reserved = Reserved { bytes: quantum, ready_at: Instant::now() + wait };
            } else if !wait.is_zero() {
                *lock(&self.waited_at) = Some(Instant::now());
                tokio::time::sleep(wait.min(SLICE)).await;
            } else {
                let passing = bytes.min(reserved.bytes);
                reserved.bytes -= passing;
                bytes -= passing;
            }
        }
    }

    fn holds_back(&self) -> bool {
        lock(&self.waited_at).is_some_and(|waited_at| waited_at.elapsed() < RECENTLY)
    }

    async fn reserve(&self, bytes: u64, rate: NonZeroU64) -> Duration {
        if let Some(shared) = &self.shared {
            match shared.reserve(bytes, rate).await {
                Ok(wait) => return wait,
                Err(error) => debug!(%error, "the limit of all processes cannot be shared; this one keeps it alone"),
            }
        }
        self.alone.reserve_alone(bytes, rate)
    }
}

fn quantum(rate: NonZeroU64) -> u64 {
    (rate.get() / RESERVATIONS_PER_SECOND).clamp(*QUANTUM_BYTES.start(), *QUANTUM_BYTES.end())
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use hfd_shared::ports::StoreError;
    use tokio::task::JoinHandle;

    use super::*;

    const MIB: u64 = 1 << 20;

    /// A line with a limit that can be changed.
    #[derive(Clone)]
    struct Rig {
        line: Arc<Line>,
        limit: Arc<StdMutex<&'static str>>,
    }

    impl Rig {
        fn new(shared: Option<Arc<dyn Bandwidth>>, limit: &'static str) -> Self {
            Self { line: Arc::new(Line::new(shared)), limit: Arc::new(StdMutex::new(limit)) }
        }

        fn set(&self, limit: &'static str) {
            *self.limit.lock().unwrap() = limit;
        }

        async fn pass(&self, bytes: u64) -> Duration {
            let begun = Instant::now();
            self.line.pass(bytes, || self.limit.lock().unwrap().parse().unwrap()).await;
            begun.elapsed()
        }

        /// Lets somebody begin to wait for so many bytes.
        async fn waiting(&self, bytes: u64) -> JoinHandle<Duration> {
            let rig = self.clone();
            let waiting = tokio::spawn(async move { rig.pass(bytes).await });
            tokio::task::yield_now().await;
            waiting
        }
    }

    /// A store that has gone.
    struct Away;

    #[async_trait]
    impl Bandwidth for Away {
        async fn reserve(&self, _: u64, _: NonZeroU64) -> Result<Duration, StoreError> {
            Err(StoreError::Unavailable("away".to_owned()))
        }
    }

    /// Less what a burst and two reservations of a quarter of a second give at once.
    #[track_caller]
    fn assert_about(took: Duration, seconds: f64) {
        assert!((seconds - 0.7..=seconds + 0.1).contains(&took.as_secs_f64()), "{took:?} in place of {seconds} s");
    }

    #[tokio::test(start_paused = true)]
    async fn bytes_take_the_time_of_the_limit_and_none_without_one() {
        let rig = Rig::new(None, "1MiB");
        assert_about(rig.pass(10 * MIB).await, 10.0);
        rig.set("0");
        assert_eq!(rig.pass(1 << 50).await, Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_holds_back_while_more_comes_than_it_lets_pass() {
        let rig = Rig::new(None, "1MiB");
        rig.pass(1000).await;
        assert!(!rig.line.holds_back());
        rig.pass(10 * MIB).await;
        assert!(rig.line.holds_back());
        tokio::time::sleep(RECENTLY).await;
        assert!(!rig.line.holds_back());
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_that_is_lifted_frees_all_who_wait() {
        let rig = Rig::new(None, "64KiB");
        let waiting = [rig.waiting(100 * MIB).await, rig.waiting(100 * MIB).await, rig.waiting(100 * MIB).await];
        tokio::time::sleep(Duration::from_secs(10)).await;
        rig.set("0");
        for each in waiting {
            assert!(each.await.unwrap() <= Duration::from_secs(10) + SLICE);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_that_is_changed_holds_for_those_who_wait() {
        let rig = Rig::new(None, "1MiB");
        let (first, second) = (rig.waiting(20 * MIB).await, rig.waiting(20 * MIB).await);
        tokio::time::sleep(Duration::from_secs(10)).await;
        rig.set("10MiB");
        assert_about(first.await.unwrap(), 11.0);
        assert_about(second.await.unwrap(), 13.0);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_left_of_a_higher_limit_gives_no_burst_at_a_lower_one() {
        let rig = Rig::new(None, "1GiB");
        rig.pass(1).await;
        rig.set("64KiB");
        assert_about(rig.pass(MIB).await, 16.0);
    }

    #[tokio::test(start_paused = true)]
    async fn who_comes_after_one_that_was_stopped_waits_for_the_rest_of_its_reservation_only() {
        let rig = Rig::new(None, "64KiB");
        rig.pass(MIB).await;
        let begun = Instant::now();
        for _ in 0..20 {
            let stopped = rig.waiting(MIB).await;
            stopped.abort();
            assert!(stopped.await.unwrap_err().is_cancelled());
        }
        rig.pass(1).await;
        assert_about(begun.elapsed(), 0.25);
    }

    #[tokio::test(start_paused = true)]
    async fn a_process_keeps_the_limit_alone_while_the_line_cannot_be_shared() {
        let rig = Rig::new(Some(Arc::new(Away)), "1MiB");
        assert_about(rig.pass(10 * MIB).await, 10.0);
    }
}
