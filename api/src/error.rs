//! The one shape of every error: `{"error", "details"}` with its status.
//!
//! `error` says what failed in a few fixed words, `details` on what and what to do. Handlers return an [`ApiError`];
//! whatever else goes wrong on the way (routing, reading, panics) is turned into one by [`respond`].

mod hub;

use std::borrow::Cow;
use std::time::Duration;

use hfd_shared::cache::CacheError;
use hfd_shared::callback::CallbackRefused;
use hfd_shared::control::{ControlError, SettingsError};
use hfd_shared::job::{Refused, RequestError};
use hfd_shared::ports::StoreError;
use poem::error::{MethodNotAllowedError, NotFoundError, ResponseError, WebSocketError};
use poem::http::{HeaderValue, StatusCode, header};
use poem::{IntoResponse, Response};
use poem_openapi::Object;
use poem_openapi::error::{ContentTypeError, ParseParamError, ParsePathError};
use poem_openapi::types::ToJSON;

/// What a client should wait before it asks an unavailable store again.
const STORE_RETRY: Duration = Duration::from_secs(5);

/// An error as a client sees it.
#[derive(Debug, Clone, Object)]
#[oai(rename = "Error")]
pub(crate) struct ErrorView {
    /// What failed.
    error: String,
    /// On what, and what to do; may be empty.
    details: String,
}

/// An error on its way to the client.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{error}: {details}")]
pub(crate) struct ApiError {
    status: StatusCode,
    error: Cow<'static, str>,
    details: String,
    retry_after: Option<Duration>,
    challenges: &'static [&'static str],
}

impl ApiError {
    /// An error with its status.
    pub(crate) fn new(status: StatusCode, error: &'static str, details: impl Into<String>) -> Self {
        Self { status, error: Cow::Borrowed(error), details: details.into(), retry_after: None, challenges: &[] }
    }

    /// The client asked for something that cannot be.
    pub(crate) fn bad_request(error: &'static str, details: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error, details)
    }

    /// There is no such thing, or not in this state.
    pub(crate) fn not_found(error: &'static str, details: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, error, details)
    }

    /// Something else is in the way.
    pub(crate) fn conflict(error: &'static str, details: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, error, details)
    }

    /// The store does not answer.
    pub(crate) fn store_away(details: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "Job store unavailable", details).retry_after(STORE_RETRY)
    }

    /// The store takes no more.
    fn store_full(reason: &str) -> Self {
        let details = format!("{reason}; dismiss jobs that have ended, or give the store more memory");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "Job store full", details).retry_after(STORE_RETRY)
    }

    /// The credentials are missing or wrong; the challenges say which would do.
    pub(crate) fn unauthorized(challenges: &'static [&'static str]) -> Self {
        let details = "send the user and the password with HTTP Basic authentication, or an API token as Bearer";
        Self { challenges, ..Self::new(StatusCode::UNAUTHORIZED, "Unauthorized", details) }
    }

    /// A fault of ours; the log knows more.
    pub(crate) fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Internal error", "the server failed; its log says why")
    }

    /// Tells the client when to try again.
    #[must_use]
    pub(crate) fn retry_after(self, after: Duration) -> Self {
        Self { retry_after: Some(after), ..self }
    }

    /// The same as a part of something larger that failed: its status and its name move into the details.
    #[must_use]
    pub(crate) fn within(self, error: &'static str) -> Self {
        let mut name = self.error.into_owned();
        if let Some(first) = name.get_mut(..1) {
            first.make_ascii_lowercase();
        }
        let details = format!("{}: {name}: {}", self.status.as_u16(), self.details);
        Self { error: Cow::Borrowed(error), details, ..self }
    }

    /// The response.
    pub(crate) fn to_response(&self) -> Response {
        let view = ErrorView { error: self.error.clone().into_owned(), details: self.details.clone() };
        let mut response = poem::web::Json(view.to_json()).into_response();
        response.set_status(self.status);
        let headers = response.headers_mut();
        for challenge in self.challenges {
            headers.append(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        if let Some(after) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(after.as_secs().max(1)));
        }
        response
    }
}

impl ResponseError for ApiError {
    fn status(&self) -> StatusCode {
        self.status
    }

    fn as_response(&self) -> Response {
        self.to_response()
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(reason) => Self::store_away(reason),
            StoreError::Full(reason) => Self::store_full(&reason),
            StoreError::Corrupt { .. } => {
                tracing::error!(%error, "job store unreadable");
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Job store unreadable", error.to_string())
            }
        }
    }
}

