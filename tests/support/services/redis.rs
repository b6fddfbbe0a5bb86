//! A Redis server that keeps its data in an append-only file, as the deployment does.

use std::path::Path;

use anyhow::{Context as _, bail};
use rustix::process::Signal;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};

use super::service::{Recipe, Service};
use crate::ports::claim_port;

/// What every Redis answers.
const GREETING: (&[u8], &[u8]) = (b"PING\r\n", b"+PONG");

/// A `redis-server` of its own.
#[derive(Debug)]
pub struct RedisServer {
    service: Service,
}

impl RedisServer {
    /// Starts an empty server and waits until it answers.
    pub async fn start() -> anyhow::Result<Self> {
        Self::start_with(&[]).await
    }

    /// The same with these flags, too.
    pub(super) async fn start_with(flags: &[&str]) -> anyhow::Result<Self> {
        let port = claim_port()?;
        let port_text = port.to_string();
        let server = ["redis-server", "--bind", "127.0.0.1", "--port", &port_text];
        let durable = ["--appendonly", "yes", "--appendfsync", "everysec", "--save", ""];
        let command = server.iter().chain(&durable).chain(flags).map(ToString::to_string).collect();
        let recipe = Recipe { command, env: Vec::new(), port, greeting: GREETING };
        let mut service = Service::new("redis", |_| Ok(recipe))?;
        service.start().await?;
        Ok(Self { service })
    }

    /// Its URL; the same after a restart.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port())
    }

    /// Its port on this machine.
    pub fn port(&self) -> u16 {
        self.service.recipe().port
    }

    /// Where its data lies.
    pub fn folder(&self) -> &Path {
        self.service.folder()
    }

    /// Asks it to end, if it runs, and waits for that.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        self.service.stop().await
    }

    /// Kills it as a power failure would.
    pub async fn kill_9(&mut self) -> anyhow::Result<()> {
        self.service.kill().await
    }

    /// Ends it in order, if it runs, and starts it again with its data and on its port.
    pub async fn restart(&mut self) -> anyhow::Result<()> {
        self.stop().await?;
        self.service.start().await
    }

    /// Removes everything from it.
    pub async fn flush(&self) -> anyhow::Result<()> {
        match self.command("FLUSHALL").await?.as_str() {
            "+OK" => Ok(()),
            other => bail!("FLUSHALL was answered with {other:?}"),
        }
    }

    /// Sends an inline command; returns the first line of the answer, as it comes.
    pub async fn command(&self, command: &str) -> anyhow::Result<String> {
        inline(&self.service, &[command]).await
    }

    /// Stops it: connections stay open, nothing is answered.
    pub fn pause(&self) -> anyhow::Result<()> {
        self.service.signal(Signal::STOP)
    }

    /// Lets it go on.
    pub fn resume(&self) -> anyhow::Result<()> {
        self.service.signal(Signal::CONT)
    }
}

/// Sends inline commands to a Redis or a Sentinel, all but the last with answers of one line; returns the first line of the
/// last answer, as it comes.
pub(super) async fn inline(service: &Service, commands: &[&str]) -> anyhow::Result<String> {
    let mut stream = BufReader::new(service.connect().await.context("connecting to Redis")?);
    let mut line = String::new();
    for command in commands {
        stream.write_all(format!("{command}\r\n").as_bytes()).await?;
        line.clear();
        stream.read_line(&mut line).await?;
    }
    Ok(line.trim_end().to_owned())
}
