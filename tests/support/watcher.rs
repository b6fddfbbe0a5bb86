//! A client of the WebSocket.

use anyhow::{Context as _, bail};
use futures_util::StreamExt as _;
use serde::Deserialize;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message as Frame;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::api::{Api, Job};
use crate::wait;

/// A message of the server.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
pub enum Message {
    /// The first one: all jobs.
    Init {
        /// The jobs.
        jobs: Vec<Job>,
        /// The server's version.
        version: String,
    },
    /// A job has changed.
    JobUpdate(Box<Job>),
    /// Something has happened.
    Event {
        /// What.
        event: String,
        /// To which job.
        #[serde(rename = "jobId")]
        job_id: String,
    },
}

/// A connection that listens.
#[derive(Debug)]
pub struct Watcher {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Watcher {
    /// Connects.
    pub async fn connect(api: &Api) -> anyhow::Result<Self> {
        let url = format!("{}/api/ws", api.address().replacen("http", "ws", 1));
        let (socket, _) = connect_async(&url).await.with_context(|| format!("connecting to {url}"))?;
        Ok(Self { socket })
    }

    /// The next message.
    pub async fn next(&mut self) -> anyhow::Result<Message> {
        let text = self.text().await?;
        serde_json::from_str(&text).with_context(|| format!("a message against the contract: {text:.500}"))
    }

    /// The next message as it comes.
    pub async fn text(&mut self) -> anyhow::Result<String> {
        tokio::time::timeout(wait::LIMIT, self.next_text()).await.context("the WebSocket is silent")?
    }

    async fn next_text(&mut self) -> anyhow::Result<String> {
        loop {
            match self.socket.next().await.context("the WebSocket has ended")?? {
                Frame::Text(text) => return Ok(text.to_string()),
                Frame::Ping(_) | Frame::Pong(_) => {}
                other => bail!("unexpected frame {other:?}"),
            }
        }
    }
}
