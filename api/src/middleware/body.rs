//! Reads each request's body up front, up to a size and for a time.

use std::time::Duration;

use poem::error::ReadBodyError;
use poem::http::{StatusCode, header};
use poem::{Endpoint, Middleware, Request};

use crate::error::ApiError;

/// Bytes of the largest body that any request needs.
const MAX_BODY_BYTES: usize = 1 << 20;

/// How long a body may take to arrive.
const READ_TIMEOUT: Duration = Duration::from_secs(30);

/// Refuses bodies that are too large or too slow, whatever their `Content-Length` says.
pub(crate) struct BodyLimit;

impl<E: Endpoint> Middleware<E> for BodyLimit {
    type Output = LimitedBody<E>;

    fn transform(&self, inner: E) -> Self::Output {
        LimitedBody(inner)
    }
}

/// An endpoint behind [`BodyLimit`].
pub(crate) struct LimitedBody<E>(E);

impl<E: Endpoint> Endpoint for LimitedBody<E> {
    type Output = E::Output;

    async fn call(&self, mut request: Request) -> poem::Result<Self::Output> {
        let announced = request.header(header::CONTENT_LENGTH).and_then(|length| length.parse::<u64>().ok());
        if announced.is_some_and(|length| length > MAX_BODY_BYTES as u64) {
            return Err(too_large().into());
        }
        let reading = request.take_body().into_bytes_limit(MAX_BODY_BYTES);
        let body = tokio::time::timeout(READ_TIMEOUT, reading).await.map_err(|_| too_slow())?.map_err(unreadable)?;
        request.set_body(body);
        self.0.call(request).await
    }
}

fn too_large() -> ApiError {
    ApiError::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "Request too large",
        format!("at most {MAX_BODY_BYTES} bytes are read"),
    )
}

fn too_slow() -> ApiError {
    let details = format!("the body did not arrive within {} s", READ_TIMEOUT.as_secs());
    ApiError::new(StatusCode::REQUEST_TIMEOUT, "Request timed out", details)
}

fn unreadable(error: ReadBodyError) -> ApiError {
    match error {
        ReadBodyError::PayloadTooLarge => too_large(),
        other => ApiError::bad_request("Invalid request body", other.to_string()),
    }
}
