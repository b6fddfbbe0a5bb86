//! A client of `GET /api/events` that waits a limited time.

use std::collections::HashMap;
use std::time::Duration;

use reqwest::{Method, Response};
use serde_json::Value;
use tokio::time::timeout;

use crate::harness::Server;

/// Longer than the silence after which a comment comes.
const PATIENCE: Duration = Duration::from_secs(25);

/// An event as it came.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) data: Value,
}

/// A stream of events.
pub(crate) struct Stream {
    response: Response,
    buffer: String,
}

impl Stream {
    /// Opens a stream, behind the event of this id if there is one.
    pub(crate) async fn open(server: &Server, query: &str, last_id: Option<&str>) -> Self {
        let mut request = server.request(Method::GET, &format!("/api/events{query}"));
        if let Some(id) = last_id {
            request = request.header("Last-Event-ID", id);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "no-store");
        assert_eq!(response.headers()["x-accel-buffering"], "no");
        let mut stream = Self { response, buffer: String::new() };
        assert_eq!(stream.block().await.as_deref(), Some("retry: 2000"));
        stream
    }

    /// The next block: what stands before an empty line; none when the stream has ended.
    pub(crate) async fn block(&mut self) -> Option<String> {
        loop {
            if let Some((block, rest)) = self.buffer.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.buffer = rest;
                return Some(block);
            }
            let chunk = timeout(PATIENCE, self.response.chunk()).await.expect("the stream is silent").unwrap()?;
            self.buffer.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// The next event.
    pub(crate) async fn next(&mut self) -> Event {
        loop {
            let block = self.block().await.expect("the stream has ended");
            if block == ":" {
                continue;
            }
            let fields: HashMap<&str, &str> = block.lines().map(|line| line.split_once(": ").unwrap()).collect();
            assert_eq!(fields.len(), 3, "{block}");
            let data = serde_json::from_str(fields["data"]).unwrap();
            return Event { id: fields["id"].to_owned(), kind: fields["event"].to_owned(), data };
        }
    }

    /// Events up to the first of which something is true, that one included.
    pub(crate) async fn until(&mut self, is_last: impl Fn(&Event) -> bool) -> Vec<Event> {
        let mut events = Vec::new();
        loop {
            events.push(self.next().await);
            if events.last().is_some_and(&is_last) {
                return events;
            }
        }
    }
}
