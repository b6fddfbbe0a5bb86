//! Child processes that do not outlive their test.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use rustix::process::{Pid, Signal, kill_process};

use crate::sandbox::Sandbox;
use crate::wait;

/// Numbers the processes, so that their output goes into different files.
static STARTED: AtomicU32 = AtomicU32::new(0);

/// A running process; killed and reaped when dropped.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    stdout: PathBuf,
    stderr: PathBuf,
}

/// A process that has ended by itself.
#[derive(Debug)]
pub struct Ended {
    /// Its exit code; none when a signal ended it.
    pub code: Option<i32>,
    /// What it printed.
    pub stdout: String,
    /// What it complained of.
    pub stderr: String,
}

impl Process {
    /// Starts a command; what it prints goes into the sandbox.
    pub fn start(sandbox: &Sandbox, name: &str, command: &mut Command) -> anyhow::Result<Self> {
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let path = |stream: &str| sandbox.logs().join(format!("{name}-{number}.{stream}"));
        let (stdout, stderr) = (path("stdout"), path("stderr"));
        let create = |path: &Path| File::create(path).with_context(|| format!("creating {}", path.display()));
        command.stdin(Stdio::null()).stdout(create(&stdout)?).stderr(create(&stderr)?);
        let child = command.spawn().with_context(|| format!("starting {name}: {command:?}"))?;
        Ok(Self { name: name.to_owned(), child, stdout, stderr })
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has printed so far.
    pub fn stdout(&self) -> anyhow::Result<String> {
        read(&self.stdout)
    }

    /// What it has complained of so far.
    pub fn stderr(&self) -> anyhow::Result<String> {
        read(&self.stderr)
    }

    /// Its end, if it has come.
    pub fn try_status(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        self.child.try_wait().with_context(|| format!("waiting for {}", self.name))
    }

    /// Sends a signal, unless the process has ended.
    pub fn signal(&mut self, signal: Signal) -> anyhow::Result<()> {
        // A process that was not waited for keeps its id, so the signal cannot hit another one.
        if self.try_status()?.is_none() {
            kill_process(Pid::from_child(&self.child), signal)
                .with_context(|| format!("sending {signal:?} to {}", self.name))?;
        }
        Ok(())
    }

    /// Waits for the end.
    pub async fn status(&mut self, limit: Duration) -> anyhow::Result<ExitStatus> {
        let what = format!("{} to end", self.name);
        wait::until(&what, limit, async || self.try_status()).await
    }

    /// Waits for the end and reads what was printed.
    pub async fn ended(mut self, limit: Duration) -> anyhow::Result<Ended> {
        let status = self.status(limit).await.with_context(|| self.stderr().unwrap_or_default())?;
        Ok(Ended { code: status.code(), stdout: read(&self.stdout)?, stderr: read(&self.stderr)? })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Fails only when the process has ended and was waited for.
        if self.child.kill().is_ok() {
            _ = self.child.wait();
        }
    }
}

fn read(path: &Path) -> anyhow::Result<String> {
    let bytes = fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
