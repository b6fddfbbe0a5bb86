//! Keeps a process that slept from touching what is in other hands by now.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Until when a lease is known to hold, by the clock of this machine, which goes on while the process is stopped. A clone is
/// the same fence.
#[derive(Debug, Clone)]
pub(crate) struct Fence {
    base: Instant,
    open_for_ms: Arc<AtomicU64>,
    is_closed: Arc<AtomicBool>,
}

impl Fence {
    /// Open for so long after the lease was asked for.
    pub(crate) fn new(asked_at: Instant, ttl: Duration) -> Self {
        Self { base: asked_at, open_for_ms: Arc::new(AtomicU64::new(millis(ttl))), is_closed: Arc::default() }
    }

    /// The lease was renewed.
    pub(crate) fn extend(&self, asked_at: Instant, ttl: Duration) {
        let open_for = asked_at.saturating_duration_since(self.base) + ttl;
        self.open_for_ms.fetch_max(millis(open_for), Ordering::Relaxed);
    }

    /// The lease is over, whatever was heard of it.
    pub(crate) fn close(&self) {
        self.is_closed.store(true, Ordering::Relaxed);
    }

    /// Whether the lease is known to hold now.
    pub(crate) fn is_open(&self) -> bool {
        !self.is_closed.load(Ordering::Relaxed)
            && millis(self.base.elapsed()) < self.open_for_ms.load(Ordering::Relaxed)
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
        let (now, ttl) = (Instant::now(), Duration::from_mins(1));
        let fence = Fence::new(now, ttl);
        assert!(fence.is_open());
        let slept = Fence::new(now.checked_sub(2 * ttl).unwrap(), ttl);
        assert!(!slept.is_open());
        slept.extend(now.checked_sub(ttl).unwrap(), ttl);
        assert!(!slept.is_open(), "a renewal that was asked for too long ago");
        slept.extend(now, ttl);
        assert!(slept.is_open());
        slept.close();
        slept.extend(now, 2 * ttl);
        assert!(!slept.is_open(), "one that is over");
    }
}
