//! The job store restarts, is away, or is emptied.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use hfd_tests::api::{Download, Refused};
use hfd_tests::cluster::{Cluster, Shape};
use hfd_tests::fake_hub::RepoBuilder;
use hfd_tests::traffic::{check_sent_once, open_data_answers};
use hfd_tests::wait;
use hfd_tests::watcher::{Message, Watcher};

const MODEL: &str = "acme/model";

/// What may come twice: a quarter of a part a connection.
const COST_BYTES: u64 = 4 * (4 << 20);

fn slow() -> (Shape, RepoBuilder) {
    let mut repo = RepoBuilder::model(MODEL);
    for number in 0..4 {
        repo = repo.random_file(format!("model-{number}.safetensors"), 40 << 20, number);
    }
    let shape = Shape::new(1, 2).worker_flags(&["--slots", "1", "--connections", "2"]);
    (shape.hub(|hub| hub.rate_bytes_per_s(3 << 20)), repo)
}

/// It keeps its data in an append-only file.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_of_the_store_loses_nothing() -> anyhow::Result<()> {
    let (shape, repo) = slow();
    let mut cluster = Cluster::start(shape, [repo]).await?;
    let job = cluster.api().start(&Download::model(MODEL)).await?;
    let before = cluster.api().moving(&job.id, 16 << 20).await?;
    cluster.redis.restart().await?;
    let after = cluster.api().moving(&job.id, before.progress.downloaded_bytes).await?;
    ensure!(after.created_at == before.created_at);
    cluster.api().completed(&job.id).await?;
    check_sent_once(&cluster.hub, MODEL, COST_BYTES)?;
    cluster.check_model(MODEL)
}

/// Everybody says so meanwhile, and goes on afterwards.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_store_is_away_the_api_answers_503_and_nobody_is_ready() -> anyhow::Result<()> {
    let (shape, repo) = slow();
    let mut cluster = Cluster::start(shape, [repo]).await?;
    let job = cluster.api().start(&Download::model(MODEL)).await?;
    cluster.api().moving(&job.id, 16 << 20).await?;
    cluster.redis.kill_9().await?;
    let refused = cluster.api().jobs().await.err().context("jobs of a store that is away")?;
    let refused = refused.downcast::<Refused>()?;
    ensure!(refused.status == 503 && refused.error == "Job store unavailable", "{refused}");
    for member in cluster.apis.iter().chain(&cluster.workers) {
        member.wait_ready(false).await?;
        ensure!(member.is_alive().await?, "a process without its store lives on");
    }
    // Longer than the lease timeout: running tasks have stopped by now and hold what they have.
    wait::until_true("all transfers to stop", Duration::from_mins(1), || open_data_answers(&cluster.hub) == 0).await?;
    cluster.redis.restart().await?;
    for member in cluster.apis.iter().chain(&cluster.workers) {
        member.wait_ready(true).await?;
    }
    cluster.api().completed(&job.id).await?;
    check_sent_once(&cluster.hub, MODEL, COST_BYTES)?;
    cluster.check_model(MODEL)
}

/// Workers wait meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_api_whose_store_is_full_refuses_jobs_and_lets_old_ones_be_dismissed() -> anyhow::Result<()> {
    let cluster = Cluster::start(Shape::new(1, 1), [RepoBuilder::model(MODEL).many_files("small", 2)]).await?;
    let old = cluster.downloaded(&Download::model(MODEL)).await?;
    cluster.redis.command("CONFIG SET maxmemory 1").await?;
    cluster.workers[0].wait_ready(false).await?;
    ensure!(cluster.apis[0].is_ready().await?, "nobody is there who makes room");
    let refused = cluster.api().post(&Download::model(MODEL)).await.err().context("a job of a store that is full")?;
    let refused = refused.downcast::<Refused>()?;
    ensure!(refused.status == 503 && refused.error == "Job store full", "{refused}");
    cluster.api().dismiss(&old.id).await?;
    ensure!(cluster.api().jobs().await?.is_empty());
    cluster.redis.command("CONFIG SET maxmemory 0").await?;
    cluster.downloaded(&Download::model(MODEL)).await?;
    cluster.check_model(MODEL)
}

/// Jobs are gone, and everybody is told; what has arrived of them is still there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_the_store_was_emptied_posting_again_goes_on_from_the_partials() -> anyhow::Result<()> {
    let (shape, repo) = slow();
    let cluster = Cluster::start(shape, [repo]).await?;
    let mut watcher = Watcher::connect(cluster.api()).await?;
    watcher.next().await?;
    let lost = cluster.api().start(&Download::model(MODEL)).await?;
    cluster.api().moving(&lost.id, 24 << 20).await?;
    cluster.redis.flush().await?;
    ensure!(cluster.api().jobs().await?.is_empty());
    let is_told = |message: &Message| matches!(message, Message::Event { event, job_id } if event == "job_removed" && *job_id == lost.id);
    while !is_told(&watcher.next().await?) {}
    for member in cluster.apis.iter().chain(&cluster.workers) {
        wait::until("the log to say so", wait::LIMIT, async || {
            member.is_ready().await?;
            Ok(member.log()?.contains("the job store was emptied").then_some(()))
        })
        .await?;
    }
    wait::until_true("the lost job's transfers to stop", Duration::from_secs(30), || {
        open_data_answers(&cluster.hub) == 0
    })
    .await?;
    let again = cluster.downloaded(&Download::model(MODEL)).await?;
    ensure!(again.id != lost.id);
    check_sent_once(&cluster.hub, MODEL, COST_BYTES)?;
    cluster.check_model(MODEL)
}
