//! Somebody who puts messages into a cluster's queues past its outbox.

use anyhow::Context as _;
use lapin::options::BasicPublishOptions;
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};

use crate::cluster::Cluster;

/// A connection to a cluster's broker.
pub struct Publisher {
    channel: Channel,
    exchange: String,
    _connection: Connection,
}

impl Publisher {
    /// Connects.
    pub async fn connect(cluster: &Cluster) -> anyhow::Result<Self> {
        let properties = ConnectionProperties::default();
        let connection =
            Connection::connect(&cluster.rabbit.url(), properties).await.context("connecting to RabbitMQ")?;
        let channel = connection.create_channel().await?;
        Ok(Self { channel, exchange: format!("{}.tasks", cluster.prefix()), _connection: connection })
    }

    /// Publishes a task of a job's first epoch, such as `plan` or `fetch-7`.
    pub async fn publish_task(&self, job: &str, kind: &str) -> anyhow::Result<()> {
        let (lane, fields) = match kind.strip_prefix("fetch-") {
            Some(unit) => ("fetch", format!(r#""kind":"fetch","unit":{unit}"#)),
            None => ("control", format!(r#""kind":"{kind}""#)),
        };
        self.publish(lane, format!(r#"{{"v":1,"job":"{job}","epoch":0,{fields}}}"#).as_bytes()).await
    }

    /// Publishes anything.
    pub async fn publish(&self, lane: &str, body: &[u8]) -> anyhow::Result<()> {
        let options = BasicPublishOptions::default();
        let properties = BasicProperties::default();
        let publishing =
            self.channel.basic_publish(self.exchange.as_str().into(), lane.into(), options, body, properties);
        publishing.await?.await?;
        Ok(())
    }
}
