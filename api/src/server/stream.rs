//! A connection that does not wait for ever.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Sleep, sleep};

/// How long a peer is waited for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// For the head of the first request on a new connection.
    first_head: Duration,
    /// For the peer to take a byte of what is written.
    write_stall: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { first_head: Duration::from_secs(10), write_stall: Duration::from_secs(30) }
    }
}

/// A socket that fails when its peer does not begin a request or does not read its answer. Holds the connection's place
/// among those that are allowed, as a WebSocket does long after the request.
pub(super) struct GuardedStream {
    socket: TcpStream,
    _permit: OwnedSemaphorePermit,
    /// Set by the service when the first request is there.
    begun: Arc<AtomicBool>,
    first_head: Option<Pin<Box<Sleep>>>,
    write_stall: Option<Pin<Box<Sleep>>>,
    patience: Patience,
}

impl GuardedStream {
    /// Guards a socket.
    pub(super) fn new(
        socket: TcpStream,
        permit: OwnedSemaphorePermit,
        begun: Arc<AtomicBool>,
        patience: Patience,
    ) -> Self {
        let first_head = Some(Box::pin(sleep(patience.first_head)));
        Self { socket, _permit: permit, begun, first_head, write_stall: None, patience }
    }

    /// Passes a write on, unless none has got through for too long.
    fn guard_write<T>(&mut self, cx: &mut Context<'_>, outcome: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if outcome.is_ready() {
            self.write_stall = None;
            return outcome;
        }
        let patience = self.patience.write_stall;
        let stall = self.write_stall.get_or_insert_with(|| Box::pin(sleep(patience)));
        stall.as_mut().poll(cx).map(|()| Err(timed_out("the client does not read")))
    }
}

fn timed_out(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, what)
}

impl AsyncRead for GuardedStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.begun.load(Ordering::Relaxed) {
            self.first_head = None;
        }
        if let Some(first_head) = &mut self.first_head
            && first_head.as_mut().poll(cx).is_ready()
        {
            return Poll::Ready(Err(timed_out("no request")));
        }
        Pin::new(&mut self.socket).poll_read(cx, buf)
    }
}

impl AsyncWrite for GuardedStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.socket).poll_write(cx, buf);
        self.guard_write(cx, outcome)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.socket).poll_write_vectored(cx, bufs);
        self.guard_write(cx, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;
    use tokio::sync::Semaphore;

    use super::*;

    const SHORT: Patience = Patience { first_head: Duration::from_millis(50), write_stall: Duration::from_millis(50) };

    async fn pair() -> (GuardedStream, TcpStream, Arc<AtomicBool>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (socket, _) = listener.accept().await.unwrap();
        let permit = Arc::new(Semaphore::new(1)).acquire_owned().await.unwrap();
        let begun = Arc::new(AtomicBool::new(false));
        (GuardedStream::new(socket, permit, Arc::clone(&begun), SHORT), client, begun)
    }

    #[tokio::test]
    async fn half_a_request_head_is_not_waited_for() {
        let (mut server, mut client, _) = pair().await;
        client.write_all(b"GET / HT").await.unwrap();
        let mut head = [0; 8];
        server.read_exact(&mut head).await.unwrap();
        let error = server.read_u8().await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn a_request_that_has_begun_may_take_its_time() {
        let (mut server, mut client, begun) = pair().await;
        begun.store(true, Ordering::Relaxed);
        let answer = tokio::spawn(async move { server.read_u8().await });
        tokio::time::sleep(SHORT.first_head * 3).await;
        client.write_u8(7).await.unwrap();
        assert_eq!(answer.await.unwrap().unwrap(), 7);
    }

    #[tokio::test]
    async fn a_client_that_does_not_read_is_given_up() {
        let (mut server, _client, _) = pair().await;
        let block = vec![0; 1 << 20];
        let error = loop {
            if let Err(error) = server.write_all(&block).await {
                break error;
            }
        };
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
