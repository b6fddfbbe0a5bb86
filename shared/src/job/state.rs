//! The state machine of a job, written once and pure. Adapters only commit its result.
//!
//! | from \ event       | admit   | pause  | resume | cancel    | complete  | fail   | retry  |
//! |--------------------|---------|--------|--------|-----------|-----------|--------|--------|
//! | queued             | running | -      | -      | cancelled | -         | -      | -      |
//! | running            | -       | paused | -      | cancelled | completed | failed | -      |
//! | running, exclusive | -       | -      | -      | -         | completed | failed | -      |
//! | paused             | -       | -      | queued | cancelled | -         | -      | -      |
//! | completed          | -       | -      | -      | -         | -         | -      | -      |
//! | failed, cancelled  | -       | -      | -      | -         | -         | -      | queued |

use time::OffsetDateTime;

use super::{Epoch, Job, Outcome, Status, Task, TaskKind, Work, WorkKind};

/// Something that happens to a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// There is room for it to run.
    Admit,
    /// Its user wants it to stop for now.
    Pause,
    /// Its user wants it to go on.
    Resume,
    /// Its user no longer wants it.
    Cancel,
    /// A worker has done everything.
    Complete {
        /// The epoch that the worker worked for.
        epoch: Epoch,
        /// What it did to the cache; none for a download.
        outcome: Option<Outcome>,
    },
    /// A worker could not do it.
    Fail {
        /// The epoch that the worker worked for.
        epoch: Epoch,
        /// What failed, on what, and what to do.
        error: String,
    },
    /// Its user wants it done after all, from the beginning.
    Retry,
}

/// What has to happen in the same atomic step as the change of the job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Open this task and put it into the outbox. All tasks of older epochs are void.
    Enqueue(Task),
}

/// The outcome of an event: the job as it is afterwards, and what goes with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transition {
    /// The changed job; its version is still the one it was made from.
    pub job: Job,
    /// The effects to commit with it.
    pub effects: Vec<Effect>,
}

/// Why an event does not apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The job is not in a state in which this can happen.
    #[error("not possible while the job is {}", .0.as_str())]
    Status(Status),
    /// The job takes files away: once begun it goes on to its end.
    #[error("a {} that runs cannot be stopped; it ends within moments", .0.as_str())]
    Exclusive(WorkKind),
    /// The event comes from an epoch that is over.
    #[error("the event belongs to an older epoch of the job")]
    Stale,
}

/// Applies an event to a job.
///
/// # Errors
/// [`Refused`] when the event is not in the table for the job's status, or is of an older epoch.
pub fn transition(job: &Job, event: &Event, now: OffsetDateTime) -> Result<Transition, Refused> {
    if let Event::Complete { epoch, .. } | Event::Fail { epoch, .. } = event
        && *epoch != job.epoch
    {
        return Err(Refused::Stale);
    }
    let mut next = job.clone();
    let mut effects = Vec::new();
    match (job.status, event) {
        (Status::Queued, Event::Admit) => {
            next.status = Status::Running;
            next.attempts = job.attempts.max(1);
            next.started_at = next.started_at.or(Some(now));
            effects.push(enqueue(&next, TaskKind::Plan));
        }
        (Status::Running, Event::Pause | Event::Cancel) if job.request.work.is_exclusive() => {
            return Err(Refused::Exclusive(job.request.work.kind()));
        }
        (Status::Running, Event::Pause) => {
            next.status = Status::Paused;
            next.epoch = job.epoch.next();
        }
        (Status::Paused, Event::Resume) => {
            next.status = Status::Queued;
            next.epoch = job.epoch.next();
        }
        (Status::Queued | Status::Running | Status::Paused, Event::Cancel) => {
            next.status = Status::Cancelled;
            next.epoch = job.epoch.next();
            if job.request.work == Work::Download {
                effects.push(enqueue(&next, TaskKind::Clean));
            }
        }
        (Status::Running, Event::Complete { outcome, .. }) => {
            next.status = Status::Completed;
            next.outcome.clone_from(outcome);
        }
        (Status::Running, Event::Fail { error, .. }) => {
            next.status = Status::Failed;
            next.epoch = job.epoch.next();
            next.error = Some(error.clone());
        }
        (Status::Failed | Status::Cancelled, Event::Retry) => begin_anew(&mut next),
        (status, _) => return Err(Refused::Status(status)),
    }
    if next.status.is_terminal() {
        next.ended_at = Some(now);
        if next.request.callback.is_some() {
            effects.push(enqueue(&next, TaskKind::Callback));
        }
    }
    Ok(Transition { job: next, effects })
}

/// Puts an ended job back to where it began; the revision is resolved anew.
fn begin_anew(job: &mut Job) {
    job.status = Status::Queued;
    job.epoch = job.epoch.next();
    job.attempts = job.attempts.saturating_add(1);
    job.commit = None;
    job.error = None;
    job.started_at = None;
    job.ended_at = None;
}

fn enqueue(job: &Job, kind: TaskKind) -> Effect {
    Effect::Enqueue(Task { job: job.id, epoch: job.epoch, kind })
}

#[cfg(test)]
mod tests;
