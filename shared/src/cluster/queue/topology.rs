//! The exchanges and queues, and how they are declared. `docs/rabbitmq.md` describes them.

use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{Channel, ExchangeKind, Queue};

use crate::cluster::Prefix;
use crate::ports::{Depth, Lane};

/// The names under one prefix.
#[derive(Debug)]
pub(super) struct Topology {
    tasks: ShortString,
    control: ShortString,
    callback: ShortString,
    fetch: ShortString,
    dead: ShortString,
}

impl Topology {
    pub(super) fn new(prefix: &Prefix) -> Self {
        let name = |of: &str| ShortString::from(format!("{}.{of}", prefix.as_str()));
        Self {
            tasks: name("tasks"),
            control: name("control"),
            callback: name("callback"),
            fetch: name("fetch"),
            dead: name("dead"),
        }
    }

    /// The exchange that tasks are published to.
    pub(super) fn exchange(&self) -> ShortString {
        self.tasks.clone()
    }

    /// The queue of a lane.
    pub(super) fn queue(&self, lane: Lane) -> ShortString {
        match lane {
            Lane::Control => self.control.clone(),
            Lane::Callback => self.callback.clone(),
            Lane::Fetch => self.fetch.clone(),
        }
    }

    /// The routing key of a lane.
    pub(super) fn key(lane: Lane) -> ShortString {
        lane.name().into()
    }

    /// How many messages are ready in each lane. Those that are out are told by the broker's management only. Before the
    /// first task and the first worker there is no queue: it is made, for a question about none costs the channel.
    pub(super) async fn depths(&self, channel: &Channel) -> lapin::Result<Vec<Depth>> {
        let mut depths = Vec::new();
        for lane in Lane::ALL {
            let queue = declare_queue(channel, &self.queue(lane), Some(&self.dead)).await?;
            depths.push(Depth { lane, ready: queue.message_count().into(), unacknowledged: None });
        }
        Ok(depths)
    }

    /// Makes what is not there yet. What is there stays as it is, with its messages.
    pub(super) async fn declare(&self, channel: &Channel) -> lapin::Result<()> {
        declare_exchange(channel, &self.dead, ExchangeKind::Fanout).await?;
        declare_queue(channel, &self.dead, None).await?;
        bind(channel, &self.dead, &self.dead, ShortString::default()).await?;
        declare_exchange(channel, &self.tasks, ExchangeKind::Direct).await?;
        for lane in Lane::ALL {
            declare_queue(channel, &self.queue(lane), Some(&self.dead)).await?;
            bind(channel, &self.queue(lane), &self.tasks, Self::key(lane)).await?;
        }
        Ok(())
    }
}

async fn declare_exchange(channel: &Channel, name: &ShortString, kind: ExchangeKind) -> lapin::Result<()> {
    let options = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
    channel.exchange_declare(name.clone(), kind, options, FieldTable::default()).await
}

/// The arguments can never be changed, so they hold nothing that one may want to tune: that is for a policy.
async fn declare_queue(channel: &Channel, name: &ShortString, dead: Option<&ShortString>) -> lapin::Result<Queue> {
    let text = |value: &str| AMQPValue::LongString(value.into());
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), text("quorum"));
    if let Some(dead) = dead {
        arguments.insert("x-dead-letter-exchange".into(), text(dead.as_str()));
    }
    let options = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    channel.queue_declare(name.clone(), options, arguments).await
}

async fn bind(channel: &Channel, queue: &ShortString, exchange: &ShortString, key: ShortString) -> lapin::Result<()> {
    let options = QueueBindOptions::default();
    channel.queue_bind(queue.clone(), exchange.clone(), key, options, FieldTable::default()).await
}
