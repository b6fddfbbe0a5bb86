//! What each kind of task does.

mod alive;
mod callback;
mod clean;
mod clearing;
mod fetch;
mod finish;
mod lease;
mod plan;
mod prune;
mod remove;
mod reporter;
mod slice;
mod unit;
mod verify;

use std::fmt::Display;
use std::time::Duration;

use backon::Retryable as _;
use hfd_shared::blocking::blocking;
use hfd_shared::cache::CacheError;
use hfd_shared::control::ControlError;
use hfd_shared::job::{Event, Job, Outcome, Task, TaskKind, Work};
use hfd_shared::metrics::{self, RetryReason};
use hfd_shared::ports::{Claimed, StoreError};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::environment::Environment;
use crate::fence::Fence;
use crate::transfer::disk_delays;
use alive::alive;

/// When a task that needs the volume is tried again, by this worker or another.
const VOLUME_DELAY: Duration = Duration::from_secs(5);

/// How long work may take to stop: it syncs what has arrived.
const LET_GO_AFTER: Duration = Duration::from_mins(2);

/// How a task ended.
#[derive(Debug)]
pub(crate) enum Ending {
    /// Its result is in the store, or the store did not want it any more.
    Settled,
    /// It cannot be done now.
    Later {
        /// When to try again.
        delay: Duration,
        /// What it waits for, for people to read.
        waiting: Option<String>,
    },
    /// It was told to stop and has recorded how far it was.
    Stopped,
    /// The job cannot be done.
    Failed(String),
}

/// Does a task that was claimed. `stop` is cancelled when the job no longer wants it or the process ends, the fence is
/// open as long as the claim is known to hold.
pub(crate) async fn perform(
    env: &Environment,
    job: &Job,
    claimed: &Claimed,
    fence: &Fence,
    stop: &CancellationToken,
) -> Result<Ending, StoreError> {
    let stop = &stop.child_token();
    let work = Box::pin(async {
        match claimed.task.kind {
            TaskKind::Fetch(unit) if job.request.work == Work::Verify => {
                verify::check(env, job, claimed, unit, stop).await
            }
            TaskKind::Fetch(unit) => fetch::perform(env, job, claimed, unit, stop).await,
            _ => alive(env, job, claimed, fence, stop, perform_short(env, job, claimed, fence, stop)).await,
        }
    });
    let ending = let_go(stop, work).await?;
    if matches!(ending, Ending::Settled) {
        env.outages.are_over(&claimed.task);
    }
    Ok(ending)
}

/// Lets go of work that was told to stop and does not. Its volume hangs: what blocks there goes on by itself, and others can have
/// the task and its blobs.
async fn let_go<E>(stop: &CancellationToken, work: impl Future<Output = Result<Ending, E>>) -> Result<Ending, E> {
    let is_late = async {
        stop.cancelled().await;
        tokio::time::sleep(LET_GO_AFTER).await;
    };
    tokio::select! {
        biased;
        ended = work => ended,
        () = is_late => Ok(Ending::Stopped),
    }
}

/// What becomes of a task when the volume is gone, whatever came of it so far; none when the volume is there.
pub(crate) async fn without_volume(env: &Environment) -> Option<Ending> {
    let volume = env.check_volume().await.err()?;
    Some(until_volume(volume.to_string()))
}

/// Puts a task off until the volume may be back.
fn until_volume(waiting: String) -> Ending {
    Ending::Later { delay: VOLUME_DELAY, waiting: Some(waiting) }
}

/// What becomes of a task that the volume refused. One that was gone may be back already.
fn refused(error: &CacheError) -> Ending {
    match error {
        CacheError::Unmounted { .. } => until_volume(error.to_string()),
        error => Ending::Failed(error.to_string()),
    }
}

/// Does something on the volume that may be done again, and does it again where that may help.
async fn on_volume<T: Send + 'static>(
    operation: impl Fn() -> Result<T, CacheError> + Clone + Send + 'static,
) -> Result<T, CacheError> {
    (|| blocking(operation.clone()))
        .retry(disk_delays())
        .sleep(tokio::time::sleep)
        .when(may_pass)
        .notify(note_retry)
        .await
}

/// Notes that the volume is asked once more.
fn note_retry(error: &impl Display, delay: Duration) {
    metrics::retried(RetryReason::Disk);
    warn!(%error, ?delay, "trying again");
}

