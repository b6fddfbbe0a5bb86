//! What every program does with its flags.

use anyhow::{Context as _, ensure};
use hfd_tests::process::{Ended, Process};
use hfd_tests::sandbox::Sandbox;
use hfd_tests::stage::Stage;
use hfd_tests::wait;

const SERVICES: [&str; 2] = ["hfd-api", "hfd-worker"];

async fn run(sandbox: &Sandbox, line: &[&str]) -> anyhow::Result<Ended> {
    let mut command = sandbox.program(line[0])?;
    Process::start(sandbox, line[0], command.args(&line[1..]))?.ended(wait::LIMIT).await
}

/// Ended with 64 and this one line, if clap's advice below it is left out.
fn refused_with(ended: &Ended, said: &str) -> bool {
    let errors: Vec<_> = ended.stderr.lines().filter(|line| line.starts_with("error: ")).collect();
    ended.code == Some(64) && ended.stdout.is_empty() && errors.len() == 1 && errors[0].contains(said)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_program_explains_itself_and_refuses_what_it_does_not_know() -> anyhow::Result<()> {
    let sandbox = Sandbox::new()?;
    let lines: [&[&str]; 4] =
        [&["hfdownloader", "serve"], &["hfdownloader", "download"], &["hfd-api"], &["hfd-worker"]];
    for line in lines {
        let help = run(&sandbox, &[line, &["--help"]].concat()).await?;
        ensure!(help.code == Some(0) && help.stdout.contains("--cache-dir") && help.stderr.is_empty(), "{help:?}");
        for (flags, said) in [
            (&["--no-such-flag"] as &[&str], "unexpected argument '--no-such-flag'"),
            (&["--log-format", "xml"], "invalid log format \"xml\": expected text or json"),
        ] {
            let refused = run(&sandbox, &[line, flags].concat()).await?;
            ensure!(refused_with(&refused, said), "{line:?}: {refused:?}");
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_without_its_cluster_says_what_to_set_and_no_password() -> anyhow::Result<()> {
    let sandbox = Sandbox::new()?;
    for program in SERVICES {
        for (flags, said) in [
            (&[] as &[&str], "set --state or HFD_STATE"),
            (&["--state", "redis://:hush@host"], "set --broker or HFD_BROKER"),
            (&["--state", "http://:hush@host", "--broker", "amqp://host"], "http://***@host"),
            (&["--state", "redis://host", "--broker", "http://user:hush@host"], "--broker: invalid broker URL"),
        ] {
            let refused = run(&sandbox, &[&[program], flags].concat()).await?;
            ensure!(refused_with(&refused, said) && !refused.stderr.contains("hush"), "{program}: {refused:?}");
            ensure!(refused.stderr.lines().count() == 1, "{program}: {refused:?}");
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_probes_the_process_that_runs_with_its_flags() -> anyhow::Result<()> {
    let stage = Stage::new([], &[]).await?;
    let (_, port) = stage.api().address().rsplit_once(':').context("an address has a port")?;
    for probe in ["live", "ready"] {
        let line = ["hfdownloader", "serve", "--port", port, "--bind", "0.0.0.0", "--probe", probe];
        let answered = run(&stage.sandbox, &line).await?;
        ensure!(answered.code == Some(0) && answered.stdout.contains("status"), "{answered:?}");
    }
    let nobody = run(&stage.sandbox, &["hfd-worker", "--admin-port", "1", "--probe", "live"]).await?;
    ensure!(
        nobody.code == Some(1)
            && nobody.stderr.contains("http://127.0.0.1:1/healthz")
            && nobody.stderr.contains("refused"),
        "{nobody:?}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_is_read_from_a_file_that_a_variable_names() -> anyhow::Result<()> {
    let sandbox = Sandbox::new()?;
    let secret = sandbox.path().join("secret");
    std::fs::write(&secret, "http://user:hush@host\n")?;
    let mut command = sandbox.program("hfd-api")?;
    command.env("HFD_STATE", "redis://host").env("HFD_BROKER", "").env("HFD_BROKER_FILE", &secret);
    let refused = Process::start(&sandbox, "hfd-api", &mut command)?.ended(wait::LIMIT).await?;
    ensure!(refused_with(&refused, "--broker: invalid broker URL") && !refused.stderr.contains("hush"), "{refused:?}");
    std::fs::remove_file(&secret)?;
    let refused = Process::start(&sandbox, "hfd-api", &mut command)?.ended(wait::LIMIT).await?;
    ensure!(refused_with(&refused, "HFD_BROKER_FILE: cannot read"), "{refused:?}");
    Ok(())
}
