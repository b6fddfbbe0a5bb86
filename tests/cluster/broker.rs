//! The broker restarts, is away, is wiped, repeats itself or brings nonsense.

use std::time::Duration;

use anyhow::ensure;
use hfd_tests::api::{Download, Posted, Status};
use hfd_tests::cluster::{Cluster, Shape};
use hfd_tests::fake_hub::RepoBuilder;
use hfd_tests::instance::Instance;
use hfd_tests::publisher::Publisher;
use hfd_tests::traffic::{data_bytes, distinct_bytes};
use hfd_tests::wait;
use serde_json::json;

fn repos() -> [RepoBuilder; 3] {
    ["acme/a", "acme/b", "acme/c"].map(|name| {
        let mut repo = RepoBuilder::model(name);
        for number in 0..4 {
            repo = repo.random_file(format!("model-{number}.safetensors"), 33 << 20, number);
        }
        repo
    })
}

fn shape() -> Shape {
    // A connection that takes a part from another gets what was on the way a second time.
    let shape = Shape::new(1, 2).worker_flags(&["--slots", "1", "--connections", "1"]);
    shape.own_rabbit().hub(|hub| hub.rate_bytes_per_s(16 << 20))
}

/// Running tasks go on, waiting ones are still there or come again, and what was posted while the broker was away is done,
/// though the API died in the meantime.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_restarts_or_is_wiped_loses_no_job_and_no_byte() -> anyhow::Result<()> {
    let mut cluster = Cluster::start(shape(), repos()).await?;
    let first = cluster.api().start(&Download::model("acme/a")).await?;
    cluster.api().moving(&first.id, 8 << 20).await?;
    cluster.own_rabbit()?.restart().await?;
    cluster.api().completed(&first.id).await?;

    cluster.own_rabbit()?.kill_9().await?;
    let second = cluster.api().start(&Download::model("acme/b")).await?;
    ensure!(matches!(cluster.api().post(&Download::model("acme/b")).await?, Posted::Existing(_)));
    ensure!(cluster.apis[0].is_ready().await?, "the outbox holds what is posted");
    let seen = cluster.api().cluster().await?;
    ensure!(seen["queues"] == json!([]) && seen["queuesError"] != "", "the broker cannot be asked: {seen}");
    ensure!(seen["workers"].as_array().is_some_and(|workers| workers.len() == 2), "the workers live: {seen}");
    // It dies between the store and the queue: others publish what it has stored.
    cluster.apis[0].kill_9().await?;
    for worker in &cluster.workers {
        worker.wait_ready(false).await?;
    }
    cluster.own_rabbit()?.restart().await?;
    cluster.restart_api(0).await?;
    cluster.api().completed(&second.id).await?;

    let third = cluster.api().start(&Download::model("acme/c")).await?;
    cluster.api().moving(&third.id, 8 << 20).await?;
    cluster.own_rabbit()?.wipe().await?;
    cluster.api().completed(&third.id).await?;
    for model in ["acme/a", "acme/b", "acme/c"] {
        cluster.check_model(model)?;
    }
    let needed: u64 = ["acme/a", "acme/b", "acme/c"].iter().map(|model| distinct_bytes(&cluster.hub, model)).sum();
    ensure!(data_bytes(&cluster.hub) == needed, "{} bytes for {needed}", data_bytes(&cluster.hub));
    Ok(())
}

/// A second delivery of a task that is in work, or that was done, and a message that is none.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn repeated_tasks_cost_no_byte_and_nonsense_is_kept_aside() -> anyhow::Result<()> {
    let cluster = Cluster::start(shape(), repos()).await?;
    let job = cluster.api().start(&Download::model("acme/a")).await?;
    cluster.api().moving(&job.id, 4 << 20).await?;
    let publisher = Publisher::connect(&cluster).await?;
    let outbox_of = async |kinds: &[&str]| {
        for kind in kinds {
            for _ in 0..3 {
                publisher.publish_task(&job.id, kind).await?;
            }
        }
        anyhow::Ok(())
    };
    outbox_of(&["plan", "fetch-0", "fetch-1", "fetch-3", "finish", "clean"]).await?;
    publisher.publish("fetch", b"{\"v\":99,\"what\":\"is this\"}").await?;
    publisher.publish("control", b"\xff\xfe nonsense").await?;
    cluster.api().completed(&job.id).await?;
    outbox_of(&["plan", "fetch-0", "finish"]).await?;
    cluster.downloaded(&Download::model("acme/b")).await?;
    ensure!(cluster.api().job(&job.id).await?.status == Status::Completed);
    let needed = distinct_bytes(&cluster.hub, "acme/a") + distinct_bytes(&cluster.hub, "acme/b");
    ensure!(data_bytes(&cluster.hub) == needed, "{} bytes for {needed}", data_bytes(&cluster.hub));
    let dead = format!("{}.dead", cluster.prefix());
    wait::until("two dead letters", Duration::from_secs(30), async || {
        let queues = cluster.rabbit.ctl(&["list_queues", "name", "messages"]).await?;
        Ok(queues.lines().any(|line| line.split_whitespace().eq([dead.as_str(), "2"])).then_some(()))
    })
    .await?;
    cluster.check_model("acme/a")
}

/// It closes the channel and delivers the task again, to whoever finds it busy.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_that_takes_longer_than_the_broker_waits_costs_no_byte() -> anyhow::Result<()> {
    let model = RepoBuilder::model("acme/model").random_file("model.safetensors", 16 << 20, 1);
    let slow = shape().workers(0).hub(|hub| hub.rate_bytes_per_s(1 << 20));
    let mut cluster = Cluster::start(slow, [model]).await?;
    // Read when a channel is opened.
    cluster.own_rabbit()?.lose_patience_after(Duration::from_secs(1)).await?;
    for _ in 0..2 {
        cluster.add_worker(&[]).await?;
    }
    let job = cluster.api().start(&Download::model("acme/model")).await?;
    wait::until("an end of the broker's patience", wait::LIMIT, async || {
        let logs = cluster.workers.iter().map(Instance::log).collect::<anyhow::Result<Vec<_>>>()?;
        Ok(logs.iter().any(|log| log.contains("delivery acknowledgement on channel")).then_some(()))
    })
    .await?;
    ensure!(cluster.api().job(&job.id).await?.status == Status::Running, "the task was over before");
    cluster.api().completed(&job.id).await?;
    cluster.check_model("acme/model")?;
    let needed = distinct_bytes(&cluster.hub, "acme/model");
    ensure!(data_bytes(&cluster.hub) == needed, "{} bytes for {needed}", data_bytes(&cluster.hub));
    Ok(())
}
