//! Keeps out pages that reach this machine under a name of their own (DNS rebinding): for the browser they are of the
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

/// Serves only who asks for a known host. Probes ask for any.
pub(crate) struct CheckHost(Option<Arc<[Host]>>);

impl CheckHost {
    /// Checks where being on this machine is all that a client needs to be let in.
    pub(crate) fn new(access: &Access, address: SocketAddr) -> Self {
        let is_needed = address.ip().to_canonical().is_loopback() && !access.is_guarded();
        Self(is_needed.then(|| access.hosts.as_slice().into()))
    }
}

impl<E: Endpoint<Output = Response>> Middleware<E> for CheckHost {
    type Output = HostChecked<E>;

    fn transform(&self, inner: E) -> Self::Output {
        HostChecked { inner, allowed: self.0.clone() }
    }
}

/// An endpoint behind [`CheckHost`].
pub(crate) struct HostChecked<E> {
    inner: E,
    allowed: Option<Arc<[Host]>>,
}

impl<E: Endpoint<Output = Response>> Endpoint for HostChecked<E> {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let refusal = match &self.allowed {
            Some(allowed) if !OPEN_PATHS.contains(&request.uri().path()) => check(&request, allowed).err(),
            _ => None,
        };
        match refusal {
            Some(refusal) => Ok(refusal.to_response()),
            None => self.inner.call(request).await,
        }
    }
}

fn check(request: &Request, allowed: &[Host]) -> Result<(), ApiError> {
    let host = host(request).ok_or_else(|| {
        ApiError::bad_request("Invalid host", "send one Host header with the name and the port of this server")
    })?;
    if is_of_this_machine(&host) || allowed.contains(&host) {
        return Ok(());
    }
    let details =
        format!("{host} is not a name of this machine; start the server with --allowed-host {host} to allow it");
    Err(ApiError::new(StatusCode::FORBIDDEN, "Host not allowed", details))
}

/// The host that is asked for. One in the request's target comes before the header.
fn host(request: &Request) -> Option<Host> {
    let mut headers = request.headers().get_all(header::HOST).iter();
    let header = headers.next().and_then(|value| value.to_str().ok());
    let named = request.original_uri().authority().map(Authority::as_str).or(header)?;
    if headers.next().is_some() || named.contains(['/', '\\', '?', '#', '@']) {
        return None;
    }
    Url::parse(&format!("http://{named}")).ok()?.host().map(|host| host.to_owned())
}

fn is_of_this_machine(host: &Host) -> bool {
    match host {
        Host::Domain(name) => name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.to_canonical().is_loopback(),
    }
}
