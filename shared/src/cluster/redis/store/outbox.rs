//! The outbox, what became of the tasks that left it, and the end of old jobs.

use std::time::Duration;

use super::{RedisStore, millis, rows};
use crate::job::JobId;
use crate::ports::{Due, Lane, Message, OutboxId, Retention, Silence, StoreError};

/// Tasks that one step emits again, and jobs that one step forgets, so that others do not wait.
const AT_ONCE: usize = 200;

/// See [`JobStore::take_due`](crate::ports::JobStore::take_due).
pub(super) async fn take_due(store: &RedisStore, limit: usize, lease: Duration) -> Result<Vec<Due>, StoreError> {
    let take = &store.scripts.take_due;
    let taken: Vec<(String, String)> =
        store.client.run(take, |script| _ = script.arg(limit).arg(millis(lease))).await?;
    let due = taken.into_iter().map(|(entry, trace)| {
        let corrupt = |error: crate::repo::Invalid| rows::corrupt(format!("outbox entry {entry}"), error);
        // The name of an entry is its place among those of the same time, and the task.
        let task = entry.split_once(' ').map_or("", |(_, task)| task).parse().map_err(corrupt)?;
        // A trace that cannot be read costs a line in a diagram, not the task.
        Ok(Due { message: Message { task, trace: trace.parse().ok() }, id: OutboxId(entry) })
    });
    due.collect()
}

/// See [`JobStore::acknowledge_due`](crate::ports::JobStore::acknowledge_due).
pub(super) async fn acknowledge_due(store: &RedisStore, OutboxId(entry): &OutboxId) -> Result<(), StoreError> {
    store.client.run(&store.scripts.acknowledge_due, |script| _ = script.arg(entry)).await
}

/// See [`JobStore::emit_lost`](crate::ports::JobStore::emit_lost).
pub(super) async fn emit_lost(store: &RedisStore, silence: Silence) -> Result<usize, StoreError> {
    let lane = silence.lane.map_or("", Lane::name);
    let mut total = 0;
    loop {
        let emit = store.client.run(&store.scripts.emit_lost, |script| {
            script.arg(millis(silence.held)).arg(millis(silence.waiting)).arg(lane).arg(AT_ONCE);
        });
        let emitted: usize = emit.await?;
        total += emitted;
        if emitted < AT_ONCE {
            return Ok(total);
        }
    }
}

/// See [`JobStore::trim`](crate::ports::JobStore::trim).
pub(super) async fn trim(store: &RedisStore, retention: Retention) -> Result<usize, StoreError> {
    let trim = &store.scripts.trim;
    let mut total = 0;
    loop {
        let forgotten: usize = store
            .client
            .run(trim, |script| _ = script.arg(retention.jobs).arg(millis(retention.age)).arg(AT_ONCE))
            .await?;
        total += forgotten;
        if forgotten < AT_ONCE {
            return Ok(total);
        }
    }
}

/// See [`JobStore::remove`](crate::ports::JobStore::remove).
pub(super) async fn remove(store: &RedisStore, jobs: &[JobId]) -> Result<usize, StoreError> {
    let mut total = 0;
    for jobs in jobs.chunks(AT_ONCE) {
        let remove = store.client.run(&store.scripts.remove, |script| {
            for id in jobs {
                script.arg(id.to_string());
            }
        });
        let removed: usize = remove.await?;
        total += removed;
    }
    Ok(total)
}
