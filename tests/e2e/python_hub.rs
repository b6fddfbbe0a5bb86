//! Python's huggingface_hub as the judge: of the fake Hub, of our cache, and as the one who was there before.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use hfd_tests::api::Download;
use hfd_tests::cached_repo::{CachedRepo, paths_below};
use hfd_tests::fake_hub::{FakeHub, RepoBuilder, RepoKind};
use hfd_tests::python::Python;
use hfd_tests::sandbox::Sandbox;
use hfd_tests::stage::{Stage, check_against, hub_with};
use hfd_tests::traffic;

const MODEL: &str = "acme/model";
const TOKEN: &str = "hf_test_token_valid";

/// 3 large, 200 small and nested files.
fn model() -> RepoBuilder {
    RepoBuilder::model(MODEL)
        .file("config.json", "{}")
        .file("deep/er/and/deep/er/still.txt", "nested")
        .many_files("small", 198)
        .random_file("model-00001-of-00003.safetensors", 70 << 20, 1)
        .random_file("model-00002-of-00003.safetensors", (40 << 20) + 1, 2)
        .random_file("onnx/model.onnx", 48 << 20, 3)
}

fn word(kind: RepoKind) -> &'static str {
    if kind == RepoKind::Model { "model" } else { "dataset" }
}

/// huggingface_hub finds the revision offline, `scan_cache_dir()` has nothing to complain of, and `hf cache verify`
/// finds the same files with the same content as the Hub.
async fn python_accepts(
    sandbox: &Sandbox,
    hub: &FakeHub,
    kind: RepoKind,
    id: &str,
    revision: &str,
) -> anyhow::Result<()> {
    let python = Python::new(sandbox, hub.url())?;
    let read = python.run(sandbox, "read_back.py", &[word(kind), id, revision]).await?;
    let found: BTreeSet<&String> = read["files"].as_object().context("no files")?.keys().collect();
    let served = hub.files(kind, id, revision);
    ensure!(found == served.iter().map(|file| &file.path).collect(), "{id} at {revision}: {found:?}");
    ensure!(read["warnings"].as_array().is_some_and(Vec::is_empty), "{}", read["warnings"]);
    let arguments = ["cache", "verify", id, "--repo-type", word(kind), "--revision", revision];
    let strict = ["--fail-on-missing-files", "--fail-on-extra-files"];
    let verified = python.hf(sandbox, &[&arguments[..], &strict].concat()).await?;
    ensure!(verified.code == Some(0), "hf cache verify: {verified:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn huggingface_hub_downloads_from_the_fake_hub() -> anyhow::Result<()> {
    let repos = [
        RepoBuilder::model(MODEL)
            .file("config.json", "{}")
            .file("a folder/[x] #1 100% é.txt", "odd")
            .many_files("small", 40)
            .random_file("model.safetensors", 5 << 20, 1),
        RepoBuilder::model("gpt2").file("config.json", "{}").revision("refs/pr/1").file("config.json", "{1}"),
        RepoBuilder::dataset("acme/private").file("data.csv", "1,2").private(),
    ];
    let (sandbox, hub) = hub_with(|config| config.page_size(10), repos)?;
    let python = Python::new(&sandbox, hub.url())?;
    for (kind, id, revision) in [
        (RepoKind::Model, MODEL, "main"),
        (RepoKind::Model, "gpt2", "refs/pr/1"),
        (RepoKind::Dataset, "acme/private", "main"),
    ] {
        python.run(&sandbox, "download.py", &[word(kind), id, revision, TOKEN]).await?;
        check_against(&hub, &CachedRepo::new(&sandbox.cache(), kind, id), kind, id, revision)?;
    }
    python_accepts(&sandbox, &hub, RepoKind::Model, MODEL, "main").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_we_download_huggingface_hub_accepts() -> anyhow::Result<()> {
    let stage = Stage::new([model()], &[]).await?;
    let job = stage.downloaded(&Download::model(MODEL)).await?;
    ensure!(job.progress.completed_files == 203 && job.progress.downloaded_bytes == job.progress.total_bytes);
    stage.check_model(MODEL)?;
    python_accepts(&stage.sandbox, &stage.hub, RepoKind::Model, MODEL, "main").await?;
    others_can_read(&stage.sandbox)
}

/// Everything that huggingface_hub reads has the mode that any new file or folder of this user has.
fn others_can_read(sandbox: &Sandbox) -> anyhow::Result<()> {
    let mode = |path: &Path| Ok::<u32, anyhow::Error>(fs::metadata(path)?.permissions().mode() & 0o777);
    let (file, folder) = (sandbox.path().join("a file"), sandbox.path().join("a folder"));
    fs::write(&file, "")?;
    fs::create_dir(&folder)?;
    let (file, folder) = (mode(&file)?, mode(&folder)?);
    let repo = CachedRepo::new(&sandbox.cache(), RepoKind::Model, MODEL);
    let read: Vec<PathBuf> = ["blobs", "refs", "snapshots", "trees"].map(|part| repo.folder().join(part)).into();
    for part in &read {
        let found = paths_below(part)?;
        ensure!(!found.is_empty(), "{} is empty", part.display());
        for path in found.iter().map(|path| part.join(path)) {
            ensure!(mode(&path)? == file, "{} has the mode {:o}", path.display(), mode(&path)?);
            let parent = path.parent().context("a folder")?;
            ensure!(mode(parent)? == folder, "{} has the mode {:o}", parent.display(), mode(parent)?);
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn datasets_one_name_repos_nested_revisions_and_commits_read_back() -> anyhow::Result<()> {
    let repos = [
        RepoBuilder::dataset("acme/data").many_files("data", 20).random_file("train.parquet", 3 << 20, 1),
        RepoBuilder::model("gpt2")
            .file("config.json", "{}")
            .revision("refs/pr/1")
            .file("config.json", "{1}")
            .file("more/new.txt", "new")
            .tag("v1.0")
            .file("config.json", "{2}"),
    ];
    let stage = Stage::new(repos, &["--multipart-threshold", "1MiB"]).await?;
    let commit = stage.hub.commit(RepoKind::Model, "gpt2", "main").context("gpt2 has a main branch")?;
    for (kind, id, revision) in [
        // The commit before the branch, which would make it known.
        (RepoKind::Model, "gpt2", commit.as_str()),
        (RepoKind::Model, "gpt2", "refs/pr/1"),
        (RepoKind::Model, "gpt2", "v1.0"),
        (RepoKind::Dataset, "acme/data", "main"),
    ] {
        let request = if kind == RepoKind::Model { Download::model(id) } else { Download::dataset(id) };
        stage.downloaded(&request.revision(revision)).await?;
        stage.check(kind, id, revision)?;
        python_accepts(&stage.sandbox, &stage.hub, kind, id, revision).await?;
    }
    let refs = paths_below(&stage.model("gpt2").folder().join("refs"))?;
    ensure!(refs == ["refs/pr/1", "v1.0"].map(str::to_owned).into(), "{refs:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_huggingface_hub_has_cached_is_not_fetched_again() -> anyhow::Result<()> {
    let repo = RepoBuilder::model(MODEL).many_files("small", 20).random_file("model.safetensors", 40 << 20, 1);
    let stage = Stage::new([repo], &[]).await?;
    let python = Python::new(&stage.sandbox, stage.hub.url())?;
    python.run(&stage.sandbox, "download.py", &["model", MODEL, "main"]).await?;
    for blobs_are_shared in [false, true] {
        if blobs_are_shared {
            let shared = python.run(&stage.sandbox, "share_blobs.py", &[MODEL]).await?;
            ensure!(shared.as_array().is_some_and(|names| names.len() == 21), "{shared}");
        }
        stage.hub.reset_log();
        stage.downloaded(&Download::model(MODEL)).await?;
        let sent = traffic::data_bytes(&stage.hub);
        ensure!(sent == 0, "{sent} bytes were fetched again (blobs shared: {blobs_are_shared})");
        stage.check_model(MODEL)?;
        python_accepts(&stage.sandbox, &stage.hub, RepoKind::Model, MODEL, "main").await?;
    }
    let blob = stage.model(MODEL).blob(&stage.etag(MODEL, "model.safetensors")?);
    ensure!(fs::symlink_metadata(&blob)?.is_symlink(), "the link into the shared store was replaced");
    Ok(())
}
