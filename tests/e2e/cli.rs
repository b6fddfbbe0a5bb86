//! `hfdownloader download`: what it prints, how it ends, what it leaves.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use hfd_tests::cached_repo::{CachedRepo, paths_below};
use hfd_tests::fake_hub::{Effect, FakeHub, Fault, Matcher, RepoBuilder, RepoKind};
use hfd_tests::process::{Ended, Process};
use hfd_tests::sandbox::Sandbox;
use hfd_tests::stage::{check_against, hub_with};
use hfd_tests::traffic::{data_bytes, distinct_bytes};
use hfd_tests::wait;
use rustix::process::Signal;
use serde_json::Value;

const MODEL: &str = "acme/model";
const LARGE_BYTES: u64 = 48 << 20;

/// What an interrupted connection may lose: sent, but not yet read.
const LOST_BYTES: u64 = 8 << 20;

struct Terminal {
    hub: FakeHub,
    sandbox: Sandbox,
}

impl Terminal {
    fn new() -> anyhow::Result<Self> {
        let repo = RepoBuilder::model(MODEL).many_files("small", 20).random_file("model.safetensors", LARGE_BYTES, 1);
        let (sandbox, hub) = hub_with(|config| config, [repo])?;
        Ok(Self { hub, sandbox })
    }

    fn start(&self, arguments: &[&str]) -> anyhow::Result<Process> {
        let mut command = self.sandbox.hfdownloader()?;
        command.env("HF_ENDPOINT", self.hub.url()).env("HF_HUB_CACHE", self.sandbox.cache());
        Process::start(&self.sandbox, "download", command.arg("download").args(arguments))
    }

    async fn run(&self, arguments: &[&str]) -> anyhow::Result<Ended> {
        self.start(arguments)?.ended(wait::LIMIT).await
    }

    fn check(&self) -> anyhow::Result<()> {
        let cached = CachedRepo::new(&self.sandbox.cache(), RepoKind::Model, MODEL);
        check_against(&self.hub, &cached, RepoKind::Model, MODEL, "main")
    }

    /// Where the snapshot is to lie.
    fn snapshot(&self) -> anyhow::Result<PathBuf> {
        let commit = self.hub.commit(RepoKind::Model, MODEL, "main").context("there is a main branch")?;
        Ok(CachedRepo::new(&self.sandbox.cache(), RepoKind::Model, MODEL).snapshot(&commit))
    }

