//! Folders of one test's own, and commands that see nothing else of the machine.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};
use tempfile::TempDir;

/// Folders that vanish with the test: the fake Hub's repos, the cache, the server's data and a home.
#[derive(Debug)]
pub struct Sandbox {
    root: TempDir,
}

impl Sandbox {
    /// New empty folders.
    pub fn new() -> anyhow::Result<Self> {
        let root = tempfile::Builder::new().prefix("hfd-e2e-").tempdir().context("making a sandbox")?;
        let sandbox = Self { root };
        for folder in [sandbox.repos(), sandbox.cache(), sandbox.data(), sandbox.home(), sandbox.logs()] {
            fs::create_dir(&folder).with_context(|| format!("creating {}", folder.display()))?;
        }
        Ok(sandbox)
    }

    /// The folder that holds all others.
    pub fn path(&self) -> &Path {
        self.root.path()
    }

    /// The root of a fake Hub.
    pub fn repos(&self) -> PathBuf {
        self.path().join("repos")
    }

    /// The hub folder: what `HF_HUB_CACHE` names.
    pub fn cache(&self) -> PathBuf {
        self.path().join("cache")
    }

    /// The server's data folder.
    pub fn data(&self) -> PathBuf {
        self.path().join("data")
    }

    /// Where processes write what they print.
    pub fn logs(&self) -> PathBuf {
        self.path().join("logs")
    }

    /// `HF_HOME`: where huggingface_hub keeps everything but the cache.
    pub fn hf_home(&self) -> PathBuf {
        self.home().join("huggingface")
    }

    fn home(&self) -> PathBuf {
        self.path().join("home")
    }

    /// A command that inherits nothing but the way to find programs.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.home())
            .env("HF_HOME", self.hf_home())
            .env("LANG", "C.UTF-8")
            .current_dir(self.path());
        command
    }

    /// A command of `hfdownloader`.
    pub fn hfdownloader(&self) -> anyhow::Result<Command> {
        self.program("hfdownloader")
    }

    /// A command of one of the programs, which was built beside the running test.
    pub fn program(&self, name: &str) -> anyhow::Result<Command> {
        let test = env::current_exe().context("finding the running test")?;
        let profile = test.parent().and_then(Path::parent).context("the running test lies in no target folder")?;
        let program = profile.join(name);
        if !program.exists() {
            bail!("{} is missing: run `make test` or `cargo build --workspace` first", program.display());
        }
        Ok(self.command(program))
    }
}
