//! A script in a browser: it gets the service's address, and each ends with the checks that hold on every page.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::ensure;
use hfd_tests::process::Process;
use hfd_tests::sandbox::Sandbox;
use hfd_tests::wait;

use crate::world::World;

/// For one script, on a busy machine.
const LIMIT: Duration = Duration::from_mins(2);

/// A running script.
pub(crate) struct Script(Process);

impl Script {
    /// Starts a script on the service.
    pub(crate) fn start(world: &World, name: &str) -> anyhow::Result<Self> {
        let mut command = command(world.sandbox(), name, [world.api().address()]);
        if matches!(world, World::Cluster(_)) {
            // The single process shows the same pages, and has them checked.
            command.env("HFD_PAGES_ARE_CHECKED", "1");
        }
        Self::run(world.sandbox(), name, &mut command)
    }

    /// Starts a script with these arguments, the service's address first.
    pub(crate) fn start_with(
        sandbox: &Sandbox,
        name: &str,
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
    ) -> anyhow::Result<Self> {
        Self::run(sandbox, name, &mut command(sandbox, name, arguments))
    }

    /// Starts a command.
    pub(crate) fn run(sandbox: &Sandbox, name: &str, command: &mut Command) -> anyhow::Result<Self> {
        // What a browser leaves behind goes with the sandbox.
        let temporary = sandbox.path().join("tmp");
        fs::create_dir_all(&temporary)?;
        Ok(Self(Process::start(sandbox, name, command.env("TMPDIR", temporary))?))
    }

    /// Waits until it has come as far as this.
    pub(crate) async fn says(&mut self, line: &str) -> anyhow::Result<()> {
        wait::until(line, LIMIT, async || {
            let ended = self.0.try_status()?;
            let is_there = self.0.stdout()?.lines().any(|said| said == line);
            ensure!(is_there || ended.is_none(), "the script ended with {ended:?}:\n{}", self.0.stderr()?);
            Ok(is_there.then_some(()))
        })
        .await
    }

    /// Waits for its end; returns what it has printed.
    pub(crate) async fn ends_well(self) -> anyhow::Result<String> {
        let ended = self.0.ended(LIMIT).await?;
        ensure!(ended.code == Some(0), "the script ended with {:?}:\n{}{}", ended.code, ended.stdout, ended.stderr);
        Ok(ended.stdout)
    }
}

/// Runs a script on the service.
pub(crate) async fn plays(world: &World, name: &str) -> anyhow::Result<String> {
    Script::start(world, name)?.ends_well().await
}

fn command(sandbox: &Sandbox, name: &str, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("browser");
    // Modules are looked for from where the script lies.
    let mut command = sandbox.command("node");
    command.arg(folder.join(name)).args(arguments);
    command
}
