//! Clients of the WebSocket that are silent, loud or odd.

use std::time::Duration;

use futures_util::SinkExt as _;
use hfd_api::FeedTimes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::{Bytes, Message};

use crate::harness::{Server, Setup};
use crate::socket::Socket;

const LIMIT: usize = 512 << 10;

/// What a client sends to become one of the WebSocket.
const HANDSHAKE: &str = "GET /api/ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

#[tokio::test]
async fn what_a_client_says_is_ignored() {
    let server = Server::start().await;
    let (mut odd, _) = Socket::connect(&server).await;
    for message in [
        Message::text("hello"),
        Message::text(r#"{"type":"subscribe""#),
        Message::text(""),
        Message::Binary(Bytes::from_static(&[0, 159, 146, 150])),
        Message::Pong(Bytes::from_static(b"unasked")),
        Message::text("x".repeat(LIMIT)),
    ] {
        odd.stream.send(message).await.unwrap();
        assert!(odd.is_alive().await);
    }
}

#[tokio::test]
async fn a_client_that_says_too_much_is_dropped_and_others_go_on() {
    let server = Server::start().await;
    let (mut quiet, _) = Socket::connect(&server).await;
    let (mut loud, _) = Socket::connect(&server).await;
    let _ = loud.stream.send(Message::text("x".repeat(LIMIT + 1))).await;
    assert!(!loud.is_alive().await);
    let (mut piecemeal, _) = Socket::connect(&server).await;
    for kind in [Data::Text, Data::Continue, Data::Continue] {
        let part = Frame::message(vec![b'x'; LIMIT / 2], OpCode::Data(kind), false);
        let _ = piecemeal.stream.send(Message::Frame(part)).await;
    }
    assert!(!piecemeal.is_alive().await, "the limit is that of the message, in however many frames it comes");
    assert!(quiet.is_alive().await);
}

#[tokio::test]
async fn text_that_is_none_ends_the_connection() {
    let server = Server::start().await;
    let (mut odd, _) = Socket::connect(&server).await;
    let garbage = Frame::message(vec![0xff, 0xfe], OpCode::Data(Data::Text), true);
    let _ = odd.stream.send(Message::Frame(garbage)).await;
    assert!(!odd.is_alive().await);
}

#[test]
fn the_feed_keeps_the_documented_times() {
    let FeedTimes { sweep_every, linger, keep_alive, ping_every, read_timeout } = FeedTimes::default();
    let seconds = [sweep_every, linger, keep_alive, ping_every, read_timeout].map(|time| time.as_secs());
    assert_eq!(seconds, [5, 30, 15, 30, 60]);
}

#[tokio::test]
async fn a_silent_client_is_pinged_and_then_dropped() {
    let read_timeout = Duration::from_millis(2250);
    let feed = FeedTimes { ping_every: Duration::from_secs(1), read_timeout, ..FeedTimes::default() };
    let server = Server::start_with(Setup { feed, ..Setup::default() }).await;
    let (mut answering, _) = Socket::connect(&server).await;
    let silent = silent_for(&server, &[]);
    // The head of a masked text of five bytes, and then nothing.
    let halfway = silent_for(&server, &[0x81, 0x85, 1, 2]);
    let answers = answering.during(2 * read_timeout);
    let (silent, halfway, _) = tokio::join!(silent, halfway, answers);
    for (received, elapsed) in [silent, halfway] {
        assert!(received.ends_with(&[0x89, 0]) || received.ends_with(&[0x89, 0, 0x89, 0]), "a ping: {received:?}");
        assert!(elapsed > read_timeout, "{elapsed:?}");
    }
    assert!(answering.is_alive().await, "a client that answers stays");
}

/// Connects, sends this and waits for the end; gives what was received last, and when the end came.
async fn silent_for(server: &Server, frame: &[u8]) -> (Vec<u8>, Duration) {
    let begun = Instant::now();
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(HANDSHAKE.as_bytes()).await.unwrap();
    stream.write_all(frame).await.unwrap();
    let mut received = Vec::new();
    timeout(Duration::from_secs(30), stream.read_to_end(&mut received)).await.unwrap().unwrap();
    let last = received.split_off(received.len().saturating_sub(4));
    (last, begun.elapsed())
}
