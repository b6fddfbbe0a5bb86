//! The Helm chart: what it makes of each set of values in its folder `ci`, and what it says of itself.

mod api;
mod manifests;
mod render;
mod variables;

use std::fs;

use anyhow::ensure;

use render::{chart, run, tool};

#[tokio::test]
async fn the_chart_passes_its_unit_tests() -> anyhow::Result<()> {
    run(tool("helm-unittest")?.arg("--strict").arg(chart())).map(drop)
}

#[tokio::test]
async fn the_charts_readme_is_current_and_says_what_each_value_is() -> anyhow::Result<()> {
    let made = run(tool("helm-docs")?
        .args(["--dry-run", "--log-level", "warning", "--sort-values-order", "file", "--chart-search-root"])
        .arg(chart()))?;
    let readme = fs::read_to_string(chart().join("README.md"))?;
    let undocumented = made.lines().find(|row| row.starts_with("| ") && row.ends_with("|  |"));
    ensure!(undocumented.is_none(), "values.yaml does not say what this value is: {undocumented:?}");
    ensure!(made.trim() == readme.trim(), "deploy/helm/hfdownloader/README.md is stale: run `make docs`");
    Ok(())
}
