//! What a [`Bandwidth`](crate::ports::Bandwidth) promises.

use std::num::NonZeroU64;
use std::time::{Duration, Instant};

use super::BandwidthRig;
use crate::ports::{BURST, FARTHEST};

/// Slow enough that the time between two calls is nothing beside the waits.
const MIB: u64 = 1 << 20;
/// What the calls of a case may take together.
const SLACK: Duration = Duration::from_secs(2);

impl BandwidthRig {
    async fn reserve(&self, bytes: u64, bytes_per_second: u64) -> Duration {
        self.line.reserve(bytes, NonZeroU64::new(bytes_per_second).unwrap()).await.unwrap()
    }

    /// Reserves, and is told to wait about so long.
    async fn assert_waits(&self, bytes: u64, bytes_per_second: u64, expected: Duration) {
        let wait = self.reserve(bytes, bytes_per_second).await;
        assert!(wait <= expected && wait + SLACK >= expected, "{wait:?} in place of {expected:?}");
    }
}

/// Nobody waits for a line that is free.
pub async fn the_first_bytes_need_not_wait(rig: &BandwidthRig) {
    assert_eq!(rig.reserve(20 * MIB, MIB).await, Duration::ZERO);
}

/// Each reservation begins where the one before ends.
pub async fn bytes_wait_for_those_before_them(rig: &BandwidthRig) {
    rig.reserve(10 * MIB, MIB).await;
    rig.assert_waits(15 * MIB, MIB, Duration::from_secs(10)).await;
    rig.assert_waits(MIB, MIB, Duration::from_secs(25)).await;
}

/// What is reserved keeps its time.
pub async fn another_rate_counts_for_what_comes_then(rig: &BandwidthRig) {
    rig.reserve(10 * MIB, MIB).await;
    rig.assert_waits(100 * MIB, 10 * MIB, Duration::from_secs(10)).await;
    rig.assert_waits(MIB, 10 * MIB, Duration::from_secs(20)).await;
}

/// A line that was idle gives the burst at once, and no more.
pub async fn time_that_nobody_used_is_lost_but_for_the_burst(rig: &BandwidthRig) {
    rig.reserve(1, 1_000_000).await;
    tokio::time::sleep(BURST * 4).await;
    let since = Instant::now();
    rig.reserve(1_000_000, 1_000_000).await;
    let wait = rig.reserve(1, 1_000_000).await;
    // The bytes of a second, of which one burst lies in the past.
    let ends_in = wait + since.elapsed();
    assert!(ends_in + BURST >= Duration::from_secs(1), "{ends_in:?}: more than one burst was saved up");
    assert!(wait + BURST <= Duration::from_secs(1), "{wait:?}: no burst was saved up");
}

/// Such as after a clock has gone back.
pub async fn a_line_that_is_reserved_farther_than_can_be_is_free(rig: &BandwidthRig) {
    rig.reserve(2 * FARTHEST.as_secs() * MIB, MIB).await;
    rig.assert_waits(10 * MIB, MIB, Duration::ZERO).await;
    rig.assert_waits(MIB, MIB, Duration::from_secs(10)).await;
}

/// Of many at once each has a time of its own.
pub async fn those_who_come_at_once_wait_one_after_the_other(rig: &BandwidthRig) {
    let all = (0..20).map(|_| rig.reserve(MIB, MIB));
    let mut waits = futures_util::future::join_all(all).await;
    waits.sort();
    let last = waits.last().copied().unwrap();
    let expected = Duration::from_secs(19);
    assert!(last <= expected && last + SLACK >= expected, "{waits:?}");
}
