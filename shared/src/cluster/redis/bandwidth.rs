//! The bandwidth of all processes on one Redis: the time at which the line is free, by Redis' own clock.

use std::num::NonZeroU64;
use std::time::Duration;

use async_trait::async_trait;
use redis::Script;

use super::RedisClient;
use crate::ports::{BURST, Bandwidth, FARTHEST, StoreError};

#[expect(clippy::cast_possible_truncation, reason = "seconds at most")]
const fn micros(time: Duration) -> u64 {
    time.as_micros() as u64
}

/// A [`Bandwidth`] on Redis.
pub struct RedisBandwidth {
    client: RedisClient,
    reserve: Script,
}

impl RedisBandwidth {
    /// The line of all who use the same Redis and prefix.
    pub fn new(client: RedisClient) -> Self {
        Self { client, reserve: script!("bandwidth_reserve") }
    }
}

#[async_trait]
impl Bandwidth for RedisBandwidth {
    async fn reserve(&self, bytes: u64, bytes_per_second: NonZeroU64) -> Result<Duration, StoreError> {
        let key = self.client.key("bandwidth");
        let wait_us: u64 = self
            .client
            .run(&self.reserve, |call| {
                call.key(&key).arg(bytes).arg(bytes_per_second.get()).arg(micros(BURST)).arg(micros(FARTHEST));
            })
            .await?;
        Ok(Duration::from_micros(wait_us))
    }
}
