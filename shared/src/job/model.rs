//! The job itself: what only the state machine changes.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{Epoch, JobId, JobRequest, Outcome, Priority, Version};
use crate::repo::CommitHash;
use crate::trace::TraceContext;

/// Where a job is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Waits for its turn.
    Queued,
    /// Somebody works at it, or did and goes on later.
    Running,
    /// Stopped by its user, goes on when resumed.
    Paused,
    /// All that it asks for is done.
    Completed,
    /// Ended by an error.
    Failed,
    /// Ended by its user.
    Cancelled,
}

impl Status {
    /// Whether the job has ended; such a job never changes again by itself.
    pub fn is_terminal(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }

    /// The word for it in the API and the logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// One piece of work for a repository, from the request to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// Its name.
    pub id: JobId,
    /// What was asked for.
    pub request: JobRequest,
    /// Its claim among the waiting jobs.
    #[serde(default)]
    pub priority: Priority,
    /// Where it is in its life.
    pub status: Status,
    /// Its fencing token.
    pub epoch: Epoch,
    /// How often it was started from the beginning: 1 from its first admission on, and one more with each retry.
    #[serde(default)]
    pub attempts: u32,
    /// How many changes were committed.
    pub version: Version,
    /// The commit that the revision meant when the job was first planned; kept over pause and resume, but not
    /// over a retry.
    pub commit: Option<CommitHash>,
    /// Why it failed.
    pub error: Option<String>,
    /// What it did to the cache, once it is completed; a download has none.
    #[serde(default)]
    pub outcome: Option<Outcome>,
    /// The trace of the request that made it.
    #[serde(default)]
    pub trace: Option<TraceContext>,
    /// When it was created.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// When it first ran since it was created or retried.
    #[serde(with = "time::serde::rfc3339::option")]
    pub started_at: Option<OffsetDateTime>,
    /// When it ended.
    #[serde(with = "time::serde::rfc3339::option")]
    pub ended_at: Option<OffsetDateTime>,
}

impl Job {
    /// When it ended, in milliseconds since 1970: its place among the ended jobs. One that has not ended counts from its
    /// creation.
    pub(crate) fn ended_ms(&self) -> u64 {
        let nanoseconds = self.ended_at.unwrap_or(self.created_at).unix_timestamp_nanos();
        u64::try_from(nanoseconds / 1_000_000).unwrap_or(0)
    }

    /// How many classes there are among the waiting jobs.
    pub(crate) const TURNS: u8 = 4;

    /// Its class among the waiting jobs: those of a lower number run first. Exclusive work waits for nobody.
    pub(crate) fn turn(&self) -> u8 {
        match self.priority {
            _ if self.request.work.is_exclusive() => 0,
            Priority::High => 1,
            Priority::Normal => 2,
            Priority::Low => 3,
        }
    }

    /// A new queued job.
    pub fn new(id: JobId, request: JobRequest, now: OffsetDateTime) -> Self {
        Self {
            id,
            request,
            priority: Priority::default(),
            status: Status::Queued,
            epoch: Epoch::default(),
            attempts: 0,
            version: Version::default(),
            commit: None,
            error: None,
            outcome: None,
            trace: None,
            created_at: now,
            started_at: None,
            ended_at: None,
        }
    }
}
