//! The variables that the chart sets, against those that the programs know.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context as _, ensure};
use hfd_tests::sandbox::Sandbox;

use super::render::{chart, of_kind, project, template, value_files};

/// What the chart decides otherwise than the programs, on purpose: pods are reached from outside, and logs are read by machines.
const OTHERWISE: [&str; 2] = ["HFD_BIND", "HFD_LOG_FORMAT"];

/// The variables of a program, with their defaults, as its documentation has them.
fn documented(program: &str) -> anyhow::Result<BTreeMap<String, String>> {
    let page = fs::read_to_string(project().join("docs/configuration.md"))?;
    let heading = format!("\n## `{program}`\n");
    let section = page.split_once(&heading).with_context(|| format!("{program} is not documented"))?.1;
    let section = section.split("\n## ").next().unwrap_or_default();
    let mut variables = BTreeMap::new();
    for row in section.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = row.split(" | ").collect();
        let default = cells.get(2).context("a row has a default")?.trim().trim_matches('`');
        for name in cells[1].split(", ") {
            variables.insert(name.trim().trim_matches('`').to_owned(), default.to_owned());
        }
    }
    ensure!(variables.contains_key("HFD_STATE"), "the table of {program} was not read");
    Ok(variables)
}

/// The component's manifests of a kind.
fn of_component<'a>(manifests: &'a str, kind: &str, component: &str) -> anyhow::Result<&'a str> {
    let name = format!("-{component}");
    let mut found = of_kind(manifests, kind).filter(|one| {
        one.lines().any(|line| line.strip_prefix("  name: ").is_some_and(|given| given.ends_with(&name)))
    });
    found.next().with_context(|| format!("there is no {kind} of the {component}"))
}

#[tokio::test]
async fn every_variable_that_is_set_is_one_that_the_program_knows() -> anyhow::Result<()> {
    for component in ["api", "worker"] {
        let known = documented(&format!("hfd-{component}"))?;
        for values in value_files()? {
            let manifests = template(&values)?;
            let config = of_component(&manifests, "ConfigMap", component)?;
            let pod = of_component(&manifests, "Deployment", component)?;
            let set = config.lines().chain(pod.lines()).filter_map(|line| {
                let line = line.trim().trim_start_matches("- name: ");
                line.starts_with("HFD_").then(|| line.split(':').next().unwrap_or(line))
            });
            let set: Vec<&str> = set.collect();
            ensure!(set.contains(&"HFD_STATE"), "{} sets nothing for the {component}", values.display());
            for name in set {
                ensure!(known.contains_key(name), "hfd-{component} knows no {name}, which {} sets", values.display());
            }
        }
    }
    Ok(())
}

#[tokio::test]
async fn values_that_are_not_given_are_the_programs_defaults() -> anyhow::Result<()> {
    let manifests = template(&chart().join("ci/trial.yaml"))?;
    for component in ["api", "worker"] {
        let config = of_component(&manifests, "ConfigMap", component)?;
        let mut compared = 0;
        for (name, default) in documented(&format!("hfd-{component}"))? {
            let set = config.lines().find_map(|line| line.trim().strip_prefix(&format!("{name}: ")));
            if let Some(set) = set.filter(|_| !default.is_empty() && !OTHERWISE.contains(&name.as_str())) {
                ensure!(
                    set.trim_matches('"') == default,
                    "{name} is {set} in the chart and {default} in hfd-{component}"
                );
                compared += 1;
            }
        }
        ensure!(compared >= 9, "only {compared} defaults of the {component} were compared");
    }
    Ok(())
}

/// The exit code of a program that only asks, with these variables, whether another one runs; nobody answers at port 1.
fn asked(sandbox: &Sandbox, program: &str, config: &str, more: &[(&str, &str)]) -> anyhow::Result<Option<i32>> {
    let variables = config.lines().filter_map(|line| line.trim().split_once(": "));
    let variables = variables.filter(|(name, _)| name.starts_with("HFD_"));
    let mut command = sandbox.program(program)?;
    command.envs(variables.map(|(name, value)| (name, value.trim_matches('"')))).envs(more.iter().copied());
    command.args(["--probe", "live"]).envs([("HFD_PORT", "1"), ("HFD_ADMIN_PORT", "1")]);
    Ok(command.output()?.status.code())
}

#[tokio::test]
async fn the_programs_take_every_configuration_that_the_chart_makes() -> anyhow::Result<()> {
    let sandbox = Sandbox::new()?;
    for component in ["api", "worker"] {
        let program = format!("hfd-{component}");
        for values in value_files()? {
            let manifests = template(&values)?;
            let config = of_component(&manifests, "ConfigMap", component)?;
            let code = asked(&sandbox, &program, config, &[])?;
            ensure!(code == Some(1), "{program} ended with {code:?} on what {} makes", values.display());
            let code = asked(&sandbox, &program, config, &[("HFD_VERIFY", "md5")])?;
            ensure!(code == Some(64), "{program} ended with {code:?} on what cannot be");
        }
    }
    Ok(())
}
