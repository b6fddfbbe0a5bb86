//! A server that gives canned answers by path and notes what it was asked.

use std::collections::{HashMap, VecDeque};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use url::Url;

/// A request as it came.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) target: String,
    headers: Vec<(String, String)>,
}

impl Request {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// A canned answer. It has a `Content-Length` unless it has other ideas.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    promised_bytes: Option<usize>,
    is_chunked: bool,
    is_silent: bool,
}

impl Reply {
    pub(super) fn new(status: u16) -> Self {
        Self { status, headers: vec![], body: vec![], promised_bytes: None, is_chunked: false, is_silent: false }
    }

    /// No answer at all.
    pub(super) fn silence() -> Self {
        Self { is_silent: true, ..Self::new(200) }
    }

    pub(super) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(super) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Another `Content-Length` than the body's.
    pub(super) fn promising(mut self, bytes: usize) -> Self {
        self.promised_bytes = Some(bytes);
        self
    }

    /// No `Content-Length`, and the body in chunks.
    pub(super) fn chunked(mut self) -> Self {
        self.is_chunked = true;
        self
    }

    fn bytes(&self, method: &str) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} X\r\nconnection: close\r\n", self.status);
        for (name, value) in &self.headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        let length = self.promised_bytes.unwrap_or(self.body.len());
        let framing =
            if self.is_chunked { "transfer-encoding: chunked".to_owned() } else { format!("content-length: {length}") };
        let _ = write!(head, "{framing}\r\n\r\n");
        let mut bytes = head.into_bytes();
        if method == "HEAD" {
            return bytes;
        }
        if self.is_chunked {
            bytes.extend_from_slice(format!("{:x}\r\n", self.body.len()).as_bytes());
            bytes.extend_from_slice(&self.body);
            bytes.extend_from_slice(b"\r\n0\r\n\r\n");
        } else {
            bytes.extend_from_slice(&self.body);
        }
        bytes
    }
}

#[derive(Default)]
struct State {
    replies: Mutex<HashMap<String, VecDeque<Reply>>>,
    requests: Mutex<Vec<Request>>,
}

/// Runs until it is dropped.
pub(super) struct TestServer {
    pub(super) url: Url,
    state: Arc<State>,
    accepting: JoinHandle<()>,
}

impl TestServer {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
        let state = Arc::new(State::default());
        let accepting = tokio::spawn(accept(listener, state.clone()));
        Self { url, state, accepting }
    }

    /// Answers requests for a target, or for its path whatever the query, with these one by one, the last for ever.
    pub(super) fn on(&self, target: &str, reply: Reply) {
        self.state.replies.lock().unwrap().entry(target.to_owned()).or_default().push_back(reply);
    }

    pub(super) fn requests(&self) -> Vec<Request> {
        self.state.requests.lock().unwrap().clone()
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(answer(stream, state.clone()));
    }
}

async fn answer(mut stream: TcpStream, state: Arc<State>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let request = parse(&String::from_utf8(head).unwrap());
    let reply = reply_to(&state, &request);
    let bytes = reply.bytes(&request.method);
    state.requests.lock().unwrap().push(request);
    if reply.is_silent {
        std::future::pending::<()>().await;
    }
    let _ = stream.write_all(&bytes).await;
    let _ = stream.shutdown().await;
}

fn reply_to(state: &State, request: &Request) -> Reply {
    let mut replies = state.replies.lock().unwrap();
    let path = request.target.split('?').next().unwrap();
    let known = if replies.contains_key(&request.target) { request.target.as_str() } else { path };
    match replies.get_mut(known) {
        Some(queue) if queue.len() > 1 => queue.pop_front().unwrap(),
        Some(queue) => queue[0].clone(),
        None => Reply::new(599).body(format!("nothing prepared for {}", request.target)),
    }
}

fn parse(head: &str) -> Request {
    let mut lines = head.split("\r\n");
    let mut first = lines.next().unwrap().split(' ');
    let headers = lines.filter_map(|line| line.split_once(": ")).map(|(k, v)| (k.to_lowercase(), v.to_owned()));
    Request {
        method: first.next().unwrap().to_owned(),
        target: first.next().unwrap().to_owned(),
        headers: headers.collect(),
    }
}
