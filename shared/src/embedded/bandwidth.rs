//! The bandwidth of one process.

use std::num::NonZeroU64;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use crate::lock::lock;
use crate::ports::{BURST, Bandwidth, FARTHEST, StoreError};

/// A [`Bandwidth`] for the connections of this process.
#[derive(Debug, Default)]
pub struct LocalBandwidth {
    /// When all bytes that are reserved will have passed.
    free_at: Mutex<Option<Instant>>,
}

impl LocalBandwidth {
    /// A line on which nothing is reserved.
    pub fn new() -> Self {
        Self::default()
    }

    /// [`reserve`](Bandwidth::reserve), which cannot fail here.
    pub fn reserve_alone(&self, bytes: u64, bytes_per_second: NonZeroU64) -> Duration {
        let now = Instant::now();
        let idle = now.checked_sub(BURST).unwrap_or(now);
        let mut free_at = lock(&self.free_at);
        let free = free_at.map_or(idle, |free| if free > now + FARTHEST { now } else { free });
        let begin = free.max(idle);
        *free_at = Some(begin + time_of(bytes, bytes_per_second));
        begin.saturating_duration_since(now)
    }
}

#[async_trait]
impl Bandwidth for LocalBandwidth {
    async fn reserve(&self, bytes: u64, bytes_per_second: NonZeroU64) -> Result<Duration, StoreError> {
        Ok(self.reserve_alone(bytes, bytes_per_second))
    }
}

fn time_of(bytes: u64, bytes_per_second: NonZeroU64) -> Duration {
    let micros = u128::from(bytes) * 1_000_000 / u128::from(bytes_per_second.get());
    Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
}
