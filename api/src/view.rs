//! The JSON shapes of jobs and plans, and how they are made. Every field is always there.

use std::path::Path;

use hfd_shared::job::{FileState, FileStatus, JobRequest, Plan, Progress, Snapshot, Status};
use hfd_shared::repo::RepoKind;
use poem_openapi::{Enum, Object};
use time::{OffsetDateTime, UtcOffset};

/// Where a job is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "JobStatus", rename_all = "lowercase")]
pub(crate) enum StatusView {
    /// Waits for its turn.
    Queued,
    /// Is being downloaded.
    Running,
    /// Stopped by its user, goes on when resumed.
    Paused,
    /// Everything is in the cache.
    Completed,
    /// Ended by an error.
    Failed,
    /// Ended by its user.
    Cancelled,
}

impl From<Status> for StatusView {
    fn from(status: Status) -> Self {
        match status {
            Status::Queued => Self::Queued,
            Status::Running => Self::Running,
            Status::Paused => Self::Paused,
            Status::Completed => Self::Completed,
            Status::Failed => Self::Failed,
            Status::Cancelled => Self::Cancelled,
        }
    }
}

impl StatusView {
    /// Whether the job has ended.
    pub(crate) fn is_terminal(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }
}

/// Where a file of a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "FileStatus", rename_all = "lowercase")]
pub(crate) enum FileStatusView {
    /// Not begun.
    Pending,
    /// Bytes are arriving.
    Downloading,
    /// Whole, verified and in the cache.
    Complete,
    /// Given up; `error` says why.
    Failed,
}

impl From<FileStatus> for FileStatusView {
    fn from(status: FileStatus) -> Self {
        match status {
            FileStatus::Pending => Self::Pending,
            FileStatus::Downloading => Self::Downloading,
            FileStatus::Complete => Self::Complete,
            FileStatus::Failed => Self::Failed,
        }
    }
}

/// A file of a job.
#[derive(Debug, Clone, PartialEq, Eq, Object)]
#[oai(rename = "JobFile", rename_all = "camelCase")]
pub(crate) struct FileView {
    /// Where it lies in the repository.
    pub(crate) path: String,
    /// Its size.
    pub(crate) total_bytes: u64,
    /// Bytes that have arrived.
    pub(crate) downloaded: u64,
    /// Where it is.
    pub(crate) status: FileStatusView,
    /// Why it failed; empty when it did not.
    pub(crate) error: String,
}

impl From<FileState> for FileView {
    fn from(state: FileState) -> Self {
        Self {
            path: state.file.path.to_string(),
            total_bytes: state.file.size_bytes,
            downloaded: state.downloaded_bytes,
            status: state.status.into(),
            error: state.error.unwrap_or_default(),
        }
    }
}

/// The sums over the files of a job.
#[derive(Debug, Clone, PartialEq, Eq, Object)]
#[oai(rename = "Progress", rename_all = "camelCase")]
pub(crate) struct ProgressView {
    /// Files that the job wants; 0 until it is planned.
    total_files: u64,
    /// Files that are in the cache.
    completed_files: u64,
    /// Bytes of all files.
    total_bytes: u64,
    /// Bytes that have arrived.
    downloaded_bytes: u64,
    /// Bytes a second that arrive now.
    bytes_per_second: u64,
}

impl From<&Progress> for ProgressView {
    fn from(progress: &Progress) -> Self {
        Self {
            total_files: progress.total_files,
            completed_files: progress.completed_files,
            total_bytes: progress.total_bytes,
            downloaded_bytes: progress.downloaded_bytes,
            bytes_per_second: progress.bytes_per_second,
        }
    }
}

