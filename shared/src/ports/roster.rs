//! The roster: which workers live, what each does, and how much arrives. For people to look at; nothing depends on it.

use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::StoreError;
use crate::job::{JobId, TaskKind, WorkerName};
use crate::repo::RepoRef;

/// Minutes over which the downloaded bytes are kept, the present one among them.
pub const MINUTES: usize = 60;

/// A worker process as it tells of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerState {
    /// Its name.
    pub name: WorkerName,
    /// The version of its program.
    pub version: String,
    /// When it was started, by its own clock.
    #[serde(with = "time::serde::rfc3339")]
    pub started_at: OffsetDateTime,
    /// How many Fetch tasks it does at a time.
    pub slots: usize,
    /// Whether it takes no more tasks, for it comes to its end.
    pub draining: bool,
    /// Bytes a second that arrive now.
    pub bytes_per_second: u64,
    /// What it does, in the order in which it was begun.
    pub tasks: Vec<TaskState>,
}

/// A task that a worker has in work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskState {
    /// The job that it belongs to.
    pub job: JobId,
    /// The job's repository.
    pub repo: RepoRef,
    /// What it does.
    #[serde(flatten)]
    pub kind: TaskKind,
    /// When this worker began it, by the worker's clock.
    #[serde(with = "time::serde::rfc3339")]
    pub started_at: OffsetDateTime,
}

/// How many bytes a worker has downloaded since its start.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Downloaded {
    /// As many are known to be counted: those of the last heartbeat that was confirmed.
    pub told_bytes: u64,
    /// As many there are by now.
    pub total_bytes: u64,
}

/// A worker that lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerSeen {
    /// What it told last.
    pub state: WorkerState,
    /// When it did, by the roster's clock.
    pub seen_at: OffsetDateTime,
}

/// All workers, and what they have downloaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attendance {
    /// The workers that live, by name.
    pub workers: Vec<WorkerSeen>,
    /// Bytes that all workers have downloaded in each minute of the roster's clock; the last one is not over.
    pub minutes: [u64; MINUTES],
}

/// Knows the workers by their heartbeats.
#[async_trait]
pub trait Roster: Send + Sync {
    /// A heartbeat: the worker lives, and is gone after `ttl` without another one. Bytes that were not counted yet are
    /// added to the present minute; a heartbeat that comes again counts nothing twice.
    async fn beat(&self, worker: &WorkerState, downloaded: Downloaded, ttl: Duration) -> Result<(), StoreError>;

    /// The worker has ended: it is gone at once. What it has downloaded stays.
    async fn leave(&self, worker: &WorkerName) -> Result<(), StoreError>;

    /// Who lives, and what arrives. The cost depends on the workers and their tasks only.
    async fn attendance(&self) -> Result<Attendance, StoreError>;
}

/// The bytes of the last minutes, of which `now` is the present one, counted since 1970.
pub(crate) fn last_minutes(now: u64, counted: impl IntoIterator<Item = (u64, u64)>) -> [u64; MINUTES] {
    let mut minutes = [0; MINUTES];
    for (minute, bytes) in counted {
        let place = now.checked_sub(minute).and_then(|ago| (MINUTES - 1).checked_sub(usize::try_from(ago).ok()?));
        if let Some(place) = place {
            minutes[place] = bytes;
        }
    }
    minutes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_hour_is_shown_with_its_gaps_and_nothing_else() {
        let minutes = last_minutes(1000, [(1000, 5), (941, 7), (940, 11), (1001, 13), (990, 17)]);
        let mut expected = [0; MINUTES];
        (expected[59], expected[0], expected[49]) = (5, 7, 17);
        assert_eq!(minutes, expected);
    }
}
