//! Tasks on `RabbitMQ`, by AMQP 0-9-1. Uses only what `RabbitMQ` 3.10 and 4.3 both have; `docs/rabbitmq.md` describes the
//! exchanges, the queues and the messages.

mod config;
mod consumer;
mod link;
mod publisher;
mod topology;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lapin::options::{QueueDeclareOptions, QueueDeleteOptions};
use lapin::types::FieldTable;
use tokio::time::timeout;
use tracing::{debug, warn};

pub use config::{BrokerUrl, BrokerUrlError};

use self::consumer::{Consumer, NotStarted};
use self::link::{LONGEST_PAUSE, Link, REPLY_SUCCESS, pauses};
use self::publisher::Publisher;
use self::topology::Topology;
use crate::cluster::Prefix;
use crate::ports::{Depth, Lane, Message, QueueError, TaskConsumer, TaskQueue};

/// How long a consumer waits for a broker that is away.
const CONSUME_LIMIT: Duration = Duration::from_secs(45);

/// A queue that was silent for so many tries in a row is made anew.
const SILENT_TRIES: u32 = 2;

/// How long the broker gets to delete a queue.
const DELETE_LIMIT: Duration = Duration::from_secs(10);

/// How long a readiness probe may take.
const READY_LIMIT: Duration = Duration::from_secs(5);

/// How long the broker may take to tell how much it holds.
const DEPTHS_LIMIT: Duration = Duration::from_secs(3);

/// How long an orderly end may take.
const CLOSE_LIMIT: Duration = Duration::from_secs(5);

/// RabbitMQ's `consumer_timeout`, unless it is configured otherwise.
const CONSUMER_TIMEOUT: Duration = Duration::from_mins(30);

/// A [`TaskQueue`] on a `RabbitMQ` broker.
///
/// It connects when it is first used, and again after any loss: with pauses of 0.5 s to 30 s, during which everything
/// fails at once. A consumer whose connection, channel or queue is gone ends; the next
/// [`consume`](TaskQueue::consume) makes all of it anew.
#[derive(Debug)]
pub struct RabbitQueue {
    topology: Arc<Topology>,
    publisher: Publisher,
    consuming: Link,
}

impl RabbitQueue {
    /// A queue that is not connected yet.
    pub fn new(url: &BrokerUrl, prefix: &Prefix) -> Self {
        let link = |name| Link::new(url.clone(), name);
        let topology = Arc::new(Topology::new(prefix));
        let publisher = Publisher::new(link("hfdownloader publishes"), Arc::clone(&topology));
        Self { topology, publisher, consuming: link("hfdownloader consumes") }
    }

    async fn start(&self, lane: Lane, prefetch: usize) -> Result<Consumer, NoConsumer> {
        let connection = self.consuming.connection().await?;
        let consumer = Consumer::start(&connection, &self.topology, lane, prefetch).await?;
        self.consuming.works().await;
        Ok(consumer)
    }

    /// Deletes a queue that the broker lists but cannot serve, as `RabbitMQ` 3.10 leaves one behind that it was killed
    /// right after making; not one that serves others by now. Whoever consumes next declares it again, and the store emits
    /// the tasks that were in it.
    async fn delete_unserved(&self, lane: Lane) -> Result<(), QueueError> {
        let connection = self.consuming.connection().await?;
        let name = self.topology.queue(lane);
        let delete = async {
            let channel = connection.create_channel().await?;
            let look = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
            let queue = channel.queue_declare(name.clone(), look, FieldTable::default()).await?;
            if queue.consumer_count() == 0 {
                warn!(lane = lane.name(), "the broker cannot serve a queue: deleted, to be made anew");
                channel.queue_delete(name, QueueDeleteOptions::default()).await?;
            }
            channel.close(REPLY_SUCCESS, "looked".into()).await
        };
        match timeout(DELETE_LIMIT, delete).await {
            Ok(deleted) => deleted.map_err(|error| unavailable(format!("cannot delete a silent queue: {error}"))),
            Err(_) => Err(unavailable(format!("a silent queue not deleted within {DELETE_LIMIT:?}"))),
        }
    }

