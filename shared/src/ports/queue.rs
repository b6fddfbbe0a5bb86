//! The queue: durable tasks, delivered at least once.

use std::time::Duration;

use async_trait::async_trait;
use time::OffsetDateTime;

use crate::job::{Task, TaskKind};
use crate::trace::TraceContext;

/// Which tasks a consumer takes. Short tasks have a lane of their own, so that they never wait behind data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lane {
    /// Plan, Finish and Clean.
    Control,
    /// Callback: a receiver that is slow to answer holds up other callbacks only.
    Callback,
    /// Fetch.
    Fetch,
}

impl Lane {
    /// All lanes.
    pub const ALL: [Self; 3] = [Self::Control, Self::Callback, Self::Fetch];

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Control => "control",
            Self::Callback => "callback",
            Self::Fetch => "fetch",
        }
    }

    /// The lane of a task.
    pub fn of(task: &Task) -> Self {
        match task.kind {
            TaskKind::Fetch(_) => Self::Fetch,
            TaskKind::Callback => Self::Callback,
            TaskKind::Plan | TaskKind::Finish | TaskKind::Clean => Self::Control,
        }
    }
}

/// A task on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message {
    /// The task.
    pub task: Task,
    /// The trace that it belongs to, if it belongs to one.
    pub trace: Option<TraceContext>,
}

/// How many tasks a lane holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Depth {
    /// The lane.
    pub lane: Lane,
    /// Tasks that wait for a consumer.
    pub ready: u64,
    /// Tasks that were taken and are not answered for, where the queue tells.
    pub unacknowledged: Option<u64>,
}

/// Why the queue could not do it.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// The queue cannot be reached or does not confirm.
    #[error("task queue unavailable: {0}")]
    Unavailable(String),
}

/// Tasks on their way from the store's outbox to the workers.
#[async_trait]
pub trait TaskQueue: Send + Sync {
    /// Adds a task; returns when the queue holds it durably (as durably as it holds anything). A task that waits in it
    /// already may be delivered once for both.
    async fn publish(&self, message: &Message) -> Result<(), QueueError>;

    /// Starts to take tasks of a lane. At most `prefetch` deliveries are out unacknowledged at a time.
    async fn consume(&self, lane: Lane, prefetch: usize) -> Result<Box<dyn TaskConsumer>, QueueError>;

    /// Whether tasks can be taken now; for readiness probes.
    async fn ready(&self) -> Result<(), QueueError>;

    /// Whether tasks can be published now.
    async fn takes(&self) -> Result<(), QueueError>;

    /// How many tasks it holds, by lane; for people to look at.
    async fn depths(&self) -> Result<Vec<Depth>, QueueError>;

    /// After how long it takes a delivery back that is not answered for; never, if none.
    fn delivery_timeout(&self) -> Option<Duration>;

    /// Ends what connects to it, in order and within seconds. Deliveries that are still out come again elsewhere.
    async fn close(&self);
}

/// Takes the tasks of one lane, in the order of their publication.
#[async_trait]
pub trait TaskConsumer: Send {
    /// Waits for the next task. `None` when nothing more will come; then a new consumer has to be made. Nothing is lost
    /// when the waiting is given up.
    async fn next(&mut self) -> Option<Delivery>;
}

/// A task that was taken and is to be answered for. Dropping it gives it back.
pub struct Delivery {
    /// The task.
    pub task: Task,
    /// The trace that it belongs to, if it belongs to one.
    pub trace: Option<TraceContext>,
    /// When it was published, by the clock of the machine that did so; unknown where an older release published it.
    pub published_at: Option<OffsetDateTime>,
    acknowledge: Option<Box<dyn Acknowledge>>,
}

/// How an adapter settles a delivery.
#[async_trait]
pub trait Acknowledge: Send {
    /// The work is done and recorded, or void: forget the task.
    async fn acknowledge(self: Box<Self>) -> Result<(), QueueError>;

    /// Not done, through no fault of the task: somebody else shall have it at once.
    async fn give_back(self: Box<Self>) -> Result<(), QueueError>;

    /// The task kills its workers or cannot be done: keep it aside as a dead letter, do not deliver it again.
    async fn reject(self: Box<Self>) -> Result<(), QueueError>;

    /// Gives back where nothing can be awaited.
    fn abandon(self: Box<Self>);
}

impl Delivery {
    /// A delivery of an adapter.
    pub fn new(message: Message, published_at: Option<OffsetDateTime>, acknowledge: Box<dyn Acknowledge>) -> Self {
        let Message { task, trace } = message;
        Self { task, trace, published_at, acknowledge: Some(acknowledge) }
    }

    /// See [`Acknowledge::acknowledge`].
    pub async fn acknowledge(mut self) -> Result<(), QueueError> {
        match self.acknowledge.take() {
            Some(acknowledge) => acknowledge.acknowledge().await,
            None => Ok(()),
        }
    }

    /// See [`Acknowledge::give_back`].
    pub async fn give_back(mut self) -> Result<(), QueueError> {
        match self.acknowledge.take() {
            Some(acknowledge) => acknowledge.give_back().await,
            None => Ok(()),
        }
    }

    /// See [`Acknowledge::reject`].
    pub async fn reject(mut self) -> Result<(), QueueError> {
        match self.acknowledge.take() {
            Some(acknowledge) => acknowledge.reject().await,
            None => Ok(()),
        }
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        if let Some(acknowledge) = self.acknowledge.take() {
            acknowledge.abandon();
        }
    }
}
