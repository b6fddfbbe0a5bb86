//! Tells the roster that this worker lives and what it does.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use hfd_shared::job::Job;
use hfd_shared::lock::lock;
use hfd_shared::ports::{Claimed, Downloaded, StoreError, TaskState, WorkerState};
use time::OffsetDateTime;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::debug;

use crate::environment::Environment;
use crate::rate::Rate;

/// The least time between two heartbeats, however fast tasks begin and end.
const PAUSE: Duration = Duration::from_secs(1);

/// How much longer it is when nothing begins and nothing ends.
const IDLE: Duration = Duration::from_secs(4);

/// A worker that is silent for so long is gone: three heartbeats.
const KEPT: Duration = Duration::from_secs(15);

/// How long the roster may take to hear that the worker ends; it finds out by itself otherwise.
const LEAVE_LIMIT: Duration = Duration::from_secs(1);

/// What this worker does now.
pub(crate) struct Presence {
    started_at: OffsetDateTime,
    /// By the number of the attempt, so in the order in which they were begun.
    tasks: Mutex<BTreeMap<u64, TaskState>>,
    changed: Notify,
    /// So many bytes of the engine has the roster confirmed.
    told: AtomicU64,
}

/// A task in work; shown until dropped.
pub(crate) struct AtWork<'a> {
    presence: &'a Presence,
    attempt: u64,
}

impl Presence {
    /// A worker that starts now.
    pub(crate) fn new() -> Self {
        Self {
            started_at: OffsetDateTime::now_utc(),
            tasks: Mutex::default(),
            changed: Notify::new(),
            told: AtomicU64::new(0),
        }
    }

    /// A task was claimed.
    pub(crate) fn begin(&self, job: &Job, claimed: &Claimed) -> AtWork<'_> {
        let (repo, kind) = (job.request.repo.clone(), claimed.task.kind);
        let task = TaskState { job: job.id, repo, kind, started_at: OffsetDateTime::now_utc() };
        let attempt = claimed.holder.attempt;
        self.lock().insert(attempt, task);
        self.changed.notify_one();
        AtWork { presence: self, attempt }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, TaskState>> {
        lock(&self.tasks)
    }
}

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        self.presence.lock().remove(&self.attempt);
        self.presence.changed.notify_one();
    }
}

/// Gives heartbeats until it is dropped.
pub(crate) async fn show(env: &Environment, stop: &CancellationToken) -> Infallible {
    let presence = &env.presence;
    let mut rate = Rate::default();
    loop {
        let draining = stop.is_cancelled();
        if let Err(error) = beat(env, &mut rate, draining).await {
            debug!(%error, "no heartbeat given");
        }
        sleep(PAUSE).await;
        let news = async {
            tokio::select! {
                () = presence.changed.notified() => {}
                () = stop.cancelled(), if !draining => {}
            }
        };
        // Without news the next one comes in its time.
        _ = timeout(IDLE, news).await;
    }
}

async fn beat(env: &Environment, rate: &mut Rate, draining: bool) -> Result<(), StoreError> {
    let presence = &env.presence;
    let total_bytes = env.engine.received.load(Ordering::Relaxed);
    let state = WorkerState {
        name: env.name.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started_at: presence.started_at,
        slots: env.slots,
        draining,
        bytes_per_second: rate.observe(total_bytes),
        tasks: presence.lock().values().cloned().collect(),
    };
    let told_bytes = presence.told.load(Ordering::Relaxed);
    env.roster.beat(&state, Downloaded { told_bytes, total_bytes }, KEPT).await?;
    presence.told.store(total_bytes, Ordering::Relaxed);
    Ok(())
}

/// Tells that the worker has ended, and what arrived since its last heartbeat.
pub(crate) async fn leave(env: &Environment) {
    let leave = async {
        beat(env, &mut Rate::default(), true).await?;
        env.roster.leave(&env.name).await
    };
    match timeout(LEAVE_LIMIT, leave).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => debug!(%error, "end not told"),
        Err(_) => debug!("end not told: no answer within {LEAVE_LIMIT:?}"),
    }
}
