//! Moves tasks from the store's outbox to the queue. Every process runs one: a crash between store and queue loses nothing.

use std::time::Duration;

use futures_util::FutureExt as _;
use tracing::field::Empty;
use tracing::{Instrument as _, info, info_span, warn};

use crate::ports::{EventBus, JobStore, Message, QueueError, StoreError, TaskQueue};
use crate::trace::{TraceContext, joined};

/// How many entries are taken at a time, and for how long they are hidden from other relays.
const BATCH: usize = 64;
const LEASE: Duration = Duration::from_secs(30);

/// How often delayed entries are looked for; new ones are announced by their job's doorbell.
const TICK: Duration = Duration::from_millis(500);

/// At least so long between two looks that find nothing: each report of progress rings a doorbell.
const PAUSE: Duration = Duration::from_millis(10);

/// Relays until it is dropped: an entry that was published and not removed is published again.
pub async fn relay_outbox(store: &dyn JobStore, queue: &dyn TaskQueue, bus: &dyn EventBus) {
    let mut doorbells = bus.subscribe().await;
    let mut has_failed = false;
    loop {
        let relayed = relay_due(store, queue).await;
        if has_failed != relayed.is_err() {
            has_failed = relayed.is_err();
            match &relayed {
                Ok(_) => info!("outbox relayed again"),
                Err(error) => warn!(%error, "outbox not relayed"),
            }
        }
        match relayed {
            Ok(0) => {
                tokio::time::sleep(PAUSE).await;
                // Those that have rung by now are answered with one look.
                let mut has_rung = false;
                while let Some(Some(_)) = doorbells.next().now_or_never() {
                    has_rung = true;
                }
                if has_rung {
                    continue;
                }
                tokio::select! {
                    heard = doorbells.next() => if heard.is_none() {
                        tokio::time::sleep(TICK).await;
                        doorbells = bus.subscribe().await;
                    },
                    () = tokio::time::sleep(TICK) => {}
                }
            }
            Ok(_) => {}
            Err(_) => tokio::time::sleep(TICK).await,
        }
    }
}

/// Why the outbox waits.
#[derive(Debug, thiserror::Error)]
enum RelayError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Queue(#[from] QueueError),
}

/// Publishes a task as a step of its trace, which whoever does the task goes on with.
async fn publish(queue: &dyn TaskQueue, message: Message) -> Result<(), QueueError> {
    let Message { task, trace } = message;
    let span = info_span!("publish", %task, trace_id = Empty, otel.kind = "producer");
    let span = joined(span, trace);
    let trace = TraceContext::of(&span).or(trace);
    queue.publish(&Message { task, trace }).instrument(span).await
}

async fn relay_due(store: &dyn JobStore, queue: &dyn TaskQueue) -> Result<usize, RelayError> {
    // What was taken is hidden for a while: nothing is taken while it cannot be published.
    queue.takes().await?;
    let due = store.take_due(BATCH, LEASE).await?;
    for entry in &due {
        publish(queue, entry.message).await?;
        store.acknowledge_due(&entry.id).await?;
    }
    Ok(due.len())
}
