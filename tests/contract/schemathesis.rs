//! [schemathesis](https://schemathesis.readthedocs.io) makes requests from the document, good and bad ones, and compares what
//! comes back with what the document says.
//!
//! `HFD_SCHEMATHESIS_EXAMPLES` says how many requests it makes for each operation. They are the same in each run, so that one that
//! fails fails for everybody; `HFD_TEST_SEED` names others, as `make fuzz` does.

use std::path::Path;
use std::time::Duration;

use anyhow::ensure;
use hfd_tests::dice;
use hfd_tests::fake_hub::RepoBuilder;
use hfd_tests::process::Process;
use hfd_tests::python;
use hfd_tests::stage::Stage;

/// Requests made for each operation, in each phase.
const DEFAULT_EXAMPLES: u64 = 30;

/// Which requests are made unless told otherwise.
const DEFAULT_SEED: u64 = 7;

/// Longest run: some operations wait for the Hub.
const LIMIT: Duration = Duration::from_mins(10);

/// Streams, which have no end that the tool could wait for. Other tests connect to them.
const STREAMS: [&str; 2] = ["/api/ws", "/api/events"];

const AUTH_FLAGS: [&str; 4] = ["--auth-user", "admin", "--auth-pass", "secret123"];

/// Runs all checks against a server with these flags. It has no secret for callbacks, so it refuses each `callbackUrl`: those that are
/// made up here may be somebody's.
async fn conforms(flags: &[&str], extra: &[&str]) -> anyhow::Result<()> {
    let seed = dice::seed_or(DEFAULT_SEED)?;
    let examples = dice::number("HFD_SCHEMATHESIS_EXAMPLES")?.unwrap_or(DEFAULT_EXAMPLES).to_string();
    let repos = [
        RepoBuilder::model("acme/model").file("config.json", "{}").random_file("model.Q4_K_M.gguf", 1 << 20, 1),
        RepoBuilder::dataset("acme/data").file("data.csv", "a,b"),
    ];
    let stage = Stage::new(repos, flags).await?;
    let mut command = stage.sandbox.command(python::tool("st")?);
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("../openapi/openapi.yaml");
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/schemathesis.toml");
    command.arg("--config-file").arg(config).arg("run").arg(document).args(["--url", stage.api().address()]);
    // A cancelled job is shown until it is dismissed: its DELETE is no end of the resource.
    command.args(["--exclude-checks", "use_after_free"]);
    command.args([
        "--checks",
        "all",
        "--seed",
        &seed.to_string(),
        "--max-examples",
        &examples,
        "--request-timeout",
        "60",
    ]);
    command.args(["--generation-database", "none", "--no-color", "--continue-on-failure"]).args(extra);
    // The order of its sets decides, too.
    command.env("PYTHONHASHSEED", u32::try_from(seed).unwrap_or_default().to_string());
    for stream in STREAMS {
        command.args(["--exclude-path", stream]);
    }
    let ended = Process::start(&stage.sandbox, "schemathesis", &mut command)?.ended(LIMIT).await?;
    let failures = ended.stdout.find("FAILURES").map_or(&*ended.stdout, |begin| &ended.stdout[begin..]);
    ensure!(ended.code == Some(0), "schemathesis, HFD_TEST_SEED={seed}: {:?}\n{failures}{}", ended.code, ended.stderr);
    let log = stage.server.log()?;
    ensure!(!log.contains("panicked"), "the server panicked");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_open_server_does_what_its_document_says() -> anyhow::Result<()> {
    conforms(&[], &[]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guarded_server_does_what_its_document_says() -> anyhow::Result<()> {
    conforms(&AUTH_FLAGS, &["--auth", "admin:secret123"]).await
}
