//! What every response carries, and the line in the log.

use std::any::Any;
use std::sync::Arc;
use std::time::Instant;

use poem::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use poem::{Endpoint, Request, Response};
use tracing::{Instrument as _, Span};

use super::request_id::{self, REQUEST_ID};
use super::span;
use crate::document::methods_of;
use crate::error::ApiError;

/// On every response that does not say otherwise: nothing is kept, guessed, framed, run or told to other sites.
const HEADERS: [(HeaderName, HeaderValue); 5] = [
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")),
];

/// Names the request, completes its response, and logs it.
pub(crate) async fn finish(inner: Arc<impl Endpoint<Output = Response>>, request: Request) -> poem::Result<Response> {
    let id = request_id::of(request.headers());
    let name = id.as_ref().and_then(|id| id.to_str().ok()).unwrap_or_default();
    let span = span::of(&request, name);
    let answered = answer(inner, request).instrument(span).await;
    answered.map(|mut response| {
        if let Some(id) = id {
            response.headers_mut().insert(REQUEST_ID, id);
        }
        response
    })
}

async fn answer(inner: Arc<impl Endpoint<Output = Response>>, request: Request) -> poem::Result<Response> {
    let begun = Instant::now();
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let mut response = inner.call(request).await?;
    let status = response.status();
    span::end(&Span::current(), status);
    complete(response.headers_mut(), status, &path);
    let elapsed_ms = begun.elapsed().as_millis();
    tracing::debug!(%method, path, status = status.as_u16(), elapsed_ms, "request answered");
    Ok(response)
}

fn complete(headers: &mut HeaderMap, status: StatusCode, path: &str) {
    for (name, value) in HEADERS {
        headers.entry(name).or_insert(value);
    }
    if status == StatusCode::METHOD_NOT_ALLOWED
        && let Ok(methods) = HeaderValue::from_str(&methods_of(path))
    {
        headers.insert(header::ALLOW, methods);
    }
}

/// The response for a handler that panicked.
#[expect(clippy::needless_pass_by_value, reason = "poem hands the payload over by value")]
pub(crate) fn panicked(payload: Box<dyn Any + Send + 'static>) -> Response {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no text");
    tracing::error!(panic = text, "a handler panicked");
    ApiError::internal().to_response()
}

#[cfg(test)]
mod tests {
    use poem::middleware::CatchPanic;
    use poem::test::TestClient;
    use poem::{EndpointExt as _, handler};

    use super::*;

    #[handler]
    fn panicking() {
        panic!("secret");
    }

    #[tokio::test]
    async fn a_panic_is_a_500_with_a_body_that_keeps_its_text() {
        let client = TestClient::new(panicking.with(CatchPanic::new().with_handler(panicked)));
        let response = client.get("/").send().await;
        response.assert_status(StatusCode::INTERNAL_SERVER_ERROR);
        let body = response.json().await;
        body.value().object().get("error").assert_string("Internal error");
        body.value().object().get("details").assert_string("the server failed; its log says why");
    }
}
