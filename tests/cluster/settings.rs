//! Settings that one replica changes are in force in all processes.

use std::time::{Duration, Instant};

use anyhow::ensure;
use hfd_tests::api::{Download, Status};
use hfd_tests::cluster::{Cluster, Shape};
use hfd_tests::fake_hub::{Origin, RepoBuilder};
use hfd_tests::traffic::open_data_answers;
use hfd_tests::wait;
use serde_json::json;

/// Within which a change is in force, on a machine that is busy.
const SECONDS: Duration = Duration::from_secs(15);

fn model(number: u64) -> RepoBuilder {
    RepoBuilder::model(name(number)).random_file("model.safetensors", 64 << 20, number)
}

fn name(number: u64) -> String {
    format!("acme/model-{number}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_and_active_jobs_are_changed_on_one_replica_for_all_workers() -> anyhow::Result<()> {
    let shape = Shape::new(2, 2).flags(&["--connections", "1", "--max-active", "1", "--multipart-threshold", "1MiB"]);
    let shape = shape.worker_flags(&["--slots", "1"]).hub(|hub| hub.rate_bytes_per_s(256 << 10));
    let cluster = Cluster::start(shape, (0..3).map(model)).await?;
    let (first, second) = (cluster.apis[0].api(), cluster.apis[1].api());
    let old = first.start(&Download::model(&name(0))).await?;
    let waiting = first.start(&Download::model(&name(1))).await?;
    first.moving(&old.id, 1).await?;
    ensure!(open_data_answers(&cluster.hub) == 1);
    ensure!(first.job(&waiting.id).await?.status == Status::Queued);

    let changed_at = Instant::now();
    first.change_settings(&json!({ "connections": 4, "maxActive": 2 })).await?;
    let seen = second.settings().await?;
    ensure!(seen["connections"] == 4 && seen["maxActive"] == 2, "{seen}");
    wait::until("both jobs to run", SECONDS, async || {
        Ok((second.job(&waiting.id).await?.status == Status::Running).then_some(()))
    })
    .await?;
    // The task that runs keeps its one connection, the new one has four.
    wait::until_true("five connections", SECONDS, || open_data_answers(&cluster.hub) == 5).await?;
    ensure!(changed_at.elapsed() < SECONDS);

    second.change_settings(&json!({ "maxActive": 1 })).await?;
    ensure!(first.settings().await?["maxActive"] == 1);
    let third = second.start(&Download::model(&name(2))).await?;
    ensure!(
        first.job(&old.id).await?.status == Status::Running && first.job(&waiting.id).await?.status == Status::Running
    );
    first.cancel(&old.id).await?;
    ensure!(second.job(&third.id).await?.status == Status::Queued, "one still runs, and there is room for one");
    ensure!(cluster.hub.total_bytes_sent(Origin::Cdn) > 0);
    Ok(())
}

/// Only the least time is checked: how near it comes, the benchmark shows.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_workers_together_receive_no_more_bytes_in_a_second_than_was_set() -> anyhow::Result<()> {
    let files = (0..2).map(|number| (format!("model-{number}.safetensors"), number));
    let repo = files.fold(RepoBuilder::model(name(0)), |repo, (file, seed)| repo.random_file(file, 8 << 20, seed));
    let shape = Shape::new(1, 0).flags(&["--multipart-threshold", "1MiB"]).worker_flags(&["--slots", "1"]);
    let mut cluster = Cluster::start(shape, [repo]).await?;
    cluster.api().change_settings(&json!({ "maxBytesPerSecond": "4MiB" })).await?;
    for _ in 0..2 {
        cluster.add_worker(&[]).await?;
    }
    let begun = Instant::now();
    let job = cluster.api().start(&Download::model(&name(0))).await?;
    cluster.api().completed(&job.id).await?;
    let took = begun.elapsed();
    // 16 MiB, less the burst and what of the last reservations is not used.
    ensure!(took > Duration::from_millis(3500), "16 MiB at 4 MiB/s took {took:?}");
    cluster.check_model(&name(0))
}
