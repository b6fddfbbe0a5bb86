//! A group of processes that does not outlive the test, however that ends.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::Context as _;
use rustix::process::{Pid, Signal, kill_process_group};

/// Starts a command in a session of its own, tells its process group, and kills that at the end of the input. A line of
/// input says that the folder shall stay; without one nobody is left to remove it.
///
/// The shell reaps the command only after it has killed the group, so nobody else can get the group's id before.
const GUARDIAN: &str = r#"
folder=$1 log=$2
shift 2
setsid "$@" </dev/null >>"$log" 2>&1 &
echo "$!"
read -r _ || remove=yes
kill -s KILL -- "-$!" || kill -s KILL "$!"
wait
# Again, should somebody of the group have written while it died.
[ -z "$remove" ] || rm -rf "$folder" || rm -rf "$folder"
"#;

/// A command that runs with its children under a guardian. Dropping it kills them all.
#[derive(Debug)]
pub(super) struct Guarded {
    guardian: Child,
    group: Pid,
}

impl Guarded {
    /// Starts a command in a folder that goes with the test. What it prints is added to the log.
    pub(super) fn start(folder: &Path, log: &Path, command: &[&str], env: &[(&str, String)]) -> anyhow::Result<Self> {
        let mut guardian = Command::new("sh");
        guardian.args(["-c", GUARDIAN, "guardian"]).arg(folder).arg(log).args(command);
        guardian.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("LANG", "C.UTF-8");
        guardian.env("HOME", folder).envs(env.iter().map(|(name, value)| (name, value))).current_dir(folder);
        // Ctrl-C ends the test alone, and so the guardian still does its work.
        guardian.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut guardian = guardian.spawn().with_context(|| format!("starting {command:?}"))?;
        let mut line = String::new();
        let stdout = guardian.stdout.take().context("the guardian has no output")?;
        BufReader::new(stdout).read_line(&mut line).context("reading the guardian's output")?;
        let group = line.trim().parse().ok().and_then(Pid::from_raw).context("the guardian told no process group")?;
        Ok(Self { guardian, group })
    }

    /// Sends a signal to the command and its children.
    pub(super) fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        kill_process_group(self.group, signal).with_context(|| format!("sending {signal:?}"))
    }

    /// Whether the command has ended by itself.
    pub(super) fn has_ended(&self) -> anyhow::Result<bool> {
        // The state follows the name, which ends with the last parenthesis: see proc_pid_stat(5).
        let path = format!("/proc/{}/stat", self.group.as_raw_nonzero());
        let stat = fs::read_to_string(&path).with_context(|| format!("reading {path}"))?;
        Ok(stat.rsplit(')').next().is_some_and(|fields| fields.trim_start().starts_with('Z')))
    }

    /// Kills the command and its children, as a power failure would; the folder stays.
    pub(super) fn kill(mut self) -> anyhow::Result<()> {
        let mut stdin = self.guardian.stdin.take().context("the guardian has ended before")?;
        stdin.write_all(b"keep the folder\n").context("telling the guardian")?;
        self.guardian.wait().context("waiting for the guardian").map(drop)
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        drop(self.guardian.stdin.take());
        _ = self.guardian.wait();
    }
}
