//! Doorbells within one process.

use async_trait::async_trait;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use crate::job::JobId;
use crate::ports::{EventBus, Heard, Subscription};

/// A subscriber that is further behind than this misses doorbells, and is told so.
const BACKLOG: usize = 1024;

/// An [`EventBus`] for the subscribers of this process.
#[derive(Debug, Clone)]
pub struct LocalBus {
    bells: broadcast::Sender<JobId>,
}

impl LocalBus {
    /// A bus without subscribers.
    pub fn new() -> Self {
        Self { bells: broadcast::Sender::new(BACKLOG) }
    }
}

impl Default for LocalBus {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl EventBus for LocalBus {
    async fn ring(&self, job: JobId) {
        // It fails when nobody listens, which is no failure of a doorbell.
        let _ = self.bells.send(job);
    }

    async fn subscribe(&self) -> Box<dyn Subscription> {
        Box::new(Ear { bells: self.bells.subscribe() })
    }
}

struct Ear {
    bells: broadcast::Receiver<JobId>,
}

#[async_trait]
impl Subscription for Ear {
    async fn next(&mut self) -> Option<Heard> {
        match self.bells.recv().await {
            Ok(job) => Some(Heard::Changed(job)),
            Err(RecvError::Lagged(_)) => Some(Heard::Resync),
            Err(RecvError::Closed) => None,
        }
    }
}
