//! `kill -9` again and again while a download runs.

use std::time::Duration;

use anyhow::ensure;
use hfd_tests::api::{Download, Status};
use hfd_tests::cache_watch::CacheWatch;
use hfd_tests::dice::{self, Dice};
use hfd_tests::fake_hub::{RepoBuilder, random_bytes};
use hfd_tests::stage::Stage;
use hfd_tests::traffic::{data_bytes, distinct_bytes, open_data_answers};
use hfd_tests::wait;

use crate::HEAVY;

const MODEL: &str = "acme/model";

/// Large enough that the download is not over before the last kill.
const LARGE_BYTES: u64 = 128 << 20;
const LARGE_FILES: u64 = 6;
const SMALL_FILES: usize = 60;

const KILLS: usize = 20;
const FLAGS: [&str; 4] = ["--connections", "2", "--slots", "2"];
const CONNECTIONS: u64 = 4;

/// What a kill may cost: a quarter of an unrecorded part a connection.
const COST_BYTES: u64 = CONNECTIONS * (4 << 20);

/// Slow enough that most kills come when something was recorded: a task that dies again and again without getting anywhere
/// is meant to fail.
const RATE_BYTES_PER_S: u64 = 5 << 20;

/// The moments, in bytes that were sent since the last start.
fn moments(seed: u64) -> Vec<u64> {
    let (from, to) = (2 << 20, 44 << 20);
    let mut dice = Dice::new(seed);
    (0..KILLS).map(|_| from + dice.number() % (to - from)).collect()
}

/// Lets the download run up to a moment, kills the server, and returns how much was sent.
async fn run_and_kill(stage: &mut Stage, moment: u64) -> anyhow::Result<u64> {
    let before = data_bytes(&stage.hub);
    wait::until_true("the moment to kill", wait::LIMIT, || data_bytes(&stage.hub) - before >= moment).await?;
    stage.server.kill_9().await?;
    wait::until_true("the Hub to notice", wait::LIMIT, || open_data_answers(&stage.hub) == 0).await?;
    Ok(data_bytes(&stage.hub) - before)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_kills_cost_little_and_never_show_a_partial_file() -> anyhow::Result<()> {
    let _alone = HEAVY.lock().await;
    let mut repo = RepoBuilder::model(MODEL).many_files("small", SMALL_FILES);
    for number in 0..LARGE_FILES {
        repo = repo.random_file(format!("weights/model-{number}.safetensors"), LARGE_BYTES, number);
    }
    let mut stage = Stage::with(|hub| hub.rate_bytes_per_s(RATE_BYTES_PER_S), [repo], &FLAGS).await?;
    let watch = CacheWatch::start(&stage.sandbox.cache(), &stage.hub, MODEL)?;
    let job = stage.api().start(&Download::model(MODEL)).await?;
    let mut allowed = distinct_bytes(&stage.hub, MODEL);
    for moment in moments(dice::seed()?) {
        let sent = run_and_kill(&mut stage, moment).await?;
        println!("killed after {sent} bytes, planned {moment}");
        allowed += sent.min(COST_BYTES);
        stage.restart().await?;
        let running = stage.api().job(&job.id).await?;
        ensure!(running.status == Status::Running, "{running:?} after a kill");
    }
    stage.api().completed(&job.id).await?;
    stage.check_model(MODEL)?;
    let looks = watch.stop()?;
    ensure!(looks > 100, "the cache was looked at only {looks} times");
    let sent = data_bytes(&stage.hub);
    println!("{sent} bytes were sent, {allowed} are allowed");
    ensure!(sent <= allowed, "{sent} bytes were sent, {allowed} are allowed: recorded parts were fetched again");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_among_small_files_never_show_a_partial_file() -> anyhow::Result<()> {
    let mut stage = Stage::new([RepoBuilder::model(MODEL).many_files("small", 1500)], &[]).await?;
    let watch = CacheWatch::start(&stage.sandbox.cache(), &stage.hub, MODEL)?;
    let job = stage.api().start(&Download::model(MODEL)).await?;
    // Fewer than a task may die: these die too soon to tell that they got somewhere.
    for random in random_bytes(4, dice::seed()?) {
        let before = stage.hub.requests().len();
        let some_requests = || stage.hub.requests().len() - before > 2 * usize::from(random);
        wait::until_true("the moment to kill", wait::LIMIT, some_requests).await?;
        stage.server.kill_9().await?;
        stage.restart().await?;
    }
    stage.api().completed(&job.id).await?;
    stage.check_model(MODEL)?;
    watch.stop().map(drop)
}

/// The last bytes are sent; what follows are the last blobs and links, the manifest and the name of the revision.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_at_the_end_of_a_download_never_show_a_partial_file() -> anyhow::Result<()> {
    let ids: Vec<String> = (0..12).map(|number| format!("acme/model-{number}")).collect();
    let repo = |id: &String| RepoBuilder::model(id).many_files("small", 30).random_file("model.bin", 2 << 20, 1);
    let mut stage = Stage::new(ids.iter().map(repo), &["--multipart-threshold", "1MiB"]).await?;
    for (id, delay_ms) in ids.iter().zip(random_bytes(12, dice::seed()?)) {
        stage.hub.reset_log();
        let watch = CacheWatch::start(&stage.sandbox.cache(), &stage.hub, id)?;
        let job = stage.api().start(&Download::model(id)).await?;
        let size = distinct_bytes(&stage.hub, id);
        wait::until_true("the last byte to be sent", wait::LIMIT, || data_bytes(&stage.hub) >= size).await?;
        tokio::time::sleep(Duration::from_millis(u64::from(delay_ms / 4))).await;
        stage.server.kill_9().await?;
        stage.restart().await?;
        stage.api().completed(&job.id).await?;
        stage.check_model(id)?;
        watch.stop()?;
    }
    Ok(())
}
