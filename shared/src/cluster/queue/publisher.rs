//! Publishing, on a connection of its own: a broker that takes no messages still takes acknowledgements.

use std::sync::Arc;
use std::time::Duration;

use lapin::message::BasicReturnMessage;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::{Channel, Confirmation, Connection};
use tokio::sync::Mutex;
use tokio::time::timeout;
use tracing::debug;

use super::link::Link;
use super::topology::Topology;
use super::{unavailable, wire};
use crate::ports::{Lane, Message, QueueError};

/// How long the broker gets to declare the topology, and to confirm a message.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);

/// Said while the broker's memory or disk alarm is on.
const BLOCKED: &str = "the broker takes no messages now (memory or disk alarm)";

/// Publishes with confirmation.
#[derive(Debug)]
pub(super) struct Publisher {
    link: Link,
    topology: Arc<Topology>,
    open: Mutex<Option<Open>>,
}

/// A channel that confirms, and its connection.
#[derive(Debug, Clone)]
struct Open {
    connection: Arc<Connection>,
    channel: Channel,
}

impl Publisher {
    pub(super) fn new(link: Link, topology: Arc<Topology>) -> Self {
        Self { link, topology, open: Mutex::new(None) }
    }

    /// Whether the broker takes messages.
    pub(super) async fn takes(&self) -> Result<(), QueueError> {
        self.unblocked().await.map(drop)
    }

    /// Publishes; returns when the broker has the message on disk.
    pub(super) async fn publish(&self, message: &Message) -> Result<(), QueueError> {
        let open = self.unblocked().await?;
        let reason = match timeout(ANSWER_LIMIT, self.send(&open.channel, message)).await {
            Ok(Ok(())) => {
                self.link.works().await;
                return Ok(());
            }
            // The broker works; it has no room for this one, as a policy may want it.
            Ok(Err(NotSent::Refused)) => return Err(unavailable("the broker refused the message")),
            Ok(Err(NotSent::Broken(reason))) => reason,
            Err(_) if open.connection.status().blocked() => return Err(unavailable(BLOCKED)),
            Err(_) => format!("the broker did not confirm within {ANSWER_LIMIT:?}"),
        };
        debug!(task = %message.task, reason, "publishing connection given up");
        self.give_up(&open, &reason).await;
        Err(unavailable(reason))
    }

    /// Ends the connection.
    pub(super) async fn close(&self) {
        *self.open.lock().await = None;
        self.link.close().await;
    }

    async fn unblocked(&self) -> Result<Open, QueueError> {
        let open = self.open().await?;
        // Nothing can be sent, not even the end of the connection, so another one would only be one more to hold.
        if open.connection.status().blocked() { Err(unavailable(BLOCKED)) } else { Ok(open) }
    }

    async fn open(&self) -> Result<Open, QueueError> {
        let mut slot = self.open.lock().await;
        if let Some(open) = slot.as_ref().filter(|open| open.channel.status().connected()) {
            return Ok(open.clone());
        }
        let connection = self.link.connection().await?;
        let reason = match timeout(ANSWER_LIMIT, self.prepare(&connection)).await {
            Ok(Ok(channel)) => return Ok(slot.insert(Open { connection, channel }).clone()),
            Ok(Err(error)) => format!("cannot prepare to publish: {error}"),
            Err(_) => format!("cannot prepare to publish: no answer within {ANSWER_LIMIT:?}"),
        };
        self.link.give_up(&connection, &reason).await;
        Err(unavailable(reason))
    }

    async fn prepare(&self, connection: &Connection) -> lapin::Result<Channel> {
        let channel = connection.create_channel().await?;
        self.topology.declare(&channel).await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        Ok(channel)
    }

    async fn give_up(&self, open: &Open, reason: &str) {
        let mut slot = self.open.lock().await;
        if slot.as_ref().is_some_and(|present| Arc::ptr_eq(&present.connection, &open.connection)) {
            *slot = None;
        }
        self.link.give_up(&open.connection, reason).await;
    }

    async fn send(&self, channel: &Channel, message: &Message) -> Result<(), NotSent> {
        let broken = |reason: String| Err(NotSent::Broken(reason));
        let (body, properties) = wire::encode(message).map_err(|error| NotSent::Broken(error.to_string()))?;
        let key = Topology::key(Lane::of(&message.task));
        // Without a queue behind the exchange the broker would confirm and forget.
        let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        let sent = channel.basic_publish(self.topology.exchange(), key, options, &body, properties).await;
        let confirmation = match sent {
            Ok(confirmation) => confirmation.await,
            Err(error) => Err(error),
        };
        match confirmation {
            Ok(Confirmation::Ack(None)) => Ok(()),
            Ok(Confirmation::Ack(Some(returned)) | Confirmation::Nack(Some(returned))) => broken(reason_of(&returned)),
            Ok(Confirmation::Nack(None)) => Err(NotSent::Refused),
            Ok(Confirmation::NotRequested) => broken("the channel does not confirm".to_owned()),
            Err(error) => broken(error.to_string()),
        }
    }
}

/// Why a message did not arrive.
enum NotSent {
    /// The broker does not take it.
    Refused,
    /// The connection or what is behind it does not work.
    Broken(String),
}

fn reason_of(returned: &BasicReturnMessage) -> String {
    format!("the broker returned the message: {} ({})", returned.reply_text, returned.reply_code)
}
