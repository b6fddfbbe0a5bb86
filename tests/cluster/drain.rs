//! SIGTERM.

use anyhow::ensure;
use hfd_tests::api::{Download, Status};
use hfd_tests::cluster::{Cluster, Shape};
use hfd_tests::fake_hub::RepoBuilder;
use hfd_tests::traffic::check_sent_once;
use hfd_tests::watcher::Watcher;

const MODEL: &str = "acme/model";

/// What the Hub has sent and the worker has not read yet, on each connection.
const ON_THE_WAY_BYTES: u64 = 1 << 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_is_asked_to_end_hands_its_work_over() -> anyhow::Result<()> {
    let repo = RepoBuilder::model(MODEL).random_file("a.safetensors", 64 << 20, 1).many_files("small", 30);
    let shape = Shape::new(1, 1).worker_flags(&["--slots", "2", "--connections", "2"]);
    let mut cluster = Cluster::start(shape.hub(|hub| hub.rate_bytes_per_s(4 << 20)), [repo]).await?;
    let job = cluster.api().start(&Download::model(MODEL)).await?;
    cluster.api().moving(&job.id, 20 << 20).await?;
    let ended = cluster.workers[0].terminate().await?;
    ensure!(ended.success(), "{ended}");
    let seen = cluster.api().job(&job.id).await?;
    ensure!(seen.status == Status::Running && seen.workers.is_empty(), "{seen:?}");
    cluster.add_worker(&[]).await?;
    cluster.api().completed(&job.id).await?;
    check_sent_once(&cluster.hub, MODEL, 4 * ON_THE_WAY_BYTES)?;
    cluster.check_model(MODEL)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_api_that_is_asked_to_end_tells_its_clients_and_stops_nothing() -> anyhow::Result<()> {
    let repo = RepoBuilder::model(MODEL).random_file("a.safetensors", 32 << 20, 1);
    let shape = Shape::new(2, 1).hub(|hub| hub.rate_bytes_per_s(8 << 20));
    let mut cluster = Cluster::start(shape, [repo]).await?;
    let job = cluster.api().start(&Download::model(MODEL)).await?;
    let mut watcher = Watcher::connect(cluster.api()).await?;
    let ended = cluster.apis[0].terminate().await?;
    ensure!(ended.success(), "{ended}");
    let farewell = loop {
        if let Err(error) = watcher.next().await {
            break format!("{error:#}");
        }
    };
    ensure!(farewell.contains("Away"), "the last frame was no going-away: {farewell}");
    cluster.apis[1].api().completed(&job.id).await?;
    cluster.check_model(MODEL)
}
