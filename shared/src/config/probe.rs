//! Asks the process that runs with the same configuration how it is: for health checks where no other program is at hand.

use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, ValueEnum};
use reqwest::Client;

use crate::causes::chain;

/// Longer than a check of a dependency may take.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Turns a program into a probe of itself.
#[derive(Debug, Clone, Copy, Args)]
pub struct ProbeArgs {
    /// Ask the process that listens with the same flags whether it is alive or ready, and exit with 0 if so, otherwise with 1
    #[arg(long, value_name = "PROBE")]
    pub probe: Option<Probe>,
}

/// What a process can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Probe {
    /// Whether it answers at all: `/healthz`.
    Live,
    /// Whether it can work: `/readyz`.
    Ready,
}

impl Probe {
    /// Asks a process that listens there. Prints its answer, or why there is none, for whoever reads the log of the check.
    ///
    /// # Errors
    /// When nothing can be printed.
    pub async fn ask(self, address: IpAddr, port: u16) -> io::Result<ExitCode> {
        let path = match self {
            Self::Live => "healthz",
            Self::Ready => "readyz",
        };
        let url = format!("http://{}/{path}", reachable(address, port));
        match get(&url).await {
            Ok(text) => writeln!(io::stdout(), "{text}").map(|()| ExitCode::SUCCESS),
            Err(error) => writeln!(io::stderr(), "{url}: {error}").map(|()| ExitCode::FAILURE),
        }
    }
}

async fn get(url: &str) -> Result<String, String> {
    let text = |error: reqwest::Error| chain(&error.without_url());
    // It is on this machine: a proxy could only be in the way.
    let client = Client::builder().no_proxy().timeout(TIMEOUT).build().map_err(text)?;
    let response = client.get(url).send().await.map_err(text)?;
    let status = response.status();
    let body = response.text().await.map_err(text)?;
    if status.is_success() { Ok(body) } else { Err(format!("{status} {body}")) }
}

/// An address under which a listener on this machine can be asked.
fn reachable(address: IpAddr, port: u16) -> SocketAddr {
    let address = match address {
        IpAddr::V4(address) if address.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(address) if address.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        named => named,
    };
    SocketAddr::new(address, port)
}
