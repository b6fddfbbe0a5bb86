//! The store in numbers, for whoever watches the service.

use std::time::Duration;

/// How much the store holds, and for how long it has waited.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Statistics {
    /// Jobs that wait for their turn.
    pub queued: u64,
    /// Jobs that run.
    pub running: u64,
    /// Jobs that were paused.
    pub paused: u64,
    /// Jobs that have ended and are still listed.
    pub ended: u64,
    /// How long the job that has waited longest has been queued since it came, or came back.
    pub longest_wait: Duration,
    /// Tasks in the outbox, those that are put off among them.
    pub outbox: u64,
    /// For how long the queue should have had the task of the outbox that is due longest. One that only asks after a holder
    /// does not count.
    pub longest_due: Duration,
}
