//! `/api/jobs`

use hfd_shared::control::ControlError;
use hfd_shared::job::{Job, JobId};
use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};

use super::Context;
use crate::document::{Failure, STORE_AWAY, Statuses};
use crate::error::ApiError;
use crate::view::{Done, JobView};

/// How the list fails.
struct ListFailures;

impl Statuses for ListFailures {
    const LIST: &'static [(u16, &'static str)] = &[STORE_AWAY];
}

/// How an operation on one job fails.
struct JobFailures;

impl Statuses for JobFailures {
    const LIST: &'static [(u16, &'static str)] =
        &[(404, "There is no such job, or not in a state for this"), STORE_AWAY];
}

/// All jobs.
#[derive(Debug, Object)]
struct JobList {
    /// The jobs, newest first.
    jobs: Vec<JobView>,
    /// How many there are.
    count: u64,
}

/// Shows jobs and moves them through their life.
pub(crate) struct JobsApi(pub(crate) Context);

#[OpenApi]
impl JobsApi {
    /// List all download jobs
    ///
    /// Newest first, each with its files.
    #[oai(path = "/api/jobs", method = "get", operation_id = "listJobs")]
    async fn list(&self) -> Result<Json<JobList>, Failure<ListFailures>> {
        let jobs = self.0.views(self.0.state.store.snapshots().await?).await?;
        let count = jobs.len() as u64;
        Ok(Json(JobList { jobs, count }))
    }

    /// Get specific job details
    ///
    /// With all its files.
    #[oai(path = "/api/jobs/:id", method = "get", operation_id = "getJob")]
    async fn get(
        &self,
        /// The job's name.
        id: Path<String>,
    ) -> Result<Json<JobView>, Failure<JobFailures>> {
        let snapshot = match id.0.parse::<JobId>() {
            Ok(id) => self.0.state.store.snapshot(id).await?,
            Err(_) => None,
        };
        let snapshot = snapshot.ok_or_else(|| unknown("Job not found", &id.0))?;
        Ok(Json(self.0.view(&snapshot).await?))
    }

    /// Cancel a queued, running or paused job
    ///
    /// What has arrived of files that no other job wants is removed; what is in the cache stays.
    #[oai(path = "/api/jobs/:id", method = "delete", operation_id = "cancelJob")]
    async fn cancel(
        &self,
        /// The job's name.
        id: Path<String>,
    ) -> Result<Json<Done>, Failure<JobFailures>> {
        let refused = "Job not found or already completed";
        let job = parse(&id.0, refused)?;
        done(self.0.state.jobs.cancel(job).await, "Job cancelled", refused)
    }

    /// Pause a running job
    ///
    /// It stops within two seconds and keeps what has arrived.
    #[oai(path = "/api/jobs/:id/pause", method = "post", operation_id = "pauseJob")]
    async fn pause(
        &self,
        /// The job's name.
        id: Path<String>,
    ) -> Result<Json<Done>, Failure<JobFailures>> {
        let refused = "Job not found or not running";
        let job = parse(&id.0, refused)?;
        done(self.0.state.jobs.pause(job).await, "Job paused", refused)
    }

    /// Resume a paused job
    ///
    /// The job is queued again; files that are already in the cache are skipped.
    #[oai(path = "/api/jobs/:id/resume", method = "post", operation_id = "resumeJob")]
    async fn resume(
        &self,
        /// The job's name.
        id: Path<String>,
    ) -> Result<Json<Done>, Failure<JobFailures>> {
        let refused = "Job not found or not paused";
        let job = parse(&id.0, refused)?;
        done(self.0.state.jobs.resume(job).await, "Job resumed", refused)
    }
}

fn parse(id: &str, refused: &'static str) -> Result<JobId, ApiError> {
    id.parse().map_err(|_| unknown(refused, id))
}

fn unknown(error: &'static str, id: &str) -> ApiError {
    ApiError::not_found(error, format!("there is no job {id:?}"))
}

fn done(
    result: Result<Job, ControlError>,
    message: &str,
    refused: &'static str,
) -> Result<Json<Done>, Failure<JobFailures>> {
    match result {
        Ok(_) => Ok(Json(Done::new(message))),
        Err(error @ (ControlError::Unknown(_) | ControlError::Refused(_))) => {
            Err(ApiError::not_found(refused, error.to_string()).into())
        }
        Err(error) => Err(error.into()),
    }
}
