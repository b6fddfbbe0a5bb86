//! What the queue on `RabbitMQ` promises beyond the contract of its port: it outlives the broker's troubles.
#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

use std::time::{Duration, Instant};

use hfd_shared::cluster::RabbitQueue;
use hfd_shared::job::{Epoch, JobId, Task, TaskKind, UnitIndex};
use hfd_shared::ports::{Delivery, Lane, Message, TaskConsumer, TaskQueue as _};
use hfd_tests::services::{RabbitServer, shared_rabbit};
use lapin::options::{BasicGetOptions, BasicPublishOptions, QueueDeleteOptions};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};

/// Longer than anything takes that works.
const PATIENCE: Duration = Duration::from_mins(2);

/// A queue under a prefix of its own, and a look behind it.
struct Rig {
    queue: RabbitQueue,
    prefix: String,
    url: String,
}

impl Rig {
    fn on(server: &RabbitServer) -> Self {
        let prefix = format!("hfd-{}", JobId::random().unwrap());
        let (url, prefix) = (server.url().parse().unwrap(), prefix.parse().unwrap());
        Self { queue: RabbitQueue::new(&url, &prefix), prefix: prefix.to_string(), url: server.url() }
    }

    async fn publish(&self, task: Task) {
        self.queue.publish(&Message { task, trace: None }).await.unwrap();
    }

    /// Publishes as soon as the broker is back.
    async fn publish_at_last(&self, task: Task) {
        let message = Message { task, trace: None };
        eventually(async || self.queue.publish(&message).await.ok()).await;
    }

    async fn consumer(&self) -> Box<dyn TaskConsumer> {
        eventually(async || self.queue.consume(Lane::Fetch, 1).await.ok()).await
    }

    fn name(&self, of: &str) -> String {
        format!("{}.{of}", self.prefix)
    }

    /// A channel beside the queue's own.
    async fn channel(&self) -> (Connection, Channel) {
        let connection = Connection::connect(&self.url, ConnectionProperties::default()).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        (connection, channel)
    }

    /// Takes the body of the next dead letter.
    async fn dead_letter(&self) -> Vec<u8> {
        let (_connection, channel) = self.channel().await;
        let options = BasicGetOptions { no_ack: true };
        let letter = eventually(async || channel.basic_get(self.name("dead").into(), options).await.unwrap()).await;
        letter.delivery.data
    }
}

