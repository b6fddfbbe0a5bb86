//! A job with very many files, followed live.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use hfd_tests::api::{Api, Download, Status};
use hfd_tests::fake_hub::RepoBuilder;
use hfd_tests::stage::Stage;
use hfd_tests::wait;
use hfd_tests::watcher::Watcher;
use serde_json::Value;

use crate::HEAVY;

const DATASET: &str = "acme/many";
const FILES: usize = 70_000;

/// How many files arrive before the job is paused.
const ARRIVED: usize = 3_000;

/// Bytes of the longest message, and files of a job in it.
const MAX_BYTES: usize = 512 << 10;
const MAX_FILES: usize = 200;

/// Files of one page.
const PAGE: usize = 1_000;

/// All files of a job by their path.
type Files = BTreeMap<String, Value>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_file_of_70_000_is_known_to_who_reads_pages_and_follows() -> anyhow::Result<()> {
    let _alone = HEAVY.lock().await;
    let repo = RepoBuilder::dataset(DATASET).many_files("data", FILES);
    // Updates tell 800 files a second: no machine is to be much faster.
    let stage = Stage::with(|hub| hub.latency(Duration::from_millis(10)), [repo], &[]).await?;
    let api = stage.api();
    let mut watcher = Watcher::connect(api).await?;
    let job = api.start(&Download::dataset(DATASET)).await?;
    while next(&mut watcher).await?["data"]["event"] != "files_changed" {}
    let mut files = read_pages(api, &job.id).await?;
    ensure!(files.len() == FILES, "{} files", files.len());
    while arrived(&files) < ARRIVED {
        follow(&mut watcher, &mut files).await?;
    }
    api.pause(&job.id).await?;
    let truth = settled(api, &job.id).await?;
    while files != truth {
        follow(&mut watcher, &mut files).await?;
    }
    let init = next(&mut Watcher::connect(api).await?).await?;
    let shown = init["data"]["jobs"][0]["files"].as_array().map_or(0, Vec::len);
    ensure!(shown == MAX_FILES && init["data"]["jobs"][0]["filesTruncated"] == true, "init shows {shown} files");
    api.cancel(&job.id).await
}

/// The next message, which keeps to its limits.
async fn next(watcher: &mut Watcher) -> anyhow::Result<Value> {
    let text = watcher.text().await?;
    ensure!(text.len() <= MAX_BYTES, "a message of {} bytes", text.len());
    let message: Value = serde_json::from_str(&text)?;
    let files = message["data"]["files"].as_array().map_or(0, Vec::len);
    ensure!(files <= MAX_FILES, "a message with {files} files");
    Ok(message)
}

/// Takes over what the next message says of files.
async fn follow(watcher: &mut Watcher, files: &mut Files) -> anyhow::Result<()> {
    let message = next(watcher).await?;
    ensure!(message["data"]["event"] != "files_changed", "updates cannot keep up");
    for file in message["data"]["files"].as_array().into_iter().flatten() {
        take(files, file)?;
    }
    Ok(())
}

fn take(files: &mut Files, file: &Value) -> anyhow::Result<()> {
    let path = file["path"].as_str().context("a file without a path")?;
    files.insert(path.to_owned(), file.clone());
    Ok(())
}

fn arrived(files: &Files) -> usize {
    files.values().filter(|file| file["status"] == "complete").count()
}

async fn read_pages(api: &Api, job: &str) -> anyhow::Result<Files> {
    let mut files = Files::new();
    for offset in (0..FILES).step_by(PAGE) {
        let page: Value =
            serde_json::from_str(&api.text(&format!("jobs/{job}/files?offset={offset}&limit={PAGE}")).await?)?;
        for file in page["files"].as_array().context("a page without files")? {
            take(&mut files, file)?;
        }
    }
    Ok(files)
}

/// The files once nothing changes any more: the workers of a paused job stop within two seconds.
async fn settled(api: &Api, job: &str) -> anyhow::Result<Files> {
    api.wait_for(job, "paused", |job| job.status == Status::Paused).await?;
    let mut before = read_pages(api, job).await?;
    wait::until("the files to stay as they are", wait::LIMIT, async || {
        let now = read_pages(api, job).await?;
        let same = now == before;
        before = now;
        Ok(same.then_some(()))
    })
    .await?;
    Ok(before)
}
