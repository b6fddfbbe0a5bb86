//! Serves one connection.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use poem::endpoint::BoxEndpoint;
use poem::http::uri::Scheme;
use poem::web::{LocalAddr, RemoteAddr};
use poem::{Endpoint as _, Response};
use tokio_util::sync::CancellationToken;
use tracing::debug;

use super::acceptor::Accepted;
use super::stream::{GuardedStream, Patience};

/// How long a connection may be idle, or take for the head of a request. Longer than the 60 s after which the usual
/// proxies give up theirs: if we were first, they would send requests into a connection that is just closing.
const IDLE_TIMEOUT: Duration = Duration::from_secs(75);

/// Bytes that are read ahead; limits the head of a request, too.
const MAX_BUFFER_BYTES: usize = 64 << 10;

/// What connections are served with.
#[derive(Clone)]
pub(super) struct Serving {
    endpoint: Arc<BoxEndpoint<'static, Response>>,
    local: SocketAddr,
    /// Finish the request that has begun, then close.
    stop: CancellationToken,
    /// Close at once.
    abort: CancellationToken,
}

impl Serving {
    /// Serves with an endpoint until `stop`.
    pub(super) fn new(endpoint: BoxEndpoint<'static, Response>, local: SocketAddr, stop: CancellationToken) -> Self {
        Self { endpoint: Arc::new(endpoint), local, stop, abort: CancellationToken::new() }
    }

    /// Ends what is left.
    pub(super) fn abort(&self) {
        self.abort.cancel();
    }

    /// Serves a connection to its end.
    pub(super) async fn serve(self, Accepted { socket, peer, permit }: Accepted) {
        let begun = Arc::new(AtomicBool::new(false));
        let stream = GuardedStream::new(socket, permit, Arc::clone(&begun), Patience::default());
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            begun.store(true, Ordering::Relaxed);
            let endpoint = Arc::clone(&self.endpoint);
            let addresses = (LocalAddr(self.local.into()), RemoteAddr(peer.into()));
            async move {
                let request = (request, addresses.0, addresses.1, Scheme::HTTP).into();
                Ok::<hyper::Response<_>, Infallible>(endpoint.get_response(request).await.into())
            }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(IDLE_TIMEOUT)
            .max_buf_size(MAX_BUFFER_BYTES)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        let mut connection = std::pin::pin!(connection);
        let result = tokio::select! {
            result = connection.as_mut() => result,
            () = self.stop.cancelled() => {
                connection.as_mut().graceful_shutdown();
                tokio::select! {
                    result = connection => result,
                    () = self.abort.cancelled() => return debug!(%peer, "request not finished in time"),
                }
            }
        };
        if let Err(error) = result {
            debug!(%peer, %error, "connection ended early");
        }
    }
}
