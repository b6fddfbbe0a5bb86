//! The cache over the API, with `scan_cache_dir()` of huggingface_hub as the judge.

use std::fs::{self, File, FileTimes};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, ensure};
use hfd_tests::api::{Download, Status};
use hfd_tests::cached_repo::paths_below;
use hfd_tests::fake_hub::{Effect, Fault, Matcher, RepoBuilder, RepoKind};
use hfd_tests::python::Python;
use hfd_tests::stage::Stage;
use reqwest::Method;
use serde_json::{Value, json};

const MODEL: &str = "acme/model";
const LARGE: &str = "model.safetensors";

/// Two revisions that share a large file.
fn model() -> RepoBuilder {
    let shared = |repo: RepoBuilder| repo.random_file(LARGE, 5 << 20, 1).file("config.json", "{}");
    let repo = shared(RepoBuilder::model(MODEL)).many_files("small", 30).file("only-main.txt", "main");
    shared(repo.revision("refs/pr/1")).file("only-pr.txt", "a pull request")
}

async fn get(stage: &Stage, path: &str) -> anyhow::Result<Value> {
    let (status, answer) = stage.api().call(Method::GET, path, None).await?;
    ensure!(status == 200, "{path}: {status} {answer}");
    Ok(answer)
}

async fn scan(stage: &Stage) -> anyhow::Result<Value> {
    let scanned = Python::new(&stage.sandbox, stage.hub.url())?.run(&stage.sandbox, "scan_cache.py", &[]).await?;
    ensure!(scanned["warnings"] == json!([]), "{}", scanned["warnings"]);
    Ok(scanned)
}

