//! Where a server listens, and whom it lets in.

use std::io;
use std::net::{IpAddr, SocketAddr};

use clap::Args;
use secrecy::{ExposeSecret, SecretString};
use tokio::net::{TcpListener, TcpSocket};

use super::UsageError;
use super::secret::secret;

/// What the system keeps for a client that does not read, once for each connection.
const SEND_BUFFER_BYTES: u32 = 256 << 10;

/// Connections that wait to be accepted.
const BACKLOG: u32 = 1024;

/// Names the API's address, and the user and the password that guard it.
#[derive(Debug, Clone, Args)]
pub struct ListenArgs {
    /// Port to listen on
    #[arg(long, env = "HFD_PORT", default_value_t = 8080)]
    pub port: u16,
    /// Address to listen on; set a user and a password before you open it to others
    #[arg(long, env = "HFD_BIND", default_value = "127.0.0.1")]
    pub bind: IpAddr,
    /// User name that clients must give (with --auth-pass)
    #[arg(long, env = "HFD_AUTH_USER", requires = "auth_pass")]
    pub auth_user: Option<String>,
    /// Password that clients must give (with --auth-user)
    #[arg(long, env = "HFD_AUTH_PASS", requires = "auth_user", hide_env_values = true, value_parser = secret())]
    pub auth_pass: Option<SecretString>,
}

/// The user that every request must name, with the password.
#[derive(Debug, Clone)]
pub struct BasicAuth {
    /// The user's name; it cannot contain a colon.
    pub user: String,
    /// The password.
    pub password: SecretString,
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
    /// The user and the password that clients must give, if any.
    ///
    /// # Errors
    /// When they are such that no client could give them.
    pub fn auth(&self) -> Result<Option<BasicAuth>, UsageError> {
        let Some((user, password)) = self.auth_user.clone().zip(self.auth_pass.clone()) else { return Ok(None) };
        if user.is_empty() || user.contains(':') || password.expose_secret().is_empty() {
            let rule = "--auth-user and --auth-pass must not be empty, and the user must not contain a colon";
            return Err(UsageError(rule.to_owned()));
        }
        Ok(Some(BasicAuth { user, password }))
    }

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
