//! Ports for servers that must be told theirs before they start, and for addresses where nobody shall answer.

use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use anyhow::Context as _;

/// Below those that Linux gives to connections and to listeners on port 0, from 32768: none of them takes one of these,
/// however long its server takes to start, or to start again.
const RANGE: Range<u16> = 20_000..25_000;

/// Keeps the ports of this process. Nobody here uses UDP, and the system takes the sockets back when a process is killed.
static CLAIMS: Mutex<Vec<UdpSocket>> = Mutex::new(Vec::new());

/// A port of 127.0.0.1 that nobody listens on and that no other test gets before this process ends.
pub fn claim_port() -> anyhow::Result<u16> {
    let mut claims = CLAIMS.lock().unwrap_or_else(PoisonError::into_inner);
    let claimed = { RANGE }.find_map(|port| {
        let claim = UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).ok()?;
        TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok()?;
        Some((port, claim))
    });
    let (port, claim) = claimed.with_context(|| format!("no port of {RANGE:?} is free"))?;
    claims.push(claim);
    Ok(port)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_port_is_claimed_once_and_nobody_listens_on_it() {
        let claimed: Vec<_> = (0..20).map(|_| claim_port().unwrap()).collect();
        assert_eq!(claimed.iter().collect::<HashSet<_>>().len(), claimed.len());
        for port in claimed {
            TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
        }
    }

    #[test]
    fn a_port_with_a_listener_is_passed_over() {
        let port = claim_port().unwrap();
        let _listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
        // Another process would find it claimed; without its claim the listener alone must do.
        CLAIMS.lock().unwrap().retain(|claim| claim.local_addr().unwrap().port() != port);
        assert_ne!(claim_port().unwrap(), port);
    }
}
