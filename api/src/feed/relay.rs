//! The way to the one task of a process that follows the jobs for all its clients.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use hfd_shared::job::JobId;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::backlog::Backlog;
use super::follow::{End, Init};
use super::follower::Follower;
use crate::state::ApiState;

/// Clients that may wait to be let in.
const MAX_JOINING: usize = 1024;

/// A client that wants an `init`.
pub(super) struct Join {
    /// The only job that it wants to hear of.
    pub(super) job: Option<JobId>,
    /// Where the `init` goes; dropped when the jobs cannot be read.
    pub(super) reply: oneshot::Sender<Arc<Init>>,
}

/// The way to the task.
#[derive(Clone)]
pub(super) struct Relay {
    joins: mpsc::Sender<Join>,
    /// What it has told.
    pub(super) backlog: Arc<Backlog>,
    /// The number of the last message; ends with the task.
    pub(super) last: watch::Receiver<u64>,
    /// How many clients there are.
    pub(super) clients: Arc<AtomicUsize>,
}

impl Relay {
    /// Starts the task; it ends with the token.
    pub(super) fn start(state: Arc<ApiState>, tasks: &TaskTracker, stop: CancellationToken) -> Self {
        let (joins, joining) = mpsc::channel(MAX_JOINING);
        let (told, last) = watch::channel(0);
        let relay = Self { joins, backlog: Arc::default(), last, clients: Arc::default() };
        let follower = Follower::new(state, Arc::clone(&relay.backlog), told, Arc::clone(&relay.clients));
        tasks.spawn(async move { stop.run_until_cancelled(follower.run(joining)).await });
        relay
    }

    /// Asks for an `init`.
    pub(super) async fn join(&self, job: Option<JobId>) -> Result<oneshot::Receiver<Arc<Init>>, End> {
        let (reply, init) = oneshot::channel();
        self.joins.send(Join { job, reply }).await.map_err(|_| End::NoJobs)?;
        Ok(init)
    }
}
