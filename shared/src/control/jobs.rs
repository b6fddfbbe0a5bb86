//! Creating jobs and moving them through their life.

use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;
use tracing::{Span, debug, info, warn};

use crate::job::{Event, Job, JobId, JobRequest, Priority, Refused, Snapshot, Status, Transition, transition};
use crate::metrics;
use crate::ports::{Change, Claimed, Committed, Condition, Creation, JobStore, StoreError};
use crate::trace::TraceContext;

/// How often the store is looked after, beside each change of a job.
const TICK: Duration = Duration::from_secs(5);

/// A job that others change all the time is given up after so many conflicts.
const MAX_CONFLICTS: usize = 100;

/// Jobs that are dismissed in one step: few enough that others do not wait.
const DISMISSED_AT_ONCE: usize = 500;

/// Why a job could not be created or changed.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// There is no such job.
    #[error("job {0} not found")]
    Unknown(JobId),
    /// The job is not in a state for this.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// A live job asks for the same.
    #[error("job {0} asks for the same and has not ended")]
    Duplicate(JobId),
    /// A live job of the same repository is in the way.
    #[error("job {0} of the same repository has to end first")]
    Blocked(JobId),
    /// The worker that wants the change does not have the task any more.
    #[error("the task of job {0} is in other hands")]
    NotHeld(JobId),
    /// The store failed; nothing was changed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The operating system gave no random number for the id.
    #[error("no random number for a job id: {0}")]
    Random(#[from] getrandom::Error),
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Submitted {
    /// A new job.
    Created(Snapshot),
    /// The live job that asks for the same.
    Existing(Snapshot),
    /// Nothing new: this live job of the same repository has to end first, for one of the two takes files away.
    Blocked(Snapshot),
}

/// Creates jobs and applies events to them.
#[derive(Clone)]
pub struct Jobs {
    store: Arc<dyn JobStore>,
    max_active: usize,
}

impl Jobs {
    /// At most `max_active` jobs run at a time, over all processes that share the store, unless its settings say otherwise.
    pub fn new(store: Arc<dyn JobStore>, max_active: usize) -> Self {
        Self { store, max_active }
    }

    /// Creates a job, or finds the live one that asks for the same; admits it if there is room. Exclusive work
    /// ([`Work::is_exclusive`](crate::job::Work::is_exclusive)) needs none: it is admitted at once.
    ///
    /// Its trace is that of the span in which this is called.
    pub async fn submit(&self, request: JobRequest, priority: Priority) -> Result<Submitted, ControlError> {
        let mut job = Job::new(JobId::random()?, request, OffsetDateTime::now_utc());
        job.priority = priority;
        job.trace = TraceContext::of(&Span::current());
        let id = job.id;
        match self.store.create(job).await? {
            // It is a duplicate of itself when the answer to a first try was lost.
            Creation::Created(job) | Creation::Duplicate(job) if job.id == id => {
                let request = &job.request;
                info!(job = %job.id, repo = %request.repo, revision = %request.revision, "job created");
                let created = self.snapshot(job.id).await?;
                self.admit_or_log().await;
                Ok(Submitted::Created(created))
            }
            Creation::Created(job) | Creation::Duplicate(job) => Ok(Submitted::Existing(self.snapshot(job.id).await?)),
            Creation::Blocked(job) => Ok(Submitted::Blocked(self.snapshot(job.id).await?)),
        }
    }

    /// Stops a running job for now.
    pub async fn pause(&self, id: JobId) -> Result<Job, ControlError> {
        self.apply(id, &Event::Pause).await
    }

    /// Queues a paused job again.
    pub async fn resume(&self, id: JobId) -> Result<Job, ControlError> {
        self.apply(id, &Event::Resume).await
    }

    /// Ends a job that has not ended.
    pub async fn cancel(&self, id: JobId) -> Result<Job, ControlError> {
        self.apply(id, &Event::Cancel).await
    }

    /// Queues a failed or cancelled job again, from its beginning.
    pub async fn retry(&self, id: JobId) -> Result<Job, ControlError> {
        self.apply(id, &Event::Retry).await
    }

    /// Forgets a job that has ended; its files stay in the cache.
    pub async fn dismiss(&self, id: JobId) -> Result<(), ControlError> {
        for attempt in 0..MAX_CONFLICTS {
            let Some(job) = self.store.job(id).await? else {
                // An answer of the store that was lost told of its removal.
                return if attempt == 0 { Err(ControlError::Unknown(id)) } else { Ok(()) };
            };
            if !job.status.is_terminal() {
                return Err(Refused::Status(job.status).into());
            }
            if self.store.remove(&[id]).await? > 0 {
                info!(job = %id, "job dismissed");
                return Ok(());
            }
        }
        Err(changed_too_often(id))
    }

    /// Forgets all jobs that have ended in one of these states; returns how many.
    pub async fn dismiss_ended(&self, statuses: &[Status]) -> Result<usize, ControlError> {
        let jobs = self.store.marks().await?.into_iter();
        let ids: Vec<JobId> = jobs.filter(|job| statuses.contains(&job.status)).map(|job| job.id).collect();
        let mut total = 0;
        for ids in ids.chunks(DISMISSED_AT_ONCE) {
            total += self.store.remove(ids).await?;
        }
        info!(jobs = total, "jobs dismissed");
        Ok(total)
    }

    /// Ends a job in the name of whoever has one of its tasks in hand, and of nobody else.
    pub async fn end(&self, claimed: &Claimed, event: &Event) -> Result<Job, ControlError> {
        self.apply_if(claimed.task.job, event, &Condition::Held(claimed.clone())).await
    }

    async fn apply(&self, id: JobId, event: &Event) -> Result<Job, ControlError> {
        self.apply_if(id, event, &Condition::Always).await
    }

    /// Applies an event, then admits what now has room.
    async fn apply_if(&self, id: JobId, event: &Event, condition: &Condition) -> Result<Job, ControlError> {
        let job = self.commit(id, event, condition).await?;
        if job.status.is_terminal() {
            metrics::job_ended(job.request.work.kind(), job.status);
        }
        info!(job = %job.id, status = job.status.as_str(), epoch = job.epoch.0, error = job.error, "job changed");
        self.admit_or_log().await;
        Ok(job)
    }

    /// The same after something that is done already; a sweeper makes up for an admission that fails.
    pub async fn admit_or_log(&self) {
        if let Err(error) = self.admit().await {
            warn!(%error, "no job admitted");
        }
    }

    /// Lets the jobs that have waited longest run, while there is room.
    pub async fn admit(&self) -> Result<(), StoreError> {
        let max_active = self.store.settings().await?.overrides.max_active(self.max_active);
        for _ in 0..MAX_CONFLICTS {
            let Some(id) = self.store.next_waiting().await? else { return Ok(()) };
            let Some(job) = self.store.job(id).await? else { continue };
            let Ok(Transition { job, effects }) = transition(&job, &Event::Admit, OffsetDateTime::now_utc()) else {
                continue;
            };
            let condition =
                if job.request.work.is_exclusive() { Condition::Always } else { Condition::Room { max_active } };
            match self.store.commit(Change { job, effects, condition }).await? {
                Committed::Applied(job) => info!(job = %job.id, "job admitted"),
                Committed::Conflict | Committed::Duplicate(_) | Committed::Blocked(_) => {
                    debug!(job = %id, "admission lost a race");
                }
                Committed::Unmet => return Ok(()),
            }
        }
        Ok(())
    }

    /// Looks after the store from time to time until it is dropped: that it is still the same, and that jobs are
    /// admitted, for a process that dies between a change and its admission leaves room that nobody takes.
    pub async fn tend(&self) {
        loop {
            match self.store.ready().await {
                Ok(()) => self.admit_or_log().await,
                Err(error) => warn!(%error, "store not ready"),
            }
            tokio::time::sleep(TICK).await;
        }
    }

    async fn commit(&self, id: JobId, event: &Event, condition: &Condition) -> Result<Job, ControlError> {
        for _ in 0..MAX_CONFLICTS {
            let job = self.store.job(id).await?.ok_or(ControlError::Unknown(id))?;
            let Transition { job, effects } = transition(&job, event, OffsetDateTime::now_utc())?;
            match self.store.commit(Change { job, effects, condition: condition.clone() }).await? {
                Committed::Applied(job) => return Ok(*job),
                Committed::Unmet => return Err(ControlError::NotHeld(id)),
                Committed::Duplicate(other) => return Err(ControlError::Duplicate(other)),
                Committed::Blocked(other) => return Err(ControlError::Blocked(other)),
                Committed::Conflict => {}
            }
        }
        Err(changed_too_often(id))
    }

    async fn snapshot(&self, id: JobId) -> Result<Snapshot, ControlError> {
        self.store.snapshot(id).await?.ok_or(ControlError::Unknown(id))
    }
}

fn changed_too_often(id: JobId) -> ControlError {
    StoreError::Unavailable(format!("job {id} changed {MAX_CONFLICTS} times in the meantime")).into()
}
