//! Accepts connections, serves them, and ends them in good order.
//!
//! poem's own server has no limit for a slow request head, none for the number of connections, and forgets WebSocket
//! connections when it stops; so connections are served with hyper directly, HTTP/1.1 only.

mod acceptor;
mod connection;
mod stream;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, warn};

use crate::app;
use crate::feed::Feed;
use crate::state::ApiState;
use acceptor::Acceptor;
use connection::Serving;

/// How long requests may take to finish once the server stops.
const REQUESTS_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a WebSocket may take to close once the server stops.
const SOCKETS_TIMEOUT: Duration = Duration::from_secs(5);

/// Serves the API on a listener until the token is cancelled. Then it accepts nothing more, finishes the requests that
/// have begun (10 s at most), ends each event stream, closes each WebSocket with code 1001 (5 s at most), and returns.
///
/// # Errors
/// When the listener has no address, so cannot be served.
pub async fn serve(listener: TcpListener, state: ApiState, stop: CancellationToken) -> io::Result<()> {
    let address = listener.local_addr()?;
    if !state.config.access.is_guarded() && !address.ip().to_canonical().is_loopback() {
        warn!(%address, "whoever reaches this address may use the API: set an API token, or --auth-user and --auth-pass");
    }
    let state = Arc::new(state);
    let (connections, sessions) = (TaskTracker::new(), TaskTracker::new());
    let feed = Feed::start(&state, sessions.clone(), stop.child_token());
    let serving = Serving::new(app::endpoint(state, feed, address), address, stop.child_token());
    let mut acceptor = Acceptor::new(listener);
    debug!(%address, "listening");
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            accepted = acceptor.accept() => {
                connections.spawn(serving.clone().serve(accepted));
            }
        }
    }
    drop(acceptor);
    connections.close();
    sessions.close();
    let (requests, sockets) =
        tokio::join!(timeout(REQUESTS_TIMEOUT, connections.wait()), timeout(SOCKETS_TIMEOUT, sessions.wait()));
    if requests.is_err() || sockets.is_err() {
        warn!(connections = connections.len(), sessions = sessions.len(), "not everything ended in time");
    }
    serving.abort();
    debug!(%address, "stopped");
    Ok(())
}
