//! Manifests as the servers would take them: the oldest Kubernetes that the chart is for, a new one, and the operators' resources.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};
use hfd_tests::sandbox::Sandbox;

use super::render::{chart, of_kind, project, run, template, tool, tools, value_files};

/// The checks of all schemas that were made, a command for each version of Kubernetes.
fn checks() -> anyhow::Result<Vec<Command>> {
    let schemas = tools().join("schemas");
    let extensions = schemas.join("extensions");
    let mut checks = Vec::new();
    for entry in fs::read_dir(&schemas).context("tests/setup.sh makes the schemas")? {
        let version = entry?.path();
        if version != extensions {
            let mut check = tool("kubeconform")?;
            check.args(["-strict", "-summary"]);
            for folder in [&version, &extensions] {
                let template = format!("{}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json", folder.display());
                check.args(["-schema-location", &template]);
            }
            checks.push(check);
        }
    }
    ensure!(checks.len() == 2, "there are schemas of {} versions of Kubernetes", checks.len());
    Ok(checks)
}

#[tokio::test]
async fn helm_has_nothing_to_say_against_any_set_of_values() -> anyhow::Result<()> {
    run(tool("helm")?.args(["lint", "--strict"]).arg(chart()))?;
    for values in value_files()? {
        run(tool("helm")?.args(["lint", "--strict", "--values"]).arg(values).arg(chart()))?;
    }
    Ok(())
}

#[tokio::test]
async fn every_manifest_fits_the_oldest_and_a_new_kubernetes() -> anyhow::Result<()> {
    let sandbox = Sandbox::new()?;
    let mut files = Vec::new();
    for values in value_files()? {
        let name = values.file_name().context("a set of values has a name")?;
        let file = sandbox.path().join(name);
        fs::write(&file, template(&values)?)?;
        files.push(file);
    }
    for mut check in checks()? {
        run(check.args(&files).arg(chart().join("examples")))?;
    }
    Ok(())
}

#[tokio::test]
async fn a_field_that_kubernetes_does_not_know_is_found() -> anyhow::Result<()> {
    let sandbox = Sandbox::new()?;
    let misspelt = [
        ("everything", "Deployment", "terminationGracePeriodSeconds", "terminationGraceSeconds"),
        ("everything", "NetworkPolicy", "policyTypes", "policyType"),
        ("everything", "ServiceMonitor", "scrapeTimeout", "timeout"),
        ("gateway", "HTTPRoute", "backendRequest", "backend"),
        ("keda", "ScaledObject", "cooldownPeriod", "coolDownPeriod"),
    ];
    for (values, kind, right, wrong) in misspelt {
        let manifests = template(&chart().join("ci").join(values).with_extension("yaml"))?;
        let manifest = of_kind(&manifests, kind).next().with_context(|| format!("{values} makes no {kind}"))?;
        ensure!(manifest.contains(right), "the {kind} has no {right}");
        let file = sandbox.path().join(kind).with_extension("yaml");
        fs::write(&file, manifest.replace(right, wrong))?;
        for mut check in checks()? {
            let error = run(check.arg(&file)).err().with_context(|| format!("{kind} with {wrong} was taken"))?;
            ensure!(format!("{error:#}").contains(wrong), "the error does not name {wrong}: {error:#}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn secrets_that_are_given_stand_in_secrets_only() -> anyhow::Result<()> {
    let manifests = template(&chart().join("ci/inline.yaml"))?;
    let secrets = [
        "hf_inline_token",
        "0123456789abcdef-first",
        "0123456789abcdef-second",
        "auth-password-given",
        "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
        "redis-password-given",
        "rabbitmq-password-given",
    ];
    let given = fs::read_to_string(chart().join("ci/inline.yaml"))?;
    for secret in secrets {
        ensure!(given.contains(secret), "{secret} is not given");
        ensure!(!manifests.contains(secret), "{secret} stands in a manifest in the clear");
    }
    ensure!(of_kind(&manifests, "Secret").count() == 3, "the secrets are kept elsewhere");
    Ok(())
}

#[tokio::test]
async fn rules_and_dashboard_are_the_projects_own_word_for_word() -> anyhow::Result<()> {
    let manifests = template(&chart().join("ci/everything.yaml"))?;
    let same = |kind: &str, marker: &str, path: &Path| -> anyhow::Result<()> {
        let text = fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
        let manifest = of_kind(&manifests, kind).find(|one| one.contains(marker));
        let manifest = manifest.with_context(|| format!("there is no {kind} with {marker}"))?;
        for line in text.lines().map(str::trim_end).filter(|line| !line.is_empty()) {
            let found = manifest.lines().any(|one| one.trim_end().ends_with(line));
            ensure!(found, "the {kind} lacks this line of {}: {line}", path.display());
        }
        Ok(())
    };
    same("PrometheusRule", "groups:", &project().join("deploy/prometheus/rules.yml"))?;
    same("ConfigMap", "grafana_dashboard", &project().join("deploy/grafana/hfdownloader.json"))
}