/// A download job.
#[derive(Debug, Clone, PartialEq, Eq, Object)]
#[oai(rename = "Job", rename_all = "camelCase")]
pub(crate) struct JobView {
    /// Its name.
    pub(crate) id: String,
    /// The repository, `owner/name`.
    repo: String,
    /// Branch, tag or commit as asked for.
    revision: String,
    /// Whether the repository is a dataset.
    is_dataset: bool,
    /// Which files to take; all when empty.
    filters: Vec<String>,
    /// Which files to leave out.
    excludes: Vec<String>,
    /// The folder of the cache.
    output_dir: String,
    /// Where the job is in its life.
    pub(crate) status: StatusView,
    /// The sums over its files.
    progress: ProgressView,
    /// Why it failed; empty when it did not.
    error: String,
    /// What it waits for, such as the Hub's rate limit; empty when nothing.
    waiting_reason: String,
    /// The workers that have its tasks in work, by name.
    workers: Vec<String>,
    /// The commit that the revision meant when the job was planned.
    #[oai(nullable)]
    commit: Option<String>,
    /// When it was created.
    created_at: OffsetDateTime,
    /// When it first ran.
    #[oai(nullable)]
    started_at: Option<OffsetDateTime>,
    /// When it ended.
    #[oai(nullable)]
    ended_at: Option<OffsetDateTime>,
    /// Its files, none until it is planned. Messages of a job with very many hold some of them.
    pub(crate) files: Vec<FileView>,
    /// Whether `files` does not hold all its files.
    pub(crate) files_truncated: bool,
}

impl JobView {
    /// A job as clients see it.
    pub(crate) fn new(snapshot: &Snapshot, files: Vec<FileState>, cache_dir: &Path) -> Self {
        let Snapshot { job, progress, .. } = snapshot;
        Self {
            id: job.id.to_string(),
            repo: job.request.repo.id.to_string(),
            revision: job.request.revision.to_string(),
            is_dataset: job.request.repo.kind == RepoKind::Dataset,
            filters: job.request.filters.clone(),
            excludes: job.request.excludes.clone(),
            output_dir: cache_dir.display().to_string(),
            status: job.status.into(),
            progress: progress.into(),
            error: job.error.clone().unwrap_or_default(),
            waiting_reason: progress.waiting.clone().unwrap_or_default(),
            workers: progress.workers.iter().map(ToString::to_string).collect(),
            commit: job.commit.map(|commit| commit.to_string()),
            created_at: whole_seconds(job.created_at),
            started_at: job.started_at.map(whole_seconds),
            ended_at: job.ended_at.map(whole_seconds),
            files_truncated: (files.len() as u64) < progress.total_files,
            files: files.into_iter().map(FileView::from).collect(),
        }
    }
}

/// A moment as the documented API writes it: UTC, without fractions of a second.
pub(crate) fn whole_seconds(time: OffsetDateTime) -> OffsetDateTime {
    time.to_offset(UtcOffset::UTC).truncate_to_second()
}

/// A file that a job would download.
#[derive(Debug, Clone, PartialEq, Eq, Object)]
#[oai(rename = "PlanFile")]
pub(crate) struct PlanFileView {
    /// Where it lies in the repository.
    path: String,
    /// Its size in bytes.
    size: u64,
    /// Whether it is stored outside git.
    lfs: bool,
}

/// What a job would download.
#[derive(Debug, Clone, PartialEq, Eq, Object)]
#[oai(rename = "Plan", rename_all = "camelCase")]
pub(crate) struct PlanView {
    /// The repository, `owner/name`.
    repo: String,
    /// Branch, tag or commit as asked for.
    revision: String,
    /// The files, in the Hub's order.
    files: Vec<PlanFileView>,
    /// Bytes of all files.
    total_size: u64,
    /// How many files.
    total_files: u64,
}

impl PlanView {
    /// A plan as clients see it.
    pub(crate) fn new(request: &JobRequest, plan: &Plan) -> Self {
        let file = |file: &hfd_shared::job::PlannedFile| PlanFileView {
            path: file.path.to_string(),
            size: file.size_bytes,
            lfs: file.is_lfs(),
        };
        Self {
            repo: request.repo.id.to_string(),
            revision: request.revision.to_string(),
            files: plan.files.iter().map(file).collect(),
            total_size: plan.total_bytes(),
            total_files: plan.files.len() as u64,
        }
    }
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq, Object)]
pub(crate) struct Done {
    /// Always true.
    success: bool,
    /// In words.
    message: String,
}

impl Done {
    /// This was done.
    pub(crate) fn new(message: &str) -> Self {
        Self { success: true, message: message.to_owned() }
    }
}
