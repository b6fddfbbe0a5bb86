//! `/api/jobs`

mod cursor;
mod files;
mod steps;

use hfd_shared::control::ControlError;
use hfd_shared::job::{Job, JobId, RequestError, Snapshot, Status};
use hfd_shared::ports::{JobPage, JobQuery};
use poem::http::Uri;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::types::ToJSON as _;
use poem_openapi::{Object, OpenApi};

use self::files::FileList;
use super::Context;
use crate::document::{Failure, STORE_AWAY, Statuses};
use crate::error::ApiError;
use crate::excerpt::MAX_FILES;
use crate::param::{List, only};
use crate::view::{Done, EndedStatusView, FileStatusView, JobView, KindView, StatusView};
use crate::written::Written;

pub(crate) use steps::JobStepsApi;

/// A list of at most so many jobs waits for no longer one, unless ended jobs are looked through for it.
const SHORT_LIST: usize = 100;

/// How what concerns many jobs fails.
struct ListFailures;

impl Statuses for ListFailures {
    const LIST: &'static [(u16, &'static str)] = &[(400, "A parameter is wrong"), STORE_AWAY];
}

/// How showing one job fails.
struct JobFailures;

impl Statuses for JobFailures {
    const LIST: &'static [(u16, &'static str)] =
        &[(400, "A parameter is wrong"), (404, "There is no such job"), STORE_AWAY];
}

/// How cancelling a job fails.
struct CancelFailures;

impl Statuses for CancelFailures {
    const LIST: &'static [(u16, &'static str)] = &[
        (404, "There is no such job, or it has ended"),
        (409, "The job removes files and has begun: it ends within moments"),
        STORE_AWAY,
    ];
}

/// Jobs, or a page of them.
#[derive(Debug, Object)]
#[oai(rename_all = "camelCase")]
struct JobList {
    /// The jobs, newest first.
    jobs: Vec<JobView>,
    /// How many are in this answer.
    count: u64,
    /// How many match, on all pages together.
    total: u64,
    /// Asks for the next page; null on the last.
    #[oai(nullable)]
    next_cursor: Option<String>,
}

/// How many jobs were dismissed.
#[derive(Debug, Object)]
struct Dismissed {
    /// Always true.
    success: bool,
    /// In words.
    message: String,
    /// How many jobs are forgotten.
    count: u64,
}

/// Shows jobs and ends them.
pub(crate) struct JobsApi(pub(crate) Context);

#[OpenApi]
impl JobsApi {
    /// List jobs
    ///
    /// All of them, newest first, or those that match; with `limit` page by page. Each job comes with at most 200 files,
    /// those in work and the first of the others, unless `files` is false.
    #[oai(path = "/api/jobs", method = "get", operation_id = "listJobs")]
    async fn list(
        &self,
        /// Only jobs in one of these states, each given apart or with commas between them.
        status: Query<List<StatusView>>,
        /// Only jobs for this repository, `owner/name`.
        repo: Query<Option<String>>,
        /// Only jobs of this kind.
        kind: Query<Option<KindView>>,
        /// How many jobs at most; all when absent.
        #[oai(validator(minimum(value = "1"), maximum(value = "1000")))]
        limit: Query<Option<u32>>,
        /// The `nextCursor` of the page before.
        cursor: Query<Option<String>>,
        /// Whether the jobs come with files.
        #[oai(default = "with_files")]
        files: Query<bool>,
    ) -> Result<Written<JobList>, Failure<ListFailures>> {
        let query = JobQuery {
            statuses: status.0.0.into_iter().map(Into::into).collect(),
            repo: repo.0.as_deref().map(str::parse).transpose().map_err(RequestError::Repo)?,
            kind: kind.0.map(Into::into),
            after: cursor.0.as_deref().map(cursor::decode).transpose()?,
            limit: limit.0.map(|limit| limit as usize),
        };
        let is_long = query.looks_at_all() || query.limit > Some(SHORT_LIST);
        let turns = if is_long { &self.0.long_lists } else { &self.0.short_lists };
        let _list = turns.acquire().await.map_err(|_| ApiError::internal())?;
        let JobPage { snapshots, total, next } = self.0.state.store.list(query).await?;
        let max_files = if files.0 { MAX_FILES as u64 } else { 0 };
        let count = |snapshot: &Snapshot| 1 + snapshot.progress.total_files.min(max_files);
        let _turn = self.0.files.wait(snapshots.iter().map(count).sum()).await?;
        let jobs = if files.0 {
            self.0.listed(snapshots).await?
        } else {
            let cache_dir = &self.0.state.config.cache_dir;
            snapshots.iter().map(|snapshot| JobView::bare(snapshot, cache_dir).to_json_string()).collect()
        };
        let next_cursor = next.map(cursor::encode);
        let list = JobList { jobs: Vec::new(), count: jobs.len() as u64, total: total as u64, next_cursor };
        Ok(Written::with_list(&list, "jobs", jobs))
    }

