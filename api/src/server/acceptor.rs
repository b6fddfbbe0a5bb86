//! Takes connections from the listener: no more than the process can hold, and without spinning on errors.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tracing::{debug, warn};

/// Connections at a time; more wait in the listener's backlog.
const MAX_CONNECTIONS: usize = 1024;

/// The wait after an error such as "too many open files", doubled up to the longest.
const SHORTEST_WAIT: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// A connection with its place among those that are allowed.
pub(super) struct Accepted {
    /// The connection.
    pub(super) socket: TcpStream,
    /// Who connected.
    pub(super) peer: SocketAddr,
    /// Held as long as the connection is.
    pub(super) permit: OwnedSemaphorePermit,
}

/// A listener with limits.
pub(super) struct Acceptor {
    listener: TcpListener,
    slots: Arc<Semaphore>,
}

impl Acceptor {
    /// Wraps a listener.
    pub(super) fn new(listener: TcpListener) -> Self {
        Self::with_slots(listener, MAX_CONNECTIONS)
    }

    fn with_slots(listener: TcpListener, slots: usize) -> Self {
        Self { listener, slots: Arc::new(Semaphore::new(slots)) }
    }

    /// Waits for the next connection.
    pub(super) async fn accept(&mut self) -> Accepted {
        let mut wait = SHORTEST_WAIT;
        loop {
            let Ok(permit) = Arc::clone(&self.slots).acquire_owned().await else {
                // Nobody closes the semaphore.
                std::future::pending().await
            };
            match self.listener.accept().await {
                Ok((socket, peer)) => {
                    if let Err(error) = socket.set_nodelay(true) {
                        debug!(%peer, %error, "small packets stay delayed");
                    }
                    return Accepted { socket, peer, permit };
                }
                Err(error) if is_of_the_peer(&error) => debug!(%error, "connection gone before it was accepted"),
                Err(error) => {
                    warn!(%error, "cannot accept connections");
                    tokio::time::sleep(wait).await;
                    wait = (wait * 2).min(LONGEST_WAIT);
                }
            }
        }
    }
}

fn is_of_the_peer(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_connection_beyond_the_limit_waits_until_another_ends() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut acceptor = Acceptor::with_slots(listener, 1);
        let _clients = (TcpStream::connect(address).await.unwrap(), TcpStream::connect(address).await.unwrap());
        let first = acceptor.accept().await;
        assert!(first.socket.nodelay().unwrap());
        assert!(tokio::time::timeout(Duration::from_millis(50), acceptor.accept()).await.is_err());
        drop(first.permit);
        let second = acceptor.accept().await;
        assert_ne!(first.peer, second.peer);
    }
}