impl From<ControlError> for ApiError {
    fn from(error: ControlError) -> Self {
        match error {
            ControlError::Refused(Refused::Exclusive(_)) => Self::conflict("Job cannot be stopped", error.to_string()),
            ControlError::Unknown(_) | ControlError::Refused(_) | ControlError::NotHeld(_) => {
                Self::not_found("Job not found", error.to_string())
            }
            ControlError::Duplicate(_) => Self::conflict("Job already in progress", error.to_string()),
            ControlError::Blocked(_) => Self::conflict("Repository in use", error.to_string()),
            ControlError::Store(error) => error.into(),
            ControlError::Random(_) => {
                tracing::error!(%error, "no job id");
                Self::internal()
            }
        }
    }
}

impl From<SettingsError> for ApiError {
    fn from(error: SettingsError) -> Self {
        match error {
            SettingsError::NoKey => Self::bad_request("Token cannot be stored", error.to_string()),
            SettingsError::Token(error) => Self::bad_request("Invalid token", error.to_string()),
            SettingsError::Store(error) => error.into(),
            SettingsError::Secret(_) => {
                tracing::error!(%error, "token not stored");
                Self::internal()
            }
        }
    }
}

impl From<CacheError> for ApiError {
    fn from(error: CacheError) -> Self {
        tracing::error!(%error, "cache unreadable");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Cache unreadable", error.to_string())
    }
}

impl From<CallbackRefused> for ApiError {
    fn from(error: CallbackRefused) -> Self {
        let details = error.to_string();
        match error {
            CallbackRefused::NotConfigured => Self::bad_request("Callbacks are not configured", details),
            CallbackRefused::Private { .. } => Self::bad_request("Invalid callbackUrl", details),
        }
    }
}

impl From<RequestError> for ApiError {
    fn from(error: RequestError) -> Self {
        match error {
            RequestError::Repo(_) => Self::bad_request("Invalid repo format", "Expected owner/name"),
            RequestError::Revision(_) => Self::bad_request("Invalid revision", error.to_string()),
            RequestError::Pattern(_) => Self::bad_request("Invalid filter", error.to_string()),
            RequestError::Callback(_) => Self::bad_request("Invalid callbackUrl", error.to_string()),
            RequestError::TooManyPatterns => Self::bad_request("Too many filters", error.to_string()),
        }
    }
}

/// The JSON response for any error that comes out of the endpoints or of poem.
pub(crate) fn respond(error: &poem::Error) -> Response {
    from_poem(error).to_response()
}

fn from_poem(error: &poem::Error) -> ApiError {
    if let Some(known) = error.downcast_ref::<ApiError>() {
        return known.clone();
    }
    if error.is::<NotFoundError>() {
        return ApiError::not_found("Not found", "there is no such path; the API is below /api");
    }
    if error.is::<MethodNotAllowedError>() {
        return ApiError::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "Method not allowed",
            "the path knows other methods only",
        );
    }
    if let Some(reason) = error.downcast_ref::<ContentTypeError>() {
        let details = format!("send application/json: {reason}");
        return ApiError::bad_request("Invalid content type", details);
    }
    if let Some(ParseParamError { name, reason }) = error.downcast_ref() {
        return ApiError::bad_request("Invalid parameter", format!("{name}: {reason}"));
    }
    if let Some(ParsePathError { name, reason }) = error.downcast_ref() {
        return ApiError::bad_request("Invalid parameter", format!("{name}: {reason}"));
    }
    if error.is::<WebSocketError>() {
        return ApiError::bad_request("WebSocket required", "connect with a WebSocket client, version 13");
    }
    let status = error.status();
    if status.is_server_error() {
        tracing::error!(%error, "request failed");
        return ApiError::internal();
    }
    ApiError::new(status, "Invalid request", error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status_of(error: impl Into<ApiError>) -> u16 {
        error.into().status.as_u16()
    }

    #[test]
    fn a_store_that_is_away_is_a_503_with_a_time_to_retry() {
        let response = ApiError::from(StoreError::Unavailable("connection refused".into())).to_response();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.header(header::RETRY_AFTER), Some("5"));
        assert_eq!(status_of(StoreError::Corrupt { at: "job".into(), reason: "cut".into() }), 500);
    }

    #[test]
    fn errors_of_poem_that_are_not_known_keep_their_status_or_hide_their_text() {
        let client = poem::Error::from_string("odd header", StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
        assert_eq!(from_poem(&client).status.as_u16(), 431);
        let server = poem::Error::from_string("secret", StatusCode::INTERNAL_SERVER_ERROR);
        assert!(!from_poem(&server).details.contains("secret"));
    }
}
