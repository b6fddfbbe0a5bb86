//! What pages of other sites may do: with `--cors-origin` everything, without it read, but nothing that is anybody's own where
//! no credentials are wanted. Sends the documented headers.

use std::sync::Arc;

use hfd_shared::config::{Access, WebOrigin};
use poem::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use poem::{Endpoint, Middleware, Request, Response};

use super::origin::Caller;
use crate::error::ApiError;
use crate::routes::is_public;

/// The methods, the headers and the time in seconds for which a browser may remember them, as documented.
const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, PUT, DELETE, OPTIONS");
const HEADERS: HeaderValue = HeaderValue::from_static("Content-Type, Authorization");
const MAX_AGE_SECONDS: HeaderValue = HeaderValue::from_static("86400");

/// Answers preflights, refuses what foreign pages may not do, and tells browsers which answers a page may see.
#[derive(Clone)]
pub(crate) struct Cors {
    configured: Arc<[WebOrigin]>,
    /// Whether a page has to bring credentials, which no foreign one has. Otherwise it would read by the user's place in the
    /// network alone, and of the Hub what the service's own token opens.
    is_guarded: bool,
}

impl Cors {
    /// The rules for these sites.
    pub(crate) fn new(access: &Access) -> Self {
        Self { configured: access.origins.as_slice().into(), is_guarded: access.is_guarded() }
    }
}

impl<E: Endpoint<Output = Response>> Middleware<E> for Cors {
    type Output = CorsEndpoint<E>;

    fn transform(&self, inner: E) -> Self::Output {
        CorsEndpoint { inner, rules: self.clone() }
    }
}

/// An endpoint behind [`Cors`].
pub(crate) struct CorsEndpoint<E> {
    inner: E,
    rules: Cors,
}

impl<E: Endpoint<Output = Response>> Endpoint for CorsEndpoint<E> {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let caller = Caller::of(request.headers(), &self.rules.configured);
        let (is_read, is_preflight) = (is_read(&request), is_preflight(&request));
        let is_public = is_preflight || is_public(request.uri().path());
        let mut response = if is_preflight {
            Response::builder().status(StatusCode::NO_CONTENT).finish()
        } else if caller == Caller::Foreign && !is_read {
            refusal().to_response()
        } else {
            self.inner.call(request).await?
        };
        self.rules.tell(response.headers_mut(), caller, is_read, is_public);
        Ok(response)
    }
}

impl Cors {
    fn tell(&self, headers: &mut HeaderMap, caller: Caller, is_read: bool, is_public: bool) {
        let seen_by = match caller {
            Caller::Configured(origin) => Some(origin),
            Caller::Own | Caller::Foreign if !self.configured.is_empty() => None,
            Caller::Foreign if !(self.is_guarded || is_public) => None,
            Caller::Own | Caller::Foreign => is_read.then_some(HeaderValue::from_static("*")),
        };
        if !self.configured.is_empty() {
            headers.append(header::VARY, HeaderValue::from_static("Origin"));
        }
        if let Some(origin) = seen_by {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
            headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HEADERS);
            headers.insert(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE_SECONDS);
        }
    }
}

/// Whether a request changes nothing. A WebSocket is none: browsers let every page read what comes from it.
fn is_read(request: &Request) -> bool {
    matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS)
        && !request.headers().contains_key(header::UPGRADE)
}

fn is_preflight(request: &Request) -> bool {
    let path = request.uri().path();
    request.method() == Method::OPTIONS && (path == "/api" || path.starts_with("/api/"))
}

fn refusal() -> ApiError {
    let details = "pages of other sites may change nothing; start the server with --cors-origin to let a site do so";
    ApiError::new(StatusCode::FORBIDDEN, "Origin not allowed", details)
}
