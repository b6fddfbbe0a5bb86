//! The messages: what they hold and how they are written.

use hfd_shared::job::{Job, JobId, JobMark, Status, Version};
use poem_openapi::types::ToJSON as _;
use serde_json::{Value, json};

use crate::state::VERSION;
use crate::view::JobView;

/// Bytes of the longest message, both ways.
pub(crate) const MAX_MESSAGE_BYTES: usize = 512 << 10;

/// What stands around the data of a message takes less than so many bytes.
const ENVELOPE_BYTES: usize = 128;

/// Bytes of the data of the longest message.
pub(super) const MAX_DATA_BYTES: usize = MAX_MESSAGE_BYTES - ENVELOPE_BYTES;

/// The type of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Init,
    JobUpdate,
    Event,
}

/// A message as all clients get it.
#[derive(Debug)]
pub(crate) struct Message {
    kind: Kind,
    /// One line of JSON.
    data: String,
}

impl Message {
    /// `init`: jobs.
    pub(super) fn init(jobs: &[Value]) -> Self {
        Self { kind: Kind::Init, data: json!({ "jobs": jobs, "version": VERSION }).to_string() }
    }

    /// `job_update`: one job.
    pub(super) fn job_update(job: &JobView) -> Self {
        Self { kind: Kind::JobUpdate, data: job.to_json_string() }
    }

    /// `event`: the end of a job; none while it has not ended.
    pub(super) fn end(job: &Job) -> Option<Self> {
        let end = match job.status {
            Status::Completed => "complete",
            Status::Failed => "failed",
            Status::Cancelled => "cancelled",
            Status::Queued | Status::Running | Status::Paused => return None,
        };
        Some(Self::event(&format!("{}_{end}", job.request.work.kind().as_str()), job.id))
    }

    /// `event`: more files of a job have changed than updates can tell.
    pub(super) fn files_changed(job: JobId) -> Self {
        Self::event("files_changed", job)
    }

    /// `event`: a job is gone.
    pub(super) fn job_removed(job: JobId) -> Self {
        Self::event("job_removed", job)
    }

    fn event(event: &str, job: JobId) -> Self {
        Self { kind: Kind::Event, data: json!({ "event": event, "jobId": job.to_string() }).to_string() }
    }

    /// The word for its type.
    pub(crate) fn kind(&self) -> &'static str {
        match self.kind {
            Kind::Init => "init",
            Kind::JobUpdate => "job_update",
            Kind::Event => "event",
        }
    }

    /// What it holds.
    pub(crate) fn data(&self) -> &str {
        &self.data
    }

    /// The whole message for a client, with its number for this client.
    pub(crate) fn text(&self, seq: u64) -> String {
        format!(r#"{{"type":"{}","seq":{seq},"data":{}}}"#, self.kind(), self.data)
    }

    /// Whether it keeps to the limit.
    pub(super) fn fits(&self) -> bool {
        self.data.len() <= MAX_DATA_BYTES
    }
}

/// The place of a snapshot among those of its job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Order {
    version: Version,
    tick: u64,
}

/// What is known of a job: how new it is and whether it has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    /// How new.
    pub(super) order: Order,
    /// The version in which it has ended, if it has.
    pub(super) end: Option<Version>,
}

impl Mark {
    /// What a job's mark says.
    pub(super) fn of(job: &JobMark) -> Self {
        let &JobMark { version, tick, status, .. } = job;
        Self { order: Order { version, tick }, end: status.is_terminal().then_some(version) }
    }
}
