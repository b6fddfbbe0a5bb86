//! The Hub's budgets, shared by all processes on one Redis.
//!
//! Each budget is one small hash that ends with its window. The scripts read Redis' own clock, so that the clocks of the
//! processes need not agree.

use std::time::Duration;

use async_trait::async_trait;
use redis::Script;

use super::RedisClient;
use crate::ports::{Account, Bucket, Budget, HubLimiter, MAX_WINDOW, Permit, SAME_WINDOW, StoreError};

/// Lua counts exactly up to here; no Hub gives as many.
const MAX_REMAINING: u64 = 1 << 53;

/// A [`HubLimiter`] on Redis.
pub struct RedisLimiter {
    client: RedisClient,
    take: Script,
    announce: Script,
    hold: Script,
}

impl RedisLimiter {
    /// A limiter for all who use the same Redis and prefix.
    pub fn new(client: RedisClient) -> Self {
        Self {
            client,
            take: script!("limiter_take"),
            announce: script!("limiter_announce"),
            hold: script!("limiter_hold"),
        }
    }

    fn key(&self, account: &Account, bucket: Bucket) -> String {
        self.client.key(&format!("hub:{account}:{}", bucket.as_str()))
    }
}

#[async_trait]
impl HubLimiter for RedisLimiter {
    async fn take(&self, account: &Account, bucket: Bucket) -> Result<Permit, StoreError> {
        let key = self.key(account, bucket);
        let wait_ms: u64 = self
            .client
            .run(&self.take, |call| {
                call.key(&key);
            })
            .await?;
        Ok(if wait_ms == 0 { Permit::Go } else { Permit::Wait(Duration::from_millis(wait_ms)) })
    }

    async fn announce(&self, account: &Account, bucket: Bucket, budget: Budget) -> Result<(), StoreError> {
        let key = self.key(account, bucket);
        let remaining = budget.remaining.min(MAX_REMAINING);
        self.client
            .run(&self.announce, |call| {
                call.key(&key).arg(remaining).arg(bounded_ms(budget.resets_in)).arg(bounded_ms(SAME_WINDOW));
            })
            .await
    }

    async fn hold(&self, account: &Account, bucket: Bucket, wait: Duration) -> Result<(), StoreError> {
        let key = self.key(account, bucket);
        self.client
            .run(&self.hold, |call| {
                call.key(&key).arg(bounded_ms(wait));
            })
            .await
    }
}

fn bounded_ms(duration: Duration) -> u64 {
    u64::try_from(duration.min(MAX_WINDOW).as_millis()).unwrap_or(u64::MAX)
}
