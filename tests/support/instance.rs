//! One process of ours: `hfdownloader serve`, or an API replica or a worker of a cluster. `HFD_TEST_LOG` says what it logs,
//! such as `info,hfd_worker=debug`.

use std::env;
use std::fs;
use std::process::ExitStatus;
use std::time::Duration;

use anyhow::{Context as _, bail};
use rustix::process::Signal;
use serde_json::Value;

use crate::api::Api;
use crate::ports::claim_port;
use crate::process::Process;
use crate::sandbox::Sandbox;
use crate::wait;

/// Time to begin to listen.
const START_LIMIT: Duration = Duration::from_secs(30);

/// Time to end after SIGTERM, as promised.
const TERMINATE_LIMIT: Duration = Duration::from_secs(25);

/// Lines of log shown for a test that fails.
const SHOWN_LINES: usize = 200;

/// What a process is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// `hfdownloader serve`
    Serve,
    /// `hfd-api`
    Api,
    /// `hfd-worker`
    Worker,
}

impl Role {
    fn program(self) -> &'static str {
        match self {
            Self::Serve => "hfdownloader",
            Self::Api => "hfd-api",
            Self::Worker => "hfd-worker",
        }
    }

    /// Arguments to listen on this port.
    fn arguments(self, port: &str) -> Vec<&str> {
        match self {
            Self::Serve => vec!["serve", "--port", port],
            Self::Api => vec!["--port", port, "--admin-port", "0"],
            Self::Worker => vec!["--admin-port", port],
        }
    }

    /// What the log says when it listens.
    fn listening(self) -> &'static str {
        match self {
            Self::Serve | Self::Api => "listening",
            Self::Worker => "probes listening",
        }
    }
}

/// A running process.
#[derive(Debug)]
pub struct Instance {
    role: Role,
    flags: Vec<String>,
    wrapper: Vec<String>,
    port: u16,
    process: Process,
    api: Api,
}

impl Instance {
    /// Starts `hfdownloader serve` on the sandbox's folders and waits until it listens.
    pub async fn serve(sandbox: &Sandbox, endpoint: &str, flags: &[&str]) -> anyhow::Result<Self> {
        let (cache, data) = (sandbox.cache(), sandbox.data());
        let (cache, data) = (cache.to_string_lossy(), data.to_string_lossy());
        let own = ["--endpoint", endpoint, "--cache-dir", &cache, "--data-dir", &data];
        let all = own.iter().chain(flags).map(ToString::to_string).collect();
        Self::start(sandbox, Role::Serve, all).await
    }

    /// Starts a program with these flags and waits until it listens.
    pub async fn start(sandbox: &Sandbox, role: Role, flags: Vec<String>) -> anyhow::Result<Self> {
        Self::start_below(sandbox, role, flags, Vec::new()).await
    }

    /// The same below another command, which must become the program.
    pub async fn start_below(
        sandbox: &Sandbox,
        role: Role,
        flags: Vec<String>,
        wrapper: Vec<String>,
    ) -> anyhow::Result<Self> {
        let port = claim_port()?;
        let (process, api) = launch(sandbox, role, &flags, &wrapper, port).await?;
        Ok(Self { role, flags, wrapper, port, process, api })
    }

    /// What it serves: the API, or a worker's probes.
    pub fn api(&self) -> &Api {
        &self.api
    }

