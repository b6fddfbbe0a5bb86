//! The Hub's rate limit, and the budget that it announces.

use std::time::Duration;

use anyhow::ensure;
use hfd_tests::api::{Download, Status};
use hfd_tests::cluster::{Cluster, Shape};
use hfd_tests::fake_hub::{Effect, Fault, Matcher, RepoBuilder, RequestKind};
use hfd_tests::wait;

const MODEL: &str = "acme/model";
const LIMIT_S: u64 = 20;

/// Well within the limit, also on a machine that is slow to see that it has begun.
const QUIET: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_one_refusal_all_workers_wait_and_the_job_says_why() -> anyhow::Result<()> {
    let mut repo = RepoBuilder::model(MODEL);
    for number in 0..12 {
        repo = repo.random_file(format!("model-{number:02}.safetensors"), 33 << 20, number);
    }
    let shape = Shape::new(1, 3).worker_flags(&["--slots", "1", "--connections", "1"]);
    let cluster = Cluster::start(shape.hub(|hub| hub.rate_bytes_per_s(16 << 20)), [repo]).await?;
    let job = cluster.api().start(&Download::model(MODEL)).await?;
    cluster.api().moving(&job.id, 8 << 20).await?;
    let limit = Fault::new(Effect::RateLimited { reset_s: LIMIT_S }).on(Matcher::resolve()).times(1);
    let limit = cluster.hub.inject(limit);
    wait::until_true("the refusal", wait::LIMIT, || cluster.hub.fault_hits(limit) == 1).await?;
    let resolves = || cluster.hub.requests().iter().filter(|record| record.kind == RequestKind::Resolve).count() as u64;
    // Requests that were on their way when the refusal came.
    wait::until("the job to say why it waits", wait::LIMIT, async || {
        let job = cluster.api().job(&job.id).await?;
        ensure!(job.status == Status::Running, "{job:?}");
        Ok(job.waiting_reason.contains("limits requests").then_some(()))
    })
    .await?;
    wait::constant("requests to the Hub", QUIET, resolves).await?;
    cluster.api().completed(&job.id).await?;
    cluster.check_model(MODEL)
}