    /// Not on the connection that publishes: the broker does not read from it while an alarm is on.
    async fn look(&self) -> Result<Vec<Depth>, QueueError> {
        let connection = self.consuming.connection().await?;
        let look = async {
            let channel = connection.create_channel().await?;
            let depths = self.topology.depths(&channel).await?;
            channel.close(REPLY_SUCCESS, "looked".into()).await?;
            Ok::<_, lapin::Error>(depths)
        };
        let depths = look.await.map_err(|error| unavailable(format!("cannot look at the queues: {error}")))?;
        self.consuming.works().await;
        Ok(depths)
    }
}

#[async_trait]
impl TaskQueue for RabbitQueue {
    async fn publish(&self, message: &Message) -> Result<(), QueueError> {
        self.publisher.publish(message).await
    }

    async fn consume(&self, lane: Lane, prefetch: usize) -> Result<Box<dyn TaskConsumer>, QueueError> {
        let (mut last, mut silent) = (None, 0);
        let attempts = async {
            let mut pauses = pauses();
            loop {
                let error = match self.start(lane, prefetch).await {
                    Ok(consumer) => return consumer,
                    Err(error) => error,
                };
                silent = if error.is_silent() { silent + 1 } else { 0 };
                debug!(lane = lane.name(), error = %last.insert(QueueError::from(error)), "consumer not started");
                if silent >= SILENT_TRIES {
                    silent = 0;
                    if let Err(error) = self.delete_unserved(lane).await {
                        warn!(lane = lane.name(), %error, "the broker cannot serve a queue");
                    }
                }
                let pause = pauses.next().unwrap_or(LONGEST_PAUSE);
                tokio::time::sleep(pause.max(self.consuming.pause().await)).await;
            }
        };
        match timeout(CONSUME_LIMIT, attempts).await {
            Ok(consumer) => Ok(Box::new(consumer)),
            Err(_) => Err(last.unwrap_or_else(|| unavailable(format!("no answer within {CONSUME_LIMIT:?}")))),
        }
    }

    async fn ready(&self) -> Result<(), QueueError> {
        match timeout(READY_LIMIT, self.consuming.connection()).await {
            Ok(connection) => connection.map(drop),
            Err(_) => Err(unavailable(format!("no answer within {READY_LIMIT:?}"))),
        }
    }

    async fn takes(&self) -> Result<(), QueueError> {
        self.publisher.takes().await
    }

    async fn depths(&self) -> Result<Vec<Depth>, QueueError> {
        match timeout(DEPTHS_LIMIT, self.look()).await {
            Ok(depths) => depths,
            Err(_) => Err(unavailable(format!("no answer within {DEPTHS_LIMIT:?}"))),
        }
    }

    fn delivery_timeout(&self) -> Option<Duration> {
        Some(CONSUMER_TIMEOUT)
    }

    async fn close(&self) {
        let closing = async { tokio::join!(self.publisher.close(), self.consuming.close()) };
        if timeout(CLOSE_LIMIT, closing).await.is_err() {
            warn!("connections to the broker not closed within {CLOSE_LIMIT:?}");
        }
    }
}

/// Why no consumer started.
#[derive(Debug, thiserror::Error)]
enum NoConsumer {
    #[error(transparent)]
    NotConnected(#[from] QueueError),
    #[error(transparent)]
    NotStarted(#[from] NotStarted),
}

impl NoConsumer {
    fn is_silent(&self) -> bool {
        matches!(self, Self::NotStarted(NotStarted::Silent))
    }
}

impl From<NoConsumer> for QueueError {
    fn from(error: NoConsumer) -> Self {
        match error {
            NoConsumer::NotConnected(error) => error,
            NoConsumer::NotStarted(error) => unavailable(format!("cannot consume: {error}")),
        }
    }
}

fn unavailable(reason: impl Into<String>) -> QueueError {
    QueueError::Unavailable(reason.into())
}
