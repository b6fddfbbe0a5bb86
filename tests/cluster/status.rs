//! `GET /api/cluster`

use std::time::Duration;

use anyhow::{Context as _, ensure};
use hfd_tests::api::{Download, Job};
use hfd_tests::cluster::{Cluster, Shape};
use hfd_tests::fake_hub::RepoBuilder;
use hfd_tests::wait;
use serde_json::Value;

const MODEL: &str = "acme/model";

/// A worker that is silent for 15 s is gone.
const GONE: Duration = Duration::from_secs(20);

/// The workers that are shown, by name.
fn names(seen: &Value) -> Vec<&str> {
    seen["workers"].as_array().into_iter().flatten().filter_map(|worker| worker["name"].as_str()).collect()
}

fn downloaded_bytes(seen: &Value) -> u64 {
    seen["rate"]["bytes"].as_array().into_iter().flatten().filter_map(Value::as_u64).sum()
}

/// Whether a worker fetches for the job, and bytes come.
fn fetches(worker: &Value, job: &Job) -> bool {
    let task = &worker["tasks"][0];
    task["jobId"] == *job.id && task["repo"] == MODEL && task["kind"] == "fetch" && worker["bytesPerSecond"] != 0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_worker_is_shown_with_its_work_until_it_ends() -> anyhow::Result<()> {
    let mut repo = RepoBuilder::model(MODEL);
    for number in 0..6 {
        repo = repo.random_file(format!("model-{number}.safetensors"), 33 << 20, number);
    }
    let shape = Shape::new(2, 2).worker_flags(&["--slots", "1", "--connections", "2"]);
    let mut cluster = Cluster::start(shape.hub(|hub| hub.rate_bytes_per_s(1 << 20)), [repo]).await?;
    let (one, other) = (cluster.workers[0].name()?, cluster.workers[1].name()?);
    let job = cluster.api().start(&Download::model(MODEL)).await?;
    let seen = wait::until("both workers at work", wait::LIMIT, async || {
        let seen = cluster.apis[1].api().cluster().await?;
        let workers = seen["workers"].as_array().context("no workers")?;
        let busy = workers.iter().filter(|worker| fetches(worker, &job)).count();
        Ok((busy == 2 && downloaded_bytes(&seen) > 0).then_some(seen))
    })
    .await?;
    let mut both = [one.as_str(), other.as_str()];
    both.sort_unstable();
    ensure!(seen["mode"] == "cluster" && seen["queuesError"] == "" && names(&seen) == both, "{seen}");

    ensure!(cluster.workers[1].terminate().await?.success());
    let seen = cluster.api().cluster().await?;
    ensure!(names(&seen) == [one.as_str()], "the other one has ended: {seen}");

    cluster.workers[0].pause()?;
    wait::until("tasks that wait", wait::LIMIT, async || {
        let seen = cluster.api().cluster().await?;
        let fetch = &seen["queues"][2];
        Ok((fetch["name"] == "fetch" && fetch["ready"].as_u64() >= Some(4)).then_some(()))
    })
    .await?;
    cluster.workers[0].kill_9().await?;
    let seen = cluster.api().cluster().await?;
    ensure!(names(&seen) == [one.as_str()], "nobody knows yet that it died: {seen}");
    let seen = wait::until("the dead worker to be gone", GONE, async || {
        let seen = cluster.api().cluster().await?;
        Ok(names(&seen).is_empty().then_some(seen))
    })
    .await?;
    ensure!(downloaded_bytes(&seen) > 0, "what has arrived stays: {seen}");
    Ok(())
}
