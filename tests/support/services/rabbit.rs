//! A RabbitMQ node that nobody else knows: its own name, ports, cookie, data and Erlang port mapper.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail};
use rustix::process::Signal;
use tokio::process::Command;
use tokio::time::timeout;

use super::service::{Recipe, Service};
use crate::ports::claim_port;
use crate::wait;

/// The programs themselves. Those in `/usr/sbin` change to the user `rabbitmq`, and so work for root alone.
const PROGRAMS: &str = "/usr/lib/rabbitmq/bin";

/// The port mapper runs in the foreground and first: the node would start one that outlives it.
const SCRIPT: &str = r#"
epmd -port "$ERL_EPMD_PORT" -address 127.0.0.1 &
until epmd -port "$ERL_EPMD_PORT" -names >/dev/null 2>&1; do sleep 0.05; done
exec "$0/rabbitmq-server"
"#;

/// A protocol header of AMQP 0-9-1, and the type of the method frame that answers it.
const GREETING: (&[u8], &[u8]) = (b"AMQP\x00\x00\x09\x01", b"\x01");

/// A `rabbitmq-server` of its own.
#[derive(Debug)]
pub struct RabbitServer {
    service: Service,
}

impl RabbitServer {
    /// Starts an empty node and waits until it answers.
    pub async fn start() -> anyhow::Result<Self> {
        let mut service = Service::new("rabbit", recipe)?;
        service.start().await?;
        Ok(Self { service })
    }

    /// Its URL, with its default user; the same after a restart.
    pub fn url(&self) -> String {
        format!("amqp://guest:guest@127.0.0.1:{}", self.port())
    }

    /// Where its data are.
    pub fn folder(&self) -> &Path {
        self.service.folder()
    }

    /// Its port on this machine.
    pub fn port(&self) -> u16 {
        self.service.recipe().port
    }

    /// Asks it to end, if it runs, and waits for that.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        self.service.stop().await
    }

    /// Kills it as a power failure would. `RabbitMQ` 3.10 cannot recover a quorum queue that was declared less than half a
    /// second before.
    pub async fn kill_9(&mut self) -> anyhow::Result<()> {
        self.service.kill().await
    }

    /// Ends it in order, if it runs, and starts it again with its data and on its ports.
    pub async fn restart(&mut self) -> anyhow::Result<()> {
        self.stop().await?;
        self.service.start().await
    }

    /// Kills it, if it runs, and starts it again without its data.
    pub async fn wipe(&mut self) -> anyhow::Result<()> {
        self.service.kill().await?;
        let data = self.service.folder().join("mnesia");
        fs::remove_dir_all(&data).with_context(|| format!("removing {}", data.display()))?;
        self.service.start().await
    }

    /// Kills it, and starts it again with quorum queues that it cannot recover: without the file that is not on disk yet
    /// when a node dies right after declaring them.
    pub async fn lose_names_of_queues(&mut self) -> anyhow::Result<()> {
        self.service.kill().await?;
        let node = self.service.folder().join("mnesia").join(format!("hfd{}@localhost", self.port()));
        let names = node.join("quorum").join(node.file_name().unwrap_or_default()).join("names.dets");
        fs::remove_file(&names).with_context(|| format!("removing {}", names.display()))?;
        self.service.start().await
    }

    /// Stops it: connections stay open, nothing is answered.
    pub fn pause(&self) -> anyhow::Result<()> {
        self.service.signal(Signal::STOP)
    }

    /// Lets it go on.
    pub fn resume(&self) -> anyhow::Result<()> {
        self.service.signal(Signal::CONT)
    }

    /// Has it close the channels that are opened from now on when a delivery is not acknowledged for so long.
    pub async fn lose_patience_after(&self, timeout: Duration) -> anyhow::Result<()> {
        let set =
            |name: &str, duration: Duration| format!("application:set_env(rabbit, {name}, {}).", duration.as_millis());
        self.ctl(&["eval", &set("consumer_timeout", timeout)]).await?;
        self.ctl(&["eval", &set("channel_tick_interval", timeout / 4)]).await.map(drop)
    }

    /// Runs `rabbitmqctl` on it; returns what it prints.
    pub async fn ctl(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let mut command = Command::new(format!("{PROGRAMS}/rabbitmqctl"));
        command.arg("--quiet").args(arguments).kill_on_drop(true);
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("LANG", "C.UTF-8");
        command.env("HOME", self.service.folder()).envs(self.service.recipe().env.iter().cloned());
        let output = timeout(wait::LIMIT, command.output()).await.context("rabbitmqctl takes too long")??;
        if !output.status.success() {
            bail!("rabbitmqctl {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

fn recipe(folder: &Path) -> anyhow::Result<Recipe> {
    let (port, distribution, port_mapper) = (claim_port()?, claim_port()?, claim_port()?);
    let path = |name: &str| folder.join(name).to_string_lossy().into_owned();
    fs::write(path("rabbitmq.conf"), format!("listeners.tcp.1 = 127.0.0.1:{port}\n"))?;
    fs::write(path("enabled_plugins"), "[].\n")?;
    let env = vec![
        ("RABBITMQ_NODENAME", format!("hfd{port}@localhost")),
        ("RABBITMQ_NODE_PORT", port.to_string()),
        ("RABBITMQ_DIST_PORT", distribution.to_string()),
        ("RABBITMQ_CONFIG_FILE", path("rabbitmq.conf")),
        ("RABBITMQ_CONF_ENV_FILE", path("no-such-file")),
        ("RABBITMQ_ENABLED_PLUGINS_FILE", path("enabled_plugins")),
        ("RABBITMQ_MNESIA_BASE", path("mnesia")),
        ("RABBITMQ_LOG_BASE", path("logs")),
        ("RABBITMQ_LOGS", "-".to_owned()),
        ("RABBITMQ_PID_FILE", path("pid")),
        // Idle schedulers give their time to the test at once.
        ("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "+sbwt none".to_owned()),
        ("ERL_EPMD_PORT", port_mapper.to_string()),
        ("ERL_EPMD_ADDRESS", "127.0.0.1".to_owned()),
    ];
    let command = ["sh", "-c", SCRIPT, PROGRAMS].map(str::to_owned).to_vec();
    Ok(Recipe { command, env, port, greeting: GREETING })
}
