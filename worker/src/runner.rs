//! Consumes tasks and answers for them: consume → claim → do → record → acknowledge.

use std::sync::Arc;
use std::time::Duration;

use hfd_shared::cache::CacheError;
use hfd_shared::control::{SettingsError, relay_outbox};
use hfd_shared::job::{Event, Task, TaskKind};
use hfd_shared::metrics::{self, LeaseKind, TaskInWork, TaskOutcome};
use hfd_shared::ports::{Claim, Claimed, Delivery, Lane, QueueError, Silence, StoreError, TaskConsumer, Verdict};
use hfd_shared::trace::joined;
use time::OffsetDateTime;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::field::Empty;
use tracing::{Instrument, Span, debug, error, info, info_span, warn};

use crate::environment::Environment;
use crate::fence::{Fence, Moment};
use crate::presence;
use crate::sweeper::sweep;
use crate::tasks::{self, Ending};
use crate::watch::Watch;

/// Plan, Finish and Clean tasks done at a time.
const CONTROL_SLOTS: usize = 2;

/// Callback tasks done at a time.
const CALLBACK_SLOTS: usize = 4;

/// A task that has begun so often without progress or an orderly end kills its workers: its job is failed.
const MAX_ATTEMPTS: u32 = 10;

/// How long everything gets to come to its end when the process stops: running tasks record and give back what they do.
const DRAIN: Duration = Duration::from_secs(23);

/// A worker that has room and gets nothing for so long looks for tasks that the queue has lost.
const IDLE: Duration = Duration::from_secs(20);

/// The time between two rounds of consuming.
const BACKOFF: Duration = Duration::from_secs(1);

/// Works until `stop` is cancelled, then drains: running tasks record how far they are and are given back.
pub async fn run(env: Arc<Environment>, stop: CancellationToken) {
    info!(worker = %env.name, slots = env.slots, "worker started");
    metrics::task_slots(env.slots);
    let watch = Watch::new(stop.clone());
    let control = Line::new(&env, &watch, Lane::Control, CONTROL_SLOTS);
    let callback = Line::new(&env, &watch, Lane::Callback, CALLBACK_SLOTS);
    let fetch = Line::new(&env, &watch, Lane::Fetch, env.slots);
    let beside = async {
        tokio::join!(
            relay_outbox(env.store.as_ref(), env.queue.as_ref(), env.bus.as_ref()),
            watch.listen(env.bus.as_ref(), env.store.as_ref()),
            sweep(&env),
            env.settings.follow(),
        )
    };
    let working = async {
        let lines = async { tokio::join!(control.consume(&stop), callback.consume(&stop), fetch.consume(&stop)) };
        tokio::join!(lines, stop.run_until_cancelled(beside));
        tokio::join!(control.drain(), callback.drain(), fetch.drain());
        env.queue.close().await;
    };
    let late = async {
        stop.cancelled().await;
        tokio::time::sleep(DRAIN).await;
    };
    tokio::select! {
        () = working => {}
        () = late => warn!(tasks = control.tasks.len() + callback.tasks.len() + fetch.tasks.len(), "stopped before all tasks were given back"),
        never = presence::show(&env, &stop) => match never {},
    }
    presence::leave(&env).await;
    info!(worker = %env.name, "worker stopped");
}

/// What takes the tasks of one lane.
struct Line {
    env: Arc<Environment>,
    watch: Arc<Watch>,
    lane: Lane,
    prefetch: usize,
    /// Tasks outlive the round in which they came: this bounds them over all rounds.
    slots: Arc<Semaphore>,
    tasks: TaskTracker,
}

