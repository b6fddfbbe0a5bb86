//! `/api/jobs/{id}/…`: what is done to one job.

use hfd_shared::control::ControlError;
use poem_openapi::OpenApi;
use poem_openapi::param::Path;
use poem_openapi::payload::Json;

use super::{Context, done, parse};
use crate::document::{Failure, STORE_AWAY, Statuses};
use crate::error::ApiError;
use crate::view::Done;

/// How an operation on one job fails.
struct StepFailures;

impl Statuses for StepFailures {
    const LIST: &'static [(u16, &'static str)] = &[
        (404, "There is no such job, or not in a state for this"),
        (409, "Another job is in the way, or this one cannot be stopped"),
        STORE_AWAY,
    ];
}

/// Moves jobs through their life.
pub(crate) struct JobStepsApi(pub(crate) Context);

#[OpenApi]
impl JobStepsApi {
    /// Pause a running job
    ///
    /// It stops within two seconds and keeps what has arrived.
    #[oai(path = "/api/jobs/:id/pause", method = "post", operation_id = "pauseJob")]
    async fn pause(&self, id: Path<String>) -> Result<Json<Done>, Failure<StepFailures>> {
        let refused = "Job not found or not running";
        let job = parse(&id.0, refused)?;
        Ok(done(self.0.state.jobs.pause(job).await, "Job paused", refused)?)
    }

    /// Resume a paused job
    ///
    /// The job is queued again; files that are already in the cache are skipped.
    #[oai(path = "/api/jobs/:id/resume", method = "post", operation_id = "resumeJob")]
    async fn resume(&self, id: Path<String>) -> Result<Json<Done>, Failure<StepFailures>> {
        let refused = "Job not found or not paused";
        let job = parse(&id.0, refused)?;
        Ok(done(self.0.state.jobs.resume(job).await, "Job resumed", refused)?)
    }

    /// Retry a failed or cancelled job
    ///
    /// The job is queued again and begins anew: the revision is resolved again. Files that are already in the cache are
    /// skipped.
    #[oai(path = "/api/jobs/:id/retry", method = "post", operation_id = "retryJob")]
    async fn retry(&self, id: Path<String>) -> Result<Json<Done>, Failure<StepFailures>> {
        let refused = "Job not found or not failed or cancelled";
        let job = parse(&id.0, refused)?;
        Ok(done(self.0.state.jobs.retry(job).await, "Job queued again", refused)?)
    }

    /// Dismiss an ended job
    ///
    /// The job is forgotten; what it brought into the cache stays.
    #[oai(path = "/api/jobs/:id/dismiss", method = "post", operation_id = "dismissJob")]
    async fn dismiss(&self, id: Path<String>) -> Result<Json<Done>, Failure<StepFailures>> {
        let job = parse(&id.0, "Job not found")?;
        match self.0.state.jobs.dismiss(job).await {
            Ok(()) => Ok(Json(Done::new("Job dismissed"))),
            Err(error @ ControlError::Refused(_)) => {
                Err(ApiError::conflict("Job has not ended", format!("{error}; cancel it first")).into())
            }
            Err(error) => Err(error.into()),
        }
    }
}
