//! The JSON shape of a job. Every field is always there.

use std::path::Path;

use hfd_shared::job::{FileState, Outcome, Progress, Snapshot, Status};
use hfd_shared::moment::whole_seconds;
use hfd_shared::repo::RepoKind;
use poem_openapi::Object;
use time::OffsetDateTime;

use super::{FileView, KindView, PriorityView, StatusView, TransferView};

/// Entries of each list of an outcome, but where one job is asked for.
const OUTCOME_ENTRIES: usize = 100;

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

/// What a job that looks after the cache has done.
#[derive(Debug, Clone, PartialEq, Eq, Object)]
#[oai(rename = "Outcome", rename_all = "camelCase")]
pub(crate) struct OutcomeView {
    /// Bytes that are free again.
    freed_bytes: u64,
    /// What is gone, by its path in the cache; a long list is cut off.
    removed: Vec<String>,
    /// What could not be done, and why; a long list is cut off.
    failures: Vec<String>,
}

impl From<&Outcome> for OutcomeView {
    fn from(outcome: &Outcome) -> Self {
        let Outcome { freed_bytes, removed, failures } = outcome.clone();
        Self { freed_bytes, removed, failures }
    }
}

impl OutcomeView {
    /// The beginning of its lists.
    fn shortened(mut self) -> Self {
        self.removed.truncate(OUTCOME_ENTRIES);
        self.failures.truncate(OUTCOME_ENTRIES);
        self
    }
}

/// A job: a download, or something that is done to what is in the cache.
#[derive(Debug, Clone, PartialEq, Eq, Object)]
#[oai(rename = "Job", rename_all = "camelCase")]
pub(crate) struct JobView {
    /// Its name.
    pub(crate) id: String,
    /// What it does.
    kind: KindView,
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
    /// Which of the waiting jobs runs first.
    priority: PriorityView,
    /// Where the job is in its life.
    pub(crate) status: StatusView,
    /// Its place among the waiting jobs, 1 for the next; null unless it is queued.
    #[oai(nullable)]
    position: Option<u64>,
    /// How often it was started from the beginning: one more with each retry.
    attempts: u32,
    /// The sums over its files.
    progress: ProgressView,
    /// In how many seconds it ends if bytes go on to arrive as now; null when that is not known.
    #[oai(nullable)]
    eta_seconds: Option<u64>,
    /// Why it failed; empty when it did not.
    error: String,
    /// What it waits for, such as the Hub's rate limit; empty when nothing.
    waiting_reason: String,
    /// The workers that have its tasks in work, by name.
    workers: Vec<String>,
    /// The commit that the revision meant when the job was planned.
    #[oai(nullable)]
    commit: Option<String>,
    /// What it did to the cache, when it has; null for a download.
    #[oai(nullable)]
    pub(crate) outcome: Option<OutcomeView>,
    /// Where its end is told; empty when nowhere.
    callback_url: String,
    /// On which way the content of its files comes.
    transfer: TransferView,
    /// When it was created.
    created_at: OffsetDateTime,
    /// When it first ran since it was created or retried.
    #[oai(nullable)]
    started_at: Option<OffsetDateTime>,
    /// When it ended.
    #[oai(nullable)]
    ended_at: Option<OffsetDateTime>,
    /// Its files, none until it is planned. Lists of jobs and messages hold the most interesting ones of a long list.
    pub(crate) files: Vec<FileView>,
    /// Whether it has more files than are in `files`.
    pub(crate) files_truncated: bool,
}

impl JobView {
    /// A job without its files.
    pub(crate) fn bare(snapshot: &Snapshot, cache_dir: &Path) -> Self {
        Self::new(snapshot, Vec::new(), cache_dir)
    }

    /// A job as clients see it.
    pub(crate) fn new(snapshot: &Snapshot, files: Vec<FileState>, cache_dir: &Path) -> Self {
        let Snapshot { job, progress, .. } = snapshot;
        Self {
            id: job.id.to_string(),
            kind: job.request.work.kind().into(),
            repo: job.request.repo.id.to_string(),
            revision: job.request.revision.to_string(),
            is_dataset: job.request.repo.kind == RepoKind::Dataset,
            filters: job.request.filters.clone(),
            excludes: job.request.excludes.clone(),
            output_dir: cache_dir.display().to_string(),
            priority: job.priority.into(),
            status: job.status.into(),
            position: progress.position,
            attempts: job.attempts,
            progress: progress.into(),
            eta_seconds: progress.eta_seconds().filter(|_| job.status == Status::Running),
            error: job.error.clone().unwrap_or_default(),
            waiting_reason: progress.waiting.clone().unwrap_or_default(),
            workers: progress.workers.iter().map(ToString::to_string).collect(),
            commit: job.commit.map(|commit| commit.to_string()),
            outcome: job.outcome.as_ref().map(|outcome| OutcomeView::from(outcome).shortened()),
            callback_url: job.request.callback.as_ref().map(ToString::to_string).unwrap_or_default(),
            transfer: job.request.transfer.into(),
            created_at: whole_seconds(job.created_at),
            started_at: job.started_at.map(whole_seconds),
            ended_at: job.ended_at.map(whole_seconds),
            files_truncated: (files.len() as u64) < progress.total_files,
            files: files.into_iter().map(FileView::from).collect(),
        }
    }
}
