//! Keeps a process that slept from touching what is in other hands by now.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// A moment since this machine started, by a clock that goes on while the process is stopped and while the machine is suspended,
/// which [`Instant`](std::time::Instant) does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(Duration);

impl Moment {
    pub(crate) fn now() -> Self {
        // It is never before the start.
        Self(Duration::try_from(clock_gettime(ClockId::Boottime)).unwrap_or_default())
    }

    pub(crate) fn elapsed(self) -> Duration {
        Self::now().0.saturating_sub(self.0)
    }
}

/// Until when a lease is known to hold. A clone is the same fence.
#[derive(Debug, Clone)]
pub(crate) struct Fence {
    /// Milliseconds since this machine started.
    open_until_ms: Arc<AtomicU64>,
    is_closed: Arc<AtomicBool>,
}

impl Fence {
    /// Open for so long after the lease was asked for.
    pub(crate) fn new(asked_at: Moment, ttl: Duration) -> Self {
        Self { open_until_ms: Arc::new(AtomicU64::new(millis(asked_at.0 + ttl))), is_closed: Arc::default() }
    }

    /// The lease was renewed.
    pub(crate) fn extend(&self, asked_at: Moment, ttl: Duration) {
        self.open_until_ms.fetch_max(millis(asked_at.0 + ttl), Ordering::Relaxed);
    }

    /// The lease is over, whatever was heard of it.
    pub(crate) fn close(&self) {
        self.is_closed.store(true, Ordering::Relaxed);
    }

    /// Whether the lease is known to hold now.
    pub(crate) fn is_open(&self) -> bool {
        !self.is_closed.load(Ordering::Relaxed) && millis(Moment::now().0) < self.open_until_ms.load(Ordering::Relaxed)
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fence_is_open_as_long_as_the_lease_holds() {
        let (now, ttl) = (Moment::now(), Duration::from_mins(1));
        assert!(Fence::new(now, ttl).is_open());
        let short = Duration::from_millis(10);
        let slept = Fence::new(Moment(now.0.saturating_sub(3 * short)), short);
        assert!(!slept.is_open());
        slept.extend(Moment(now.0.saturating_sub(2 * short)), short);
        assert!(!slept.is_open(), "a renewal that was asked for too long ago");
        slept.extend(now, ttl);
        assert!(slept.is_open());
        slept.close();
        slept.extend(now, 2 * ttl);
        assert!(!slept.is_open(), "one that is over");
    }
}
