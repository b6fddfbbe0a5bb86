//! Keeps out pages that reach this server under a name of their own (DNS rebinding): for the browser they are of the
//! same origin then, and only the `Host` that they ask for gives them away.

use std::net::SocketAddr;
use std::sync::Arc;

use hfd_shared::config::Access;
use poem::http::uri::Authority;
use poem::http::{StatusCode, header};
use poem::{Endpoint, Middleware, Request, Response};
use url::{Host, Url};

use crate::error::ApiError;
use crate::routes::OPEN_PATHS;

/// Names below these are nobody's on the public internet: [RFC 6761](https://www.rfc-editor.org/rfc/rfc6761),
/// [RFC 6762](https://www.rfc-editor.org/rfc/rfc6762), [RFC 8375](https://www.rfc-editor.org/rfc/rfc8375), `internal` by ICANN,
/// and `svc`, where Kubernetes has services.
const PRIVATE_DOMAINS: [&str; 5] = ["localhost", "local", "home.arpa", "internal", "svc"];

/// Serves only who asks for a host that no page can have for its own. Probes ask for any.
pub(crate) struct CheckHost(Option<Known>);

/// The hosts that may be asked for.
#[derive(Clone)]
struct Known {
    /// Whether only this machine reaches the server.
    is_local: bool,
    /// Those that were named.
    allowed: Arc<[Host]>,
}

impl CheckHost {
    /// Checks where reaching the server is all that a client needs to be let in.
    pub(crate) fn new(access: &Access, address: SocketAddr) -> Self {
        let is_local = address.ip().to_canonical().is_loopback();
        Self((!access.is_guarded()).then(|| Known { is_local, allowed: access.hosts.as_slice().into() }))
    }
}

impl<E: Endpoint<Output = Response>> Middleware<E> for CheckHost {
    type Output = HostChecked<E>;

    fn transform(&self, inner: E) -> Self::Output {
        HostChecked { inner, known: self.0.clone() }
    }
}

/// An endpoint behind [`CheckHost`].
pub(crate) struct HostChecked<E> {
    inner: E,
    known: Option<Known>,
}

impl<E: Endpoint<Output = Response>> Endpoint for HostChecked<E> {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let refusal = match &self.known {
            Some(known) if !OPEN_PATHS.contains(&request.uri().path()) => known.check(&request).err(),
            _ => None,
        };
        match refusal {
            Some(refusal) => Ok(refusal.to_response()),
            None => self.inner.call(request).await,
        }
    }
}

impl Known {
    fn check(&self, request: &Request) -> Result<(), ApiError> {
        let host = host(request).ok_or_else(|| {
            ApiError::bad_request("Invalid host", "send one Host header with the name and the port of this server")
        })?;
        let is_safe = if self.is_local { is_of_this_machine(&host) } else { !is_public_name(&host) };
        if is_safe || self.allowed.contains(&host) {
            return Ok(());
        }
        let problem =
            if self.is_local { "is not a name of this machine" } else { "may be a page's own name for this server" };
        let details = format!(
            "{host} {problem}; start the server with --allowed-host {host} to allow it, or have it want credentials"
        );
        Err(ApiError::new(StatusCode::FORBIDDEN, "Host not allowed", details))
    }
}

/// The host that is asked for, without the dot that may end a name. One in the request's target comes before the header.
fn host(request: &Request) -> Option<Host> {
    let mut headers = request.headers().get_all(header::HOST).iter();
    let header = headers.next().and_then(|value| value.to_str().ok());
    let named = request.original_uri().authority().map(Authority::as_str).or(header)?;
    if headers.next().is_some() || named.contains(['/', '\\', '?', '#', '@']) {
        return None;
    }
    match Url::parse(&format!("http://{named}")).ok()?.host()?.to_owned() {
        Host::Domain(name) => Some(Host::Domain(name.trim_end_matches('.').to_owned())),
        address => Some(address),
    }
}

/// Whether anybody could have the name, and make it lead here.
fn is_public_name(host: &Host) -> bool {
    let Host::Domain(name) = host else { return false };
    let is_below = |domain: &&str| name.strip_suffix(*domain).is_some_and(|rest| rest.ends_with('.'));
    name.contains('.') && !PRIVATE_DOMAINS.iter().any(is_below)
}

fn is_of_this_machine(host: &Host) -> bool {
    match host {
        Host::Domain(name) => name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.to_canonical().is_loopback(),
    }
}