/// Whether the volume may do it a moment later. What is not there now will not be there then.
fn may_pass(error: &CacheError) -> bool {
    error.is_transient() && !error.is_not_found()
}

/// What becomes of a task that failed because a server is away.
async fn during_outage(env: &Environment, task: &Task, error: String) -> Result<Ending, StoreError> {
    // One that is gone is told so when it puts the task off.
    let progress = env.store.snapshot(task.job).await?.map(|snapshot| snapshot.progress).unwrap_or_default();
    Ok(match env.outages.try_again(task, &progress) {
        Some(delay) => Ending::Later { delay, waiting: Some(error) },
        None => Ending::Failed(error),
    })
}

/// Does a task that moves no data.
async fn perform_short(
    env: &Environment,
    job: &Job,
    claimed: &Claimed,
    fence: &Fence,
    stop: &CancellationToken,
) -> Result<Ending, StoreError> {
    match (claimed.task.kind, job.request.work) {
        (TaskKind::Clean, _) => clean::perform(env, job, claimed, fence, stop).await,
        (TaskKind::Callback, _) => callback::perform(env, job, claimed, stop).await,
        (_, Work::Remove(removal)) => remove::perform(env, job, claimed, removal, fence).await,
        (_, Work::Prune) => prune::perform(env, job, claimed, fence).await,
        (TaskKind::Finish, Work::Download) => finish::perform(env, job, claimed, fence, stop).await,
        (TaskKind::Finish, Work::Verify) => verify::finish(env, job, claimed).await,
        (_, Work::Download) => plan::perform(env, job, claimed, stop).await,
        (_, Work::Verify) => verify::plan(env, job, claimed, stop).await,
    }
}

/// Completes the task's job; `outcome` is what it did to the cache, unless it is a download. What was done without the volume
/// counts for nothing.
async fn complete(env: &Environment, claimed: &Claimed, outcome: Option<Outcome>) -> Result<Ending, StoreError> {
    if let Some(later) = without_volume(env).await {
        return Ok(later);
    }
    end_job(env, claimed, &Event::Complete { epoch: claimed.task.epoch, outcome }).await?;
    Ok(Ending::Settled)
}

/// Ends the task's job, unless the job went another way or the task into other hands in the meantime.
pub(crate) async fn end_job(env: &Environment, claimed: &Claimed, event: &Event) -> Result<(), StoreError> {
    match env.jobs.end(claimed, event).await {
        Err(ControlError::Store(error)) => Err(error),
        Ok(_) | Err(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::future::pending;
    use std::io;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::time::{Instant, sleep};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_volume_that_fails_for_a_moment_is_asked_again_and_one_that_has_nothing_is_not() {
        let tried = Arc::new(AtomicUsize::new(0));
        let failing = |kind: io::ErrorKind, times: usize| {
            let tried = Arc::clone(&tried);
            tried.store(0, Ordering::SeqCst);
            let fails = move || tried.fetch_add(1, Ordering::SeqCst) < times;
            on_volume(move || if fails() { Err(CacheError::reading("a", kind.into())) } else { Ok(()) })
        };
        failing(io::ErrorKind::StaleNetworkFileHandle, 2).await.unwrap();
        assert!(failing(io::ErrorKind::StaleNetworkFileHandle, 99).await.is_err());
        assert_eq!(tried.load(Ordering::SeqCst), 4);
        assert!(failing(io::ErrorKind::NotFound, 99).await.is_err());
        assert_eq!(tried.load(Ordering::SeqCst), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn work_that_hangs_is_let_go_some_time_after_it_was_told_to_stop() {
        let (stop, begun) = (CancellationToken::new(), Instant::now());
        let tell = async {
            sleep(LET_GO_AFTER).await;
            stop.cancel();
            pending::<()>().await;
        };
        let ending = tokio::select! {
            ending = let_go(&stop, pending::<Result<Ending, Infallible>>()) => ending,
            () = tell => unreachable!(),
        };
        assert!(matches!(ending, Ok(Ending::Stopped)));
        assert_eq!(begun.elapsed(), 2 * LET_GO_AFTER);
    }

    #[tokio::test(start_paused = true)]
    async fn work_that_stops_when_told_to_says_itself_how_it_ended() {
        let stop = CancellationToken::new();
        stop.cancel();
        let syncs = async {
            sleep(LET_GO_AFTER / 2).await;
            Ok::<_, Infallible>(Ending::Settled)
        };
        assert!(matches!(let_go(&stop, syncs).await, Ok(Ending::Settled)));
    }
}
