//! `hfdownloader serve` as a process of its own. `HFD_TEST_LOG` says what it logs, such as `info,hfd_worker=debug`.

use std::env;
use std::fs;
use std::process::ExitStatus;
use std::time::Duration;

use anyhow::{Context as _, bail};
use rustix::process::Signal;
use serde_json::Value;

use crate::api::Api;
use crate::process::Process;
use crate::sandbox::Sandbox;
use crate::wait;

/// Time to begin to listen.
const START_LIMIT: Duration = Duration::from_secs(30);

/// Time to end after SIGTERM, as promised.
const TERMINATE_LIMIT: Duration = Duration::from_secs(25);

/// Lines of log shown for a test that fails.
const SHOWN_LINES: usize = 200;

/// A running server.
#[derive(Debug)]
pub struct Server {
    process: Process,
    flags: Vec<String>,
    api: Api,
}

impl Server {
    /// Starts a server on the sandbox's folders and waits until it listens.
    pub async fn start(sandbox: &Sandbox, endpoint: &str, flags: &[&str]) -> anyhow::Result<Self> {
        let mut all = vec!["--endpoint".to_owned(), endpoint.to_owned()];
        all.extend(flags.iter().map(ToString::to_string));
        let (process, api) = launch(sandbox, &all, 0).await?;
        Ok(Self { process, flags: all, api })
    }

    /// Its API.
    pub fn api(&self) -> &Api {
        &self.api
    }

    /// Ends it as a power failure would.
    pub async fn kill_9(&mut self) -> anyhow::Result<()> {
        self.process.signal(Signal::KILL)?;
        self.process.status(wait::LIMIT).await.map(drop)
    }

    /// Asks it to end and waits for that.
    pub async fn terminate(&mut self) -> anyhow::Result<ExitStatus> {
        self.process.signal(Signal::TERM)?;
        self.process.status(TERMINATE_LIMIT).await
    }

    /// Starts it again, with the same flags on the same folders, after it has ended.
    pub async fn restart(&mut self, sandbox: &Sandbox) -> anyhow::Result<()> {
        self.restart_at(sandbox, 0).await
    }

    /// The same at the address that it had, where clients look for it again.
    pub async fn restart_in_place(&mut self, sandbox: &Sandbox) -> anyhow::Result<()> {
        let port = self.api.port()?;
        self.restart_at(sandbox, port).await
    }

    async fn restart_at(&mut self, sandbox: &Sandbox, port: u16) -> anyhow::Result<()> {
        if self.process.try_status()?.is_none() {
            bail!("the server still runs; kill or terminate it first");
        }
        show_log(&self.process);
        (self.process, self.api) = launch(sandbox, &self.flags, port).await?;
        Ok(())
    }

    /// The most memory it has ever used.
    pub fn peak_memory_bytes(&self) -> anyhow::Result<u64> {
        let path = format!("/proc/{}/status", self.process.pid());
        let status = fs::read_to_string(&path).with_context(|| format!("reading {path}"))?;
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
        let kib: u64 = peak.context("the process has no VmHWM")?.trim().parse()?;
        Ok(kib << 10)
    }

    /// What it has logged since it was started last.
    pub fn log(&self) -> anyhow::Result<String> {
        self.process.stderr()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        show_log(&self.process);
    }
}

async fn launch(sandbox: &Sandbox, flags: &[String], port: u16) -> anyhow::Result<(Process, Api)> {
    let mut command = sandbox.hfdownloader()?;
    command.args(["serve", "--port", &port.to_string(), "--log-format", "json"]).args(flags);
    command
        .arg("--cache-dir")
        .arg(sandbox.cache())
        .arg("--data-dir")
        .arg(sandbox.data())
        .env("HFD_LOG", env::var("HFD_TEST_LOG").as_deref().unwrap_or("info"));
    let mut process = Process::start(sandbox, "serve", &mut command)?;
    let address = wait::until("the server to listen", START_LIMIT, async || {
        // The end is looked at before the log, which is whole then.
        let ended = process.try_status()?;
        let address = address(&process.stderr()?, "listening");
        match ended {
            Some(status) if address.is_none() => bail!("the server ended with {status}:\n{}", process.stderr()?),
            _ => Ok(address),
        }
    });
    let api = Api::new(&address.await?)?;
    Ok((process, api))
}

/// The address in the line of the log that says that it listens.
pub(crate) fn address(log: &str, listening: &str) -> Option<String> {
    Some(fields(log, listening)?["address"].as_str()?.to_owned())
}

/// The fields of the first line of a log with this message.
pub(crate) fn fields(log: &str, message: &str) -> Option<Value> {
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.map(|line| line["fields"].clone()).find(|fields| fields["message"] == message)
}

/// Prints the end of the log, which libtest shows only for a test that fails.
#[expect(clippy::print_stderr, reason = "libtest captures what goes through this macro, and nothing else")]
pub(crate) fn show_log(process: &Process) {
    let log = process.stderr().unwrap_or_default();
    let lines: Vec<_> = log.lines().collect();
    let skipped = lines.len().saturating_sub(SHOWN_LINES);
    eprintln!("--- log of the server with process id {} ({skipped} lines skipped)", process.pid());
    for line in &lines[skipped..] {
        eprintln!("{line}");
    }
}
