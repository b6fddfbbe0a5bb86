//! The messages: what they hold and how they are written.

use hfd_shared::job::{Job, Snapshot, Version};
use poem_openapi::types::ToJSON as _;
use serde_json::{Value, json};

use crate::state::VERSION;
use crate::view::{JobView, StatusView};

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
    terminal: bool,
}

impl Mark {
    /// The mark of a snapshot.
    pub(super) fn of(snapshot: &Snapshot) -> Self {
        let Snapshot { job: Job { version, status, .. }, tick, .. } = snapshot;
        Self { order: Order { version: *version, tick: *tick }, terminal: status.is_terminal() }
    }

    /// Whether this tells of an end that somebody with `earlier` has not seen.
    pub(super) fn is_new_end(&self, earlier: Option<&Self>) -> bool {
        self.terminal && !earlier.is_some_and(|earlier| earlier.terminal && earlier.order.version == self.order.version)
    }
}

/// `init`: all jobs.
pub(super) fn init(jobs: &[Value]) -> String {
    json!({ "type": "init", "data": { "jobs": jobs, "version": VERSION } }).to_string()
}

/// `job_update`: one job.
pub(super) fn job_update(job: &JobView) -> String {
    json!({ "type": "job_update", "data": job.to_json() }).to_string()
}

/// `event`: the end of a job; none while it has not ended.
pub(super) fn end_event(job: &JobView) -> Option<String> {
    let event = match job.status {
        StatusView::Completed => "download_complete",
        StatusView::Failed => "download_failed",
        StatusView::Cancelled => "download_cancelled",
        StatusView::Queued | StatusView::Running | StatusView::Paused => return None,
    };
    Some(json!({ "type": "event", "data": { "event": event, "jobId": job.id } }).to_string())
}
