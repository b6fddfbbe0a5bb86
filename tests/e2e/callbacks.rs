//! The ends of jobs are told where their requests want them told.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use hfd_tests::api::{Download, Status};
use hfd_tests::fake_hub::{Effect, Fault, Matcher, RepoBuilder};
use hfd_tests::instance::Instance;
use hfd_tests::receiver::{Receiver, SECRET};
use hfd_tests::stage::Stage;
use hfd_tests::wait;

const MODEL: &str = "acme/model";
const FLAGS: [&str; 3] = ["--callback-secret", SECRET, "--callback-allow-private"];

/// Much longer than a callback takes.
const QUIET: Duration = Duration::from_secs(3);

fn model() -> RepoBuilder {
    RepoBuilder::model(MODEL).file("config.json", "{}").random_file("model.bin", 33 << 20, 1)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_kind_of_end_is_told_once_and_signed() -> anyhow::Result<()> {
    let receiver = Receiver::start([]).await?;
    let slow = RepoBuilder::model("acme/slow").random_file("slow.bin", 64 << 20, 2);
    let stage = Stage::new([model(), slow], &FLAGS).await?;
    let done = stage.downloaded(&Download::model(MODEL).callback(receiver.url())).await?;
    let told = receiver.wait_for(1).await?.remove(0);
    ensure!(told.id == format!("msg_{}_0", done.id), "{told:?}");
    ensure!(told.body["type"] == "job.completed" && told.body["timestamp"] == told.body["data"]["endedAt"], "{told:?}");
    let data = &told.body["data"];
    ensure!(data["jobId"] == done.id && data["repo"] == MODEL && data["revision"] == "main", "{data}");
    ensure!(data["isDataset"] == false && data["status"] == "completed" && data["error"] == "", "{data}");
    ensure!(data["totalFiles"] == 2 && data["totalBytes"] == done.progress.total_bytes, "{data}");
    ensure!(data["createdAt"] == done.created_at && data["endedAt"].as_str() == done.ended_at.as_deref(), "{data}");
    ensure!(data["commit"].as_str().context("no commit")?.len() == 40, "{data}");

    let failed = stage.api().start(&Download::model("acme/absent").callback(receiver.url())).await?;
    stage.api().failed(&failed.id).await?;
    let told = receiver.wait_for(2).await?.remove(1);
    ensure!(told.body["type"] == "job.failed" && told.body["data"]["error"] != "", "{told:?}");

    stage.hub.inject(Fault::new(Effect::Throttle { bytes_per_s: 1 << 20 }).on(Matcher::cdn()).always());
    let cancelled = stage.api().start(&Download::model("acme/slow").callback(receiver.url())).await?;
    stage.api().cancel(&cancelled.id).await?;
    let told = receiver.wait_for(3).await?.remove(2);
    ensure!(told.body["type"] == "job.cancelled" && told.body["data"]["jobId"] == cancelled.id, "{told:?}");
    wait::constant("callbacks", QUIET, || receiver.received().map_or(0, |received| received.len() as u64)).await?;
    ensure!(!stage.server.log()?.contains("hush"), "the receiver's address was logged whole");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_fails_gets_the_same_again_until_it_takes_it() -> anyhow::Result<()> {
    // A redirect is no success, and is not followed.
    let receiver = Receiver::start([500, 307]).await?;
    let stage = Stage::new([RepoBuilder::model(MODEL).file("config.json", "{}")], &FLAGS).await?;
    stage.downloaded(&Download::model(MODEL).callback(receiver.url())).await?;
    let told = receiver.wait_for(3).await?;
    ensure!(told.iter().all(|received| *received == told[0]), "{told:?}");
    wait::constant("callbacks", QUIET, || receiver.received().map_or(0, |received| received.len() as u64)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_is_gone_is_not_asked_again() -> anyhow::Result<()> {
    let receiver = Receiver::start([410]).await?;
    let stage = Stage::new([RepoBuilder::model(MODEL).file("config.json", "{}")], &FLAGS).await?;
    stage.downloaded(&Download::model(MODEL).callback(receiver.url())).await?;
    receiver.wait_for(1).await?;
    wait::until("the log to say so", wait::LIMIT, async || {
        Ok(stage.server.log()?.contains("callback given up").then_some(()))
    })
    .await?;
    wait::constant("callbacks", QUIET, || receiver.received().map_or(0, |received| received.len() as u64)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_callback_outlives_a_kill() -> anyhow::Result<()> {
    let receiver = Receiver::start([503, 503]).await?;
    let mut stage = Stage::new([RepoBuilder::model(MODEL).file("config.json", "{}")], &FLAGS).await?;
    stage.downloaded(&Download::model(MODEL).callback(receiver.url())).await?;
    receiver.wait_for(2).await?;
    stage.server.kill_9().await?;
    stage.restart().await?;
    let told = receiver.wait_for(3).await?;
    ensure!(told.iter().all(|received| *received == told[0]), "{told:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn private_receivers_are_refused_unless_allowed() -> anyhow::Result<()> {
    let receiver = Receiver::start([]).await?;
    let mut stage = Stage::new([model()], &FLAGS).await?;
    stage.hub.inject(Fault::new(Effect::Throttle { bytes_per_s: 1 << 20 }).on(Matcher::cdn()).always());
    let job = stage.api().start(&Download::model(MODEL).callback(receiver.url())).await?;
    stage.api().moving(&job.id, 1).await?;
    stage.server.terminate().await?;
    // The job that was taken by the old rule is served by the new one.
    stage.server = Instance::serve(&stage.sandbox, stage.hub.url(), &FLAGS[..2]).await?;
    let refused = stage.api().start(&Download::model("acme/other").callback(receiver.url())).await.unwrap_err();
    ensure!(refused.to_string().starts_with("400: Invalid callbackUrl"), "{refused}");
    stage.api().cancel(&job.id).await?;
    ensure!(stage.api().job(&job.id).await?.status == Status::Cancelled);
    wait::until("the log to say so", wait::LIMIT, async || {
        let log = stage.server.log()?;
        Ok((log.contains("callback not delivered") && log.contains("--callback-allow-private")).then_some(()))
    })
    .await?;
    ensure!(receiver.received()?.is_empty());
    stage.server.terminate().await?;
    // Nor is it lost where only some processes go by the new rule so far.
    stage.server = Instance::serve(&stage.sandbox, stage.hub.url(), &FLAGS).await?;
    ensure!(receiver.wait_for(1).await?[0].body["data"]["jobId"] == job.id);
    Ok(())
}
