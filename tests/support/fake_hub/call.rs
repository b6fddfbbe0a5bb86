//! A request with the parts the fake Hub looks at taken out of it.

use std::net::SocketAddr;

use percent_encoding::percent_decode_str;
use poem::Request;
use poem::http::header;
use url::form_urlencoded;

use super::range::ByteRange;
use super::route::{HttpMethod, Origin, Route};

/// One request.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) origin: Origin,
    pub(crate) method: HttpMethod,
    pub(crate) raw_path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) route: Route,
    pub(crate) range: Option<ByteRange>,
    pub(crate) range_header: Option<String>,
    pub(crate) if_range: Option<String>,
    pub(crate) authorization: Option<String>,
    pub(crate) host: Option<String>,
    pub(crate) peer: Option<SocketAddr>,
}

impl Call {
    pub(crate) fn new(origin: Origin, request: &Request) -> Self {
        let text = |name: header::HeaderName| {
            request.headers().get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        let uri = request.uri();
        let query = uri.query().unwrap_or_default();
        let range_header = text(header::RANGE);
        Self {
            origin,
            method: request.method().into(),
            raw_path: uri.path().to_owned(),
            query: form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
            route: Route::parse(origin, uri.path()),
            range: range_header.as_deref().and_then(ByteRange::parse),
            range_header,
            if_range: text(header::IF_RANGE),
            authorization: text(header::AUTHORIZATION),
            host: text(header::HOST),
            peer: request.remote_addr().as_socket_addr().copied(),
        }
    }

    /// The path with its escapes decoded.
    pub(crate) fn path(&self) -> String {
        percent_decode_str(&self.raw_path).decode_utf8_lossy().into_owned()
    }

    /// A query parameter.
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A query parameter that is a switch.
    pub(crate) fn switch(&self, name: &str) -> bool {
        self.param(name).is_some_and(|value| matches!(value.to_ascii_lowercase().as_str(), "true" | "1"))
    }
}
