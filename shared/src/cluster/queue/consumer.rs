//! Taking tasks, and answering for them.

use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use lapin::options::{
    BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicNackOptions, BasicQosOptions, BasicRejectOptions,
};
use lapin::types::FieldTable;
use lapin::{Acker, Channel, Connection};
use tokio::runtime::Handle;
use tokio::time::timeout;
use tracing::{debug, error, warn};

use super::topology::Topology;
use super::{unavailable, wire};
use crate::ports::{Acknowledge, Delivery, Lane, QueueError, TaskConsumer};

/// How long the broker gets for each of the two steps in which a consumer starts.
const START_LIMIT: Duration = Duration::from_secs(10);

/// How long an answer may take to reach the broker.
const SETTLE_LIMIT: Duration = Duration::from_secs(10);

/// How much of a message that is no task is logged.
const SHOWN_BYTES: usize = 64;

const REQUEUE: BasicNackOptions = BasicNackOptions { multiple: false, requeue: true };
const DEAD_LETTER: BasicRejectOptions = BasicRejectOptions { requeue: false };

/// Why nothing is taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotStarted {
    #[error(transparent)]
    Refused(#[from] lapin::Error),
    #[error("no answer within {START_LIMIT:?}")]
    NoAnswer,
    /// The broker answers, but not for this queue.
    #[error("the queue gives no answer within {START_LIMIT:?}")]
    Silent,
}

async fn open_channel(connection: &Connection, topology: &Topology, prefetch: usize) -> lapin::Result<Channel> {
    let channel = connection.create_channel().await?;
    topology.declare(&channel).await?;
    let prefetch = u16::try_from(prefetch).unwrap_or(u16::MAX).max(1);
    channel.basic_qos(prefetch, BasicQosOptions { global: false }).await?;
    Ok(channel)
}

/// Takes the tasks of one lane on a channel of its own.
pub(super) struct Consumer {
    deliveries: lapin::Consumer,
    channel: Channel,
    over: bool,
}

impl Consumer {
    /// Makes sure that the queues exist and begins to take tasks.
    pub(super) async fn start(
        connection: &Connection,
        topology: &Topology,
        lane: Lane,
        prefetch: usize,
    ) -> Result<Self, NotStarted> {
        let Ok(channel) = timeout(START_LIMIT, open_channel(connection, topology, prefetch)).await else {
            return Err(NotStarted::NoAnswer);
        };
        let channel = channel?;
        // The broker chooses the consumer's tag.
        let (tag, options) = ("".into(), BasicConsumeOptions::default());
        let consume = channel.basic_consume(topology.queue(lane), tag, options, FieldTable::default());
        let Ok(deliveries) = timeout(START_LIMIT, consume).await else { return Err(NotStarted::Silent) };
        Ok(Self { deliveries: deliveries?, channel, over: false })
    }

    /// The task in a delivery; what is none becomes a dead letter.
    async fn open(&self, delivery: lapin::message::Delivery) -> Option<Delivery> {
        match wire::decode(&delivery) {
            Ok(message) => {
                let receipt = Receipt { acker: delivery.acker, _channel: self.channel.clone() };
                let published_at = wire::published_at(&delivery.properties);
                Some(Delivery::new(message, published_at, Box::new(receipt)))
            }
            Err(reason) => {
                let (message, begins) = (delivery.properties.message_id(), shown(&delivery.data));
                error!(queue = %delivery.routing_key, ?message, bytes = delivery.data.len(), begins, %reason,
                    "message is no task: dead letter");
                // Sent when first polled, so that a caller that gives up does not keep it from being settled.
                if let Err(error) = settled(delivery.acker.reject(DEAD_LETTER)).await {
                    warn!(?message, %error, "message not rejected; it will come again");
                }
                None
            }
        }
    }
}

#[async_trait]
impl TaskConsumer for Consumer {
    async fn next(&mut self) -> Option<Delivery> {
        while !self.over {
            match self.deliveries.next().await {
                Some(Ok(delivery)) => {
                    if let Some(delivery) = self.open(delivery).await {
                        return Some(delivery);
                    }
                }
                Some(Err(error)) => {
                    warn!(queue = %self.deliveries.queue(), %error, "consumer lost");
                    self.over = true;
                }
                // Without a word: the queue was deleted, or the broker lost patience with an unsettled delivery.
                None => {
                    warn!(queue = %self.deliveries.queue(), "consumer cancelled by the broker");
                    self.over = true;
                }
            }
        }
        None
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        // Without a runtime the process ends, and the broker takes back what is on its connections.
        if let (false, Ok(runtime)) = (self.over, Handle::try_current()) {
            runtime.spawn(hand_back(self.channel.clone(), self.deliveries.clone()));
        }
    }
}

/// Takes no more, and gives back what has come but was not given out. The channel stays open for what was.
async fn hand_back(channel: Channel, mut deliveries: lapin::Consumer) {
    let work = async {
        channel.basic_cancel(deliveries.tag(), BasicCancelOptions::default()).await?;
        while let Some(delivery) = deliveries.next().await {
            delivery?.nack(REQUEUE).await?;
        }
        lapin::Result::Ok(())
    };
    match timeout(SETTLE_LIMIT, work).await {
        Ok(Ok(())) => {}
        // Then the channel is dead, and the broker has taken everything back.
        Ok(Err(error)) => debug!(%error, "consumer not cancelled in order"),
        Err(_) => warn!("consumer not cancelled within {SETTLE_LIMIT:?}"),
    }
}

/// The right to answer for one delivery. The last one of a channel that has no consumer any more closes it.
struct Receipt {
    acker: Acker,
    _channel: Channel,
}

#[async_trait]
impl Acknowledge for Receipt {
    async fn acknowledge(self: Box<Self>) -> Result<(), QueueError> {
        settled(self.acker.ack(BasicAckOptions::default())).await
    }

    async fn give_back(self: Box<Self>) -> Result<(), QueueError> {
        settled(self.acker.nack(REQUEUE)).await
    }

    async fn reject(self: Box<Self>) -> Result<(), QueueError> {
        settled(self.acker.reject(DEAD_LETTER)).await
    }

    fn abandon(self: Box<Self>) {
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(async move {
                if let Err(error) = self.give_back().await {
                    debug!(%error, "delivery not given back; the broker does it");
                }
            });
        }
    }
}

async fn settled(answer: impl Future<Output = lapin::Result<bool>>) -> Result<(), QueueError> {
    match timeout(SETTLE_LIMIT, answer).await {
        Ok(Ok(true)) => Ok(()),
        Ok(Ok(false)) => Err(unavailable("the channel of the delivery is gone")),
        Ok(Err(error)) => Err(unavailable(error.to_string())),
        Err(_) => Err(unavailable(format!("the broker took no answer within {SETTLE_LIMIT:?}"))),
    }
}

/// The beginning of a body that may hold anything.
fn shown(body: &[u8]) -> String {
    let begin = body.get(..SHOWN_BYTES).unwrap_or(body);
    String::from_utf8_lossy(begin).escape_debug().to_string()
}
