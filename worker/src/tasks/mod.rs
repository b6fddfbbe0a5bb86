//! What each kind of task does.

mod clean;
mod fetch;
mod finish;
mod lease;
mod plan;
mod reporter;

use std::time::Duration;

use hfd_shared::control::ControlError;
use hfd_shared::job::{Event, Job, Task, TaskKind};
use hfd_shared::ports::StoreError;
use tokio_util::sync::CancellationToken;

use crate::environment::Environment;

/// How a task ended.
#[derive(Debug)]
pub(crate) enum Outcome {
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

/// Does a task that was claimed. `stop` is cancelled when the job no longer wants it or the process ends.
pub(crate) async fn perform(
    env: &Environment,
    job: &Job,
    task: &Task,
    stop: &CancellationToken,
) -> Result<Outcome, StoreError> {
    match task.kind {
        TaskKind::Plan => plan::perform(env, job, task, stop).await,
        TaskKind::Fetch(unit) => fetch::perform(env, job, task, unit, stop).await,
        TaskKind::Finish => finish::perform(env, job, task, stop).await,
        TaskKind::Clean => clean::perform(env, job, task).await,
    }
}

/// Ends the task's job, unless the job went another way in the meantime.
pub(crate) async fn end_job(env: &Environment, task: &Task, event: &Event) -> Result<(), StoreError> {
    match env.jobs.apply(task.job, event).await {
        Err(ControlError::Store(error)) => Err(error),
        Ok(_) | Err(ControlError::Unknown(_) | ControlError::Refused(_) | ControlError::Random(_)) => Ok(()),
    }
}
