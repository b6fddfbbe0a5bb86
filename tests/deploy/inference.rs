//! The cache as inference pods have it: read-only and offline.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use hfd_tests::api::Download;
use hfd_tests::fake_hub::RepoBuilder;
use hfd_tests::python::Python;
use hfd_tests::stage::Stage;
use serde_json::json;

const MODEL: &str = "acme/served";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn libraries_use_a_read_only_cache_offline_and_miss_nothing_that_they_would_write() -> anyhow::Result<()> {
    let stage = Stage::new([], &[]).await?;
    let python = Python::new(&stage.sandbox, stage.hub.url())?;
    let folder = python.run(&stage.sandbox, "model_folder.py", &[]).await?;
    let tokenizer = PathBuf::from(folder.as_str().context("a folder")?).join("tokenizer.json");
    RepoBuilder::model(MODEL)
        .file("config.json", r#"{"model_type": "bert"}"#)
        .file("tokenizer_config.json", r#"{"tokenizer_class": "PreTrainedTokenizerFast"}"#)
        .file("tokenizer.json", fs::read(tokenizer)?)
        .write(&stage.sandbox.repos())?;
    stage.hub.reload()?;
    stage.downloaded(&Download::model(MODEL)).await?;
    let requests = stage.hub.requests().len();
    let offline = python.with("HF_HUB_OFFLINE", "1").with("TRANSFORMERS_NO_ADVISORY_WARNINGS", "1");
    let answer = offline.read_only(&stage.sandbox).run(&stage.sandbox, "use_offline.py", &[MODEL]).await?;
    let expected = json!({
        "read_only": true, "branch": true, "file": true, "absent": null, "model_type": "bert", "text": "hello world", "warnings": [],
    });
    ensure!(answer == expected, "{answer}");
    ensure!(stage.hub.requests().len() == requests, "the Hub was asked");
    Ok(())
}
