//! What is counted, one function an occurrence.

use std::time::{Duration, Instant};

use ::metrics::{counter, gauge, histogram};

use super::table::{
    CONNECTIONS, DOWNLOADED, EVENT_CLIENTS, FILES_ENDED, HASH_FAILURES, HUB_DURATION, HUB_REQUESTS, HUB_WAIT,
    JOBS_ENDED, LEASES_LOST, RETRIES, TASK_DURATION, TASK_QUEUE, TASK_SLOTS, TASKS_IN_WORK,
};
use super::values::{
    FileOutcome, HubAnswer, HubPurpose, LeaseKind, RetryReason, TaskOutcome, Transport, number, seconds,
};
use crate::job::{Status, TaskKind, WorkKind};

/// A job has ended.
pub fn job_ended(kind: WorkKind, status: Status) {
    counter!(JOBS_ENDED.name, &[("kind", kind.as_str()), ("status", status.as_str())]).increment(1);
}

/// A task was claimed, so long after it was published.
pub fn task_waited(kind: TaskKind, waited: Duration) {
    histogram!(TASK_QUEUE.name, &[("kind", kind.name())]).record(seconds(waited));
}

/// This worker does so many Fetch tasks at a time.
pub fn task_slots(slots: usize) {
    gauge!(TASK_SLOTS.name).set(number(slots as u64));
}

/// So many bytes of a file came over the network.
pub fn downloaded(bytes: u64) {
    counter!(DOWNLOADED.name).increment(bytes);
}

/// This worker is done with so many files of a job.
pub fn file_ended(outcome: FileOutcome, files: usize) {
    counter!(FILES_ENDED.name, &[("outcome", outcome.as_str())]).increment(files as u64);
}

/// Something is tried again.
pub fn retried(reason: RetryReason) {
    counter!(RETRIES.name, &[("reason", reason.as_str())]).increment(1);
}

/// A content is not what its hash says.
pub fn hash_failed() {
    counter!(HASH_FAILURES.name).increment(1);
}

/// A lease was lost, though the job still wants the work.
pub fn lease_lost(lease: LeaseKind) {
    counter!(LEASES_LOST.name, &[("lease", lease.as_str())]).increment(1);
}

/// The Hub or a content server has answered a request, or not.
pub fn hub_answered(purpose: HubPurpose, answer: HubAnswer, took: Duration) {
    let purpose = purpose.as_str();
    counter!(HUB_REQUESTS.name, &[("purpose", purpose), ("status", answer.as_str())]).increment(1);
    if let HubAnswer::Status(_) = answer {
        histogram!(HUB_DURATION.name, &[("purpose", purpose)]).record(seconds(took));
    }
}

/// The limiter lets a request wait.
pub fn hub_waits(wait: Duration) {
    histogram!(HUB_WAIT.name).record(seconds(wait));
}

/// A task in work; counted until dropped.
pub struct TaskInWork {
    kind: TaskKind,
    begun: Instant,
}

impl TaskInWork {
    /// A task was claimed.
    pub fn begin(kind: TaskKind) -> Self {
        gauge!(TASKS_IN_WORK.name, &[("kind", kind.name())]).increment(1.0);
        Self { kind, begun: Instant::now() }
    }

    /// It came to an end here.
    pub fn end(self, outcome: TaskOutcome) {
        let labels = [("kind", self.kind.name()), ("outcome", outcome.as_str())];
        histogram!(TASK_DURATION.name, &labels).record(seconds(self.begun.elapsed()));
    }
}

impl Drop for TaskInWork {
    fn drop(&mut self) {
        gauge!(TASKS_IN_WORK.name, &[("kind", self.kind.name())]).decrement(1.0);
    }
}

/// A connection that fetches content; counted until dropped.
pub struct Connected(());

impl Connected {
    /// It is there.
    pub fn begin() -> Self {
        gauge!(CONNECTIONS.name).increment(1.0);
        Self(())
    }
}

impl Drop for Connected {
    fn drop(&mut self) {
        gauge!(CONNECTIONS.name).decrement(1.0);
    }
}

/// A client that follows the jobs; counted until dropped.
pub struct EventClient(Transport);

impl EventClient {
    /// It has come.
    pub fn begin(transport: Transport) -> Self {
        gauge!(EVENT_CLIENTS.name, &[("transport", transport.as_str())]).increment(1.0);
        Self(transport)
    }
}

impl Drop for EventClient {
    fn drop(&mut self) {
        gauge!(EVENT_CLIENTS.name, &[("transport", self.0.as_str())]).decrement(1.0);
    }
}
