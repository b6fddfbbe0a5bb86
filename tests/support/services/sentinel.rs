//! A Redis that fails over: a master, its replica, and a Sentinel that promotes the one when the other is gone.

use std::fs;
use std::path::Path;

use super::redis::{RedisServer, inline};
use super::service::{Recipe, Service};
use crate::ports::claim_port;
use crate::wait;

/// What the Sentinel calls the master.
const NAME: &str = "main";

/// What it wants to be told first; the servers want nothing.
const AUTH: &str = "AUTH watcher hush";
const GREETING: (&[u8], &[u8]) = (b"AUTH watcher hush\r\n", b"+OK");

/// A master with one replica under a Sentinel that decides alone, a second after it has lost the master.
#[derive(Debug)]
pub struct RedisSentinel {
    sentinel: Service,
    master: RedisServer,
    replica: RedisServer,
}

impl RedisSentinel {
    /// Starts all three and waits until they know one another.
    pub async fn start() -> anyhow::Result<Self> {
        let master = RedisServer::start().await?;
        let replica = RedisServer::start_with(&["--replicaof", "127.0.0.1", &master.port().to_string()]).await?;
        wait::until("the replica to follow", wait::LIMIT, async || {
            Ok((master.command("WAIT 1 0").await? == ":1").then_some(()))
        })
        .await?;
        let mut sentinel = Service::new("sentinel", |folder| recipe(folder, master.port()))?;
        sentinel.start().await?;
        wait::until("the Sentinel to know the replica", wait::LIMIT, async || {
            Ok((inline(&sentinel, &[AUTH, &format!("SENTINEL REPLICAS {NAME}")]).await? == "*1").then_some(()))
        })
        .await?;
        Ok(Self { sentinel, master, replica })
    }

    /// Leads to whichever server is the master, for those whom the Sentinel lets in.
    pub fn url(&self) -> String {
        format!("redis+sentinel://127.0.0.1:{}/{NAME}", self.sentinel.recipe().port)
    }

    /// Whom the Sentinel lets in: user and password.
    pub fn account(&self) -> (&'static str, &'static str) {
        ("watcher", "hush")
    }

    /// The server that is promoted when the master is gone.
    pub fn replica(&self) -> &RedisServer {
        &self.replica
    }

    /// Kills the master as a power failure would.
    pub async fn kill_master(&mut self) -> anyhow::Result<()> {
        self.master.kill_9().await
    }
}

fn recipe(folder: &Path, master: u16) -> anyhow::Result<Recipe> {
    let port = claim_port()?;
    // The Sentinel keeps what it knows in its configuration.
    let path = folder.join("sentinel.conf").to_string_lossy().into_owned();
    let lines = [
        "bind 127.0.0.1".to_owned(),
        format!("port {port}"),
        "user default off".to_owned(),
        "user watcher on >hush allchannels +@all".to_owned(),
        format!("sentinel monitor {NAME} 127.0.0.1 {master} 1"),
        format!("sentinel down-after-milliseconds {NAME} 1000"),
        format!("sentinel failover-timeout {NAME} 3000"),
    ];
    fs::write(&path, lines.join("\n"))?;
    let command = ["redis-server", &path, "--sentinel"].map(str::to_owned).to_vec();
    Ok(Recipe { command, env: Vec::new(), port, greeting: GREETING })
}
