//! The examples of `docs/examples`, run as they are written but for the server, the repositories and the job.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use hfd_tests::api::{Download, Status};
use hfd_tests::fake_hub::{Effect, Fault, Matcher, RepoBuilder};
use hfd_tests::process::Process;
use hfd_tests::python;
use hfd_tests::stage::Stage;
use hfd_tests::wait;
use serde_json::{Deserializer, Value};

/// Longest run of an example that ends by itself.
const LIMIT: Duration = Duration::from_mins(1);

/// What the examples are about.
const MODEL: &str = "acme/model";
const LARGE: &str = "acme/large";

async fn stage() -> anyhow::Result<Stage> {
    let repos = [
        RepoBuilder::model(MODEL)
            .file("config.json", "{}")
            .random_file("model.Q4_K_M.gguf", 1 << 20, 1)
            .random_file("model.Q5_K_M.gguf", 1 << 20, 2)
            .tag("v1.0")
            .file("config.json", "{}")
            .revision("fp16")
            .file("config.json", "{1}"),
        RepoBuilder::model(LARGE).random_file("large.bin", 32 << 20, 3),
        RepoBuilder::dataset("acme/data").file("data.csv", "a,b"),
    ];
    let key = "07".repeat(32);
    let stage = Stage::new(repos, &["--secret-key", &key]).await?;
    stage
        .hub
        .inject(Fault::new(Effect::Throttle { bytes_per_s: 512 << 10 }).on(Matcher::cdn().file("large.bin")).always());
    Ok(stage)
}

/// Writes an example for this stage into its sandbox and makes a command that runs it.
fn command(stage: &Stage, program: impl AsRef<Path>, example: &str, job: &str) -> anyhow::Result<Command> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/examples").join(example);
    let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    let host = stage.api().address().trim_start_matches("http://");
    let text = text
        .replace("localhost:8080", host)
        .replace("TheBloke/Mistral-7B-Instruct-v0.2-GGUF", MODEL)
        .replace("CompVis/stable-diffusion-v1-4", MODEL)
        .replace("owner/repo", MODEL)
        .replace("owner/large-model", LARGE)
        .replace("facebook/flores", "acme/data")
        .replace("a1b2c3d4e5f6", job);
    let copy = stage.sandbox.path().join(example);
    fs::write(&copy, text).with_context(|| format!("writing {}", copy.display()))?;
    let mut command = stage.sandbox.command(program.as_ref());
    command.arg(copy);
    Ok(command)
}

/// Runs a shell script to its end, and reads all JSON that it prints.
async fn answers(stage: &Stage, example: &str, job: &str) -> anyhow::Result<Vec<Value>> {
    let printed = run(stage, example, job, &[]).await?;
    let answers = Deserializer::from_str(&printed).into_iter().collect::<Result<Vec<Value>, _>>();
    let answers = answers.with_context(|| format!("{example} printed {printed}"))?;
    for answer in &answers {
        ensure!(answer.get("error").is_none_or(|error| error == ""), "{example}: {answer}");
    }
    Ok(answers)
}

