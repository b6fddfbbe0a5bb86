//! Everything at once: jobs come in while processes and servers fail at random.
//!
//! `HFD_TEST_SEED` names the faults, `HFD_CHAOS_SECONDS` how long they go on.

mod faults;
mod leftovers;

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use hfd_tests::api::{Api, Download, Job, Status};
use hfd_tests::cluster::{Cluster, Shape};
use hfd_tests::dice::{self, Dice};
use hfd_tests::fake_hub::RepoBuilder;
use hfd_tests::traffic::{data_bytes, distinct_bytes};
use hfd_tests::wait;

use crate::HEAVY;
use faults::Fault;

const JOBS: u64 = 30;
const DEFAULT_SECONDS: u64 = 45;

/// How long the rest may take once nothing fails any more.
const SETTLE_LIMIT: Duration = Duration::from_mins(6);

fn model(number: u64) -> String {
    format!("acme/model-{number}")
}

fn repo(number: u64) -> RepoBuilder {
    let sizes = [5 << 20, 12 << 20, 40 << 20];
    let large = sizes[usize::try_from(number).unwrap_or(0) % sizes.len()];
    RepoBuilder::model(model(number)).many_files("small", 8).random_file("model.safetensors", large, number)
}

/// Asks whichever replica answers, again and again: a client of a service behind a balancer.
async fn insist<T>(cluster: &Cluster, what: &str, ask: impl AsyncFn(&Api) -> anyhow::Result<T>) -> anyhow::Result<T> {
    wait::until(what, SETTLE_LIMIT, async || {
        for api in &cluster.apis {
            if let Ok(answer) = ask(api.api()).await {
                return Ok(Some(answer));
            }
        }
        Ok(None)
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_fails_every_job_ends_whole_and_nothing_is_left_over() -> anyhow::Result<()> {
    let _alone = HEAVY.lock().await;
    let seconds = dice::number("HFD_CHAOS_SECONDS")?.unwrap_or(DEFAULT_SECONDS);
    println!("HFD_CHAOS_SECONDS={seconds}");
    let mut dice = Dice::new(dice::seed()?);
    let shape = Shape::new(2, 3).own_rabbit().hub(|hub| hub.rate_bytes_per_s(3 << 20));
    let shape = shape.worker_flags(&["--slots", "2", "--connections", "2", "--retries", "20", "--lease-timeout", "5"]);
    let mut cluster = Cluster::start(shape, (0..JOBS).map(repo)).await?;
    let mut jobs: Vec<Job> = Vec::new();
    let (mut faults, mut allowed, mut temporary) = (0, 0, 0);
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(seconds) {
        while (jobs.len() as u64) < JOBS && begun.elapsed().as_secs() * JOBS >= jobs.len() as u64 * seconds {
            let request = Download::model(&model(jobs.len() as u64));
            jobs.push(insist(&cluster, "a job to be taken", async |api| api.start(&request).await).await?);
        }
        let fault = Fault::throw(&mut dice);
        println!("{:>4} s: {fault:?}", begun.elapsed().as_secs());
        fault.strike(&mut cluster, &mut dice).await.with_context(|| format!("{fault:?}"))?;
        faults += 1;
        allowed += fault.cost_bytes();
        temporary += fault.temporary_files();
    }
    while (jobs.len() as u64) < JOBS {
        let request = Download::model(&model(jobs.len() as u64));
        jobs.push(insist(&cluster, "a job to be taken", async |api| api.start(&request).await).await?);
    }
    faults::heal(&mut cluster).await?;
    for job in &jobs {
        let ended = insist(&cluster, "the end of a job", async |api| {
            let seen = api.job(&job.id).await?;
            ensure!(seen.status.is_end());
            Ok(seen)
        });
        let ended = ended.await?;
        ensure!(ended.status == Status::Completed, "{}: {:?} {}", ended.repo, ended.status, ended.error);
    }
    leftovers::none(&cluster, temporary).await?;
    for number in 0..JOBS {
        cluster.check_model(&model(number))?;
    }
    let needed: u64 = (0..JOBS).map(|number| distinct_bytes(&cluster.hub, &model(number))).sum();
    let sent = data_bytes(&cluster.hub);
    println!("{faults} faults, {needed} bytes needed, {} sent twice, {allowed} may", sent - needed);
    ensure!(sent <= needed + allowed, "{} bytes were fetched twice", sent - needed);
    Ok(())
}
