//! What processes show to Prometheus, and that the dashboard and the alerts ask for nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail, ensure};
use hfd_tests::api::{Api, Download};
use hfd_tests::cluster::{Cluster, Shape};
use hfd_tests::fake_hub::RepoBuilder;
use hfd_tests::stage::Stage;
use hfd_tests::wait;
use serde_json::Value;

use super::promql::{self, Selector};

const MODEL: &str = "acme/model";

/// In parts; the others in one go.
const LARGE_BYTES: u64 = 20 << 20;
const SMALL_FILES: usize = 3;
const FLAGS: [&str; 2] = ["--multipart-threshold", "1MiB"];

/// Labels that Prometheus or the histogram gives.
const GIVEN: [&str; 4] = ["job", "instance", "namespace", "le"];

fn model() -> RepoBuilder {
    RepoBuilder::model(MODEL).random_file("large.bin", LARGE_BYTES, 1).many_files("small", SMALL_FILES)
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> anyhow::Result<String> {
    std::fs::read_to_string(root().join(path)).with_context(|| format!("reading {path}"))
}

/// What a process shows.
struct Shown {
    text: String,
    /// Family → its type.
    types: BTreeMap<String, String>,
    helped: BTreeSet<String>,
    /// The names of all samples.
    names: BTreeSet<String>,
}

impl Shown {
    /// What is shown once a series is more than nothing.
    async fn with(process: &Api, series: &str) -> anyhow::Result<Self> {
        wait::until(&format!("{series} to be counted"), wait::LIMIT, async || {
            let shown = Self::new(process.metrics().await?);
            Ok((shown.value(series)? > 0.0).then_some(shown))
        })
        .await
    }

    fn new(text: String) -> Self {
        let words = |prefix: &str| -> Vec<(String, String)> {
            let lines = text.lines().filter_map(|line| line.strip_prefix(prefix)?.split_once(' '));
            lines.map(|(name, rest)| (name.to_owned(), rest.to_owned())).collect()
        };
        let samples = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let names = samples.filter_map(|line| line.split(['{', ' ']).next()).map(str::to_owned).collect();
        let (types, helped) = (words("# TYPE "), words("# HELP "));
        Self {
            types: types.into_iter().collect(),
            helped: helped.into_iter().map(|(name, _)| name).collect(),
            names,
            text,
        }
    }

    /// The value of a series, written as it is shown.
    fn value(&self, series: &str) -> anyhow::Result<f64> {
        let line = self.text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        Ok(line.with_context(|| format!("no {series} in\n{}", self.text))?.parse()?)
    }

    fn expect(&self, wanted: &[(&str, f64)]) -> anyhow::Result<()> {
        for (series, value) in wanted {
            let shown = self.value(series)?;
            ensure!((shown - value).abs() < 0.5, "{series} is {shown}, not {value}");
        }
        Ok(())
    }
}

/// A row of the documented table, which is made from the code.
struct Documented {
    name: String,
    kind: String,
    labels: BTreeSet<String>,
    part: String,
}

fn documented() -> anyhow::Result<Vec<Documented>> {
    let page = read("docs/operations.md")?;
    let cells = |line: &str| line.split('|').map(|cell| cell.trim().replace('`', "")).collect::<Vec<_>>();
    let rows = page.lines().filter(|line| line.starts_with("| `hfd_")).map(cells);
    let row = |cells: Vec<String>| Documented {
        name: cells[1].clone(),
        kind: cells[2].clone(),
        labels: cells[3].split(", ").map(str::to_owned).collect(),
        part: cells[4].clone(),
    };
    let rows: Vec<_> = rows.map(row).collect();
    ensure!(rows.len() > 20, "the table is not in the page");
    Ok(rows)
}

/// Each documented metric of the parts is there with its help and type, and none of another part.
fn check_documented(shown: &Shown, parts: &[&str]) -> anyhow::Result<()> {
    for Documented { name, kind, part, .. } in documented()? {
        if parts.contains(&part.as_str()) {
            ensure!(shown.types.get(&name) == Some(&kind), "{name} is no {kind}: {:?}", shown.types.get(&name));
            ensure!(shown.helped.contains(&name), "{name} has no help");
            let sample = if kind == "histogram" { format!("{name}_bucket") } else { name };
            ensure!(shown.names.contains(&sample), "{sample} has no series");
        } else {
            ensure!(!shown.types.contains_key(&name), "{name} is of another part");
        }
    }
    Ok(())
}

/// The rules of all groups.
fn rules() -> anyhow::Result<Vec<Value>> {
    let file: Value = serde_yaml::from_str(&read("deploy/prometheus/rules.yml")?)?;
    let groups = file["groups"].as_array().into_iter().flatten();
    Ok(groups.filter_map(|group| group["rules"].as_array()).flatten().cloned().collect())
}

/// The expressions of the dashboard and the rules, each with where it stands.
fn expressions() -> anyhow::Result<Vec<(String, String)>> {
    let dashboard: Value = serde_json::from_str(&read("deploy/grafana/hfdownloader.json")?)?;
    let mut all = Vec::new();
    for panel in dashboard["panels"].as_array().context("the dashboard has no panels")? {
        for target in panel["targets"].as_array().into_iter().flatten() {
            let title = panel["title"].as_str().unwrap_or_default();
            let expression = target["expr"].as_str().with_context(|| format!("{title} asks for nothing"))?;
            let filled = expression.replace("$__rate_interval", "5m").replace("$__range", "1h");
            all.push((format!("panel {title}"), filled));
        }
    }
    for rule in rules()? {
        let name = rule["alert"].as_str().or(rule["record"].as_str()).context("a rule has no name")?;
        all.push((format!("rule {name}"), rule["expr"].as_str().context("a rule has no expression")?.to_owned()));
    }
    Ok(all)
}

/// Runs promtool on this input; it must have nothing to say against it.
fn promtool(arguments: &[&str], input: &str) -> anyhow::Result<()> {
    let mut command = Command::new("promtool");
    command.args(arguments).current_dir(root()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = command.spawn().context("promtool cannot be run; tests/setup.sh installs it")?;
    running.stdin.take().context("no standard input")?.write_all(input.as_bytes())?;
    let ended = running.wait_with_output()?;
    let said = [ended.stdout, ended.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    ensure!(ended.status.success(), "promtool {arguments:?}: {said}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn serve_shows_every_metric_that_is_documented_or_asked_for() -> anyhow::Result<()> {
    let stage = Stage::new([model()], &FLAGS).await?;
    let before = Shown::new(stage.api().metrics().await?);
    before.expect(&[
        ("hfd_jobs_ended_total{kind=\"download\",status=\"completed\"}", 0.0),
        ("hfd_downloaded_bytes_total", 0.0),
        ("hfd_http_requests_total{method=\"POST\",route=\"/api/download\",status=\"202\"}", 0.0),
    ])?;
    stage.downloaded(&Download::model(MODEL)).await?;
    let ended = "hfd_jobs{status=\"ended\"}";
    let shown = Shown::with(stage.api(), ended).await?;
    check_documented(&shown, &["API", "worker", "both"])?;
    #[expect(clippy::cast_precision_loss, reason = "few files")]
    shown.expect(&[
        (ended, 1.0),
        ("hfd_jobs_ended_total{kind=\"download\",status=\"completed\"}", 1.0),
        ("hfd_files_ended_total{outcome=\"downloaded\"}", (SMALL_FILES + 1) as f64),
        ("hfd_task_duration_seconds_count{kind=\"plan\",outcome=\"settled\"}", 1.0),
        ("hfd_task_queue_seconds_count{kind=\"finish\"}", 1.0),
        ("hfd_tasks_in_work{kind=\"fetch\"}", 0.0),
        ("hfd_transfer_connections", 0.0),
        ("hfd_http_requests_total{method=\"POST\",route=\"/api/download\",status=\"202\"}", 1.0),
        ("hfd_ready{check=\"store\"}", 1.0),
    ])?;
    ensure!(!shown.text.contains("hfd_ready{check=\"queue\"}"), "it has no queue that could be ready");
    for (series, at_least) in [
        ("hfd_downloaded_bytes_total", 20_971_520.0),
        ("hfd_hub_requests_total{purpose=\"api\",status=\"200\"}", 1.0),
        ("hfd_hub_request_duration_seconds_count{purpose=\"api\"}", 1.0),
        ("hfd_http_request_duration_seconds_count{method=\"GET\",route=\"/api/jobs/{id}\"}", 1.0),
        ("hfd_cache_free_bytes", 1.0),
        ("process_resident_memory_bytes", 1.0),
    ] {
        ensure!(shown.value(series)? >= at_least, "{series} is {}", shown.value(series)?);
    }
    ensure!(!shown.text.contains(MODEL), "a label names a repository");
    promtool(&["check", "metrics"], &shown.text)?;
    check_asked_for(&shown)
}

/// What is asked for is shown, with the labels by which it is chosen.
fn check_asked_for(shown: &Shown) -> anyhow::Result<()> {
    let expressions = expressions()?;
    let recorded: BTreeSet<_> = expressions.iter().filter_map(|(place, _)| place.strip_prefix("rule ")).collect();
    let documented = documented()?;
    for (place, expression) in &expressions {
        let (selectors, grouped) = promql::parts(expression);
        let mut known: BTreeSet<&str> = GIVEN.into();
        ensure!(!selectors.is_empty(), "{place} asks for no metric");
        for Selector { metric, labels } in &selectors {
            if metric == "up" || recorded.contains(metric.as_str()) {
                continue;
            }
            ensure!(shown.names.contains(metric), "{place} asks for {metric}, which nobody shows");
            let family = ["_bucket", "_sum", "_count"].iter().find_map(|suffix| {
                metric
                    .strip_suffix(suffix)
                    .filter(|family| shown.types.get(*family).is_some_and(|kind| kind == "histogram"))
            });
            let family = family.unwrap_or(metric);
            let row = documented.iter().find(|row| row.name == family);
            if row.is_none() && !metric.starts_with("process_") {
                bail!("{place} asks for {metric}, which is not documented");
            }
            known.extend(row.iter().flat_map(|row| &row.labels).map(String::as_str));
            let strange: Vec<_> = labels.iter().filter(|label| !known.contains(label.as_str())).collect();
            ensure!(strange.is_empty(), "{place} chooses {metric} by {strange:?}");
        }
        let strange: Vec<_> = grouped.iter().filter(|label| !known.contains(label.as_str())).collect();
        ensure!(strange.is_empty(), "{place} groups by {strange:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_cluster_each_process_shows_its_part_on_its_admin_port() -> anyhow::Result<()> {
    let cluster = Cluster::start(Shape::new(1, 1).flags(&FLAGS), [model()]).await?;
    cluster.downloaded(&Download::model(MODEL)).await?;
    ensure!(cluster.api().probe("metrics").await? == 404, "users of the API see metrics");
    let (api, worker) = (cluster.apis[0].admin()?, cluster.workers[0].admin()?);
    ensure!(api.probe("readyz").await? == 200 && api.probe("healthz").await? == 200);
    let ended = "hfd_jobs_ended_total{kind=\"download\",status=\"completed\"}";
    // Counted after others can see the end.
    let (api, worker) = (Shown::new(api.metrics().await?), Shown::with(&worker, ended).await?);
    check_documented(&api, &["API", "both"])?;
    check_documented(&worker, &["worker", "both"])?;
    api.expect(&[("hfd_http_requests_total{method=\"POST\",route=\"/api/download\",status=\"202\"}", 1.0)])?;
    worker.expect(&[
        (ended, 1.0),
        ("hfd_task_queue_seconds_count{kind=\"plan\"}", 1.0),
        ("hfd_ready{check=\"queue\"}", 1.0),
        ("hfd_ready{check=\"volume\"}", 1.0),
    ])?;
    ensure!(worker.value("hfd_task_queue_seconds_sum{kind=\"plan\"}")? < 60.0);
    promtool(&["check", "metrics"], &api.text)?;
    promtool(&["check", "metrics"], &worker.text)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_metrics_of_serve_want_the_credentials_of_the_api() -> anyhow::Result<()> {
    let stage = Stage::new([], &["--auth-user", "admin", "--auth-pass", "long-enough-password"]).await?;
    ensure!(stage.api().probe("metrics").await? == 401);
    let url = format!("{}/metrics", stage.api().address());
    let client = reqwest::Client::builder().no_proxy().build()?;
    let shown = client.get(url).basic_auth("admin", Some("long-enough-password")).send().await?;
    ensure!(shown.status() == 200 && shown.text().await?.contains("hfd_build_info{"));
    Ok(())
}

#[test]
fn prometheus_accepts_the_rules_and_they_fire_as_they_should() -> anyhow::Result<()> {
    promtool(&["check", "rules", "deploy/prometheus/rules.yml"], "")?;
    promtool(&["test", "rules", "deploy/prometheus/rules.test.yml"], "")
}

#[test]
fn each_alert_says_what_to_do_and_is_tested() -> anyhow::Result<()> {
    let (page, tests) = (read("docs/operations.md")?, read("deploy/prometheus/rules.test.yml")?);
    for rule in rules()?.iter().filter(|rule| rule["alert"].is_string()) {
        let name = rule["alert"].as_str().unwrap_or_default();
        let severity = rule["labels"]["severity"].as_str().unwrap_or_default();
        ensure!(["critical", "warning", "info"].contains(&severity), "{name} has the severity {severity:?}");
        for annotation in ["summary", "description"] {
            ensure!(rule["annotations"][annotation].is_string(), "{name} has no {annotation}");
        }
        let anchor = format!("docs/operations.md#{}", name.to_lowercase());
        ensure!(rule["annotations"]["runbook"] == anchor.as_str(), "{name} has no runbook");
        ensure!(page.contains(&format!("\n### {name}\n")), "the runbook of {name} is not written");
        ensure!(tests.contains(&format!("alertname: {name}\n")), "{name} is never seen to fire");
    }
    Ok(())
}

#[test]
fn each_panel_is_understood_by_prometheus_and_by_people() -> anyhow::Result<()> {
    let dashboard: Value = serde_json::from_str(&read("deploy/grafana/hfdownloader.json")?)?;
    let mut ids = BTreeSet::new();
    for panel in dashboard["panels"].as_array().context("the dashboard has no panels")? {
        let title = panel["title"].as_str().context("a panel has no title")?;
        ensure!(ids.insert(panel["id"].as_u64()), "{title} has the number of another panel");
        if panel["type"] == "row" {
            continue;
        }
        ensure!(panel["description"].is_string(), "{title} has no description");
        ensure!(panel["datasource"]["uid"] == "${datasource}", "{title} has a data source of its own");
        let unit = if panel["type"] == "heatmap" {
            &panel["options"]["yAxis"]["unit"]
        } else {
            &panel["fieldConfig"]["defaults"]["unit"]
        };
        ensure!(unit.is_string(), "{title} has no unit");
    }
    // Prometheus' own parser reads rules only.
    let mut rules = "groups:\n- name: panels\n  rules:\n".to_owned();
    for (number, (_, expression)) in expressions()?.iter().filter(|(place, _)| place.starts_with("panel")).enumerate() {
        writeln!(rules, "  - record: panel_{number}\n    expr: {}", serde_json::to_string(expression)?)?;
    }
    let file = tempfile::Builder::new().suffix(".yml").tempfile()?;
    std::fs::write(file.path(), rules)?;
    promtool(&["check", "rules", &file.path().to_string_lossy()], "")
}
