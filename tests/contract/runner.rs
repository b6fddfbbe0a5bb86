//! Runs the rows of the table against a deployment.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail, ensure};
use futures_util::StreamExt as _;
use hfd_tests::wait;
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message as Frame;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::deployment::Deployment;
use crate::sections::Section;
use crate::state;
use crate::table::row::{self, Answer, Body, Content, Request, Row, Server};
use crate::table::shape::Shape;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// What texts of a row may name.
type Names = BTreeMap<&'static str, String>;

/// Runs every row; an error names all rows that do not hold.
pub(crate) async fn run(deployment: &Deployment, sections: &[Section]) -> anyhow::Result<()> {
    let client = Client::builder().no_proxy().redirect(Policy::none()).timeout(wait::LIMIT).build()?;
    let mut faults = Vec::new();
    let mut number = 0;
    for row in sections.iter().flat_map(|section| &section.rows) {
        number += 1;
        if let Err(fault) = run_row(deployment, &client, row).await {
            let request = row.request.as_ref().map_or_else(String::new, |request| format!("{request:?}"));
            faults.push(format!("{:?} given {:?}: {request}\n    {fault:#}", row.says, row.given));
        }
        reset(deployment, &client, row).await?;
        state::clear(deployment.api(Server::Open)).await.with_context(|| format!("after {:?}", row.says))?;
    }
    ensure!(faults.is_empty(), "{} of {number} rows do not hold:\n{}", faults.len(), faults.join("\n"));
    Ok(())
}

/// Takes back what a row has set.
async fn reset(deployment: &Deployment, client: &Client, row: &Row) -> anyhow::Result<()> {
    const SETTINGS: &str = "/api/settings";
    if row.before.iter().map(|before| &before.request).chain(&row.request).any(|request| request.path == SETTINGS) {
        let defaults = json!({
            "token": "", "connections": null, "maxActive": null, "multipartThreshold": null, "verify": null, "retries": null,
            "maxBytesPerSecond": null,
        });
        let address = deployment.api(Server::Open).address();
        ask(client, address, &row::send(SETTINGS, defaults), &Names::new()).await?.error_for_status()?;
    }
    Ok(())
}

async fn run_row(deployment: &Deployment, client: &Client, row: &Row) -> anyhow::Result<()> {
    let api = deployment.api(Server::Open);
    let mut names = Names::from([
        ("{cacheDir}", deployment.sandbox().cache().display().to_string()),
        ("{hub}", deployment.hub().url().to_owned()),
        ("{version}", env!("CARGO_PKG_VERSION").to_owned()),
    ]);
    let id = state::bring_about(api, row.given).await.context("what is given")?;
    names.extend(id.map(|id| ("{id}", id)));
    let address = deployment.api(row.server).address();
    for before in &row.before {
        let status = ask(client, address, &before.request, &names).await?.status();
        ensure!(status.is_success() == before.succeeds, "{status} to {:?} before", before.request);
    }
    match &row.answer {
        Answer::Response { status, body } => {
            let request = row.request.as_ref().context("a row without a request")?;
            let response = ask(client, address, request, &names).await?;
            check_response(response, *status, body, row, &names).await
        }
        Answer::Message(kind, shape) => {
            let socket = format!("{}/api/ws", address.replacen("http", "ws", 1));
            let (mut socket, _) = connect_async(&socket).await?;
            // Whoever asks before the first message may find there what he wants to see happen.
            let first = next_message(&mut socket).await?;
            if let Some(request) = &row.request {
                ask(client, address, request, &names).await?.error_for_status()?;
            }
            let mut message = first;
            // Jobs of earlier rows may have news, too.
            while message["type"] != *kind || is_of_another(&message["data"], &names) {
                message = next_message(&mut socket).await?;
            }
            check_json(&message["data"], shape, row, &names)
        }
    }
}

/// Whether a message tells of another job than the one that is given.
fn is_of_another(data: &Value, names: &Names) -> bool {
    let about = data.get("id").or_else(|| data.get("jobId")).and_then(Value::as_str);
    about.zip(names.get("{id}")).is_some_and(|(about, given)| about != given.as_str())
}

async fn next_message(socket: &mut Socket) -> anyhow::Result<Value> {
    loop {
        let frame = tokio::time::timeout(wait::LIMIT, socket.next()).await.context("the WebSocket is silent")?;
        if let Frame::Text(text) = frame.context("the WebSocket has ended")?? {
            return serde_json::from_str(&text).with_context(|| format!("no JSON: {text:.600}"));
        }
    }
}

async fn ask(client: &Client, address: &str, request: &Request, names: &Names) -> anyhow::Result<Response> {
    let url = format!("{address}{}", fill(request.path, names));
    let mut ask = client.request(request.method.clone(), &url);
    for (name, value) in &request.headers {
        ask = ask.header(*name, *value);
    }
    ask = match &request.body {
        Body::None => ask,
        Body::Json(body) => ask.json(body),
        Body::Raw(media_type, bytes) => ask.header("Content-Type", *media_type).body(*bytes),
    };
    ask.send().await.with_context(|| format!("asking {url}"))
}

async fn check_response(
    response: Response,
    status: u16,
    body: &Content,
    row: &Row,
    names: &Names,
) -> anyhow::Result<()> {
    let (got, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.text().await.context("reading the answer")?;
    ensure!(got == status, "status {got} instead of {status}: {text:.600}");
    for (name, wanted) in &row.headers {
        let value = headers.get(*name).map(|value| value.to_str().unwrap_or("no text"));
        ensure!(value == *wanted, "the header {name} is {value:?} instead of {wanted:?}");
    }
    let media_type = headers.get("Content-Type").map_or("", |value| value.to_str().unwrap_or("no text"));
    match body {
        Content::Empty => ensure!(text.is_empty(), "a body: {text:.600}"),
        Content::Document(wanted) => ensure!(media_type.starts_with(wanted), "the type {media_type}"),
        Content::Json(shape) => {
            ensure!(media_type.starts_with("application/json"), "the type {media_type}");
            let value = serde_json::from_str(&text).with_context(|| format!("no JSON: {text:.600}"))?;
            check_json(&value, shape, row, names)?;
        }
    }
    Ok(())
}

fn check_json(value: &Value, shape: &Shape, row: &Row, names: &Names) -> anyhow::Result<()> {
    let mut faults = shape.faults(value);
    for (pointer, wanted) in &row.facts {
        let wanted = match wanted {
            Value::String(text) => Value::String(fill(text, names)),
            other => other.clone(),
        };
        match value.pointer(pointer) {
            Some(value) if *value == wanted => {}
            other => faults.push(format!("{pointer} is {other:?} instead of {wanted}")),
        }
    }
    if !faults.is_empty() {
        bail!("{}\n    in {value:.1200}", faults.join("\n    "));
    }
    Ok(())
}

/// Puts in what the names stand for.
fn fill(text: &str, names: &Names) -> String {
    names.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
}
