//! The probes and the metrics of a process over real sockets.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::future::ready;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use hfd_admin::serve_admin;
use hfd_shared::metrics::{Check, Exposition, Part};
use hfd_shared::readiness::Readiness;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// A process keeps its metrics once.
static METRICS: OnceLock<Exposition> = OnceLock::new();

struct Admin {
    address: SocketAddr,
    client: Client,
    /// Whether the store answers.
    store: Arc<AtomicBool>,
    draining: CancellationToken,
    drained: CancellationToken,
    serving: JoinHandle<()>,
}

impl Admin {
    async fn start() -> Self {
        let (draining, drained) = (CancellationToken::new(), CancellationToken::new());
        let store = Arc::new(AtomicBool::new(true));
        let answers = Arc::clone(&store);
        let readiness = Readiness::new(draining.clone()).needs(Check::Store, move || {
            ready(if answers.load(Ordering::Relaxed) { Ok(()) } else { Err("connection refused") })
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let metrics = METRICS.get_or_init(|| Exposition::install(&[Part::Worker]).unwrap()).clone();
        let told = hfd_admin::Admin { readiness, metrics };
        let serving = tokio::spawn(serve_admin(listener, told, drained.clone()));
        Self { address, client: Client::new(), store, draining, drained, serving }
    }

    async fn send(&self, method: Method, path: &str) -> (u16, Value) {
        let response = self.client.request(method, format!("http://{}{path}", self.address)).send().await.unwrap();
        assert_eq!(response.headers()["content-type"], "application/json");
        let status = response.status().as_u16();
        (status, response.json().await.unwrap_or_default())
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        self.send(Method::GET, path).await
    }
}

#[tokio::test]
async fn a_worker_is_ready_as_long_as_everything_that_it_needs_answers() {
    let admin = Admin::start().await;
    assert_eq!(admin.get("/readyz").await, (200, json!({ "status": "ready" })));
    admin.store.store(false, Ordering::Relaxed);
    let unready = json!({ "status": "not ready", "reasons": ["connection refused"] });
    assert_eq!(admin.get("/readyz").await, (503, unready));
    assert_eq!(admin.get("/healthz").await, (200, json!({ "status": "ok" })), "alive nevertheless");
    admin.store.store(true, Ordering::Relaxed);
    assert_eq!(admin.get("/readyz").await.0, 200);
}

#[tokio::test]
async fn a_worker_that_drains_says_so_until_it_has_drained() {
    let admin = Admin::start().await;
    admin.draining.cancel();
    let (status, body) = admin.get("/readyz").await;
    assert_eq!((status, &body["reasons"][0]), (503, &json!("the process is stopping")));
    assert_eq!(admin.get("/healthz").await.0, 200);
    admin.drained.cancel();
    timeout(Duration::from_secs(3), admin.serving).await.unwrap().unwrap();
    assert!(TcpStream::connect(admin.address).await.is_err());
}

#[tokio::test]
async fn only_the_probes_are_there_and_only_to_be_read() {
    let admin = Admin::start().await;
    assert_eq!(admin.send(Method::HEAD, "/readyz").await.0, 200);
    for (method, path, status) in
        [(Method::GET, "/", 404), (Method::GET, "/readyz/", 404), (Method::POST, "/healthz", 405)]
    {
        let (got, body) = admin.send(method, path).await;
        assert_eq!(got, status, "{path}");
        assert!(body["error"].is_string() && body["details"].is_string(), "{body}");
    }
}

#[tokio::test]
async fn metrics_begin_at_zero_and_are_those_of_the_part() {
    let admin = Admin::start().await;
    let url = format!("http://{}/metrics", admin.address);
    let response = admin.client.get(url).send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    let text = response.text().await.unwrap();
    for line in [
        "# TYPE hfd_retries_total counter",
        "hfd_retries_total{reason=\"timeout\"} 0",
        "hfd_task_duration_seconds_bucket{kind=\"fetch\",outcome=\"settled\",le=\"600\"} 0",
        "# TYPE process_open_fds gauge",
    ] {
        assert!(text.lines().any(|shown| shown == line), "no {line} in\n{text}");
    }
    assert!(!text.contains("hfd_http_requests"), "a worker has no API");
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_and_do_not_outlive_the_server() {
    let admin = Admin::start().await;
    let mut idle = Vec::new();
    for _ in 0..32 {
        idle.push(TcpStream::connect(admin.address).await.unwrap());
    }
    {
        let mut waiting = pin!(admin.get("/healthz"));
        assert!(timeout(Duration::from_millis(100), &mut waiting).await.is_err());
        drop(idle.pop());
        assert_eq!(waiting.await.0, 200);
    }
    admin.drained.cancel();
    timeout(Duration::from_secs(3), admin.serving).await.unwrap().unwrap();
    let mut byte = [0];
    assert_eq!(idle[0].read(&mut byte).await.unwrap_or_default(), 0, "closed");
}

#[tokio::test]
async fn no_connection_keeps_its_place() {
    let admin = Admin::start().await;
    let mut idle = TcpStream::connect(admin.address).await.unwrap();
    let mut served = TcpStream::connect(admin.address).await.unwrap();
    served.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    served.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("\"ok\""), "{answer}");
    let closed = timeout(Duration::from_secs(30), idle.read(&mut [0])).await.unwrap();
    assert_eq!(closed.unwrap_or_default(), 0, "closed");
}
