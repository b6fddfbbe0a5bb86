//! Where a server listens.

use std::io;
use std::net::{IpAddr, SocketAddr};

use clap::Args;
use tokio::net::{TcpListener, TcpSocket};

use super::access::AccessArgs;

/// What the system keeps for a client that does not read, once for each connection.
const SEND_BUFFER_BYTES: u32 = 256 << 10;

/// Connections that wait to be accepted.
const BACKLOG: u32 = 1024;

/// Names the API's address, and who may use it.
#[derive(Debug, Clone, Args)]
pub struct ListenArgs {
    /// Port to listen on
    #[arg(long, env = "HFD_PORT", default_value_t = 8080)]
    pub port: u16,
    /// Address to listen on; set a password or a token before you open it to others
    #[arg(long, env = "HFD_BIND", default_value = "127.0.0.1")]
    pub bind: IpAddr,
    #[command(flatten)]
    #[expect(missing_docs, reason = "a doc comment on what is flattened would become help")]
    pub access: AccessArgs,
}

/// The address cannot be had.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}:{port}; choose another {flags}")]
pub struct ListenError {
    address: IpAddr,
    port: u16,
    flags: &'static str,
    source: io::Error,
}

impl ListenArgs {
    /// Begins to listen.
    pub fn listen(&self) -> Result<TcpListener, ListenError> {
        listen(self.bind, self.port, "--bind or --port")
    }
}

/// Begins to listen on an address that these flags chose.
pub fn listen(address: IpAddr, port: u16, flags: &'static str) -> Result<TcpListener, ListenError> {
    bind(SocketAddr::new(address, port)).map_err(|source| ListenError { address, port, flags, source })
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    // Connections get it from here.
    socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}
