//! Waits for jobs that a worker does while the client waits.

use std::time::Duration;

use hfd_shared::control::Submitted;
use hfd_shared::job::{JobId, JobRequest, Priority, Snapshot, Status};
use hfd_shared::ports::{Heard, Subscription};
use poem::http::StatusCode;
use tokio::time::Instant;

use super::Context;
use crate::error::ApiError;

/// How long a client waits; the job goes on beyond.
pub(super) const PATIENCE: Duration = Duration::from_secs(25);

/// The job is looked at so often, whether its doorbell rings or not.
const LOOK: Duration = Duration::from_secs(1);

impl Context {
    /// Submits a job, or finds the live one that does the same.
    pub(super) async fn submitted(&self, request: JobRequest) -> Result<Snapshot, ApiError> {
        match self.state.jobs.submit(request, Priority::default()).await? {
            Submitted::Created(snapshot) | Submitted::Existing(snapshot) => Ok(snapshot),
            Submitted::Blocked(other) => Err(in_use(&other)),
        }
    }

    /// Waits for the end of a job until `deadline`; returns it as it was seen last.
    pub(super) async fn ended(&self, mut snapshot: Snapshot, deadline: Instant) -> Result<Snapshot, ApiError> {
        let mut bells = self.state.bus.subscribe().await;
        let id = snapshot.job.id;
        loop {
            let Some(now) = self.state.store.snapshot(id).await? else { return Ok(snapshot) };
            snapshot = now;
            if snapshot.job.status.is_terminal() || Instant::now() >= deadline {
                return Ok(snapshot);
            }
            let next_look = deadline.min(Instant::now() + LOOK);
            // Whether it rang or not: the next look tells.
            let _ = tokio::time::timeout_at(next_look, bell_of(id, bells.as_mut())).await;
        }
    }
}

/// Waits until the job's doorbell rings; for ever when the bus is gone: the looks must do then.
async fn bell_of(id: JobId, bells: &mut dyn Subscription) {
    loop {
        match bells.next().await {
            Some(Heard::Changed(job)) if job != id => {}
            Some(Heard::Changed(_) | Heard::Resync) => return,
            None => std::future::pending().await,
        }
    }
}

/// Some other job keeps the repository from being changed.
pub(super) fn in_use(other: &Snapshot) -> ApiError {
    let job = &other.job;
    let details =
        format!("job {} ({}) of the same repository has to end first", job.id, job.request.work.kind().as_str());
    ApiError::conflict("Repository in use", details)
}

/// Why a job has not done it.
pub(super) fn failure(snapshot: &Snapshot, error: &'static str) -> Option<ApiError> {
    match snapshot.job.status {
        Status::Failed => {
            let details = snapshot.job.error.clone().unwrap_or_default();
            Some(ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, error, details))
        }
        Status::Cancelled => Some(ApiError::conflict(error, format!("job {} was cancelled", snapshot.job.id))),
        _ => None,
    }
}
