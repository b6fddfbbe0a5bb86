//! Settings that are changed over the API.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use anyhow::ensure;
use hfd_tests::api::Download;
use hfd_tests::fake_hub::RepoBuilder;
use hfd_tests::stage::Stage;
use serde_json::json;

const MODEL: &str = "acme/private";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_set_on_one_machine_is_in_force_at_once_and_after_a_restart() -> anyhow::Result<()> {
    let mut stage = Stage::new([RepoBuilder::model(MODEL).private().file("config.json", "{}")], &[]).await?;
    let token = stage.hub.config().token.clone();
    let change = json!({
        "token": token, "connections": 16, "maxActive": 8, "multipartThreshold": "1GiB", "verify": "size", "retries": 0,
    });
    stage.api().change_settings(&change).await?;
    stage.downloaded(&Download::model(MODEL)).await?;
    let before = stage.api().settings().await?;
    for (field, value) in change.as_object().into_iter().flatten().filter(|(field, _)| *field != "token") {
        ensure!(before[field] == *value, "{field} is {}", before[field]);
    }
    stage.server.kill_9().await?;
    stage.restart().await?;
    ensure!(stage.api().settings().await? == before);
    let key = stage.sandbox.data().join("secret.key");
    ensure!(fs::metadata(key)?.permissions().mode() & 0o777 == 0o600);
    let store = fs::read(stage.sandbox.data().join("jobs.redb"))?;
    ensure!(!store.windows(token.len()).any(|window| window == token.as_bytes()), "the token lies there in clear");
    Ok(())
}

/// Only the least time is checked: how near it comes, the benchmark shows.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_bytes_come_in_a_second_than_this_process_may_receive() -> anyhow::Result<()> {
    let files = (0..4u64).map(|number| (format!("part-{number}.bin"), number));
    let repo = files.fold(RepoBuilder::model(MODEL), |repo, (name, seed)| repo.random_file(name, 2 << 20, seed));
    let flags = ["--max-process-bytes-per-second", "4MiB", "--multipart-threshold", "1MiB"];
    let stage = Stage::new([repo], &flags).await?;
    let begun = Instant::now();
    stage.downloaded(&Download::model(MODEL)).await?;
    let took = begun.elapsed();
    // 8 MiB, less the burst and what of the last reservation is not used.
    ensure!(took > Duration::from_millis(1700), "8 MiB at 4 MiB/s took {took:?}");
    Ok(())
}
