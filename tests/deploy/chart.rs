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
async fn the_table_of_values_in_the_charts_readme_is_current() -> anyhow::Result<()> {
    let made = run(tool("helm-docs")?
        .args(["--dry-run", "--log-level", "warning", "--sort-values-order", "file", "--chart-search-root"])
        .arg(chart()))?;
    let readme = fs::read_to_string(chart().join("README.md"))?;
    ensure!(made.trim() == readme.trim(), "deploy/helm/hfdownloader/README.md is stale: run `make docs`");
    Ok(())
}