    /// Dismiss ended jobs
    ///
    /// The jobs are forgotten; what they brought into the cache stays.
    #[oai(path = "/api/jobs", method = "delete", operation_id = "dismissJobs")]
    async fn dismiss(
        &self,
        uri: &Uri,
        /// Those that have ended in one of these ways, each given apart or with commas between them.
        status: Query<List<EndedStatusView, true>>,
    ) -> Result<Json<Dismissed>, Failure<ListFailures>> {
        // What narrows a list down does not narrow this down: jobs would go that were not meant.
        only(&["status"], uri)?;
        let statuses: Vec<Status> = status.0.0.into_iter().map(Into::into).collect();
        let count = self.0.state.jobs.dismiss_ended(&statuses).await? as u64;
        Ok(Json(Dismissed { success: true, message: "Jobs dismissed".to_owned(), count }))
    }

    /// Get specific job details
    ///
    /// With all its files.
    #[oai(path = "/api/jobs/:id", method = "get", operation_id = "getJob")]
    async fn get(&self, id: Path<String>) -> Result<Written<JobView>, Failure<JobFailures>> {
        let snapshot = self.0.snapshot(&id.0).await?;
        Ok(self.0.job(&snapshot).await?)
    }

    /// List the files of a job
    ///
    /// In the order of the plan, page by page.
    #[oai(path = "/api/jobs/:id/files", method = "get", operation_id = "listJobFiles")]
    async fn files(
        &self,
        id: Path<String>,
        /// Only files in one of these states, each given apart or with commas between them.
        status: Query<List<FileStatusView>>,
        /// Files to skip.
        #[oai(default, validator(minimum(value = "0"), maximum(value = "4294967295")))]
        offset: Query<u32>,
        /// How many files at most.
        #[oai(default = "files::default_limit", validator(minimum(value = "1"), maximum(value = "10000")))]
        limit: Query<u32>,
    ) -> Result<Written<FileList>, Failure<JobFailures>> {
        let snapshot = self.0.snapshot(&id.0).await?;
        Ok(self.0.file_list(&snapshot, &status.0.0, offset.0, limit.0).await?)
    }

    /// Cancel a queued, running or paused job
    ///
    /// What has arrived of files that no other job wants is removed; what is in the cache stays.
    #[oai(path = "/api/jobs/:id", method = "delete", operation_id = "cancelJob")]
    async fn cancel(&self, id: Path<String>) -> Result<Json<Done>, Failure<CancelFailures>> {
        let refused = "Job not found or already completed";
        let job = parse(&id.0, refused)?;
        Ok(done(self.0.state.jobs.cancel(job).await, "Job cancelled", refused)?)
    }
}

impl Context {
    /// The job that a path names.
    async fn snapshot(&self, id: &str) -> Result<Snapshot, ApiError> {
        let error = "Job not found";
        self.state.store.snapshot(parse(id, error)?).await?.ok_or_else(|| unknown(error, id))
    }
}

fn parse(id: &str, refused: &'static str) -> Result<JobId, ApiError> {
    id.parse().map_err(|_| unknown(refused, id))
}

fn unknown(error: &'static str, id: &str) -> ApiError {
    ApiError::not_found(error, format!("there is no job {id:?}"))
}

/// The answer to a step: what was done, or that the job is not in a state for it.
fn done(result: Result<Job, ControlError>, message: &str, refused: &'static str) -> Result<Json<Done>, ApiError> {
    use hfd_shared::job::Refused::{Stale, Status};
    match result {
        Ok(_) => Ok(Json(Done::new(message))),
        Err(error @ (ControlError::Unknown(_) | ControlError::Refused(Status(_) | Stale))) => {
            Err(ApiError::not_found(refused, error.to_string()))
        }
        Err(error) => Err(error.into()),
    }
}

fn with_files() -> bool {
    true
}
