//! Moves tasks from the store's outbox to the queue. Every process runs one: a crash between store and queue loses nothing.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::ports::{EventBus, JobStore, StoreError, TaskQueue};

/// How many entries are taken at a time, and for how long they are hidden from other relays.
const BATCH: usize = 64;
const LEASE: Duration = Duration::from_secs(30);

/// How often delayed entries are looked for; new ones are announced by their job's doorbell.
const TICK: Duration = Duration::from_millis(500);

/// Relays until the token is cancelled.
pub async fn relay_outbox(store: &dyn JobStore, queue: &dyn TaskQueue, bus: &dyn EventBus, stop: &CancellationToken) {
    let mut doorbells = bus.subscribe().await;
    while !stop.is_cancelled() {
        match relay_due(store, queue).await {
            Ok(0) => {
                tokio::select! {
                    () = stop.cancelled() => return,
                    heard = doorbells.next() => if heard.is_none() {
                        tokio::time::sleep(TICK).await;
                        doorbells = bus.subscribe().await;
                    },
                    () = tokio::time::sleep(TICK) => {}
                }
            }
            Ok(_) => {}
            Err(error) => {
                warn!(%error, "outbox not relayed");
                tokio::time::sleep(TICK).await;
            }
        }
    }
}

async fn relay_due(store: &dyn JobStore, queue: &dyn TaskQueue) -> Result<usize, StoreError> {
    let due = store.take_due(BATCH, LEASE).await?;
    for entry in &due {
        match queue.publish(&entry.task).await {
            Ok(()) => store.acknowledge_due(&entry.id).await?,
            // The entry stays in the outbox and is due again when the lease ends.
            Err(error) => warn!(task = %entry.task, %error, "task not published"),
        }
    }
    Ok(due.len())
}
