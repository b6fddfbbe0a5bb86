//! A real model, from the package that ships it to the library that it is made for, by way of our cache.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use hfd_tests::api::Download;
use hfd_tests::fake_hub::RepoBuilder;
use hfd_tests::python::Python;
use hfd_tests::stage::Stage;
use serde_json::json;

const MODEL: &str = "acme/static-10k-64d";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_model_is_downloaded_and_used_offline_by_its_library() -> anyhow::Result<()> {
    let stage = Stage::new([], &["--multipart-threshold", "2MiB"]).await?;
    let python = Python::new(&stage.sandbox, stage.hub.url())?;
    let folder = python.run(&stage.sandbox, "model_folder.py", &[]).await?;
    let folder = PathBuf::from(folder.as_str().context("a folder")?);
    let mut repo = RepoBuilder::model(MODEL);
    for name in ["config.json", "model.safetensors", "tokenizer.json"] {
        let path = folder.join(name);
        repo = repo.file(name, fs::read(&path).with_context(|| format!("reading {}", path.display()))?);
    }
    repo.write(&stage.sandbox.repos())?;
    stage.hub.reload()?;
    stage.downloaded(&Download::model(MODEL)).await?;
    stage.check_model(MODEL)?;
    let offline = python.with("HF_HUB_OFFLINE", "1");
    let answer = offline.run(&stage.sandbox, "use_model.py", &[MODEL]).await?;
    ensure!(answer == json!({ "dim": 64, "best": [0, 1, 2, 3, 4, 5] }), "{answer}");
    Ok(())
}
