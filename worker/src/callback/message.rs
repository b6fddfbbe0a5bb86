//! What is told of a job's end.

use hfd_shared::job::{Job, Progress, Status};
use hfd_shared::moment::whole_seconds;
use hfd_shared::repo::RepoKind;
use serde::Serialize;
use time::OffsetDateTime;

/// What receivers get; the same with each try.
#[derive(Debug)]
pub(crate) struct Message {
    /// Names this end of this job.
    pub(crate) id: String,
    /// JSON.
    pub(crate) body: Vec<u8>,
}

#[derive(Serialize)]
struct Body<'a> {
    r#type: &'static str,
    #[serde(with = "time::serde::rfc3339")]
    timestamp: OffsetDateTime,
    data: Data<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Data<'a> {
    job_id: String,
    repo: String,
    revision: String,
    is_dataset: bool,
    commit: Option<String>,
    status: &'static str,
    error: &'a str,
    total_files: u64,
    total_bytes: u64,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    ended_at: OffsetDateTime,
}

impl Message {
    /// The message of a job that has ended; none of one that has not.
    pub(crate) fn new(job: &Job, progress: &Progress) -> Option<Self> {
        let ended_at = whole_seconds(job.ended_at?);
        let r#type = match job.status {
            Status::Completed => "job.completed",
            Status::Failed => "job.failed",
            Status::Cancelled => "job.cancelled",
            Status::Queued | Status::Running | Status::Paused => return None,
        };
        let request = &job.request;
        let data = Data {
            job_id: job.id.to_string(),
            repo: request.repo.id.to_string(),
            revision: request.revision.to_string(),
            is_dataset: request.repo.kind == RepoKind::Dataset,
            commit: job.commit.as_ref().map(ToString::to_string),
            status: job.status.as_str(),
            error: job.error.as_deref().unwrap_or_default(),
            total_files: progress.total_files,
            total_bytes: progress.total_bytes,
            created_at: whole_seconds(job.created_at),
            ended_at,
        };
        let body = serde_json::to_vec(&Body { r#type, timestamp: ended_at, data }).ok()?;
        Some(Self { id: format!("msg_{}_{}", job.id, job.epoch.0), body })
    }
}