    /// Its port for those who run it.
    pub fn admin(&self) -> anyhow::Result<Api> {
        let address = address(&self.log()?, Role::Worker.listening()).context("it has no admin port")?;
        Api::new(&address.replace("0.0.0.0", "127.0.0.1"))
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Ends it as a power failure would.
    pub async fn kill_9(&mut self) -> anyhow::Result<()> {
        self.process.signal(Signal::KILL)?;
        self.process.status(wait::LIMIT).await.map(drop)
    }

    /// Stops it where it is: its connections stay open, and it does nothing.
    pub fn pause(&mut self) -> anyhow::Result<()> {
        self.process.signal(Signal::STOP)
    }

    /// Lets it go on.
    pub fn resume(&mut self) -> anyhow::Result<()> {
        self.process.signal(Signal::CONT)
    }

    /// Asks it to end.
    pub fn ask_to_end(&mut self) -> anyhow::Result<()> {
        self.process.signal(Signal::TERM)
    }

    /// Asks it to end and waits for that.
    pub async fn terminate(&mut self) -> anyhow::Result<ExitStatus> {
        self.ask_to_end()?;
        self.process.status(TERMINATE_LIMIT).await
    }

    /// Starts it again, with the same flags and at the same address, after it has ended.
    pub async fn restart(&mut self, sandbox: &Sandbox) -> anyhow::Result<()> {
        if self.process.try_status()?.is_none() {
            bail!("the process still runs; kill or terminate it first");
        }
        show_log(&self.process);
        (self.process, self.api) = launch(sandbox, self.role, &self.flags, &self.wrapper, self.port).await?;
        Ok(())
    }

    /// Whether it says that it is ready.
    pub async fn is_ready(&self) -> anyhow::Result<bool> {
        Ok(self.api.probe("readyz").await? == 200)
    }

    /// Whether it says that it lives.
    pub async fn is_alive(&self) -> anyhow::Result<bool> {
        Ok(self.api.probe("healthz").await? == 200)
    }

    /// Waits until it says that it is ready, or that it is not.
    pub async fn wait_ready(&self, wanted: bool) -> anyhow::Result<()> {
        let what = format!("readiness of {} to be {wanted}", self.api.address());
        wait::until(&what, wait::LIMIT, async || Ok((self.is_ready().await? == wanted).then_some(()))).await
    }

    /// What it has logged since it was started last.
    pub fn log(&self) -> anyhow::Result<String> {
        self.process.stderr()
    }

    /// The name of a worker, as jobs show it.
    pub fn name(&self) -> anyhow::Result<String> {
        let started = fields(&self.log()?, "worker started");
        let name = started.and_then(|fields| Some(fields["worker"].as_str()?.to_owned()));
        name.context("no worker has started")
    }

    /// The memory that it has in use now.
    pub fn memory_bytes(&self) -> anyhow::Result<u64> {
        self.kernel_says("VmRSS")
    }

    /// The most memory it has ever used.
    pub fn peak_memory_bytes(&self) -> anyhow::Result<u64> {
        self.kernel_says("VmHWM")
    }

    fn kernel_says(&self, name: &str) -> anyhow::Result<u64> {
        let path = format!("/proc/{}/status", self.pid());
        let status = fs::read_to_string(&path).with_context(|| format!("reading {path}"))?;
        let value =
            status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')?.trim().strip_suffix(" kB"));
        let kib: u64 = value.with_context(|| format!("the process has no {name}"))?.trim().parse()?;
        Ok(kib << 10)
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        show_log(&self.process);
    }
}

async fn launch(
    sandbox: &Sandbox,
    role: Role,
    flags: &[String],
    wrapper: &[String],
    port: u16,
) -> anyhow::Result<(Process, Api)> {
    let mut command = sandbox.program(role.program())?;
    if let [program, rest @ ..] = wrapper {
        let mut below = sandbox.command(program);
        below.args(rest).arg(command.get_program());
        command = below;
    }
    command.args(role.arguments(&port.to_string())).args(["--log-format", "json"]).args(flags);
    command.env("HFD_LOG", env::var("HFD_TEST_LOG").as_deref().unwrap_or("info"));
    let mut process = Process::start(sandbox, role.program(), &mut command)?;
    let address = wait::until("the process to listen", START_LIMIT, async || {
        // The end is looked at before the log, which is whole then.
        let ended = process.try_status()?;
        let address = address(&process.stderr()?, role.listening());
        match ended {
            Some(status) if address.is_none() => bail!("it ended with {status}:\n{}", process.stderr()?),
            _ => Ok(address),
        }
    });
    // The probes listen on all addresses.
    let api = Api::new(&address.await?.replace("0.0.0.0", "127.0.0.1"))?;
    Ok((process, api))
}

/// The address in the line of the log that says that it listens.
fn address(log: &str, listening: &str) -> Option<String> {
    Some(fields(log, listening)?["address"].as_str()?.to_owned())
}

/// The fields of the first line of a log with this message.
fn fields(log: &str, message: &str) -> Option<Value> {
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.map(|line| line["fields"].clone()).find(|fields| fields["message"] == message)
}

/// Prints the end of the log, which libtest shows only for a test that fails.
#[expect(clippy::print_stderr, reason = "libtest captures what goes through this macro, and nothing else")]
fn show_log(process: &Process) {
    let log = process.stderr().unwrap_or_default();
    let lines: Vec<_> = log.lines().collect();
    let skipped = lines.len().saturating_sub(SHOWN_LINES);
    eprintln!("--- log of the process with id {} ({skipped} lines skipped)", process.pid());
    for line in &lines[skipped..] {
        eprintln!("{line}");
    }
}
