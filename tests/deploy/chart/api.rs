//! What `helm test` runs in a pod, here against a real server.

use std::fs;
use std::time::Duration;

use anyhow::ensure;
use hfd_tests::fake_hub::{Effect, Fault, Matcher, RepoBuilder};
use hfd_tests::process::{Ended, Process};
use hfd_tests::stage::Stage;

use super::render::chart;

const MODEL: &str = "acme/model";
const USER: (&str, &str) = ("people", "pass word \"quoted\"");
const TOKEN: &str = "0123456789abcdef";

/// A server that wants credentials.
async fn stage() -> anyhow::Result<Stage> {
    let repos = [RepoBuilder::model(MODEL).file("config.json", "{}").random_file("model.safetensors", 1 << 20, 1)];
    let flags = ["--auth-user", USER.0, "--auth-pass", USER.1, "--api-token", TOKEN, "--retries", "0"];
    Stage::new(repos, &flags).await
}

/// Runs the test with the files of a secret.
async fn run(stage: &Stage, repo: &str, secret: &[(&str, &str)]) -> anyhow::Result<Ended> {
    let secrets = stage.sandbox.path().join("secrets");
    fs::create_dir(&secrets)?;
    for (name, content) in secret {
        fs::write(secrets.join(name), content)?;
    }
    let mut command = stage.sandbox.command("sh");
    command.arg(chart().join("files/download-test.sh"));
    command.env("API", stage.api().address()).env("REPO", repo).env("LIMIT", "60");
    command.env("SECRETS", &secrets).env("TMPDIR", stage.sandbox.path());
    Process::start(&stage.sandbox, "download-test", &mut command)?.ended(Duration::from_mins(2)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn helm_test_downloads_with_a_password() -> anyhow::Result<()> {
    let stage = stage().await?;
    let ended = run(&stage, MODEL, &[("auth-user", USER.0), ("auth-password", USER.1)]).await?;
    ensure!(ended.code == Some(0), "it ended with {ended:?}");
    stage.check_model(MODEL)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn helm_test_downloads_with_a_token() -> anyhow::Result<()> {
    let stage = stage().await?;
    let ended = run(&stage, MODEL, &[("api-tokens", &format!("{TOKEN}\nanother"))]).await?;
    ensure!(ended.code == Some(0), "it ended with {ended:?}");
    stage.check_model(MODEL)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn helm_test_fails_without_credentials() -> anyhow::Result<()> {
    let ended = run(&stage().await?, MODEL, &[]).await?;
    ensure!(ended.code == Some(1) && ended.stderr.contains("401"), "it ended with {ended:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn helm_test_fails_when_the_job_fails() -> anyhow::Result<()> {
    let stage = stage().await?;
    stage.hub.inject(Fault::new(Effect::Status { code: 404 }).on(Matcher::cdn().file("model.safetensors")).always());
    let ended = run(&stage, MODEL, &[("api-tokens", TOKEN)]).await?;
    ensure!(ended.code == Some(1) && ended.stdout.contains("failed"), "it ended with {ended:?}");
    Ok(())
}
