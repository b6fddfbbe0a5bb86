//! Ten thousand random requests and frames: none may bring the server down, give a fault of its own or reach outside the cache.
//!
//! `HFD_TEST_SEED` names the run, `HFD_FUZZ_REQUESTS` how many requests and frames there are.

mod frames;
mod http;
mod requests;
mod values;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use hfd_tests::dice::{self, Dice};
use hfd_tests::fake_hub::RepoBuilder;
use hfd_tests::stage::Stage;

use http::Connection;

/// Requests and frames together.
const DEFAULT_REQUESTS: u64 = 10_000;

/// How many clients there are at a time.
const CLIENTS: u64 = 6;

/// Frames sent over one WebSocket.
const FRAMES: usize = 40;

/// A secret beside the cache.
const CANARY: &str = "the canary sings outside the cache";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_or_frame_gives_a_fault_a_panic_or_a_way_out_of_the_cache() -> anyhow::Result<()> {
    let total = dice::number("HFD_FUZZ_REQUESTS")?.unwrap_or(DEFAULT_REQUESTS);
    let seed = dice::seed()?;
    let repos = [
        RepoBuilder::model("acme/model").file("config.json", "{}").random_file("model.Q4_K_M.gguf", 1 << 20, 1),
        RepoBuilder::dataset("acme/data").file("data.csv", "a,b"),
    ];
    let mut stage = Stage::new(repos, &["--keep-jobs", "200"]).await?;
    let canaries = [stage.sandbox.path().join("canary.txt"), stage.sandbox.data().join("canary.txt")];
    for canary in &canaries {
        fs::write(canary, CANARY).with_context(|| format!("writing {}", canary.display()))?;
    }
    let before = outside_the_cache(&stage)?;
    let host = stage.api().address().trim_start_matches("http://").to_owned();
    let clients = (0..CLIENTS).map(|client| {
        let (host, mut dice) = (host.clone(), Dice::new(seed.wrapping_mul(CLIENTS).wrapping_add(client)));
        tokio::spawn(async move { run(&mut dice, &host, total / CLIENTS + 1).await })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await??;
    }
    ensure!(stage.api().probe("healthz").await? == 200 && stage.api().probe("readyz").await? == 200);
    let log = stage.server.log()?;
    let panic = log.lines().find(|line| line.contains("panicked"));
    ensure!(panic.is_none(), "the server panicked: {}", panic.unwrap_or_default());
    for canary in &canaries {
        ensure!(fs::read_to_string(canary)? == CANARY, "{} has changed", canary.display());
    }
    // Its jobs change the cache while they run.
    stage.server.terminate().await?;
    let after = outside_the_cache(&stage)?;
    let new: Vec<_> = after.difference(&before).collect();
    ensure!(new.is_empty(), "files outside the cache: {new:?}");
    check_cache(&stage.sandbox.cache())
}

/// One client: requests, and now and then a WebSocket.
async fn run(dice: &mut Dice, host: &str, total: u64) -> anyhow::Result<()> {
    let mut connection = Connection::new(host);
    let mut done = 0;
    while done < total {
        if dice.one_in(100) {
            done += frames::session(dice, host, FRAMES).await? as u64;
            continue;
        }
        done += 1;
        // A random token would keep all others from the Hub for the rest of the run.
        let request = if dice.one_in(30) { requests::without_token(host) } else { requests::request(dice, host) };
        let shown = || String::from_utf8_lossy(&request.bytes[..request.bytes.len().min(2000)]).into_owned();
        let answer = connection.ask(&request.bytes, request.is_head).await.with_context(shown)?;
        let Some(answer) = answer else { continue };
        let text = String::from_utf8_lossy(&answer.bytes);
        ensure!(answer.status < 500, "{} to {}\n{:.2000}", answer.status, shown(), text);
        ensure!(!text.contains(CANARY), "the canary was read by {}", shown());
        ensure!(!text.to_ascii_lowercase().contains("\r\nx-injected"), "a header was injected by {}", shown());
    }
    Ok(())
}

fn names(folder: &Path) -> anyhow::Result<BTreeSet<String>> {
    let entries = fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))?;
    entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
}

/// All files of the sandbox but for the cache, and the logs that the tests write.
fn outside_the_cache(stage: &Stage) -> anyhow::Result<BTreeSet<PathBuf>> {
    below(stage.sandbox.path(), &[stage.sandbox.cache(), stage.sandbox.logs()])
}

/// All that lies in a folder and in those in it, but for some; no link is followed.
fn below(folder: &Path, without: &[PathBuf]) -> anyhow::Result<BTreeSet<PathBuf>> {
    let mut found = BTreeSet::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))? {
            let entry = entry?;
            let path = entry.path();
            if without.contains(&path) {
                continue;
            }
            if entry.file_type()?.is_dir() {
                folders.push(path.clone());
            }
            found.insert(path);
        }
    }
    Ok(found)
}

/// The cache holds repos of the two kinds and what the service keeps there, and every link in it stays in it.
fn check_cache(cache: &Path) -> anyhow::Result<()> {
    let prefixes = ["models--", "datasets--", ".locks", ".hfd", "CACHEDIR.TAG"];
    for name in names(cache)? {
        ensure!(prefixes.iter().any(|prefix| name.starts_with(prefix)), "{name:?} in the cache");
    }
    let root = cache.canonicalize()?;
    for path in below(cache, &[])?.iter().filter(|path| path.is_symlink()) {
        let target = path.canonicalize().with_context(|| format!("{} leads nowhere", path.display()))?;
        ensure!(target.starts_with(&root), "{} leads to {}", path.display(), target.display());
    }
    Ok(())
}
