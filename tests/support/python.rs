//! Python in virtual environments of the tests' own: one with huggingface_hub, one with tools that test the API.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use serde_json::Value;

use crate::process::{Ended, Process};
use crate::sandbox::Sandbox;

/// Limit of one script: importing numpy and hashing everything takes a while on a busy machine.
const SCRIPT_LIMIT: Duration = Duration::from_mins(2);

/// Names another environment with huggingface_hub than `.venv` in the workspace; it is used as it is.
const VENV_VARIABLE: &str = "HFD_TEST_VENV";

/// A Python that can be run for one sandbox's cache and one endpoint.
#[derive(Debug, Clone)]
pub struct Python {
    venv: PathBuf,
    variables: Vec<(&'static str, String)>,
    /// A command that becomes the one behind it.
    wrapper: Vec<String>,
}

impl Python {
    /// Python with huggingface_hub on the sandbox's cache, asking this endpoint.
    pub fn new(sandbox: &Sandbox, endpoint: &str) -> anyhow::Result<Self> {
        let venv = match env::var_os(VENV_VARIABLE) {
            Some(path) => PathBuf::from(path),
            None => environment(".venv", "requirements.txt")?,
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

/// A program of the tools that test the API, such as `st`.
pub fn tool(name: &str) -> anyhow::Result<PathBuf> {
    Ok(environment(".venv-tools", "tools-requirements.txt")?.join("bin").join(name))
}

/// An environment in the workspace, as `tests/setup.sh` makes it from these requirements.
fn environment(venv: &str, requirements: &str) -> anyhow::Result<PathBuf> {
    let workspace = tests_folder().parent().context("the tests lie in no workspace")?;
    let venv = workspace.join(venv);
    let wanted = fs::read_to_string(tests_folder().join("python").join(requirements))?;
    let installed = fs::read_to_string(venv.join("requirements.installed")).unwrap_or_default();
    ensure!(installed.ends_with(&wanted), "{} is not what is wanted: run tests/setup.sh", venv.display());
    Ok(venv)
}
