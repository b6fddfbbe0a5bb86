//! Clients that others' generators make from `openapi/openapi.yaml`, at work.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use hfd_tests::fake_hub::{Effect, Fault, Matcher, RepoBuilder};
use hfd_tests::process::Process;
use hfd_tests::stage::Stage;

/// Installing a generator, compiling a client, running it.
const LIMIT: Duration = Duration::from_mins(5);

const MODEL: &str = "acme/model";
const LARGE: &str = "acme/large";
const TOKEN: &str = "0123456789abcdef";

/// A server that lets nobody in without a token.
async fn stage() -> anyhow::Result<Stage> {
    let repos = [
        RepoBuilder::model(MODEL).file("config.json", "{}").random_file("model.safetensors", 1 << 20, 1),
        RepoBuilder::model(LARGE).random_file("large.bin", 64 << 20, 2),
    ];
    let stage = Stage::new(repos, &["--api-token", TOKEN]).await?;
    stage
        .hub
        .inject(Fault::new(Effect::Throttle { bytes_per_s: 2 << 20 }).on(Matcher::cdn().file("large.bin")).always());
    Ok(stage)
}

/// Generates a client; returns its folder.
async fn generate(stage: &Stage, language: &str) -> anyhow::Result<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("the tests lie in no workspace")?;
    let test = env::current_exe().context("finding the running test")?;
    let target = test.ancestors().nth(3).context("the running test lies in no target folder")?;
    let folder = target.join("clients").join(language);
    // With the home of the user, where package managers keep what they have fetched before.
    run(stage, Command::new(workspace.join("clients/generate.sh")).arg(language).arg(&folder)).await?;
    Ok(folder)
}

/// Runs a command to its good end.
async fn run(stage: &Stage, command: &mut Command) -> anyhow::Result<String> {
    let shown = format!("{command:?}");
    // A proxy that packages come through does not know this server.
    command.env("NO_PROXY", "127.0.0.1").env("no_proxy", "127.0.0.1");
    let ended = Process::start(&stage.sandbox, "client", command)?.ended(LIMIT).await?;
    ensure!(ended.code == Some(0), "{shown} ended with {:?}:\n{}{}", ended.code, ended.stdout, ended.stderr);
    Ok(ended.stdout)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_generated_python_client_is_typed_and_runs_the_documented_workflows() -> anyhow::Result<()> {
    let stage = stage().await?;
    let folder = generate(&stage, "python").await?;
    let bin = folder.join(".venv/bin");
    // What the generator writes is not all typed strictly; what uses it is.
    let arguments = ["--strict", "--follow-imports=silent", "workflows.py"];
    run(&stage, Command::new(bin.join("mypy")).args(arguments).current_dir(&folder)).await?;
    let arguments = [stage.api().address(), MODEL, LARGE, TOKEN];
    run(&stage, Command::new(bin.join("python")).arg("workflows.py").args(arguments).current_dir(&folder)).await?;
    stage.check_model(MODEL)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_generated_typescript_client_is_typed_and_runs_the_documented_workflows() -> anyhow::Result<()> {
    let stage = stage().await?;
    let folder = generate(&stage, "typescript").await?;
    run(&stage, Command::new(folder.join("node_modules/.bin/tsc")).current_dir(&folder)).await?;
    let arguments = [stage.api().address(), MODEL, LARGE, TOKEN];
    run(&stage, Command::new("node").arg("dist/workflows.js").args(arguments).current_dir(&folder)).await?;
    stage.check_model(MODEL)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_generated_go_client_downloads() -> anyhow::Result<()> {
    let stage = stage().await?;
    let folder = generate(&stage, "go").await?;
    let arguments = ["run", ".", stage.api().address(), MODEL, TOKEN];
    run(&stage, Command::new("go").args(arguments).current_dir(&folder)).await?;
    stage.check_model(MODEL)
}
