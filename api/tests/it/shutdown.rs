//! The server stops in good order.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use crate::harness::Server;
use crate::socket::Socket;

#[tokio::test]
async fn websockets_are_closed_with_1001_and_nothing_more_is_accepted() {
    let mut server = Server::start().await;
    let (mut socket, _) = Socket::connect(&server).await;
    server.get("/api/health").await;
    let begun = Instant::now();
    server.stop.cancel();
    assert_eq!(socket.closed().await.unwrap().code, CloseCode::Away);
    (&mut server.serving).await.unwrap().unwrap();
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    assert!(TcpStream::connect(server.address).await.is_err());
}

#[tokio::test]
async fn a_client_that_does_not_answer_the_close_does_not_hold_the_server_up() {
    let mut server = Server::start().await;
    let (_silent, _) = Socket::connect(&server).await;
    server.stop.cancel();
    timeout(Duration::from_secs(6), &mut server.serving).await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn a_request_that_has_begun_is_finished() {
    let mut server = Server::start().await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let body = r#"{"repo":"owner/name"}"#;
    let head = format!(
        "POST /api/download HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&body.as_bytes()[..5]).await.unwrap();
    // The server has to have read the head: it answers nothing before the body is there, so this cannot be seen.
    tokio::time::sleep(Duration::from_millis(200)).await;
    server.stop.cancel();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!server.serving.is_finished());
    stream.write_all(&body.as_bytes()[5..]).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 202"), "{answer}");
    timeout(Duration::from_secs(3), &mut server.serving).await.unwrap().unwrap().unwrap();
}
