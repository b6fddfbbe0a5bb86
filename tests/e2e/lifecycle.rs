//! Pause, resume, cancel, the queue, and what clients see of it.

use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use hfd_tests::api::{Download, Job, Posted, Status};
use hfd_tests::fake_hub::{Effect, Fault, Matcher, RepoBuilder, RepoKind};
use hfd_tests::stage::Stage;
use hfd_tests::traffic::{check_sent_once, data_bytes, data_bytes_of, open_data_answers};
use hfd_tests::wait;
use hfd_tests::watcher::{Message, Watcher};

use crate::HEAVY;

const MODEL: &str = "acme/model";
const LARGE: &str = "model.safetensors";
const LARGE_BYTES: u64 = 48 << 20;

/// What a stop may lose: sent, but not yet read.
const LOST_BYTES: u64 = 8 << 20;

/// How long a number is watched that must not change any more.
const WATCHED: Duration = Duration::from_millis(700);

const PAUSE_LIMIT: Duration = Duration::from_secs(2);

/// A stage whose large files take some seconds until the faults are cleared.
async fn slow_stage(repos: impl IntoIterator<Item = RepoBuilder>, flags: &[&str]) -> anyhow::Result<Stage> {
    let stage = Stage::new(repos, flags).await?;
    stage.hub.inject(Fault::new(Effect::Throttle { bytes_per_s: 4 << 20 }).on(Matcher::cdn()).always());
    Ok(stage)
}

