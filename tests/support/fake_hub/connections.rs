//! Accepts connections so that one of them can be reset later: hyper itself only ever closes them in order.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use poem::http::uri::Scheme;
use poem::listener::Acceptor;
use poem::web::{LocalAddr, RemoteAddr};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

/// The open connections by their peer's address.
#[derive(Debug, Default)]
pub(crate) struct Connections(Mutex<HashMap<SocketAddr, Arc<AtomicBool>>>);

impl Connections {
    /// The switch that makes a connection end with a reset.
    pub(crate) fn reset_switch(&self, peer: Option<SocketAddr>) -> Arc<AtomicBool> {
        let open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        peer.and_then(|peer| open.get(&peer).cloned()).unwrap_or_default()
    }
}

/// Accepts on one listener.
pub(crate) struct ResettableAcceptor {
    listener: TcpListener,
    local: LocalAddr,
    connections: Arc<Connections>,
}

impl ResettableAcceptor {
    pub(crate) fn new(listener: TcpListener, connections: Arc<Connections>) -> io::Result<Self> {
        let local = LocalAddr(listener.local_addr()?.into());
        Ok(Self { listener, local, connections })
    }
}

impl Acceptor for ResettableAcceptor {
    type Io = Connection;

    fn local_addr(&self) -> Vec<LocalAddr> {
        vec![self.local.clone()]
    }

    async fn accept(&mut self) -> io::Result<(Self::Io, LocalAddr, RemoteAddr, Scheme)> {
        let (stream, peer) = self.listener.accept().await?;
        stream.set_nodelay(true)?;
        let reset = Arc::new(AtomicBool::new(false));
        let mut open = self.connections.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.insert(peer, Arc::clone(&reset));
        drop(open);
        let connection = Connection { stream, peer, reset, connections: Arc::clone(&self.connections) };
        Ok((connection, self.local.clone(), RemoteAddr(peer.into()), Scheme::HTTP))
    }
}

/// A connection that ends with a reset if its switch is on.
pub(crate) struct Connection {
    stream: TcpStream,
    peer: SocketAddr,
    reset: Arc<AtomicBool>,
    connections: Arc<Connections>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.connections.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.peer);
        if self.reset.load(Ordering::Relaxed)
            && let Err(error) = self.stream.set_zero_linger()
        {
            tracing::warn!(%error, "connection closed instead of reset");
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.reset.load(Ordering::Relaxed) {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
