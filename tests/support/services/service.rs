//! A server with a folder of its own, to be killed and started again.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use rustix::process::Signal;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::guarded::Guarded;
use crate::wait;

/// Time to take one greeting.
const GREETING_LIMIT: Duration = Duration::from_secs(1);

/// Lines of log shown when a server does not start.
const SHOWN_LINES: usize = 40;

/// How to start a server, and how to see that it works.
#[derive(Debug)]
pub(super) struct Recipe {
    pub(super) command: Vec<String>,
    pub(super) env: Vec<(&'static str, String)>,
    /// Where it listens on this machine.
    pub(super) port: u16,
    /// What is sent there, and how the answer of a server that works begins.
    pub(super) greeting: (&'static [u8], &'static [u8]),
}

/// A server and its folder; both are gone when it is dropped.
#[derive(Debug)]
pub(super) struct Service {
    folder: PathBuf,
    recipe: Recipe,
    running: Option<Guarded>,
}

impl Service {
    /// A server that has not been started. The recipe is made for its folder.
    pub(super) fn new(name: &str, recipe: impl FnOnce(&Path) -> anyhow::Result<Recipe>) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix(&format!("hfd-{name}-")).tempdir().context("making a folder")?;
        let recipe = recipe(folder.path())?;
        Ok(Self { folder: folder.keep(), recipe, running: None })
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// Starts it and waits until it answers.
    pub(super) async fn start(&mut self) -> anyhow::Result<()> {
        if self.running.is_some() {
            bail!("the server runs already");
        }
        let command: Vec<_> = self.recipe.command.iter().map(String::as_str).collect();
        let running = Guarded::start(&self.folder, &self.log(), &command, &self.recipe.env)?;
        let answered = wait::until("the server to answer", wait::LIMIT, async || {
            if running.has_ended()? {
                bail!("it has ended");
            }
            Ok(self.greets().await.then_some(()))
        });
        answered.await.with_context(|| format!("{command:?}\n{}", self.last_lines()))?;
        self.running = Some(running);
        Ok(())
    }

    /// Asks it to end, if it runs, and waits for that.
    pub(super) async fn stop(&mut self) -> anyhow::Result<()> {
        if let Some(running) = &self.running {
            running.signal(Signal::TERM)?;
            wait::until("the server to end", wait::LIMIT, async || Ok(running.has_ended()?.then_some(()))).await?;
        }
        self.kill().await
    }

    /// Kills it as a power failure would, if it runs, and waits until its port is free.
    pub(super) async fn kill(&mut self) -> anyhow::Result<()> {
        if let Some(running) = self.running.take() {
            running.kill()?;
        }
        wait::until("the port to be free", wait::LIMIT, async || Ok(self.connect().await.is_err().then_some(()))).await
    }

    pub(super) fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        self.running.as_ref().context("the server does not run")?.signal(signal)
    }

    /// A connection to it.
    pub(super) async fn connect(&self) -> std::io::Result<TcpStream> {
        TcpStream::connect(("127.0.0.1", self.recipe.port)).await
    }

    async fn greets(&self) -> bool {
        let (greeting, expected) = self.recipe.greeting;
        let greet = async {
            let mut stream = self.connect().await?;
            stream.write_all(greeting).await?;
            let mut answer = vec![0; expected.len()];
            stream.read_exact(&mut answer).await?;
            std::io::Result::Ok(answer == expected)
        };
        matches!(timeout(GREETING_LIMIT, greet).await, Ok(Ok(true)))
    }

    fn log(&self) -> PathBuf {
        self.folder.join("log")
    }

    fn last_lines(&self) -> String {
        let log = fs::read(self.log()).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(SHOWN_LINES)..].join("\n")
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        drop(self.running.take());
        // The guardian has done it, unless the server was killed before.
        _ = fs::remove_dir_all(&self.folder);
    }
}
