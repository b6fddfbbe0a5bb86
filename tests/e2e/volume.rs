//! A volume that fails for a moment, and one that others change too.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use anyhow::{Context as _, bail, ensure};
use hfd_tests::api::{Download, Job};
use hfd_tests::fake_hub::{Effect, Fault, Matcher, RepoBuilder};
use hfd_tests::stage::Stage;
use hfd_tests::wait;
use reqwest::Method;

const MODEL: &str = "acme/model";
const FILE: &str = "zz.txt";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_volume_refuses_for_a_moment_is_tried_again() -> anyhow::Result<()> {
    let stage = Stage::new([RepoBuilder::model(MODEL).file(FILE, "late")], &[]).await?;
    let locks = stage.sandbox.cache().join(".locks/models--acme--model");
    fs::create_dir_all(&locks)?;
    // Not opened, for it is a symlink; the system's error is one that no one has a remedy for.
    let lock = locks.join(format!("{}.lock", stage.etag(MODEL, FILE)?));
    symlink("nowhere", &lock)?;
    let job = stage.api().start(&Download::model(MODEL)).await?;
    wait::until("another try", wait::LIMIT, async || {
        Ok((stage.metric("hfd_retries_total{reason=\"disk\"}").await? > 0).then_some(()))
    })
    .await?;
    fs::remove_file(&lock)?;
    stage.api().completed(&job.id).await?;
    stage.check_model(MODEL)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_blob_that_is_removed_after_it_was_seen_is_fetched() -> anyhow::Result<()> {
    // More files before it than are looked after at a time.
    let model = RepoBuilder::model(MODEL).many_files("first", 100).file(FILE, "late");
    let flags = ["--connections", "1", "--stall-timeout", "1", "--retries", "20"];
    let stage = Stage::new([model], &flags).await?;
    stage.downloaded(&Download::model(MODEL).exclude("first/*")).await?;
    let silence = stage.hub.inject(Fault::new(Effect::Silence).on(Matcher::data()).always());
    let job = stage.api().start(&Download::model(MODEL)).await?;
    wait::until_true("a first request", wait::LIMIT, || stage.hub.fault_hits(silence) > 0).await?;
    let blob = stage.model(MODEL).blob(&stage.etag(MODEL, FILE)?);
    ensure!(blob.exists(), "the blob is not in the cache before");
    fs::remove_file(&blob)?;
    stage.hub.clear_faults();
    stage.api().completed(&job.id).await?;
    stage.check_model(MODEL)
}

/// A file that is not there is a fault of the cache only if the volume is there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_verification_whose_volume_goes_waits_for_it() -> anyhow::Result<()> {
    let mut model = RepoBuilder::model(MODEL);
    for number in 0..60 {
        model = model.random_file(format!("{number}.bin"), 4 << 20, number);
    }
    let stage = Stage::new([model], &[]).await?;
    stage.downloaded(&Download::model(MODEL)).await?;
    let (cache, volume, next) =
        (stage.sandbox.cache(), stage.sandbox.path().join("volume"), stage.sandbox.path().join("next"));
    fs::rename(&cache, &volume)?;
    symlink(&volume, &cache)?;
    let mount = |volume: &Path| {
        symlink(volume, &next)?;
        fs::rename(&next, &cache)
    };
    // A machine that is fast enough has checked all of it before the volume goes.
    for _ in 0..20 {
        let (_, job) = stage.api().call(Method::POST, &format!("cache/{MODEL}/verify"), None).await?;
        let id = job["id"].as_str().context("no id")?;
        let has_begun = |job: &Job| job.progress.downloaded_bytes > 0;
        stage.api().wait_for(id, "its first file", has_begun).await?;
        mount(Path::new("/proc"))?;
        let is_told = |job: &Job| job.waiting_reason.contains("is not on the volume any more");
        let is_checked = |job: &Job| job.progress.downloaded_bytes == job.progress.total_bytes;
        let told = stage.api().wait_for(id, "the reason to wait", |job| is_told(job) || is_checked(job)).await?;
        mount(&volume)?;
        stage.api().completed(id).await?;
        if is_told(&told) {
            return Ok(());
        }
    }
    bail!("it was always faster")
}
