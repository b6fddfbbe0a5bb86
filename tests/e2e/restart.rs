//! Jobs outlive the process, however it ends.

use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, ensure};
use hfd_tests::api::{Download, Status};
use hfd_tests::fake_hub::{Effect, Fault, Matcher, RepoBuilder};
use hfd_tests::stage::Stage;
use hfd_tests::traffic::check_sent_once;
use hfd_tests::wait;
use reqwest::Method;

const MODEL: &str = "acme/model";
const LARGE_BYTES: u64 = 48 << 20;

/// What an orderly stop may lose: sent, but not yet read.
const LOST_BYTES: u64 = 8 << 20;

fn model(id: &str) -> RepoBuilder {
    let large = |repo: RepoBuilder, seed| repo.random_file(format!("model-{seed}.safetensors"), LARGE_BYTES, seed);
    large(large(RepoBuilder::model(id).many_files("small", 50), 1), 2)
}

fn slow_down(stage: &Stage) {
    stage.hub.inject(Fault::new(Effect::Throttle { bytes_per_s: 4 << 20 }).on(Matcher::cdn()).always());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_sigterm_nothing_is_fetched_twice() -> anyhow::Result<()> {
    let mut stage = Stage::new([model(MODEL)], &[]).await?;
    slow_down(&stage);
    let job = stage.api().start(&Download::model(MODEL)).await?;
    let mut stops = 0;
    for bytes in [6 << 20, 24 << 20, 50 << 20] {
        stage.api().moving(&job.id, bytes).await?;
        let status = stage.server.terminate().await?;
        ensure!(status.success(), "the server ended with {status}");
        wait::until_true("the Hub to notice", wait::LIMIT, || hfd_tests::traffic::open_data_answers(&stage.hub) == 0)
            .await?;
        stage.restart().await?;
        stops += 1;
    }
    stage.hub.clear_faults();
    stage.api().completed(&job.id).await?;
    stage.check_model(MODEL)?;
    check_sent_once(&stage.hub, MODEL, stops * LOST_BYTES)
}

/// As after weeks: what nobody has written to for long goes, but not what a job may go on with.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_partials_of_a_job_that_was_paused_for_long_stay() -> anyhow::Result<()> {
    let mut stage = Stage::new([model(MODEL)], &[]).await?;
    slow_down(&stage);
    let job = stage.api().start(&Download::model(MODEL)).await?;
    stage.api().moving(&job.id, 24 << 20).await?;
    stage.api().pause(&job.id).await?;
    stage.server.terminate().await?;
    let given_up = stage.model("acme/zz-given-up").folder().join(".hfd/left.tmp");
    fs::create_dir_all(given_up.parent().context("no folder")?)?;
    fs::write(&given_up, "")?;
    let weeks_ago = SystemTime::now() - Duration::from_hours(15 * 24);
    File::open(&given_up)?.set_modified(weeks_ago)?;
    make_old(&stage.model(MODEL).folder().join(".hfd"), weeks_ago)?;
    stage.restart().await?;
    // Of the repository that comes last.
    wait::until_true("what nobody needs to go", wait::LIMIT, || !given_up.exists()).await?;
    stage.hub.clear_faults();
    stage.api().resume(&job.id).await?;
    stage.api().completed(&job.id).await?;
    stage.check_model(MODEL)?;
    check_sent_once(&stage.hub, MODEL, LOST_BYTES)
}

fn make_old(folder: &Path, time: SystemTime) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            make_old(&path, time)?;
        }
        File::open(&path)?.set_modified(time)?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn queued_paused_and_running_jobs_survive_a_kill() -> anyhow::Result<()> {
    let mut stage =
        Stage::new(["acme/paused", "acme/running", "acme/queued"].map(model), &["--max-active", "1"]).await?;
    slow_down(&stage);
    let paused = stage.api().start(&Download::model("acme/paused")).await?;
    stage.api().moving(&paused.id, 4 << 20).await?;
    stage.api().pause(&paused.id).await?;
    let running = stage.api().start(&Download::model("acme/running")).await?;
    let queued = stage.api().start(&Download::model("acme/queued")).await?;
    stage.api().moving(&running.id, 1 << 20).await?;
    stage.server.kill_9().await?;
    stage.restart().await?;
    let jobs = stage.api().jobs().await?;
    let status = |id: &str| jobs.iter().find(|job| job.id == id).map(|job| job.status).context("a job is lost");
    ensure!(status(&paused.id)? == Status::Paused);
    ensure!(status(&running.id)? == Status::Running);
    ensure!(status(&queued.id)? == Status::Queued);
    stage.hub.clear_faults();
    stage.api().completed(&running.id).await?;
    stage.api().completed(&queued.id).await?;
    ensure!(stage.api().job(&paused.id).await?.status == Status::Paused, "a paused job went on by itself");
    stage.api().resume(&paused.id).await?;
    stage.api().completed(&paused.id).await?;
    for id in ["acme/paused", "acme/running", "acme/queued"] {
        stage.check_model(id)?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ended_jobs_are_still_listed_after_a_restart() -> anyhow::Result<()> {
    let mut stage = Stage::new([RepoBuilder::model(MODEL).file("config.json", "{}")], &[]).await?;
    let done = stage.downloaded(&Download::model(MODEL)).await?;
    let failed = stage.api().start(&Download::model("acme/absent")).await?;
    let failed = stage.api().failed(&failed.id).await?;
    stage.server.kill_9().await?;
    stage.restart().await?;
    let jobs = stage.api().jobs().await?;
    ensure!(jobs == [failed, done], "{jobs:#?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_ended_jobs_are_kept_than_there_may_be() -> anyhow::Result<()> {
    let repo = |id| RepoBuilder::model(id).file("config.json", "{}");
    let mut stage = Stage::new([repo(MODEL), repo("acme/later")], &["--keep-jobs", "1"]).await?;
    stage.downloaded(&Download::model(MODEL)).await?;
    let later = stage.downloaded(&Download::model("acme/later")).await?;
    // It looks at its start, and each half minute.
    stage.server.terminate().await?;
    stage.restart().await?;
    let kept = async || Ok(Some(stage.api().jobs().await?).filter(|jobs| jobs.len() == 1));
    let kept = wait::until("the first job to be forgotten", wait::LIMIT, kept).await?;
    ensure!(kept == [later], "{kept:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_signal_ends_a_process_that_still_has_requests() -> anyhow::Result<()> {
    let mut stage = Stage::new([model(MODEL)], &[]).await?;
    stage.hub.inject(Fault::new(Effect::Silence).on(Matcher::api()).always());
    let api = stage.api().clone();
    let asking = tokio::spawn(async move { api.call(Method::GET, "analyze/acme/model", None).await });
    wait::until_true("the Hub to be asked", wait::LIMIT, || !stage.hub.requests().is_empty()).await?;
    stage.server.ask_to_end()?;
    let stops = async || Ok(stage.server.is_ready().await.is_err().then_some(()));
    wait::until("the server to take no more requests", wait::LIMIT, stops).await?;
    let status = stage.server.terminate().await?;
    ensure!(status.code() == Some(130), "it ended with {status}");
    ensure!(asking.await?.is_err(), "it had not answered");
    Ok(())
}