async fn run(stage: &Stage, example: &str, job: &str, arguments: &[&str]) -> anyhow::Result<String> {
    let mut command = command(stage, "bash", example, job)?;
    let ended = Process::start(&stage.sandbox, example, command.args(arguments))?.ended(LIMIT).await?;
    ensure!(ended.code == Some(0), "{example} ended with {:?}: {}{}", ended.code, ended.stdout, ended.stderr);
    Ok(ended.stdout)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_shell_examples_run_as_they_are_written() -> anyhow::Result<()> {
    let stage = stage().await?;
    let job = stage.downloaded(&Download::model(MODEL)).await?.id;
    let [filtered, plan, dataset, revision, jobs] = &answers(&stage, "download.sh", &job).await?[..] else {
        bail!("download.sh has five answers");
    };
    ensure!(filtered["filters"] == serde_json::json!(["q4_k_m", "q5_k_m"]), "{filtered}");
    ensure!(plan["totalFiles"] == 2, "{plan}");
    ensure!(dataset["isDataset"] == true && revision["revision"] == "fp16", "{dataset} {revision}");
    ensure!(jobs["count"] == 4, "{jobs}");
    let [settings, updated] = &answers(&stage, "settings.sh", &job).await?[..] else { bail!("two answers") };
    ensure!(settings["connections"] == 8 && updated["success"] == true, "{settings} {updated}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_documented_workflow_analyses_downloads_and_shows_what_is_cached() -> anyhow::Result<()> {
    let stage = stage().await?;
    let job = stage.downloaded(&Download::model(MODEL)).await?.id;
    stage.downloaded(&Download::dataset("acme/data")).await?;
    let [analysis, started, jobs, shown] = &answers(&stage, "workflow.sh", &job).await?[..] else {
        bail!("workflow.sh has four answers");
    };
    ensure!(analysis["type"] == "gguf" && started["status"] == "queued", "{analysis} {started}");
    ensure!(jobs["count"] == 3 && shown["id"] == *job, "{jobs} {shown}");
    let analyses = answers(&stage, "analyze.sh", &job).await?;
    ensure!(
        analyses.len() == 3 && analyses[1]["is_dataset"] == true && analyses[2]["branch"] == "v1.0",
        "{analyses:?}"
    );
    let [all, models, one] = &answers(&stage, "cache.sh", &job).await?[..] else { bail!("three answers") };
    ensure!(all["count"] == 2 && models["count"] == 1 && one["repo"] == MODEL, "{all} {models} {one}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_monitoring_examples_follow_a_download_to_its_end() -> anyhow::Result<()> {
    let stage = stage().await?;
    // The job that is paused right after its start may not run yet: a loaded machine shows the documented 404.
    let started = run(&stage, "pause-resume.sh", "", &[]).await?;
    ensure!(started.contains("\"success\":true") || started.contains("Job not found or not"), "{started}");
    for job in stage.api().jobs().await? {
        if !job.status.is_end() {
            stage.api().cancel(&job.id).await?;
        }
    }
    let python = python::tool("python")?;
    let watchers = [
        Process::start(
            &stage.sandbox,
            "watch.py",
            command(&stage, python, "watch.py", "")?.env("PYTHONUNBUFFERED", "1"),
        )?,
        Process::start(&stage.sandbox, "watch.js", &mut javascript(&stage)?)?,
    ];
    let connected = async || {
        let clients = stage.metric("hfd_event_clients{transport=\"websocket\"}").await?;
        Ok((clients >= 2).then_some(()))
    };
    wait::until("both examples to connect", LIMIT, connected).await?;
    let id = stage.api().start(&Download::model(LARGE)).await?.id;
    let running = async || Ok((stage.api().job(&id).await?.status == Status::Running).then_some(()));
    wait::until("the job to run", LIMIT, running).await?;
    let arguments = [id.as_str()];
    let (questions, monitored) = tokio::join!(run(&stage, "jq.sh", "", &[]), run(&stage, "monitor.sh", "", &arguments));
    let questions = questions?;
    ensure!(questions.contains("\"status\": \"running\"") && questions.contains(LARGE), "{questions}");
    let monitored = monitored?;
    ensure!(monitored.contains("Progress: ") && monitored.ends_with("Job completed\n"), "{monitored}");
    for watcher in watchers {
        let seen = || watcher.stdout().is_ok_and(|text| text.contains(&format!("{LARGE}: 100.0%")));
        wait::until_true("an example to see the end", LIMIT, seen).await.context(watcher.stderr()?)?;
    }
    Ok(())
}

/// Runs the JavaScript example with a WebSocket where Node.js has none.
fn javascript(stage: &Stage) -> anyhow::Result<Command> {
    let preload = Path::new(env!("CARGO_MANIFEST_DIR")).join("node/websocket.cjs");
    let example = command(stage, "node", "watch.js", "")?;
    let mut node = stage.sandbox.command("node");
    node.arg("--require").arg(preload).args(example.get_args());
    Ok(node)
}
