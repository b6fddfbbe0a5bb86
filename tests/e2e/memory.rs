//! How much memory a large file takes.

use anyhow::ensure;
use hfd_tests::api::{Download, Job, Status};
use hfd_tests::fake_hub::RepoBuilder;
use hfd_tests::stage::Stage;
use hfd_tests::wait;

use crate::HEAVY;

const MODEL: &str = "acme/large";
const SIZE_BYTES: u64 = 4 << 30;
const LIMIT_BYTES: u64 = 100 << 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_of_4_gib_downloads_in_100_mib_of_memory() -> anyhow::Result<()> {
    let _alone = HEAVY.lock().await;
    let stage = Stage::new([RepoBuilder::model(MODEL).random_file("model.safetensors", SIZE_BYTES, 4)], &[]).await?;
    let job = stage.api().start(&Download::model(MODEL)).await?;
    let mut done = 0;
    while !finished(&stage, &job.id, &mut done).await? {}
    stage.check_model(MODEL)?;
    let peak = stage.server.peak_memory_bytes()?;
    println!("{} MiB of memory were used", peak >> 20);
    ensure!(peak < LIMIT_BYTES, "{} MiB of memory were used", peak >> 20);
    Ok(())
}

/// Waits for the end or for more bytes, whichever comes first: the whole may take longer than one wait.
async fn finished(stage: &Stage, job: &str, done: &mut u64) -> anyhow::Result<bool> {
    let seen = *done;
    let moved = |job: &Job| job.status == Status::Completed || job.progress.downloaded_bytes > seen;
    let job = tokio::time::timeout(wait::LIMIT, stage.api().wait_for(job, "more bytes", moved)).await??;
    *done = job.progress.downloaded_bytes;
    Ok(job.status == Status::Completed)
}
