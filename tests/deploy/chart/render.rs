//! Running Helm and its relatives, and reading what they print.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail, ensure};

/// The folder of the whole project.
pub(crate) fn project() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// The folder of the chart.
pub(crate) fn chart() -> PathBuf {
    project().join("deploy/helm/hfdownloader")
}

/// The folder of what `tests/go/tools/build.sh` makes.
pub(crate) fn tools() -> PathBuf {
    project().join("target/tools")
}

/// A command of a tool, without the user's settings of it.
pub(crate) fn tool(name: &str) -> anyhow::Result<Command> {
    let program = tools().join("bin").join(name);
    ensure!(program.exists(), "{} is missing: run `make test` or tests/setup.sh first", program.display());
    let mut command = Command::new(program);
    let settings = env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("HELM_"));
    settings.for_each(|(name, _)| _ = command.env_remove(name));
    command.env("KUBECONFIG", "/dev/null");
    Ok(command)
}

/// Runs a command to its good end; returns what it printed.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<String> {
    let output = command.output().with_context(|| format!("starting {command:?}"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if !output.status.success() {
        bail!("{command:?} ended with {}:\n{}{}", output.status, text(&output.stdout), text(&output.stderr));
    }
    Ok(text(&output.stdout))
}

/// The sets of values in the chart's folder `ci`.
pub(crate) fn value_files() -> anyhow::Result<Vec<PathBuf>> {
    let mut files =
        fs::read_dir(chart().join("ci"))?.map(|entry| Ok(entry?.path())).collect::<anyhow::Result<Vec<_>>>()?;
    files.sort();
    ensure!(!files.is_empty(), "there are no sets of values");
    Ok(files)
}

/// The manifests that the chart makes of a set of values, as one text.
pub(crate) fn template(values: &Path) -> anyhow::Result<String> {
    run(tool("helm")?.args(["template", "here", "--namespace", "models", "--values"]).arg(values).arg(chart()))
}

/// The manifests in a text that are of this kind.
pub(crate) fn of_kind<'a>(manifests: &'a str, kind: &str) -> impl Iterator<Item = &'a str> {
    let line = format!("kind: {kind}");
    manifests.split("\n---\n").filter(move |manifest| manifest.lines().any(|one| one == line))
}
