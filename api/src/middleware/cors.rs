//! What pages of other sites may do: read, and with `--cors-origin` everything. Sends the documented headers.

use std::sync::Arc;

use hfd_shared::config::WebOrigin;
use poem::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use poem::{Endpoint, Middleware, Request, Response};

use super::origin::Caller;
use crate::error::ApiError;

/// The methods, the headers and the time in seconds for which a browser may remember them, as documented.
const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, PUT, DELETE, OPTIONS");
const HEADERS: HeaderValue = HeaderValue::from_static("Content-Type, Authorization");
const MAX_AGE_SECONDS: HeaderValue = HeaderValue::from_static("86400");

/// Answers preflights, refuses what foreign pages may not do, and tells browsers which answers a page may see.
pub(crate) struct Cors(pub(crate) Arc<[WebOrigin]>);

impl<E: Endpoint<Output = Response>> Middleware<E> for Cors {
    type Output = CorsEndpoint<E>;

    fn transform(&self, inner: E) -> Self::Output {
        CorsEndpoint { inner, configured: Arc::clone(&self.0) }
    }
}

/// An endpoint behind [`Cors`].
pub(crate) struct CorsEndpoint<E> {
    inner: E,
    configured: Arc<[WebOrigin]>,
}

impl<E: Endpoint<Output = Response>> Endpoint for CorsEndpoint<E> {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let caller = Caller::of(request.headers(), &self.configured);
        let is_read = is_read(&request);
        let mut response = if is_preflight(&request) {
            Response::builder().status(StatusCode::NO_CONTENT).finish()
        } else if caller == Caller::Foreign && !is_read {
            refusal().to_response()
        } else {
            self.inner.call(request).await?
        };
        self.tell(response.headers_mut(), caller, is_read);
        Ok(response)
    }
}

impl<E> CorsEndpoint<E> {
    fn tell(&self, headers: &mut HeaderMap, caller: Caller, is_read: bool) {
        let seen_by = match caller {
            _ if self.configured.is_empty() => is_read.then_some(HeaderValue::from_static("*")),
            Caller::Configured(origin) => Some(origin),
            Caller::Own | Caller::Foreign => None,
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
    let details = "pages of other sites may only read; start the server with --cors-origin to let a site do more";
    ApiError::new(StatusCode::FORBIDDEN, "Origin not allowed", details)
}