fn model(id: &str) -> RepoBuilder {
    RepoBuilder::model(id).file("config.json", "{}").random_file(LARGE, LARGE_BYTES, 1)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pause_stops_traffic_and_resume_fetches_only_what_is_missing() -> anyhow::Result<()> {
    let _alone = HEAVY.lock().await;
    let stage = slow_stage([model(MODEL)], &[]).await?;
    let job = stage.api().start(&Download::model(MODEL)).await?;
    stage.api().moving(&job.id, 16 << 20).await?;
    stage.api().pause(&job.id).await?;
    wait::until_true("an end of all traffic", PAUSE_LIMIT, || open_data_answers(&stage.hub) == 0).await?;
    wait::constant("bytes sent to a paused job", WATCHED, || data_bytes(&stage.hub)).await?;
    let paused = stage.api().job(&job.id).await?;
    ensure!(paused.status == Status::Paused && paused.ended_at.is_none(), "{paused:?}");
    stage.hub.clear_faults();
    stage.api().resume(&job.id).await?;
    stage.api().completed(&job.id).await?;
    stage.check_model(MODEL)?;
    check_sent_once(&stage.hub, MODEL, LOST_BYTES)
}

/// The branch goes on meanwhile, and a later job is at its end first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_was_outrun_leaves_the_newer_commit_to_the_branch() -> anyhow::Result<()> {
    let commit_of = |stage: &Stage, revision: &str| {
        stage.hub.commit(RepoKind::Model, MODEL, revision).with_context(|| format!("no {revision}"))
    };
    // The Hub keeps a commit that no branch has; this one keeps what has a name.
    let both = model(MODEL).revision("kept").file("config.json", "{}").random_file(LARGE, LARGE_BYTES, 1);
    let stage = slow_stage([both], &[]).await?;
    ensure!(commit_of(&stage, "main")? == commit_of(&stage, "kept")?);
    let slow = stage.api().start(&Download::model(MODEL)).await?;
    stage.api().moving(&slow.id, 4 << 20).await?;
    RepoBuilder::model(MODEL).file("notes.txt", "newer").write(&stage.hub.config().root)?;
    stage.hub.reload()?;
    let newer = commit_of(&stage, "main")?;
    stage.downloaded(&Download::model(MODEL).exclude("*.bin")).await?;
    stage.model(MODEL).check_reference("main", &newer)?;
    stage.hub.clear_faults();
    stage.api().completed(&slow.id).await?;
    stage.model(MODEL).check_reference("main", &newer)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancel_stops_traffic_and_removes_the_partial() -> anyhow::Result<()> {
    let _alone = HEAVY.lock().await;
    let stage = slow_stage([model(MODEL)], &[]).await?;
    let partial = stage.model(MODEL).partial(&stage.etag(MODEL, LARGE)?);
    let job = stage.api().start(&Download::model(MODEL)).await?;
    stage.api().moving(&job.id, 6 << 20).await?;
    ensure!(partial.exists(), "no partial at {}", partial.display());
    stage.api().cancel(&job.id).await?;
    wait::until_true("an end of all traffic", PAUSE_LIMIT, || open_data_answers(&stage.hub) == 0).await?;
    wait::until_true("the partial to go", wait::LIMIT, || !partial.exists()).await?;
    let cancelled = stage.api().job(&job.id).await?;
    ensure!(cancelled.status == Status::Cancelled && cancelled.ended_at.is_some(), "{cancelled:?}");
    ensure!(stage.model(MODEL).reference("main")?.is_none());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paused_job_that_is_cancelled_leaves_no_partial() -> anyhow::Result<()> {
    let stage = slow_stage([model(MODEL)], &[]).await?;
    let partial = stage.model(MODEL).partial(&stage.etag(MODEL, LARGE)?);
    let job = stage.api().start(&Download::model(MODEL)).await?;
    stage.api().moving(&job.id, 6 << 20).await?;
    stage.api().pause(&job.id).await?;
    ensure!(partial.exists(), "a pause keeps what has arrived");
    stage.api().cancel(&job.id).await?;
    wait::until_true("the partial to go", wait::LIMIT, || !partial.exists()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancel_keeps_the_partial_that_another_job_wants() -> anyhow::Result<()> {
    let stage = slow_stage([model(MODEL)], &[]).await?;
    let first = stage.api().start(&Download::model(MODEL)).await?;
    stage.api().moving(&first.id, 16 << 20).await?;
    let second = stage.api().start(&Download::model(MODEL).exclude("config.json")).await?;
    stage.api().wait_for(&second.id, "planned", |job| job.progress.total_files == 1).await?;
    stage.api().cancel(&first.id).await?;
    stage.hub.clear_faults();
    stage.api().completed(&second.id).await?;
    let sent = data_bytes_of(&stage.hub, LARGE);
    ensure!(sent <= LARGE_BYTES + LOST_BYTES, "{sent} bytes were fetched for {LARGE_BYTES}");
    Ok(())
}

/// Its partials are just being removed: what comes after the retry is not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_is_cancelled_and_retried_at_once_goes_to_its_end() -> anyhow::Result<()> {
    let stage = slow_stage([model(MODEL)], &[]).await?;
    let job = stage.api().start(&Download::model(MODEL)).await?;
    stage.api().moving(&job.id, 6 << 20).await?;
    for _ in 0..3 {
        stage.api().cancel(&job.id).await?;
        stage.api().retry(&job.id).await?;
        stage.api().wait_for(&job.id, "running again", |job| job.status == Status::Running).await?;
    }
    stage.hub.clear_faults();
    stage.api().completed(&job.id).await?;
    stage.check_model(MODEL)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_request_twice_gives_one_job() -> anyhow::Result<()> {
    let stage = slow_stage([model(MODEL)], &[]).await?;
    let job = stage.api().start(&Download::model(MODEL)).await?;
    for _ in 0..2 {
        match stage.api().post(&Download::model(MODEL).revision("main")).await? {
            Posted::Existing(again) => ensure!(again.id == job.id, "{} is another job", again.id),
            Posted::New(again) => bail!("a second job {}", again.id),
        }
    }
    stage.api().moving(&job.id, 1).await?;
    stage.api().pause(&job.id).await?;
    let Posted::Existing(paused) = stage.api().post(&Download::model(MODEL)).await? else { bail!("a second job") };
    ensure!(paused.id == job.id && paused.status == Status::Paused);
    ensure!(stage.api().jobs().await?.len() == 1);
    stage.api().cancel(&job.id).await?;
    let anew = stage.api().start(&Download::model(MODEL)).await?;
    ensure!(anew.id != job.id, "a cancelled job does not serve a new request");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn queued_jobs_wait_their_turn() -> anyhow::Result<()> {
    let ids = ["acme/first", "acme/second", "acme/third"];
    let stage = slow_stage(ids.map(model), &["--max-active", "1"]).await?;
    let mut jobs = Vec::new();
    for id in ids {
        jobs.push(stage.api().start(&Download::model(id)).await?.id);
    }
    stage.api().moving(&jobs[0], 2 << 20).await?;
    for waiting in &jobs[1..] {
        let waiting = stage.api().job(waiting).await?;
        ensure!(waiting.status == Status::Queued && waiting.started_at.is_none(), "{waiting:?}");
    }
    let listed: Vec<String> = stage.api().jobs().await?.into_iter().map(|job| job.id).collect();
    ensure!(listed.iter().eq(jobs.iter().rev()), "not newest first: {listed:?}");
    stage.hub.clear_faults();
    for job in &jobs {
        stage.api().completed(job).await?;
    }
    let order: Vec<_> = stage.hub.requests().into_iter().filter_map(|record| record.repo).collect();
    let turn = |id: &str| ids.iter().position(|known| *known == id);
    ensure!(order.is_sorted_by_key(|id| turn(id)), "the jobs did not run one after the other");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queued_job_can_be_cancelled_and_never_runs() -> anyhow::Result<()> {
    let stage = slow_stage(["acme/first", "acme/second"].map(model), &["--max-active", "1"]).await?;
    let first = stage.api().start(&Download::model("acme/first")).await?;
    let second = stage.api().start(&Download::model("acme/second")).await?;
    stage.api().cancel(&second.id).await?;
    stage.hub.clear_faults();
    stage.api().completed(&first.id).await?;
    ensure!(stage.api().job(&second.id).await?.status == Status::Cancelled);
    let asked = stage.hub.requests().iter().any(|record| record.repo.as_deref() == Some("acme/second"));
    ensure!(!asked, "the cancelled job asked the Hub");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_websocket_client_sees_a_job_from_its_beginning_to_its_end() -> anyhow::Result<()> {
    let stage = slow_stage([model(MODEL)], &[]).await?;
    let mut watcher = Watcher::connect(stage.api()).await?;
    let Message::Init { jobs, version } = watcher.next().await? else { bail!("the first message is not init") };
    ensure!(jobs.is_empty() && !version.is_empty());
    let id = stage.api().start(&Download::model(MODEL)).await?.id;
    let mut seen: Vec<Job> = Vec::new();
    let ended = loop {
        match watcher.next().await? {
            Message::JobUpdate(job) if job.id == id => seen.push(*job),
            Message::Event { event, job_id } if job_id == id => break event,
            other => bail!("unexpected message {other:?}"),
        }
        if seen.last().is_some_and(|job| job.progress.downloaded_bytes > 8 << 20) {
            stage.hub.clear_faults();
        }
    };
    ensure!(ended == "download_complete", "{ended}");
    let partway =
        |job: &&Job| job.status == Status::Running && (1..LARGE_BYTES).contains(&job.progress.downloaded_bytes);
    ensure!(seen.iter().filter(partway).count() >= 2, "no progress was shown: {seen:#?}");
    let last = seen.last().context("no update was sent")?;
    ensure!(last.status == Status::Completed && last.progress.completed_files == 2, "{last:?}");
    let Message::Init { jobs, .. } = Watcher::connect(stage.api()).await?.next().await? else { bail!("no init") };
    ensure!(jobs.len() == 1 && jobs[0].id == id && jobs[0].status == Status::Completed);
    Ok(())
}
