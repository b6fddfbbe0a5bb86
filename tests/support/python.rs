//! Python in virtual environments of the tests' own: one with huggingface_hub, one with tools that test the API.

use std::env;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::process::{Ended, Process};
use crate::sandbox::Sandbox;

/// Limit of one script: importing numpy and hashing everything takes a while on a busy machine.
const SCRIPT_LIMIT: Duration = Duration::from_mins(2);

/// Names another environment with huggingface_hub than `.venv` in the workspace; it is used as it is.
const VENV_VARIABLE: &str = "HFD_TEST_VENV";

/// In an environment that is complete: what was installed into it. `tests/setup.sh` writes the same.
const STAMP: &str = "requirements.installed";

/// A Python that can be run for one sandbox's cache and one endpoint.
#[derive(Debug, Clone)]
pub struct Python {
    venv: PathBuf,
    variables: Vec<(&'static str, String)>,
    /// A command that becomes the one behind it.
    wrapper: Vec<String>,
}

impl Python {
    /// Python with huggingface_hub on the sandbox's cache, asking this endpoint. Installs what is missing, once.
    pub fn new(sandbox: &Sandbox, endpoint: &str) -> anyhow::Result<Self> {
        let venv = match env::var_os(VENV_VARIABLE) {
            Some(path) => PathBuf::from(path),
            None => install(".venv", "requirements.txt")?,
        };
        let variables = vec![
            ("HF_ENDPOINT", endpoint.to_owned()),
            ("HF_HUB_CACHE", sandbox.cache().to_string_lossy().into_owned()),
            ("HF_HUB_DISABLE_TELEMETRY", "1".to_owned()),
            ("HF_HUB_DISABLE_PROGRESS_BARS", "1".to_owned()),
        ];
        Ok(Self { venv, variables, wrapper: Vec::new() })
    }

    /// With another environment variable.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.variables.push((name, value.to_owned()));
        self
    }

    /// In a view of the file system in which the sandbox cannot be written to.
    #[must_use]
    pub fn read_only(mut self, sandbox: &Sandbox) -> Self {
        let folder = sandbox.path().display();
        let mount = format!(
            "mount --bind '{folder}' '{folder}' && mount -o remount,bind,ro '{folder}' && cd '{folder}' && exec \"$0\" \"$@\""
        );
        self.wrapper = ["unshare", "--map-root-user", "--mount", "sh", "-c", &mount].map(str::to_owned).to_vec();
        self
    }

    /// Runs a script of `tests/python`; the last line that it prints is JSON.
    pub async fn run(&self, sandbox: &Sandbox, script: &str, arguments: &[&str]) -> anyhow::Result<Value> {
        let path = tests_folder().join("python").join(script);
        let all = [path.as_os_str()].into_iter().chain(arguments.iter().map(OsStr::new));
        let ended = self.start(sandbox, "python", all).await?;
        if ended.code != Some(0) {
            bail!("{script} {arguments:?} ended with {:?}:\n{}{}", ended.code, ended.stdout, ended.stderr);
        }
        let last = ended.stdout.lines().last().unwrap_or_default();
        serde_json::from_str(last).with_context(|| format!("{script} printed {last:?}"))
    }

    /// Runs the command `hf`.
    pub async fn hf(&self, sandbox: &Sandbox, arguments: &[&str]) -> anyhow::Result<Ended> {
        self.start(sandbox, "hf", arguments.iter().map(OsStr::new)).await
    }

    async fn start<'a>(
        &self,
        sandbox: &Sandbox,
        program: &str,
        arguments: impl Iterator<Item = &'a OsStr>,
    ) -> anyhow::Result<Ended> {
        let program_path = self.venv.join("bin").join(program);
        let mut line = self.wrapper.iter().map(OsStr::new).chain([program_path.as_os_str()]);
        let mut command = sandbox.command(line.next().unwrap_or_default());
        command.args(line).args(arguments).envs(self.variables.iter().map(|(name, value)| (name, value)));
        Process::start(sandbox, program, &mut command)?.ended(SCRIPT_LIMIT).await
    }
}

fn tests_folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A program of the tools that test the API, such as `st`. Installs what is missing, once.
pub fn tool(name: &str) -> anyhow::Result<PathBuf> {
    Ok(install(".venv-tools", "tools-requirements.txt")?.join("bin").join(name))
}

/// Makes an environment in the workspace, unless it is complete already.
fn install(venv: &str, requirements: &str) -> anyhow::Result<PathBuf> {
    let requirements = tests_folder().join("python").join(requirements);
    let wanted = fs::read_to_string(&requirements).with_context(|| format!("reading {}", requirements.display()))?;
    let workspace = tests_folder().parent().context("the tests lie in no workspace")?;
    let venv = workspace.join(venv);
    fs::create_dir_all(&venv).with_context(|| format!("creating {}", venv.display()))?;
    // Held until it is closed at the end of this function: tests in other threads and processes wait here.
    let lock = venv.join("hfd-tests.lock");
    let lock = File::create(&lock).with_context(|| format!("creating {}", lock.display()))?;
    lock.lock().context("waiting for another test to install Python's packages")?;
    if fs::read_to_string(venv.join(STAMP)).is_ok_and(|installed| installed == wanted) {
        return Ok(venv);
    }
    run(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
    run(Command::new(venv.join("bin/python")).args(["-m", "pip", "install", "--quiet", "-r"]).arg(&requirements))?;
    fs::write(venv.join(STAMP), wanted).context("noting what was installed")?;
    Ok(venv)
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let ended = command.output().with_context(|| format!("starting {command:?}"))?;
    if !ended.status.success() {
        bail!("{command:?} ended with {}:\n{}", ended.status, String::from_utf8_lossy(&ended.stderr));
    }
    Ok(())
}
