//! What a process tells those who run it, on a port of its own and without credentials: is it alive, can it work, and how
//! does it do? The port is not for users: no proxy in front of the service should lead to it.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use hfd_shared::metrics::Exposition;
use hfd_shared::readiness::Readiness;
use hyper::body::Incoming;
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::Serialize;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, warn};

/// Connections at a time; more wait in the listener's backlog.
const MAX_CONNECTIONS: usize = 32;

/// How long a connection may take for the head of a request. There is one request to each, for whoever keeps connections
/// would keep others from asking.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);

/// Bytes that are read ahead; limits the head of a request, too.
const MAX_BUFFER_BYTES: usize = 16 << 10;

/// How long a connection may take to end once the server stops.
const END_TIMEOUT: Duration = Duration::from_secs(1);

/// The wait after an error such as "too many open files".
const ACCEPT_PAUSE: Duration = Duration::from_millis(500);

/// What is told.
#[derive(Clone)]
pub struct Admin {
    /// For `/readyz`.
    pub readiness: Readiness,
    /// For `/metrics`.
    pub metrics: Exposition,
}

/// Answers `/healthz`, `/readyz` and `/metrics` until the token is cancelled. Cancel it after the process has drained, so that
/// it is seen to stop.
pub async fn serve_admin(listener: TcpListener, admin: Admin, stop: CancellationToken) {
    let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let connections = TaskTracker::new();
    while let Some(accepted) = stop.run_until_cancelled(accept(&listener, &slots)).await {
        if let Some((socket, slot)) = accepted {
            let (admin, stop) = (admin.clone(), stop.clone());
            connections.spawn(async move {
                serve(socket, admin, stop).await;
                drop(slot);
            });
        }
    }
    connections.close();
    if tokio::time::timeout(END_TIMEOUT, connections.wait()).await.is_err() {
        debug!(connections = connections.len(), "probes not answered in time");
    }
}

/// The next connection with its place, unless it could not be had.
async fn accept(listener: &TcpListener, slots: &Arc<Semaphore>) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    let slot = Arc::clone(slots).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((socket, _)) => Some((socket, slot)),
        Err(error) => {
            warn!(%error, "cannot accept probes");
            tokio::time::sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}

async fn serve(socket: TcpStream, admin: Admin, stop: CancellationToken) {
    let service = service_fn(move |request: Request<Incoming>| {
        let admin = admin.clone();
        async move { Ok::<_, Infallible>(answer(&request, &admin).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .keep_alive(false)
        .max_buf_size(MAX_BUFFER_BYTES)
        .serve_connection(TokioIo::new(socket), service);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        debug!(%error, "probe ended early");
    }
}

async fn answer(request: &Request<Incoming>, admin: &Admin) -> Response<String> {
    let path = request.uri().path();
    if !matches!(path, "/healthz" | "/readyz" | "/metrics") {
        return json(StatusCode::NOT_FOUND, &error("Not found", "here are /healthz, /readyz and /metrics"));
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let refusal = error("Method not allowed", "probes and metrics are read with GET");
        let mut refusal = json(StatusCode::METHOD_NOT_ALLOWED, &refusal);
        refusal.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return refusal;
    }
    match path {
        "/metrics" => text(StatusCode::OK, Exposition::CONTENT_TYPE, admin.metrics.render()),
        "/healthz" => json(StatusCode::OK, &json!({ "status": "ok" })),
        _ => {
            let report = admin.readiness.report().await;
            json(if report.is_ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, &report)
        }
    }
}

fn error(error: &str, details: &str) -> serde_json::Value {
    json!({ "error": error, "details": details })
}

fn json(status: StatusCode, body: &impl Serialize) -> Response<String> {
    // Nothing that is shown here can fail to be written.
    text(status, "application/json", serde_json::to_string(body).unwrap_or_default())
}

fn text(status: StatusCode, content_type: &'static str, body: String) -> Response<String> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