/// The API and huggingface_hub count the same.
async fn counts_are_those_of_python(stage: &Stage) -> anyhow::Result<()> {
    let scanned = scan(stage).await?;
    let list = get(stage, "cache").await?;
    let repos = list["repos"].as_array().context("no repos")?;
    ensure!(list["totalSize"] == scanned["size"], "{list}\n{scanned}");
    ensure!(repos.len() == scanned["repos"].as_object().context("no repos")?.len(), "{list}\n{scanned}");
    for repo in repos {
        let text = |field: &str| repo[field].as_str().with_context(|| format!("no {field}: {repo}"));
        let (kind, id) = (text("type")?, text("repo")?);
        let known = &scanned["repos"][format!("{kind}/{id}")];
        for field in ["size", "files", "path"] {
            ensure!(repo[field] == known[field], "{field} of {id}: {repo}\n{known}");
        }
        let details = get(stage, &format!("cache/{id}?type={kind}")).await?;
        for revision in details["revisions"].as_array().context("no revisions")? {
            let known = &known["revisions"][revision["commit"].as_str().unwrap_or_default()];
            let same = revision["size"] == known["size"]
                && revision["fileCount"] == known["files"]
                && revision["refs"] == known["refs"];
            ensure!(same, "{id}: {revision}\n{known}");
        }
        let count = known["revisions"].as_object().map(serde_json::Map::len);
        ensure!(details["revisions"].as_array().map(Vec::len) == count, "{details}\n{known}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_cache_is_counted_as_by_huggingface_hub_whoever_filled_it() -> anyhow::Result<()> {
    let repos = [
        model(),
        RepoBuilder::model("gpt2").file("config.json", "{}").many_files("x", 3),
        RepoBuilder::dataset("acme/data").file("a.csv", "1,2").random_file("train.parquet", 3 << 20, 2),
    ];
    let stage = Stage::new(repos, &[]).await?;
    let python = Python::new(&stage.sandbox, stage.hub.url())?;
    python.run(&stage.sandbox, "download.py", &["model", "gpt2", "main"]).await?;
    python.run(&stage.sandbox, "download.py", &["model", MODEL, "refs/pr/1"]).await?;
    stage.downloaded(&Download::model(MODEL)).await?;
    stage.downloaded(&Download::dataset("acme/data").exclude("*.parquet")).await?;
    counts_are_those_of_python(&stage).await?;
    let state = async |path: &str| Ok::<_, anyhow::Error>(get(&stage, path).await?["revisions"][0]["state"].clone());
    ensure!(state("cache/gpt2?revision=main").await? == json!("complete"));
    ensure!(state(&format!("cache/{MODEL}?revision=main")).await? == json!("complete"));
    ensure!(state("cache/acme/data").await? == json!("partial"), "the parquet file was left out");
    python.run(&stage.sandbox, "share_blobs.py", &[MODEL]).await?;
    counts_are_those_of_python(&stage).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revision_and_then_the_repository_are_removed() -> anyhow::Result<()> {
    let stage = Stage::new([model()], &[]).await?;
    stage.downloaded(&Download::model(MODEL)).await?;
    stage.downloaded(&Download::model(MODEL).revision("refs/pr/1")).await?;
    let remove = async |query: &str| stage.api().call(Method::DELETE, &format!("cache/{MODEL}{query}"), None).await;
    let (status, removed) = remove("?revision=main").await?;
    ensure!(status == 200 && removed["success"] == json!(true), "{status} {removed}");
    ensure!(removed["freedBytes"].as_u64().is_some_and(|bytes| (1..1 << 20).contains(&bytes)), "{removed}");
    stage.check(RepoKind::Model, MODEL, "refs/pr/1")?;
    let scanned = scan(&stage).await?;
    let revisions = &scanned["repos"][format!("model/{MODEL}")]["revisions"];
    ensure!(revisions.as_object().is_some_and(|revisions| revisions.len() == 1), "{scanned}");
    let blobs = fs::read_dir(stage.model(MODEL).folder().join("blobs"))?.count();
    ensure!(blobs == 3, "{blobs} blobs are left");
    counts_are_those_of_python(&stage).await?;
    let (status, gone) = remove("?revision=main").await?;
    ensure!(status == 404 && gone["error"] == json!("Revision not found in cache"), "{status} {gone}");

    let (status, removed) = remove("").await?;
    ensure!(status == 200, "{status} {removed}");
    ensure!(removed["freedBytes"].as_u64().is_some_and(|bytes| bytes >= 5 << 20), "{removed}");
    ensure!(!stage.model(MODEL).folder().exists());
    ensure!(scan(&stage).await?["repos"] == json!({}));
    let (status, gone) = remove("").await?;
    ensure!(status == 404 && gone["error"] == json!("Repository not found in cache"), "{status} {gone}");
    stage.downloaded(&Download::model(MODEL)).await?;
    stage.check_model(MODEL)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repository_that_a_job_uses_is_not_removed() -> anyhow::Result<()> {
    let stage = Stage::new([model()], &[]).await?;
    stage.hub.inject(Fault::new(Effect::Throttle { bytes_per_s: 1 << 20 }).on(Matcher::cdn()).always());
    let job = stage.api().start(&Download::model(MODEL)).await?;
    stage.api().moving(&job.id, 1).await?;
    let (status, refused) = stage.api().call(Method::DELETE, &format!("cache/{MODEL}"), None).await?;
    ensure!(status == 409 && refused["error"] == json!("Repository in use"), "{status} {refused}");
    ensure!(refused["details"].as_str().is_some_and(|details| details.contains(&job.id)), "{refused}");
    stage.hub.clear_faults();
    stage.api().completed(&job.id).await?;
    stage.check_model(MODEL)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_verification_finds_a_byte_that_was_flipped() -> anyhow::Result<()> {
    let stage = Stage::new([model()], &[]).await?;
    stage.downloaded(&Download::model(MODEL)).await?;
    let path = format!("cache/{MODEL}/verify");
    let verify = async || {
        let (status, job) = stage.api().call(Method::POST, &path, None).await?;
        ensure!(status == 202 && job["kind"] == json!("verify"), "{status} {job}");
        Ok(job["id"].as_str().context("no id")?.to_owned())
    };
    let job = stage.api().completed(&verify().await?).await?;
    ensure!(job.progress.completed_files == job.progress.total_files && job.progress.total_files == 33, "{job:?}");
    ensure!(job.progress.downloaded_bytes == job.progress.total_bytes && job.progress.total_bytes > 5 << 20, "{job:?}");

    let blob = stage.model(MODEL).blob(&stage.etag(MODEL, LARGE)?);
    let mut file = File::options().read(true).write(true).open(&blob)?;
    file.seek(SeekFrom::Start(3 << 20))?;
    file.write_all(b"!")?;
    let small = stage.model(MODEL).blob(&stage.etag(MODEL, "only-main.txt")?);
    fs::write(&small, "mai")?;
    let job = stage.api().failed(&verify().await?).await?;
    ensure!(job.error.starts_with("2 of 33 files failed"), "{}", job.error);
    ensure!(job.error.contains(LARGE) && job.error.contains("only-main.txt"), "{}", job.error);
    ensure!(job.error.contains("remove the revision"), "it does not say what to do: {}", job.error);
    let failed = job.files.iter().filter(|file| file.status == "failed").count();
    ensure!(failed == 2 && blob.exists(), "{job:?}");

    stage.api().call(Method::DELETE, &format!("cache/{MODEL}"), None).await?;
    stage.downloaded(&Download::model(MODEL)).await?;
    let job = stage.api().wait_for(&verify().await?, "its end", |job| job.status.is_end()).await?;
    ensure!(job.status == Status::Completed, "{job:?}");
    Ok(())
}

fn age(path: &Path) -> anyhow::Result<()> {
    let old = SystemTime::now() - Duration::from_hours(25);
    File::options().write(true).open(path)?.set_times(FileTimes::new().set_modified(old))?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_prune_removes_what_no_revision_needs_and_nothing_else() -> anyhow::Result<()> {
    let stage = Stage::new([model()], &[]).await?;
    stage.downloaded(&Download::model(MODEL)).await?;
    let folder = stage.model(MODEL).folder().to_owned();
    let before = paths_below(&folder)?;
    let blob = folder.join("blobs").join("ab".repeat(32));
    fs::write(&blob, "nobody links to this")?;
    let stale = folder.join("blobs").join(format!("{}.0a1b2c3d.incomplete", "cd".repeat(32)));
    let fresh = folder.join("blobs").join(format!("{}.0a1b2c3d.incomplete", "ef".repeat(32)));
    fs::write(&stale, "half")?;
    fs::write(&fresh, "half")?;
    age(&stale)?;
    let prune =
        async |dry_run: bool| stage.api().call(Method::POST, "cache/prune", Some(json!({ "dryRun": dry_run }))).await;
    let expected = json!([&blob, &stale].map(|path| {
        path.strip_prefix(stage.sandbox.cache()).map(|path| path.display().to_string()).unwrap_or_default()
    }));
    let sorted = |answer: &Value| {
        let mut paths: Vec<String> = serde_json::from_value(answer["removed"].clone()).unwrap_or_default();
        paths.sort();
        json!(paths)
    };
    let (status, would) = prune(true).await?;
    ensure!(status == 200 && sorted(&would) == expected, "{status} {would}");
    ensure!(blob.exists() && stale.exists(), "a dry run removes nothing");
    let (status, pruned) = prune(false).await?;
    ensure!(status == 200 && sorted(&pruned) == expected, "{status} {pruned}");
    ensure!(pruned["freedBytes"] == json!(20 + 4) && pruned["freedBytes"] == would["freedBytes"], "{pruned}");
    ensure!(!blob.exists() && !stale.exists() && fresh.exists());
    fs::remove_file(&fresh)?;
    ensure!(paths_below(&folder)? == before);
    stage.check_model(MODEL)?;
    let (status, nothing) = prune(false).await?;
    ensure!(status == 200 && nothing["removed"] == json!([]), "{nothing}");
    Ok(())
}
