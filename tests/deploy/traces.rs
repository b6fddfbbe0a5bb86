//! One trace for all that comes of a request, in every process.

use anyhow::{Context as _, ensure};
use hfd_tests::api::{Download, Job};
use hfd_tests::cluster::{Cluster, Shape};
use hfd_tests::fake_hub::RepoBuilder;
use hfd_tests::services::{Collector, Span};
use hfd_tests::wait;
use reqwest::Client;

const MODEL: &str = "acme/traced";
const TRACE_ID: &str = "0af7651916cd43dd8448eb211c80319c";
const CALLER: &str = "b7ad6b7169203331";

const SERVER: u8 = 2;
const CLIENT: u8 = 3;
const PRODUCER: u8 = 4;
const CONSUMER: u8 = 5;

/// Spans of tasks, and those of what they ask for.
const TASKS: [&str; 3] = ["plan", "fetch", "finish"];
const ASKED: [(&str, &str); 4] =
    [("hub api", "plan"), ("hub content", "fetch"), ("hub locate", "fetch"), ("located content", "fetch")];

/// The spans of the trace.
struct Trace(Vec<Span>);

impl Trace {
    fn find(&self, service: &str, kind: u8, name: &str) -> anyhow::Result<&Span> {
        let wanted = |span: &&Span| span.service == service && span.kind == kind && span.name == name;
        self.0.iter().find(wanted).with_context(|| format!("no {name} of {service} in {:#?}", self.0))
    }

    fn parent(&self, span: &Span) -> anyhow::Result<&Span> {
        let parent = self.0.iter().find(|other| other.span_id == span.parent_span_id);
        parent.with_context(|| format!("{} has no parent in the trace", span.name))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_download_is_one_trace_from_the_request_over_the_queue_to_the_hub() -> anyhow::Result<()> {
    let collector = Collector::start().await?;
    let flags = ["--otlp-endpoint", &collector.url(), "--log", "debug", "--multipart-threshold", "1MiB"];
    let shape = Shape::new(1, 1).flags(&flags);
    let model = RepoBuilder::model(MODEL).many_files("small", 3).random_file("large.bin", 2 << 20, 1);
    let mut cluster = Cluster::start(shape, [model]).await?;
    let traceparent = format!("00-{TRACE_ID}-{CALLER}-01");
    let job: Job = Client::builder()
        .no_proxy()
        .build()?
        .post(format!("{}/api/download", cluster.api().address()))
        .header("traceparent", traceparent)
        .json(&Download::model(MODEL))
        .send()
        .await?
        .json()
        .await?;
    cluster.api().completed(&job.id).await?;
    for log in [cluster.apis[0].log()?, cluster.workers[0].log()?] {
        ensure!(log.contains(&format!("\"trace_id\":\"{TRACE_ID}\"")), "the trace is not in the log: {log}");
    }
    // The last spans are sent when a process ends.
    ensure!(cluster.workers[0].terminate().await?.success() && cluster.apis[0].terminate().await?.success());

    let trace = wait::until("the trace to be whole", wait::LIMIT, async || {
        let mut spans = collector.spans();
        spans.retain(|span| span.trace_id == TRACE_ID);
        let trace = Trace(spans);
        let has = |kind, name| trace.find("hfd-worker", kind, name).and_then(|span| trace.parent(span)).is_ok();
        let is_whole = TASKS.iter().all(|task| has(CONSUMER, task))
            && ASKED.iter().all(|(asked, _)| has(CLIENT, asked))
            && trace.find("hfd-api", SERVER, "POST /api/download").is_ok();
        Ok(is_whole.then_some(trace))
    })
    .await?;
    let request = trace.find("hfd-api", SERVER, "POST /api/download")?;
    ensure!(request.parent_span_id == CALLER, "{request:?}");
    for task in TASKS {
        let publish = trace.parent(trace.find("hfd-worker", CONSUMER, task)?)?;
        ensure!(publish.name == "publish" && publish.kind == PRODUCER, "{task} comes from {publish:?}");
        ensure!(publish.parent_span_id == request.span_id, "{publish:?}");
    }
    for (asked, task) in ASKED {
        let asking = trace.parent(trace.find("hfd-worker", CLIENT, asked)?)?;
        ensure!(asking.name == task, "{asked} was asked by {asking:?}");
    }
    Ok(())
}
