//! Names, counts and sizes at the edge of what a repo may have.

use std::collections::BTreeMap;

use anyhow::{Context as _, ensure};
use hfd_tests::api::{Download, Refused};
use hfd_tests::fake_hub::{RepoBuilder, RepoKind};
use hfd_tests::python::Python;
use hfd_tests::stage::Stage;

const MODEL: &str = "acme/model";
const DATASET: &str = "acme/dataset";

/// Names that need care in a URL, in a shell or on a disk.
const NAMES: [&str; 16] = [
    "with space.txt",
    " leading and trailing ",
    "brackets [1] (2) {3}.txt",
    "hash #1.txt",
    "percent 100%.txt",
    "escaped %41%2F%2e.txt",
    "question?.txt",
    "plus+and&equals=.txt",
    "quotes '\"`.txt",
    "semi;colon, comma: at@ $dollar ^ | ~tilde!.txt",
    "ünïcödé – 日本語 🤗.txt",
    "u\u{308} decomposed.txt",
    ".hidden",
    "-dash.txt",
    "folder with space/[x]/#/%/é.txt",
    "CON/aux.txt",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_that_need_care_arrive_and_read_back() -> anyhow::Result<()> {
    let long = "n".repeat(196);
    let mut repo = RepoBuilder::model(MODEL)
        .file("empty.txt", "")
        .file("empty.safetensors", "")
        .file("folder/also-empty.json", "")
        .file(format!("{long}.txt"), "long")
        .file(format!("{}/{long}.bin", "d".repeat(200)), "long, from the CDN");
    for name in NAMES {
        // Once from the Hub and once from the CDN, large and small.
        repo = repo.file(name, format!("content of {name}")).file(format!("{name}.bin"), format!("data of {name}"));
    }
    let repo = repo.random_file("large [1] #2 100% é.safetensors", 3 << 20, 1);
    let stage = Stage::new([repo], &["--multipart-threshold", "2MiB"]).await?;
    stage.downloaded(&Download::model(MODEL)).await?;
    stage.check_model(MODEL)?;
    reads_back(&stage, RepoKind::Model, MODEL).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_thousand_files_in_one_folder_arrive_and_read_back() -> anyhow::Result<()> {
    let mut repo = RepoBuilder::dataset(DATASET);
    for number in 0..5000 {
        repo = repo.file(format!("all/{number:05}.txt"), format!("file {number}\n"));
    }
    let stage = Stage::new([repo], &[]).await?;
    let job = stage.downloaded(&Download::dataset(DATASET)).await?;
    ensure!(job.progress.completed_files == 5000 && job.files.len() == 5000);
    stage.check(RepoKind::Dataset, DATASET, "main")?;
    reads_back(&stage, RepoKind::Dataset, DATASET).await
}

/// huggingface_hub finds each file by its name, with the content that the fake Hub serves.
async fn reads_back(stage: &Stage, kind: RepoKind, id: &str) -> anyhow::Result<()> {
    let python = Python::new(&stage.sandbox, stage.hub.url())?;
    let kind_word = if kind == RepoKind::Model { "model" } else { "dataset" };
    let read = python.run(&stage.sandbox, "read_back.py", &[kind_word, id, "main"]).await?;
    let found: BTreeMap<String, (u64, String, String)> = serde_json::from_value(read["files"].clone())?;
    let served = stage.hub.files(kind, id, "main");
    ensure!(found.len() == served.len(), "{} files read back of {}", found.len(), served.len());
    for file in served {
        let (size, git, sha256) = found.get(&file.path).with_context(|| format!("{:?} is missing", file.path))?;
        let hash = if file.lfs { sha256 } else { git };
        ensure!((*size, hash) == (file.size_bytes, &file.etag), "{:?} was read back wrong", file.path);
    }
    ensure!(read["warnings"].as_array().is_some_and(Vec::is_empty), "{}", read["warnings"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dataset_of_seventy_thousand_files_is_listed_whole() -> anyhow::Result<()> {
    let stage = Stage::new([RepoBuilder::dataset(DATASET).many_files("data", 70_000)], &[]).await?;
    let plan = stage.api().plan(&Download::dataset(DATASET)).await?;
    ensure!(plan.total_files == 70_000 && plan.files.len() == 70_000, "{} files", plan.total_files);
    ensure!(plan.total_size == plan.files.iter().map(|file| file.size).sum::<u64>());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unsafe_path_fails_the_plan_and_the_job() -> anyhow::Result<()> {
    for unsafe_path in ["../evil", "a/../../evil", "/evil", "a\\..\\evil", "C:/evil"] {
        let repo = RepoBuilder::model(MODEL).file("config.json", "{}").alias(unsafe_path, "evil");
        let stage = Stage::new([repo], &[]).await?;
        let refused = stage.api().plan(&Download::model(MODEL)).await.err().context("an unsafe path was planned")?;
        let refused = refused.downcast::<Refused>()?;
        ensure!(refused.details.contains("not safe"), "{refused}");
        let job = stage.api().start(&Download::model(MODEL)).await?;
        let job = stage.api().failed(&job.id).await?;
        ensure!(job.error.contains("not safe"), "{}", job.error);
        ensure!(stage.model(MODEL).blob_names()?.is_empty(), "something was downloaded");
    }
    Ok(())
}
