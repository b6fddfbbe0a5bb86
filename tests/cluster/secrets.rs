//! A token that is set over the API: sealed in the store, in force everywhere, readable nowhere.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, ensure};
use hfd_tests::api::Download;
use hfd_tests::cluster::{Cluster, Shape};
use hfd_tests::fake_hub::RepoBuilder;

const MODEL: &str = "acme/private";

/// Every file below a folder that holds a text.
fn files_with(folder: &Path, text: &str) -> anyhow::Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            found.extend(files_with(&entry.path(), text)?);
        } else if entry.file_type()?.is_file() {
            let bytes = fs::read(entry.path())?;
            if bytes.windows(text.len()).any(|window| window == text.as_bytes()) {
                found.push(entry.path().display().to_string());
            }
        }
    }
    Ok(found)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_set_on_one_replica_serves_all_workers_and_is_readable_nowhere() -> anyhow::Result<()> {
    let key = hex::encode([7; 32]);
    let shape = Shape::new(2, 2).own_rabbit().flags(&["--secret-key", &key, "--log", "trace"]);
    let private = RepoBuilder::model(MODEL).many_files("small", 20).random_file("a.bin", 40 << 20, 1).private();
    let cluster = Cluster::start(shape, [private]).await?;
    let token = cluster.hub.config().token.clone();
    let refused = cluster.api().start(&Download::model(MODEL)).await?;
    cluster.api().failed(&refused.id).await?;
    ensure!(cluster.apis[0].api().set_token(&token).await? == 200);
    let job = cluster.apis[1].api().start(&Download::model(MODEL)).await?;
    cluster.apis[1].api().completed(&job.id).await?;
    cluster.check_model(MODEL)?;
    for api in &cluster.apis {
        let settings = api.api().text("settings").await?;
        ensure!(settings.contains("********") && !settings.contains(&token), "{settings}");
        ensure!(!api.api().text(&format!("jobs/{}", job.id)).await?.contains(&token));
    }
    for folder in [cluster.redis.folder(), cluster.rabbit.folder(), &cluster.sandbox.logs(), &cluster.sandbox.cache()] {
        let found = files_with(folder, &token)?;
        ensure!(found.is_empty(), "the token stands in {found:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_key_no_token_is_taken() -> anyhow::Result<()> {
    let cluster = Cluster::start(Shape::new(1, 0), []).await?;
    ensure!(cluster.api().set_token("hf_some_token_or_other").await? == 400);
    ensure!(files_with(cluster.redis.folder(), "hf_some_token_or_other")?.is_empty());
    Ok(())
}
