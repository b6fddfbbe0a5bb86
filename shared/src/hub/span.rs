//! A request to the Hub, or to where it keeps content, as a part of the trace that it is made for.

use reqwest::StatusCode;
use tracing::field::Empty;
use tracing::{Span, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use url::Url;

use super::follow::Ask;

/// The span of a request, named as the [semantic conventions](https://opentelemetry.io/docs/specs/semconv/http/http-spans/)
/// have it. Of an address that may be signed only the host is told.
pub(super) fn of(ask: Ask<'_>, url: &Url, is_own: bool) -> Span {
    let purpose = ask.purpose.name();
    let span = info_span!("hub request", otel.kind = "client", otel.name = purpose, otel.status_code = Empty);
    span.set_attribute("http.request.method", ask.purpose.method().as_str().to_owned());
    span.set_attribute("server.address", url.host_str().unwrap_or_default().to_owned());
    if is_own {
        span.set_attribute("url.path", url.path().to_owned());
    }
    if let Some(range) = ask.range {
        span.set_attribute("hfd.range", range.to_string());
    }
    span
}

/// Notes the status of the answer, or that there was none.
pub(super) fn answered(span: &Span, status: Option<StatusCode>) {
    if let Some(status) = status {
        span.set_attribute("http.response.status_code", i64::from(status.as_u16()));
    }
    if status.is_none_or(|status| status.is_client_error() || status.is_server_error()) {
        span.record("otel.status_code", "ERROR");
    }
}
