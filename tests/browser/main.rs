//! The page at `/` in a real browser: Debian's Chromium, headless, driven by Playwright.
//!
//! A script a workflow. Each ends with the checks that hold on every page: `page.mjs` has them.

use std::path::Path;
use std::time::Duration;

use anyhow::ensure;
use hfd_tests::api::Download;
use hfd_tests::fake_hub::{Effect, Fault, Matcher, RepoBuilder};
use hfd_tests::process::Process;
use hfd_tests::sandbox::Sandbox;
use hfd_tests::stage::Stage;
use hfd_tests::wait;

/// For one script, on a busy machine.
const LIMIT: Duration = Duration::from_mins(1);

const MODEL: &str = "acme/mistral-GGUF";
const SLOW: &str = "acme/slow";
const SLOW_BYTES: u64 = 32 << 20;

/// Names that are markup, end a string, or turn the direction of the text.
const HOSTILE: [&str; 3] =
    ["<img src=x onerror=window.hurt=1>.txt", "\"'><script>window.hurt=1<&script>.txt", "safe\u{202e}gpj.exe"];

fn start(stage: &Stage, script: &str) -> anyhow::Result<Process> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("browser");
    // Modules are looked for from where the script lies.
    let mut command = stage.sandbox.command("node");
    command.arg(folder.join(script)).arg(stage.api().address());
    Process::start(&stage.sandbox, script, &mut command)
}

async fn good_end(process: Process) -> anyhow::Result<()> {
    let ended = process.ended(LIMIT).await?;
    ensure!(ended.code == Some(0), "the script ended with {:?}:\n{}{}", ended.code, ended.stdout, ended.stderr);
    Ok(())
}

/// Slows each answer down, for as long as it lasts.
fn slow_down(stage: &Stage, bytes_per_s: u64) {
    stage.hub.inject(Fault::new(Effect::Throttle { bytes_per_s }).on(Matcher::cdn().file("slow.bin")).always());
}

fn slow() -> RepoBuilder {
    RepoBuilder::model(SLOW).random_file("slow.bin", SLOW_BYTES, 1)
}

async fn plays(stage: &Stage, script: &str) -> anyhow::Result<()> {
    good_end(start(stage, script)?).await
}

fn mistral() -> RepoBuilder {
    let quantization = |repo: RepoBuilder, name: &str| repo.random_file(format!("mistral.{name}.gguf"), 2 << 20, 1);
    quantization(quantization(RepoBuilder::model(MODEL).file("config.json", "{}"), "Q4_K_M"), "Q8_0")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quantization_is_chosen_previewed_downloaded_and_watched() -> anyhow::Result<()> {
    let stage = Stage::new([mistral()], &[]).await?;
    plays(&stage, "download.mjs").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jobs_are_cancelled_retried_and_dismissed() -> anyhow::Result<()> {
    let stage = Stage::new([slow()], &[]).await?;
    slow_down(&stage, 1 << 20);
    plays(&stage, "jobs.mjs").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_cache_is_shown_verified_and_removed_from() -> anyhow::Result<()> {
    let stage = Stage::new([mistral()], &[]).await?;
    stage.downloaded(&Download::model(MODEL)).await?;
    plays(&stage, "cache.mjs").await?;
    let left = stage.sandbox.cache().join("models--acme--mistral-GGUF");
    ensure!(!left.exists(), "the page said that it had removed {}", left.display());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_are_changed_and_the_token_is_never_shown() -> anyhow::Result<()> {
    let stage = Stage::new([], &[]).await?;
    plays(&stage, "settings.mjs").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_that_are_markup_do_nothing() -> anyhow::Result<()> {
    let repo = HOSTILE.iter().fold(RepoBuilder::model("acme/hostile"), |repo, name| repo.file(*name, "text"));
    let stage = Stage::new([repo.revision("<b>\u{202e}'\"branch").file("config.json", "{}")], &[]).await?;
    plays(&stage, "hostile.mjs").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_load_is_small() -> anyhow::Result<()> {
    let stage = Stage::new([], &[]).await?;
    plays(&stage, "load.mjs").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_and_restarted_server_is_followed_without_a_reload() -> anyhow::Result<()> {
    let mut stage = Stage::new([slow()], &[]).await?;
    slow_down(&stage, 2 << 20);
    let mut script = start(&stage, "heal.mjs")?;
    says(&mut script, "running").await?;
    stage.server.kill_9().await?;
    says(&mut script, "lost").await?;
    stage.server.restart_in_place(&stage.sandbox).await?;
    says(&mut script, "live").await?;
    stage.hub.clear_faults();
    good_end(script).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn modules_that_need_no_browser_pass_their_own_tests() -> anyhow::Result<()> {
    let sandbox = Sandbox::new()?;
    let mut command = sandbox.command("node");
    command.arg("--test");
    for entry in Path::new(env!("CARGO_MANIFEST_DIR")).join("browser/units").read_dir()? {
        command.arg(entry?.path());
    }
    good_end(Process::start(&sandbox, "units", &mut command)?).await
}

/// Waits until a script has come as far as this.
async fn says(script: &mut Process, line: &str) -> anyhow::Result<()> {
    wait::until(line, LIMIT, async || {
        let is_there = script.stdout()?.lines().any(|said| said == line);
        let ended = script.try_status()?;
        ensure!(is_there || ended.is_none(), "the script ended with {ended:?}:\n{}", script.stderr()?);
        Ok(is_there.then_some(()))
    })
    .await
}
