//! How far a job is: its files and the sums over them.

use serde::{Deserialize, Serialize};

use super::{FileIndex, Job, JobId, PlannedFile, Status, Version, WorkerName};

/// Where a file of a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FileStatus {
    /// Not begun.
    Pending,
    /// Bytes are arriving.
    Downloading,
    /// Whole, verified and in the cache.
    Complete,
    /// Given up; the error says why.
    Failed,
}

impl FileStatus {
    /// Whether nothing is left to do for the file.
    pub fn is_terminal(self) -> bool {
        matches!(self, Self::Complete | Self::Failed)
    }
}

/// A file of a job, as planned and as far as it has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileState {
    /// What was planned.
    #[serde(flatten)]
    pub file: PlannedFile,
    /// Where it is.
    pub status: FileStatus,
    /// How many bytes have arrived.
    pub downloaded_bytes: u64,
    /// Why it failed.
    pub error: Option<String>,
}

/// How many bytes of a file have arrived; set, never added, so that a repeated report counts once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileProgress {
    /// Which file of the job.
    pub file: FileIndex,
    /// Bytes that have arrived, those of earlier attempts included.
    pub downloaded_bytes: u64,
}

/// The sums over the files of a job.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Files that the job wants; 0 until it is planned.
    pub total_files: u64,
    /// Files that are whole, verified and in the cache.
    pub completed_files: u64,
    /// Bytes of all files that the job wants.
    pub total_bytes: u64,
    /// Bytes that have arrived.
    pub downloaded_bytes: u64,
    /// Bytes a second that arrive now, over all workers.
    pub bytes_per_second: u64,
    /// What the job waits for, such as the Hub's rate limit.
    pub waiting: Option<String>,
    /// The workers that have its tasks in work, by name.
    pub workers: Vec<WorkerName>,
    /// Its place among the waiting jobs, from 1, while it is queued.
    #[serde(default)]
    pub position: Option<u64>,
}

impl Progress {
    /// In how many seconds the job ends if bytes go on to arrive as now; none while nothing arrives.
    pub fn eta_seconds(&self) -> Option<u64> {
        let missing_bytes = self.total_bytes.saturating_sub(self.downloaded_bytes);
        (self.bytes_per_second > 0).then(|| missing_bytes.div_ceil(self.bytes_per_second))
    }
}

/// A job and its progress at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The job.
    pub job: Job,
    /// The sums over its files.
    pub progress: Progress,
    /// Counts the changes of progress under one version; with it, snapshots of a job have an order.
    pub tick: u64,
}

/// A job at a glance: whether there is anything new to tell of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobMark {
    /// The job.
    pub id: JobId,
    /// Its version.
    pub version: Version,
    /// Counts the changes of progress under the version, as in its [`Snapshot`].
    pub tick: u64,
    /// Where it is in its life.
    pub status: Status,
    /// Its place among the waiting jobs, from 1, while it is queued: it changes with other jobs.
    pub position: Option<u64>,
}

impl Snapshot {
    /// The job at a glance.
    pub fn mark(&self) -> JobMark {
        let Self { job, progress, tick } = self;
        JobMark { id: job.id, version: job.version, tick: *tick, status: job.status, position: progress.position }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_foreseen_only_while_bytes_arrive() {
        let progress = |bytes_per_second| Progress {
            total_bytes: 1_000,
            downloaded_bytes: 300,
            bytes_per_second,
            ..Progress::default()
        };
        assert_eq!(progress(300).eta_seconds(), Some(3));
        assert_eq!(progress(0).eta_seconds(), None);
    }
}
