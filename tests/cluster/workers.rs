//! Workers that die, sleep, or are cut off.

use std::cell::Cell;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use hfd_tests::api::{Download, Job, Status};
use hfd_tests::cluster::{Cluster, Shape};
use hfd_tests::fake_hub::RepoBuilder;
use hfd_tests::proxy::Proxy;
use hfd_tests::traffic::{check_sent_once, data_bytes_of, open_data_answers};
use hfd_tests::wait;

const MODEL: &str = "acme/model";
const FILE: &str = "model.safetensors";

/// Within which another worker goes on.
const TAKEN_OVER: Duration = Duration::from_secs(30);

/// What may come twice: a quarter of a part a connection, as far as it was not recorded yet.
const COST_BYTES: u64 = 2 * (4 << 20);

/// Two workers with one large file between them, slow enough to break things in the middle of it.
fn slow_file() -> (Shape, RepoBuilder) {
    let shape = Shape::new(1, 2).worker_flags(&["--slots", "1", "--connections", "2"]);
    (shape.hub(|hub| hub.rate_bytes_per_s(3 << 20)), RepoBuilder::model(MODEL).random_file(FILE, 160 << 20, 7))
}

/// Which worker serves the job.
async fn server(cluster: &Cluster, job: &Job) -> anyhow::Result<usize> {
    let seen = cluster.api().job(&job.id).await?;
    for (index, worker) in cluster.workers.iter().enumerate() {
        if seen.workers.contains(&worker.name()?) {
            return Ok(index);
        }
    }
    anyhow::bail!("no worker serves {seen:?}")
}

/// Waits until another worker than this one serves the job.
async fn taken_over(cluster: &Cluster, job: &Job, from: usize) -> anyhow::Result<()> {
    let before = cluster.workers[from].name()?;
    let what = format!("a worker other than {before}");
    wait::until(&what, TAKEN_OVER, async || {
        let seen = cluster.api().job(&job.id).await?;
        Ok(seen.workers.iter().any(|worker| *worker != before).then_some(()))
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_worker_goes_on_where_a_killed_one_stopped() -> anyhow::Result<()> {
    let (shape, repo) = slow_file();
    let mut cluster = Cluster::start(shape, [repo]).await?;
    let job = cluster.api().start(&Download::model(MODEL)).await?;
    cluster.api().moving(&job.id, 24 << 20).await?;
    let victim = server(&cluster, &job).await?;
    cluster.workers[victim].kill_9().await?;
    taken_over(&cluster, &job, victim).await?;
    cluster.api().completed(&job.id).await?;
    check_sent_once(&cluster.hub, MODEL, COST_BYTES)?;
    cluster.check_model(MODEL)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_slept_past_every_timeout_changes_nothing_when_it_wakes() -> anyhow::Result<()> {
    let (shape, repo) = slow_file();
    let mut cluster = Cluster::start(shape, [repo]).await?;
    let job = cluster.api().start(&Download::model(MODEL)).await?;
    cluster.api().moving(&job.id, 12 << 20).await?;
    let sleeper = server(&cluster, &job).await?;
    cluster.workers[sleeper].pause()?;
    // RabbitMQ takes the task away when two heartbeats are missed, longer than every timeout of ours.
    let before = cluster.workers[sleeper].name()?;
    wait::until("another worker", 2 * TAKEN_OVER, async || {
        let seen = cluster.api().job(&job.id).await?;
        Ok(seen.workers.iter().any(|worker| *worker != before).then_some(()))
    })
    .await?;
    cluster.api().moving(&job.id, 48 << 20).await?;
    cluster.workers[sleeper].resume()?;
    // Its data connections are closed soon after it wakes; from then on only the other one fetches.
    wait::until_true("the woken worker to stop", TAKEN_OVER, || open_data_answers(&cluster.hub) <= 2).await?;
    let bytes = Cell::new(0);
    cluster
        .api()
        .wait_for(&job.id, "completed, and never less than before", |job| {
            assert!(job.progress.downloaded_bytes >= bytes.get(), "{bytes:?} bytes became {:?}", job.progress);
            assert!(!job.workers.contains(&before), "the woken worker serves again: {:?}", job.workers);
            bytes.set(job.progress.downloaded_bytes);
            job.status == Status::Completed
        })
        .await?;
    cluster.check_model(MODEL)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_cannot_reach_the_store_leaves_its_task_to_others() -> anyhow::Result<()> {
    let (shape, repo) = slow_file();
    let mut cluster = Cluster::start(shape.workers(0), [repo]).await?;
    let way = Proxy::to(cluster.redis.port()).await?;
    cluster.add_worker_over(&format!("redis://127.0.0.1:{}", way.port()), &[]).await?;
    let job = cluster.api().start(&Download::model(MODEL)).await?;
    cluster.api().moving(&job.id, 12 << 20).await?;
    cluster.add_worker(&[]).await?;
    way.block();
    let blocked_at = Instant::now();
    taken_over(&cluster, &job, 0).await.context("two timeouts and the delivery")?;
    ensure!(blocked_at.elapsed() > Duration::from_secs(8), "taken over before the first worker was silent for long");
    way.unblock();
    cluster.api().completed(&job.id).await?;
    check_sent_once(&cluster.hub, MODEL, COST_BYTES)?;
    cluster.check_model(MODEL)
}

/// Attempts are counted before the work.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_that_kills_its_workers_fails_its_job_and_is_kept_aside() -> anyhow::Result<()> {
    let poison = RepoBuilder::model("acme/poison").random_file("poison.bin", 2 << 20, 1);
    // So slow that nothing of the file is whole when its worker is killed.
    let shape = Shape::new(1, 1).worker_flags(&["--lease-timeout", "1", "--connections", "1"]);
    let shape = shape.own_rabbit().hub(|hub| hub.rate_bytes_per_s(64 << 10));
    let mut cluster = Cluster::start(shape, [poison]).await?;
    let job = cluster.api().start(&Download::model("acme/poison")).await?;
    for _ in 0..10 {
        let before = data_bytes_of(&cluster.hub, "poison.bin");
        wait::until_true("the file's bytes", wait::LIMIT, || data_bytes_of(&cluster.hub, "poison.bin") > before)
            .await?;
        cluster.workers[0].kill_9().await?;
        wait::until_true("the Hub to notice", wait::LIMIT, || open_data_answers(&cluster.hub) == 0).await?;
        cluster.restart_worker(0).await?;
    }
    let failed = cluster.api().failed(&job.id).await?;
    ensure!(failed.error.contains("began 10 times"), "{}", failed.error);
    let dead = format!("{}.dead", cluster.prefix());
    wait::until("the dead letter", wait::LIMIT, async || {
        let queues = cluster.rabbit.ctl(&["list_queues", "name", "messages"]).await?;
        Ok(queues.lines().any(|line| line.split_whitespace().eq([dead.as_str(), "1"])).then_some(()))
    })
    .await?;
    Ok(())
}
