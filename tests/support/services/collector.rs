//! An OpenTelemetry Collector: it receives spans as programs send them, and passes them on as JSON to the test.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, ensure};
use poem::listener::{Acceptor as _, Listener as _, TcpListener};
use poem::{Endpoint, Request, Response, Server};
use serde::Deserialize;
use serde_json::Value;
use tokio::task::JoinHandle;

use super::service::{Recipe, Service};
use crate::ports::claim_port;

/// What the collector answers to whoever reads where spans are to be posted.
const GREETING: (&[u8], &[u8]) =
    (b"GET /v1/traces HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", b"HTTP/1.1 405");

/// A span, as [OTLP in JSON](https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding) has it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Span {
    /// Hex digits.
    pub trace_id: String,
    /// Hex digits.
    pub span_id: String,
    /// Hex digits; empty for the first span of a trace.
    #[serde(default)]
    pub parent_span_id: String,
    /// What was done.
    pub name: String,
    /// 2 server, 3 client, 4 producer, 5 consumer.
    #[serde(default)]
    pub kind: u8,
    /// Which program made it; not in the span itself.
    #[serde(skip)]
    pub service: String,
}

/// A running collector with what it has received.
#[derive(Debug)]
pub struct Collector {
    service: Service,
    spans: Arc<Mutex<Vec<Span>>>,
    serving: JoinHandle<()>,
}

impl Collector {
    /// Starts one.
    pub async fn start() -> anyhow::Result<Self> {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/tools/collector");
        ensure!(program.exists(), "{} is missing: run tests/setup.sh", program.display());
        let acceptor = TcpListener::bind("127.0.0.1:0").into_acceptor().await?;
        let address = acceptor.local_addr().remove(0);
        let sink = address.as_socket_addr().context("no address")?.port();
        let spans = Arc::default();
        let endpoint = Sink(Arc::clone(&spans));
        let serving = tokio::spawn(async move { _ = Server::new_with_acceptor(acceptor).run(endpoint).await });
        let port = claim_port()?;
        let config = format!(
            "{{receivers: {{otlp: {{protocols: {{http: {{endpoint: '127.0.0.1:{port}'}}}}}}}}, \
             exporters: {{otlphttp: {{endpoint: 'http://127.0.0.1:{sink}', encoding: json, compression: none}}}}, \
             service: {{telemetry: {{metrics: {{level: none}}}}, \
             pipelines: {{traces: {{receivers: [otlp], exporters: [otlphttp]}}}}}}}}"
        );
        let command = [program.display().to_string(), "--config".to_owned(), format!("yaml:{config}")].to_vec();
        let recipe = Recipe { command, env: Vec::new(), port, greeting: GREETING };
        let mut service = Service::new("collector", |_| Ok(recipe))?;
        service.start().await?;
        Ok(Self { service, spans, serving })
    }

    /// Where programs send spans to.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.service.recipe().port)
    }

    /// What has arrived so far.
    pub fn spans(&self) -> Vec<Span> {
        self.spans.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

struct Sink(Arc<Mutex<Vec<Span>>>);

impl Endpoint for Sink {
    type Output = Response;

    async fn call(&self, mut request: Request) -> poem::Result<Response> {
        let body: Value = request.take_body().into_json().await?;
        for resource in list(&body, "resourceSpans") {
            let attributes = list(&resource["resource"], "attributes");
            let service = attributes.iter().find(|attribute| attribute["key"] == "service.name");
            let service = service.and_then(|name| name["value"]["stringValue"].as_str()).unwrap_or_default();
            let spans = list(resource, "scopeSpans").iter().flat_map(|scope| list(scope, "spans"));
            for span in spans {
                let span: Span = Span::deserialize(span).map_err(poem::error::BadRequest)?;
                let mut received = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                received.push(Span { service: service.to_owned(), ..span });
            }
        }
        Ok(Response::builder().content_type("application/json").body("{}"))
    }
}

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().map(Vec::as_slice).unwrap_or_default()
}