/// Why no round, or no task, can begin.
#[derive(Debug, thiserror::Error)]
enum NotNow {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(transparent)]
    Queue(#[from] QueueError),
    #[error(transparent)]
    Volume(#[from] CacheError),
}

impl Line {
    fn new(env: &Arc<Environment>, watch: &Arc<Watch>, lane: Lane, slots: usize) -> Self {
        let (env, watch) = (Arc::clone(env), Arc::clone(watch));
        let tasks = TaskTracker::new();
        Self { env, watch, lane, prefetch: slots, slots: Arc::new(Semaphore::new(slots)), tasks }
    }

    /// Works in rounds: one ends when the consumer or the store is lost. Tasks that this process cannot record are left to
    /// workers that can.
    async fn consume(&self, stop: &CancellationToken) {
        while !stop.is_cancelled() {
            // What comes while all slots are taken, by tasks of the round before, would wait here though others are idle.
            stop.run_until_cancelled(self.slots.acquire()).await;
            let round = stop.child_token();
            match round.run_until_cancelled(self.begin()).await {
                Some(Ok(consumer)) => self.take(consumer, &round).await,
                Some(Err(error)) => warn!(lane = self.lane.name(), %error, "cannot consume"),
                None => return,
            }
            stop.run_until_cancelled(tokio::time::sleep(BACKOFF)).await;
        }
    }

    async fn begin(&self) -> Result<Box<dyn TaskConsumer>, NotNow> {
        self.env.store.ready().await?;
        if self.lane != Lane::Callback {
            self.env.check_volume().await?;
        }
        // A task that begins before the token is known would be refused by the Hub.
        self.env.settings.refresh().await?;
        Ok(self.env.queue.consume(self.lane, self.prefetch).await?)
    }

    async fn take(&self, mut consumer: Box<dyn TaskConsumer>, round: &CancellationToken) {
        loop {
            let slot = Arc::clone(&self.slots).acquire_owned();
            let Some(Ok(slot)) = round.run_until_cancelled(slot).await else { return };
            match round.run_until_cancelled(tokio::time::timeout(IDLE, consumer.next())).await {
                Some(Ok(Some(delivery))) => self.spawn(delivery, slot, round),
                Some(Ok(None)) | None => return,
                Some(Err(_)) => self.emit_lost().await,
            }
        }
    }

    fn spawn(&self, delivery: Delivery, slot: OwnedSemaphorePermit, round: &CancellationToken) {
        let (task, kind) = (delivery.task, delivery.task.kind.name());
        let span = info_span!("task", %task, trace_id = Empty, otel.kind = "consumer", otel.name = kind, otel.status_code = Empty);
        let span = joined(span, delivery.trace);
        let (env, watch, round) = (Arc::clone(&self.env), Arc::clone(&self.watch), round.clone());
        let answering = async move {
            answer(&env, &watch, delivery, &round).await;
            drop(slot);
        };
        self.tasks.spawn(answering.instrument(span));
    }

    /// Nothing comes though there is room, so nothing waits in the queue: what the store takes for waiting there is lost.
    async fn emit_lost(&self) {
        // Whoever holds a task keeps it as long as his lease, however idle others are.
        let held = IDLE.max(self.env.limits.lease_timeout);
        match self.env.store.emit_lost(Silence { held, waiting: IDLE, lane: Some(self.lane) }).await {
            Ok(0) => {}
            Ok(emitted) => info!(emitted, "tasks that the queue has lost emitted again"),
            Err(error) => warn!(%error, "no look for lost tasks"),
        }
    }

    async fn drain(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }
}

async fn answer(env: &Environment, watch: &Arc<Watch>, delivery: Delivery, round: &CancellationToken) {
    let task = delivery.task;
    let performed: Result<Handled, NotNow> = async {
        // A worker without its volume fails each task at once, and would get all of them.
        if task.kind != TaskKind::Callback {
            env.check_volume().await?;
        }
        Ok(perform(env, watch, task, delivery.published_at).await?)
    }
    .await;
    let answered = match performed {
        Ok(Handled::Recorded) => delivery.acknowledge().await,
        Ok(Handled::GivenUp) => delivery.reject().await,
        // Nobody else could read it either.
        Err(NotNow::Store(error @ StoreError::Corrupt { .. })) => {
            error!(%task, %error, "task kept aside");
            delivery.reject().await
        }
        Err(error) => {
            warn!(%task, %error, "task given back");
            round.cancel();
            delivery.give_back().await
        }
    };
    if let Err(QueueError::Unavailable(reason)) = answered {
        debug!(%task, reason, "delivery not answered; it will come again");
    }
}

/// What became of a task.
enum Handled {
    /// What was done is in the store, or there was nothing to do.
    Recorded,
    /// It killed its workers again and again.
    GivenUp,
}

/// Does a task. Only a failure of the store is an error: then nobody knows what was recorded, and the task comes again.
async fn perform(
    env: &Environment,
    watch: &Arc<Watch>,
    task: Task,
    published_at: Option<OffsetDateTime>,
) -> Result<Handled, StoreError> {
    let watched = watch.begin(&task);
    let claimed = Claimed { task, holder: env.holder() };
    let fence = Fence::new(Moment::now(), env.limits.lease_timeout);
    let (job, attempt) = match env.store.claim(&claimed, env.limits.lease_timeout).await? {
        Claim::Go { job, attempt } => (job, attempt),
        void @ (Claim::Busy | Claim::Void) => {
            debug!(%task, ?void, "task dropped");
            return Ok(Handled::Recorded);
        }
    };
    if attempt > MAX_ATTEMPTS {
        let error = format!("gave up: {} began {MAX_ATTEMPTS} times without an orderly end or progress", task.kind);
        return fail(env, &claimed, error).await.map(|()| Handled::GivenUp);
    }
    if let Some(published_at) = published_at {
        // Of another machine's clock: one that is ahead makes no time negative.
        metrics::task_waited(task.kind, (OffsetDateTime::now_utc() - published_at).try_into().unwrap_or_default());
    }
    let in_work = TaskInWork::begin(task.kind);
    let _at_work = env.presence.begin(&job, &claimed);
    debug!(%task, attempt, "task begins");
    if let Err(error) = env.settings.refresh().await {
        debug!(%error, "going on with the settings from before");
    }
    let performed = match tasks::perform(env, &job, &claimed, &fence, watched.token()).await {
        Ok(Ending::Failed(error)) => Ok(tasks::without_volume(env).await.unwrap_or(Ending::Failed(error))),
        performed => performed,
    };
    in_work.end(outcome(&performed));
    match performed? {
        Ending::Settled => {}
        Ending::Later { delay, waiting } => _ = env.store.put_off(&claimed, delay, waiting).await?,
        Ending::Stopped => {
            let verdict = env.store.put_off(&claimed, Duration::ZERO, None).await?;
            if verdict == Verdict::Stop && !watched.token().is_cancelled() {
                note_taken_over(env, &claimed).await?;
            }
        }
        Ending::Failed(error) => fail(env, &claimed, error).await?,
    }
    Ok(Handled::Recorded)
}

/// The task is not this worker's any more. Unless its job went another way, somebody has taken it over.
async fn note_taken_over(env: &Environment, claimed: &Claimed) -> Result<(), StoreError> {
    let job = env.store.job(claimed.task.job).await?;
    if job.is_some_and(|job| job.epoch == claimed.task.epoch && !job.status.is_terminal()) {
        metrics::lease_lost(LeaseKind::Task);
        warn!(task = %claimed.task, "task lost to another worker");
    }
    Ok(())
}

fn outcome(performed: &Result<Ending, StoreError>) -> TaskOutcome {
    match performed {
        Ok(Ending::Settled) => TaskOutcome::Settled,
        Ok(Ending::Later { .. }) => TaskOutcome::PutOff,
        Ok(Ending::Stopped) => TaskOutcome::Stopped,
        Ok(Ending::Failed(_)) => TaskOutcome::Failed,
        Err(_) => TaskOutcome::Unrecorded,
    }
}

async fn fail(env: &Environment, claimed: &Claimed, error: String) -> Result<(), StoreError> {
    warn!(task = %claimed.task, error, "task failed");
    Span::current().record("otel.status_code", "ERROR");
    tasks::end_job(env, claimed, &Event::Fail { epoch: claimed.task.epoch, error }).await?;
    // The end of the job voids its tasks; one of a job that had ended before is closed here.
    env.store.settle(claimed).await.map(drop)
}
