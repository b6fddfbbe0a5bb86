//! A WebSocket client that waits a limited time.

use std::time::Duration;

use futures_util::StreamExt as _;
use serde_json::Value;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Bytes, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, client_async, connect_async};

use crate::harness::Server;

/// Long enough for a loaded machine.
const PATIENCE: Duration = Duration::from_secs(10);

/// A connected client.
pub(crate) struct Socket {
    pub(crate) stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Socket {
    /// Connects and gives what `init` holds.
    pub(crate) async fn connect(server: &Server) -> (Self, Value) {
        Self::connect_to(server, "").await
    }

    /// The same with a query.
    pub(crate) async fn connect_to(server: &Server, query: &str) -> (Self, Value) {
        let (stream, _) = connect_async(format!("ws://{}/api/ws{query}", server.address)).await.unwrap();
        let mut socket = Self { stream };
        let init = socket.next().await;
        assert_eq!(init["type"], "init");
        (socket, init["data"].clone())
    }

    /// Connects, reads `init`, and can then hold little that it does not read.
    pub(crate) async fn connect_with_small_buffer(server: &Server) -> Self {
        let tcp = TcpSocket::new_v4().unwrap();
        tcp.set_recv_buffer_size(16 << 10).unwrap();
        let tcp = MaybeTlsStream::Plain(tcp.connect(server.address).await.unwrap());
        let (stream, _) = client_async(format!("ws://{}/api/ws", server.address), tcp).await.unwrap();
        let mut socket = Self { stream };
        assert_eq!(socket.next().await["type"], "init");
        socket
    }

    /// The next message.
    pub(crate) async fn next(&mut self) -> Value {
        match timeout(PATIENCE, self.stream.next()).await.expect("no message in time") {
            Some(Ok(Message::Text(text))) => serde_json::from_str(&text).unwrap(),
            other => panic!("not a text: {other:?}"),
        }
    }

    /// Messages up to the first of which something is true, that one included.
    pub(crate) async fn until(&mut self, is_last: impl Fn(&Value) -> bool) -> Vec<Value> {
        let mut messages = Vec::new();
        loop {
            messages.push(self.next().await);
            if messages.last().is_some_and(&is_last) {
                return messages;
            }
        }
    }

    /// Everything that comes within a time.
    pub(crate) async fn during(&mut self, time: Duration) -> Vec<Value> {
        let end = Instant::now() + time;
        let mut messages = Vec::new();
        while let Ok(Some(Ok(message))) = timeout_at(end, self.stream.next()).await {
            if let Message::Text(text) = message {
                messages.push(serde_json::from_str(&text).unwrap());
            }
        }
        messages
    }

    /// How the server closes.
    pub(crate) async fn closed(&mut self) -> Option<CloseFrame> {
        loop {
            match timeout(PATIENCE, self.stream.next()).await.expect("not closed in time") {
                Some(Ok(Message::Close(frame))) => return frame,
                Some(Ok(_)) => {}
                _ => return None,
            }
        }
    }

    /// Whether the server answers a ping.
    pub(crate) async fn is_alive(&mut self) -> bool {
        use futures_util::SinkExt as _;
        self.stream.send(Message::Ping(Bytes::from_static(b"x"))).await.is_ok()
            && matches!(timeout(PATIENCE, self.stream.next()).await, Ok(Some(Ok(Message::Pong(_)))))
    }
}
