//! Ends requests that take too long.

use std::time::Duration;

use poem::http::StatusCode;
use poem::{Endpoint, Middleware, Request};

use crate::error::ApiError;

/// How long an answer may take to begin; longer than whatever a handler waits for. A WebSocket or a stream of events has
/// begun at once.
const TIMEOUT: Duration = Duration::from_mins(2);

/// Answers 504 for an endpoint that is not ready in time.
pub(crate) struct Deadline(Duration);

impl Default for Deadline {
    fn default() -> Self {
        Self(TIMEOUT)
    }
}

impl<E: Endpoint> Middleware<E> for Deadline {
    type Output = Hurried<E>;

    fn transform(&self, inner: E) -> Self::Output {
        Hurried { inner, timeout: self.0 }
    }
}

/// An endpoint behind [`Deadline`].
pub(crate) struct Hurried<E> {
    inner: E,
    timeout: Duration,
}

impl<E: Endpoint> Endpoint for Hurried<E> {
    type Output = E::Output;

    async fn call(&self, request: Request) -> poem::Result<Self::Output> {
        tokio::time::timeout(self.timeout, self.inner.call(request)).await.unwrap_or_else(|_| {
            let details = format!("no answer within {} s; try again", self.timeout.as_secs());
            Err(ApiError::new(StatusCode::GATEWAY_TIMEOUT, "Request timed out", details).into())
        })
    }
}

#[cfg(test)]
mod tests {
    use poem::{EndpointExt as _, handler};

    use super::*;

    #[handler]
    async fn never() {
        std::future::pending::<()>().await;
    }

    #[tokio::test]
    async fn a_handler_that_never_ends_is_a_504() {
        let hurried = never.with(Deadline(Duration::from_millis(1)));
        let error = hurried.call(Request::default()).await.err().unwrap();
        assert_eq!(error.status(), StatusCode::GATEWAY_TIMEOUT);
    }
}
