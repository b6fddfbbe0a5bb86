//! Many workers on the same jobs.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::ensure;
use hfd_tests::api::{Download, Status};
use hfd_tests::cluster::{Cluster, Shape};
use hfd_tests::fake_hub::RepoBuilder;
use hfd_tests::instance::Instance;
use hfd_tests::traffic::{data_bytes, distinct_bytes};
use hfd_tests::wait;

const MODEL: &str = "acme/model";
const FILES: u64 = 24;

/// Much longer than it takes to admit a job.
const QUIET: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_workers_share_a_job_and_fetch_every_byte_once() -> anyhow::Result<()> {
    let mut repo = RepoBuilder::model(MODEL).many_files("small", 40);
    for number in 0..FILES {
        repo = repo.random_file(format!("model-{number:02}.safetensors"), 33 << 20, number);
    }
    // A connection that takes a part from another gets what was on the way a second time.
    let shape = Shape::new(1, 3).worker_flags(&["--slots", "2", "--connections", "1"]);
    let cluster = Cluster::start(shape.hub(|hub| hub.rate_bytes_per_s(48 << 20)), [repo]).await?;
    let job = cluster.api().start(&Download::model(MODEL)).await?;
    let mut seen = BTreeSet::new();
    let all = wait::until("the job's end", wait::LIMIT, async || {
        let job = cluster.api().job(&job.id).await?;
        seen.extend(job.workers.iter().cloned());
        ensure!(!matches!(job.status, Status::Failed | Status::Cancelled), "{job:?}");
        Ok((job.status == Status::Completed).then_some(job))
    });
    let ended = all.await?;
    let names: anyhow::Result<BTreeSet<String>> = cluster.workers.iter().map(Instance::name).collect();
    ensure!(seen == names?, "only {seen:?} took part");
    ensure!(ended.workers.is_empty(), "{ended:?}");
    ensure!(data_bytes(&cluster.hub) == distinct_bytes(&cluster.hub, MODEL), "bytes were fetched twice");
    cluster.check_model(MODEL)
}

/// A large job has no more than its window in the queue, so one that comes later does not wait for its end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jobs_take_turns_and_no_more_run_than_may() -> anyhow::Result<()> {
    let mut large = RepoBuilder::model("acme/large");
    for number in 0..40 {
        large = large.random_file(format!("model-{number:02}.safetensors"), 33 << 20, number);
    }
    let small = RepoBuilder::model("acme/small").many_files("small", 10);
    let shape = Shape::new(1, 2).worker_flags(&["--slots", "2", "--connections", "2"]);
    let cluster = Cluster::start(shape.hub(|hub| hub.rate_bytes_per_s(16 << 20)), [large, small]).await?;
    let large = cluster.api().start(&Download::model("acme/large")).await?;
    cluster.api().moving(&large.id, 1).await?;
    cluster.downloaded(&Download::model("acme/small")).await?;
    ensure!(cluster.api().job(&large.id).await?.status == Status::Running, "the small job waited for the large one");
    let waiting: Vec<_> =
        ["a", "b", "c", "d"].map(|name| Download::model("acme/large").exclude(&format!("no-such-{name}"))).into();
    for request in &waiting {
        cluster.api().start(request).await?;
    }
    let running = async || {
        let jobs = cluster.api().jobs().await?;
        anyhow::Ok(jobs.iter().filter(|job| job.status == Status::Running).count())
    };
    wait::until("three running jobs", wait::LIMIT, async || Ok((running().await? >= 3).then_some(()))).await?;
    let since = Instant::now();
    while since.elapsed() < QUIET {
        let running = running().await?;
        ensure!(running <= 3, "{running} jobs run, three may");
    }
    for job in cluster.api().jobs().await? {
        if !job.status.is_end() {
            cluster.api().cancel(&job.id).await?;
        }
    }
    Ok(())
}