async fn eventually<T>(mut attempt: impl AsyncFnMut() -> Option<T>) -> T {
    let polling = async {
        loop {
            if let Some(result) = attempt().await {
                return result;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, polling).await.unwrap()
}

async fn next(consumer: &mut dyn TaskConsumer) -> Delivery {
    tokio::time::timeout(PATIENCE, consumer.next()).await.unwrap().unwrap()
}

async fn ends(consumer: &mut dyn TaskConsumer) {
    let ended = tokio::time::timeout(PATIENCE, consumer.next()).await.unwrap();
    assert!(ended.is_none(), "unexpected {:?}", ended.map(|delivery| delivery.task));
}

fn fetch(unit: u32) -> Task {
    Task { job: "0123456789ab".parse().unwrap(), epoch: Epoch(0), kind: TaskKind::Fetch(UnitIndex(unit)) }
}

#[tokio::test]
async fn a_message_that_is_no_task_becomes_a_dead_letter() {
    let rig = Rig::on(shared_rabbit().await.unwrap());
    let mut consumer = rig.consumer().await;
    let (_connection, channel) = rig.channel().await;
    let (exchange, key) = (rig.name("tasks").into(), "fetch".into());
    let (options, properties) = (BasicPublishOptions::default(), BasicProperties::default());
    channel.basic_publish(exchange, key, options, b"\x07 not a task", properties).await.unwrap().await.unwrap();
    rig.publish(fetch(1)).await;
    assert_eq!(next(consumer.as_mut()).await.task, fetch(1));
    assert_eq!(rig.dead_letter().await, b"\x07 not a task");
}

#[tokio::test]
async fn a_rejected_task_becomes_a_dead_letter() {
    let rig = Rig::on(shared_rabbit().await.unwrap());
    rig.publish(fetch(1)).await;
    next(rig.consumer().await.as_mut()).await.reject().await.unwrap();
    let body = r#"{"v":1,"job":"0123456789ab","epoch":0,"kind":"fetch","unit":1}"#;
    assert_eq!(String::from_utf8(rig.dead_letter().await).unwrap(), body);
}

#[tokio::test]
async fn a_deleted_queue_ends_its_consumer_and_is_made_anew() {
    let rig = Rig::on(shared_rabbit().await.unwrap());
    let mut consumer = rig.consumer().await;
    let (_connection, channel) = rig.channel().await;
    channel.queue_delete(rig.name("fetch").into(), QueueDeleteOptions::default()).await.unwrap();
    ends(consumer.as_mut()).await;
    ends(consumer.as_mut()).await;
    consumer = rig.consumer().await;
    rig.publish(fetch(1)).await;
    assert_eq!(next(consumer.as_mut()).await.task, fetch(1));
}

#[tokio::test]
async fn a_message_without_a_queue_is_an_error_and_the_queue_is_made_anew() {
    let rig = Rig::on(shared_rabbit().await.unwrap());
    rig.publish(fetch(1)).await;
    let (_connection, channel) = rig.channel().await;
    channel.queue_delete(rig.name("fetch").into(), QueueDeleteOptions::default()).await.unwrap();
    let message = Message { task: fetch(2), trace: None };
    let error = rig.queue.publish(&message).await.unwrap_err().to_string();
    assert!(error.contains("NO_ROUTE"), "{error}");
    rig.publish_at_last(fetch(3)).await;
    assert_eq!(next(rig.consumer().await.as_mut()).await.task, fetch(3));
}

#[tokio::test]
async fn a_closed_queue_leaves_what_was_taken_to_others() {
    let server = shared_rabbit().await.unwrap();
    let rig = Rig::on(server);
    rig.publish(fetch(1)).await;
    let mut consumer = rig.consumer().await;
    let taken = next(consumer.as_mut()).await;
    rig.queue.close().await;
    ends(consumer.as_mut()).await;
    taken.acknowledge().await.unwrap_err();
    let (url, prefix) = (server.url().parse().unwrap(), rig.prefix.parse().unwrap());
    let other = RabbitQueue::new(&url, &prefix);
    assert_eq!(next(other.consume(Lane::Fetch, 1).await.unwrap().as_mut()).await.task, fetch(1));
}

#[tokio::test]
async fn a_url_that_leads_nowhere_is_told_at_once_and_without_its_password() {
    let server = shared_rabbit().await.unwrap();
    let urls = [
        "amqp://guest:secret@127.0.0.1:1".to_owned(),
        format!("amqp://guest:secret@127.0.0.1:{}", server.port()),
        format!("amqp://guest:guest@127.0.0.1:{}/secret", server.port()),
        // Nobody there speaks TLS.
        format!("amqps://guest:secret@127.0.0.1:{}", server.port()),
    ];
    for url in urls {
        let (url, prefix) = (url.parse().unwrap(), "hfd".parse().unwrap());
        let queue = RabbitQueue::new(&url, &prefix);
        for _ in 0..2 {
            let error = queue.ready().await.expect_err(&url.to_string()).to_string();
            assert!(error.starts_with("task queue unavailable: cannot connect to amqp"), "{error}");
            assert!(!error.contains(":secret@"), "{error}");
        }
    }
}

/// One node of its own goes through all of it, since a node takes seconds to start.
#[tokio::test]
async fn what_was_published_outlives_a_restart_but_not_a_wipe() {
    let mut server = RabbitServer::start().await.unwrap();
    let rig = Rig::on(&server);
    let mut consumer = rig.consumer().await;
    rig.publish(fetch(1)).await;
    rig.publish(fetch(2)).await;
    let taken = next(consumer.as_mut()).await;

    server.stop().await.unwrap();
    ends(consumer.as_mut()).await;
    taken.acknowledge().await.unwrap_err();
    rig.queue.ready().await.unwrap_err();
    let begun = Instant::now();
    rig.queue.publish(&Message { task: fetch(3), trace: None }).await.unwrap_err();
    assert!(begun.elapsed() < Duration::from_secs(5), "a broker that is away is told at once");

    server.restart().await.unwrap();
    consumer = rig.consumer().await;
    rig.publish_at_last(fetch(4)).await;
    let mut tasks = Vec::new();
    for _ in 0..3 {
        let delivery = next(consumer.as_mut()).await;
        tasks.push(delivery.task);
        delivery.acknowledge().await.unwrap();
    }
    tasks.sort_by_key(ToString::to_string);
    assert_eq!(tasks, [fetch(1), fetch(2), fetch(4)]);

    rig.publish(fetch(5)).await;
    drop(consumer);
    server.wipe().await.unwrap();
    consumer = rig.consumer().await;
    rig.publish_at_last(fetch(6)).await;
    assert_eq!(next(consumer.as_mut()).await.task, fetch(6), "topology and consumer are there again");
}

#[tokio::test]
async fn a_queue_that_the_broker_cannot_recover_is_made_anew() {
    let mut server = RabbitServer::start().await.unwrap();
    let rig = Rig::on(&server);
    drop(rig.consumer().await);
    server.lose_names_of_queues().await.unwrap();
    let mut consumer = rig.consumer().await;
    rig.publish_at_last(fetch(1)).await;
    assert_eq!(next(consumer.as_mut()).await.task, fetch(1));
}

#[tokio::test]
async fn a_broker_that_takes_no_messages_still_takes_acknowledgements() {
    let server = RabbitServer::start().await.unwrap();
    let rig = Rig::on(&server);
    let mut consumer = rig.consumer().await;
    for unit in 1..=3 {
        rig.publish(fetch(unit)).await;
    }
    let first = next(consumer.as_mut()).await;
    server.ctl(&["set_vm_memory_high_watermark", "0.000001"]).await.unwrap();

    // The first one finds out, the next one knows.
    for limit in [Duration::from_secs(12), Duration::from_secs(1)] {
        let begun = Instant::now();
        let error = rig.queue.publish(&Message { task: fetch(4), trace: None }).await.unwrap_err().to_string();
        assert!(error.contains("alarm") && begun.elapsed() < limit, "{error} after {:?}", begun.elapsed());
    }
    first.acknowledge().await.unwrap();
    let second = next(consumer.as_mut()).await;
    assert_eq!(second.task, fetch(2));
    second.acknowledge().await.unwrap();
    rig.queue.ready().await.unwrap();
    assert!(rig.queue.takes().await.unwrap_err().to_string().contains("alarm"));

    server.ctl(&["set_vm_memory_high_watermark", "0.6"]).await.unwrap();
    rig.publish_at_last(fetch(5)).await;
    assert_eq!(next(consumer.as_mut()).await.task, fetch(3));
}
