//! The bandwidth: how many bytes a second all processes together may receive.

use std::num::NonZeroU64;
use std::time::Duration;

use async_trait::async_trait;

use super::StoreError;

/// Bytes that were not asked for in time are lost but for those of this time, so that small delays do not add up.
pub const BURST: Duration = Duration::from_millis(100);

/// A reservation is for a fraction of a second and a process has one at a time: a line that is not free by then was reserved by
/// a clock that has gone back since, and counts as free.
pub const FARTHEST: Duration = Duration::from_secs(30);

/// Reserves bytes on a line that all processes share.
#[async_trait]
pub trait Bandwidth: Send + Sync {
    /// Reserves so many bytes behind all that were reserved before, on a line of so many bytes a second. Returns how
    /// long to wait before they may be received. A rate that changes counts from the next reservation on.
    async fn reserve(&self, bytes: u64, bytes_per_second: NonZeroU64) -> Result<Duration, StoreError>;
}
