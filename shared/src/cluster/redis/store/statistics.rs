//! The store in numbers.

use std::time::Duration;

use super::RedisStore;
use crate::job::Job;
use crate::ports::{Statistics, StoreError};

/// Entries of the outbox that are looked at: those that are late come first.
const ENTRIES: usize = 200;

/// Jobs by status, the longest wait, the outbox, the longest delay.
type Answer = (u64, u64, u64, u64, u64, u64, u64);

/// See [`JobStore::statistics`](crate::ports::JobStore::statistics).
pub(super) async fn statistics(store: &RedisStore) -> Result<Statistics, StoreError> {
    let script = &store.scripts.statistics;
    let (queued, running, paused, ended, wait_ms, outbox, due_ms): Answer =
        store.client.run(script, |script| _ = script.arg(Job::TURNS).arg(ENTRIES)).await?;
    let (longest_wait, longest_due) = (Duration::from_millis(wait_ms), Duration::from_millis(due_ms));
    Ok(Statistics { queued, running, paused, ended, longest_wait, outbox, longest_due })
}
