//! The bandwidth of one process.

use std::num::NonZeroU64;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;

use crate::ports::{BURST, Bandwidth, StoreError};

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
}

#[async_trait]
impl Bandwidth for LocalBandwidth {
    async fn reserve(&self, bytes: u64, bytes_per_second: NonZeroU64) -> Result<Duration, StoreError> {
        let now = Instant::now();
        let mut free_at = self.free_at.lock().unwrap_or_else(PoisonError::into_inner);
        // The first bytes of all have no burst before them.
        let begin = free_at.map_or(now, |free_at| free_at.max(now.checked_sub(BURST).unwrap_or(now)));
        *free_at = Some(begin + time_of(bytes, bytes_per_second));
        Ok(begin.saturating_duration_since(now))
    }
}

fn time_of(bytes: u64, bytes_per_second: NonZeroU64) -> Duration {
    let micros = u128::from(bytes) * 1_000_000 / u128::from(bytes_per_second.get());
    Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
}