    fn slow_down(&self) {
        self.hub.inject(Fault::new(Effect::Throttle { bytes_per_s: 4 << 20 }).on(Matcher::cdn()).always());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn download_prints_where_the_snapshot_is() -> anyhow::Result<()> {
    let terminal = Terminal::new()?;
    let ended = terminal.run(&[MODEL]).await?;
    ensure!(ended.code == Some(0), "{ended:?}");
    ensure!(terminal.snapshot()? == Path::new(ended.stdout.trim_end()), "printed {:?}", ended.stdout);
    ensure!(ended.stderr.contains("100%"), "{:?}", ended.stderr);
    terminal.check()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn download_as_json_prints_an_object_a_line() -> anyhow::Result<()> {
    let terminal = Terminal::new()?;
    terminal.slow_down();
    let ended = terminal.run(&[MODEL, "--json"]).await?;
    ensure!(ended.code == Some(0), "{ended:?}");
    let lines: Vec<Value> = ended.stdout.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    ensure!(lines.iter().all(|line| line["repo"] == MODEL && line["status"].is_string()), "{lines:#?}");
    let done = |line: &Value| line["progress"]["downloadedBytes"].as_u64().unwrap_or_default();
    ensure!(lines.iter().any(|line| (1..LARGE_BYTES).contains(&done(line))), "no progress: {lines:#?}");
    let last = lines.last().context("nothing was printed")?;
    ensure!(last["status"] == "completed" && last["progress"]["completedFiles"] == 21, "{last}");
    let folder = Path::new(last["folder"].as_str().context("no folder")?);
    ensure!(folder == terminal.snapshot()?, "{last}");
    terminal.check()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failing_download_says_what_to_do() -> anyhow::Result<()> {
    let terminal = Terminal::new()?;
    let ended = terminal.run(&["acme/absent"]).await?;
    ensure!(ended.code == Some(1), "{ended:?}");
    ensure!(ended.stderr.matches("acme/absent").count() == 1 && ended.stderr.contains("check its name"), "{ended:?}");
    let unmatched = terminal.run(&[MODEL, "--filter", "q4_k_m"]).await?;
    ensure!(unmatched.code == Some(1) && unmatched.stderr.contains("q4_k_m"), "{unmatched:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_usage_ends_with_64() -> anyhow::Result<()> {
    let terminal = Terminal::new()?;
    let bad: [&[&str]; 7] = [
        &[MODEL, "--no-such-flag"],
        &[MODEL, "--filter", ""],
        &[MODEL, "--exclude", " , "],
        &[MODEL, "--connections", "0"],
        &[MODEL, "--endpoint", "ftp://x"],
        &["not/a/repo"],
        &[],
    ];
    for arguments in bad {
        let ended = terminal.run(arguments).await?;
        ensure!(ended.code == Some(64) && !ended.stderr.is_empty(), "{arguments:?}: {ended:?}");
    }
    ensure!(terminal.hub.requests().is_empty(), "the Hub was asked");
    Ok(())
}

/// As Compose leaves those that nobody has set.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_variable_is_none_but_opens_no_service() -> anyhow::Result<()> {
    let terminal = Terminal::new()?;
    let mut command = terminal.sandbox.hfdownloader()?;
    command.env("HF_ENDPOINT", terminal.hub.url()).env("HF_HUB_CACHE", terminal.sandbox.cache());
    command.envs([("HFD_CACHE_DIR", ""), ("HFD_CONNECTIONS", "")]).args(["download", MODEL]);
    let ended = Process::start(&terminal.sandbox, "download", &mut command)?.ended(wait::LIMIT).await?;
    ensure!(ended.code == Some(0), "{ended:?}");
    terminal.check()?;
    let mut command = terminal.sandbox.hfdownloader()?;
    command.envs([("HFD_AUTH_USER", ""), ("HFD_AUTH_PASS", "")]).arg("serve");
    let ended = Process::start(&terminal.sandbox, "serve", &mut command)?.ended(wait::LIMIT).await?;
    ensure!(ended.code == Some(64) && ended.stderr.contains("--auth-pass"), "{ended:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ctrl_c_leaves_a_partial_from_which_the_same_command_goes_on() -> anyhow::Result<()> {
    let terminal = Terminal::new()?;
    terminal.slow_down();
    let mut first = terminal.start(&[MODEL])?;
    wait::until_true("some bytes", wait::LIMIT, || data_bytes(&terminal.hub) > 16 << 20).await?;
    first.signal(Signal::INT)?;
    let ended = first.ended(wait::LIMIT).await?;
    ensure!(ended.code == Some(130), "{ended:?}");
    terminal.hub.clear_faults();
    let second = terminal.run(&[MODEL]).await?;
    ensure!(second.code == Some(0), "{second:?}");
    let (sent, size) = (data_bytes(&terminal.hub), distinct_bytes(&terminal.hub, MODEL));
    ensure!(sent <= size + LOST_BYTES, "{sent} bytes were fetched for {size}");
    terminal.check()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_download_says_what_it_waits_for_and_ctrl_c_ends_the_wait() -> anyhow::Result<()> {
    let terminal = Terminal::new()?;
    terminal.hub.inject(Fault::new(Effect::RateLimited { reset_s: 3600 }).on(Matcher::api()).always());
    let mut download = terminal.start(&[MODEL])?;
    wait::until_true("a reason", wait::LIMIT, || {
        download.stderr().is_ok_and(|text| text.contains("waiting: ") && text.contains("limits requests"))
    })
    .await?;
    download.signal(Signal::INT)?;
    let ended = download.ended(wait::LIMIT).await?;
    ensure!(ended.code == Some(130) && !ended.stderr.contains("error"), "{ended:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dataset_may_be_named_as_in_its_address() -> anyhow::Result<()> {
    let terminal = Terminal::new()?;
    RepoBuilder::dataset("acme/data").file("README.md", "#").write(&terminal.sandbox.repos())?;
    terminal.hub.reload()?;
    let ended = terminal.run(&["datasets/acme/data"]).await?;
    ensure!(ended.code == Some(0) && ended.stdout.contains("datasets--acme--data"), "{ended:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_downloads_of_one_repo_at_a_time_fetch_it_once() -> anyhow::Result<()> {
    let terminal = Terminal::new()?;
    terminal.slow_down();
    let (first, second) = (terminal.start(&[MODEL])?, terminal.start(&[MODEL])?);
    let (first, second) = tokio::try_join!(first.ended(wait::LIMIT), second.ended(wait::LIMIT))?;
    ensure!(first.code == Some(0) && second.code == Some(0), "{first:?}\n{second:?}");
    terminal.check()?;
    let (sent, size) = (data_bytes(&terminal.hub), distinct_bytes(&terminal.hub, MODEL));
    ensure!(sent <= size + LOST_BYTES, "{sent} bytes were fetched for {size}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_private_repo_is_read_with_the_token_of_hf_auth_login() -> anyhow::Result<()> {
    let terminal = Terminal::new()?;
    RepoBuilder::model("acme/private").file("config.json", "{}").private().write(&terminal.sandbox.repos())?;
    terminal.hub.reload()?;
    let refused = terminal.run(&["acme/private"]).await?;
    ensure!(refused.code == Some(1) && refused.stderr.contains("token"), "{refused:?}");
    fs::create_dir(terminal.sandbox.hf_home())?;
    fs::write(terminal.sandbox.hf_home().join("token"), &terminal.hub.config().token)?;
    let ended = terminal.run(&["acme/private"]).await?;
    ensure!(ended.code == Some(0), "{ended:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn filters_take_the_weights_that_match_and_everything_small() -> anyhow::Result<()> {
    let terminal = Terminal::new()?;
    let repo = RepoBuilder::model("acme/gguf").file("config.json", "{}").file("notes/read.md", "#");
    let repo = ["Q4_K_M", "Q5_K_M", "Q8_0"].iter().fold(repo, |repo, quantization| {
        repo.file(format!("model-{quantization}.gguf"), format!("weights of {quantization}"))
    });
    repo.write(&terminal.sandbox.repos())?;
    terminal.hub.reload()?;
    let ended = terminal.run(&["acme/gguf:q4_k_m,*Q8*.gguf", "--exclude", "notes/"]).await?;
    ensure!(ended.code == Some(0), "{ended:?}");
    let found = paths_below(Path::new(ended.stdout.trim_end()))?;
    let expected = ["config.json", "model-Q4_K_M.gguf", "model-Q8_0.gguf"];
    ensure!(found == expected.map(str::to_owned).into(), "{found:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn filter_folders_are_added_and_never_take_the_place_of_the_repos_own_files() -> anyhow::Result<()> {
    let terminal = Terminal::new()?;
    let repo = ["model.onnx", "onnx/model.onnx", "q4.onnx"]
        .iter()
        .fold(RepoBuilder::model("acme/onnx"), |repo, path| repo.file(*path, format!("weights in {path}")));
    repo.write(&terminal.sandbox.repos())?;
    terminal.hub.reload()?;
    let flags = ["acme/onnx", "--filter", "q4,onnx,model.onnx", "--append-filter-subdir"];
    let ended = terminal.run(&flags).await?;
    ensure!(ended.code == Some(0), "{ended:?}");
    let snapshot = Path::new(ended.stdout.trim_end());
    for path in ["model.onnx", "onnx/model.onnx", "q4.onnx"] {
        ensure!(fs::read_to_string(snapshot.join(path))? == format!("weights in {path}"), "{path} is another file");
    }
    ensure!(fs::read_to_string(snapshot.join("onnx/q4.onnx"))? == "weights in q4.onnx");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_umask_that_is_asked_for_lets_the_group_write() -> anyhow::Result<()> {
    let terminal = Terminal::new()?;
    let ended = terminal.run(&[MODEL, "--umask", "007", "--exclude", "*.safetensors"]).await?;
    ensure!(ended.code == Some(0), "{ended:?}");
    let blobs = CachedRepo::new(&terminal.sandbox.cache(), RepoKind::Model, MODEL).folder().join("blobs");
    let mode = |path: &Path| anyhow::Ok(fs::metadata(path)?.permissions().mode() & 0o777);
    ensure!(mode(&blobs)? == 0o770, "{:o}", mode(&blobs)?);
    for blob in fs::read_dir(&blobs)? {
        let path = blob?.path();
        ensure!(mode(&path)? == 0o660, "{}: {:o}", path.display(), mode(&path)?);
    }
    let refused = terminal.run(&[MODEL, "--umask", "222"]).await?;
    ensure!(refused.code == Some(64) && refused.stderr.contains("from 000 to 077"), "{refused:?}");
    Ok(())
}
