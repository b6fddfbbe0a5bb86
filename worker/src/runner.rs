//! Consumes tasks and answers for them: consume → claim → do → record → acknowledge.

use std::sync::Arc;
use std::time::Duration;

use hfd_shared::control::relay_outbox;
use hfd_shared::job::{Event, Task};
use hfd_shared::ports::{Claim, Delivery, Lane, QueueError, StoreError};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, error, info, warn};

use crate::environment::Environment;
use crate::sweeper::sweep;
use crate::tasks::{self, Outcome};
use crate::watch::Watch;

/// Plan, Finish and Clean tasks done at a time.
const CONTROL_SLOTS: usize = 2;

/// A task that has begun so often without progress or an orderly end kills its workers: its job is failed.
const MAX_ATTEMPTS: u32 = 10;

/// How long running tasks get to record and give back what they do when the process stops.
const DRAIN: Duration = Duration::from_secs(25);

const STORE_BACKOFF: Duration = Duration::from_secs(2);

/// Works until `stop` is cancelled, then drains: running tasks record how far they are and are given back.
pub async fn run(env: Arc<Environment>, stop: CancellationToken) {
    info!(worker = env.name, slots = env.slots, "worker started");
    let watch = Watch::new(stop.clone());
    let tasks = TaskTracker::new();
    tokio::join!(
        consume(&env, &watch, &tasks, Lane::Control, CONTROL_SLOTS, &stop),
        consume(&env, &watch, &tasks, Lane::Fetch, env.slots, &stop),
        relay_outbox(env.store.as_ref(), env.queue.as_ref(), env.bus.as_ref(), &stop),
        watch.listen(env.bus.as_ref(), env.store.as_ref()),
        sweep(&env, &stop),
    );
    tasks.close();
    if tokio::time::timeout(DRAIN, tasks.wait()).await.is_err() {
        warn!(tasks = tasks.len(), "stopped before all tasks were given back");
    }
    info!(worker = env.name, "worker stopped");
}

async fn consume(
    env: &Arc<Environment>,
    watch: &Arc<Watch>,
    tasks: &TaskTracker,
    lane: Lane,
    slots: usize,
    stop: &CancellationToken,
) {
    while !stop.is_cancelled() {
        let mut consumer = match env.queue.consume(lane, slots).await {
            Ok(consumer) => consumer,
            Err(error) => {
                warn!(?lane, %error, "cannot consume");
                tokio::time::sleep(STORE_BACKOFF).await;
                continue;
            }
        };
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                delivery = consumer.next() => {
                    let Some(delivery) = delivery else {
                        tokio::time::sleep(STORE_BACKOFF).await;
                        break;
                    };
                    let (env, watch) = (Arc::clone(env), Arc::clone(watch));
                    tasks.spawn(async move { answer(&env, &watch, delivery).await });
                }
            }
        }
    }
}

async fn answer(env: &Environment, watch: &Arc<Watch>, delivery: Delivery) {
    let task = delivery.task;
    let answered = match perform(env, watch, task).await {
        Ok(()) => delivery.acknowledge().await,
        // Nobody else could read it either.
        Err(error @ StoreError::Corrupt { .. }) => {
            error!(%task, %error, "task dropped");
            delivery.acknowledge().await
        }
        Err(error) => {
            warn!(%task, %error, "task given back");
            tokio::time::sleep(STORE_BACKOFF).await;
            delivery.give_back().await
        }
    };
    if let Err(QueueError::Unavailable(reason)) = answered {
        debug!(%task, reason, "delivery not answered; it will come again");
    }
}

/// Does a task. Only a failure of the store is an error: then nobody knows what was recorded, and the task comes again.
async fn perform(env: &Environment, watch: &Arc<Watch>, task: Task) -> Result<(), StoreError> {
    let watched = watch.begin(&task);
    let Claim::Go { job, attempt } = env.store.claim(&task).await? else {
        debug!(%task, "void task dropped");
        return Ok(());
    };
    if attempt > MAX_ATTEMPTS {
        let error = format!("gave up: {} began {MAX_ATTEMPTS} times without an orderly end or progress", task.kind);
        return fail(env, &task, error).await;
    }
    debug!(%task, attempt, "task begins");
    match tasks::perform(env, &job, &task, watched.token()).await? {
        Outcome::Settled => Ok(()),
        Outcome::Later { delay, waiting } => env.store.defer(&task, delay, waiting).await.map(drop),
        Outcome::Stopped => env.store.defer(&task, Duration::ZERO, None).await.map(drop),
        Outcome::Failed(error) => fail(env, &task, error).await,
    }
}

async fn fail(env: &Environment, task: &Task, error: String) -> Result<(), StoreError> {
    warn!(%task, error, "task failed");
    tasks::end_job(env, task, &Event::Fail { epoch: task.epoch, error }).await?;
    // The end of the job voids its tasks; one of a job that had ended before is closed here.
    env.store.settle(task).await.map(drop)
}
