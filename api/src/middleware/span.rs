//! A request as a part of its caller's trace.

use hfd_shared::trace::{TRACEPARENT, TraceContext, joined};
use poem::Request;
use poem::http::{HeaderMap, StatusCode};
use tracing::field::Empty;
use tracing::{Span, debug_span, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use super::measure;
use super::scrape::METRICS_PATH;
use crate::routes::OPEN_PATHS;

/// The span of a request with this id, named as the [semantic conventions](https://opentelemetry.io/docs/specs/semconv/http/http-spans/)
/// have it.
pub(super) fn of(request: &Request, id: &str) -> Span {
    let (method, path) = (request.method(), request.uri().path());
    // What machines ask all the time is no part of anybody's trace.
    if OPEN_PATHS.contains(&path) || path == METRICS_PATH {
        return debug_span!("request", id);
    }
    let route = measure::route(path);
    let name = format_args!("{method} {route}");
    let span = info_span!(
        "request", id, trace_id = Empty, otel.kind = "server", otel.name = %name, otel.status_code = Empty
    );
    let span = joined(span, caller(request.headers()));
    span.set_attribute("http.route", route);
    span.set_attribute("http.request.method", method.to_string());
    span.set_attribute("url.path", path.to_owned());
    span
}

/// Notes how the request ended.
pub(super) fn end(span: &Span, status: StatusCode) {
    span.set_attribute("http.response.status_code", i64::from(status.as_u16()));
    if status.is_server_error() {
        span.record("otel.status_code", "ERROR");
    }
}

/// A header that cannot be read is no reason to refuse a request.
fn caller(headers: &HeaderMap) -> Option<TraceContext> {
    headers.get(TRACEPARENT)?.to_str().ok()?.parse().ok()
}
