//! One process of a cluster: an API replica or a worker.

use std::env;
use std::fs;
use std::process::ExitStatus;
use std::time::Duration;

use anyhow::{Context as _, bail};
use rustix::process::Signal;

use crate::api::Api;
use crate::process::Process;
use crate::sandbox::Sandbox;
use crate::server::{address, fields, show_log};
use crate::wait;

/// Time to begin to listen.
const START_LIMIT: Duration = Duration::from_secs(30);

/// Time to end after SIGTERM, as promised.
const TERMINATE_LIMIT: Duration = Duration::from_secs(25);

/// Which program a process runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// `hfd-api`
    Api,
    /// `hfd-worker`
    Worker,
}

impl Role {
    fn program(self) -> &'static str {
        match self {
            Self::Api => "hfd-api",
            Self::Worker => "hfd-worker",
        }
    }

    /// Flags to take free ports, or this one for the API.
    fn ports(self, port: u16) -> Vec<String> {
        let admin = ["--admin-port".to_owned(), "0".to_owned()];
        match self {
            Self::Api => ["--port".to_owned(), port.to_string()].into_iter().chain(admin).collect(),
            Self::Worker => admin.into(),
        }
    }

    /// What the log says when it listens.
    fn listening(self) -> &'static str {
        match self {
            Self::Api => "listening",
            Self::Worker => "probes listening",
        }
    }
}

/// A running process of a cluster.
#[derive(Debug)]
pub struct Member {
    role: Role,
    flags: Vec<String>,
    wrapper: Vec<String>,
    process: Process,
    api: Api,
}

impl Member {
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
        let (process, api) = launch(sandbox, role, &flags, &wrapper, 0).await?;
        Ok(Self { role, flags, wrapper, process, api })
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

    /// Starts it again, with the same flags, after it has ended.
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
            bail!("the process still runs; kill or terminate it first");
        }
        show_log(&self.process);
        (self.process, self.api) = launch(sandbox, self.role, &self.flags, &self.wrapper, port).await?;
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
        let path = format!("/proc/{}/status", self.pid());
        let status = fs::read_to_string(&path).with_context(|| format!("reading {path}"))?;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB"));
        let kib: u64 = resident.context("the process has no VmRSS")?.trim().parse()?;
        Ok(kib << 10)
    }
}

impl Drop for Member {
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
    command.args(role.ports(port)).args(["--log-format", "json"]).args(flags);
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
