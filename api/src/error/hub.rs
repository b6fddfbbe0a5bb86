//! What the Hub refuses; its errors say themselves what to do.

use hfd_shared::hub::HubError;
use hfd_shared::job::SelectionError;
use poem::http::StatusCode;

use super::ApiError;
use crate::analyze::AnalyzeError;

impl From<SelectionError> for ApiError {
    fn from(error: SelectionError) -> Self {
        Self::bad_request("Nothing to download", error.to_string())
    }
}

impl From<AnalyzeError> for ApiError {
    fn from(error: AnalyzeError) -> Self {
        let reason = match error {
            AnalyzeError::Hub(error) => error.into(),
            AnalyzeError::NotFound(_) => Self::not_found("Repository not found", error.to_string()),
            AnalyzeError::Timeout => Self::new(StatusCode::GATEWAY_TIMEOUT, "Hub timed out", error.to_string()),
        };
        reason.within("Analysis failed")
    }
}

impl From<HubError> for ApiError {
    fn from(error: HubError) -> Self {
        use HubError as E;
        let (status, name) = match error {
            E::RepoNotFound { .. } => (StatusCode::NOT_FOUND, "Repository not found"),
            E::RevisionNotFound { .. } => (StatusCode::NOT_FOUND, "Revision not found"),
            E::FileNotFound { .. } => (StatusCode::NOT_FOUND, "File not found"),
            E::Gated { .. } | E::Disabled { .. } | E::BadToken { .. } | E::Forbidden { .. } => {
                (StatusCode::FORBIDDEN, "Access denied by the Hub")
            }
            E::RateLimited { .. } => (StatusCode::TOO_MANY_REQUESTS, "Rate limited by the Hub"),
            E::Timeout { .. } => (StatusCode::GATEWAY_TIMEOUT, "Hub timed out"),
            E::BadEndpoint { .. } | E::NoClient { .. } => (StatusCode::INTERNAL_SERVER_ERROR, "Hub not set up"),
            // What is left says that the Hub, or the way to it, failed.
            _ => (StatusCode::BAD_GATEWAY, "Hub failed"),
        };
        let answer = Self::new(status, name, error.to_string());
        if let E::RateLimited { after, .. } = error { answer.retry_after(after) } else { answer }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use poem::http::header;

    use super::*;

    #[test]
    fn each_refusal_of_the_hub_has_its_status() {
        let what = || "a/b".to_owned();
        let detail = || "x".to_owned();
        for (error, status) in [
            (HubError::RepoNotFound { what: what() }, 404),
            (HubError::RevisionNotFound { what: what() }, 404),
            (HubError::FileNotFound { what: what() }, 404),
            (HubError::Gated { what: what() }, 403),
            (HubError::Disabled { what: what() }, 403),
            (HubError::BadToken { what: what() }, 403),
            (HubError::Forbidden { what: what(), detail: detail() }, 403),
            (HubError::RateLimited { what: what(), after: Duration::from_secs(7) }, 429),
            (HubError::Server { what: what(), status: 500, detail: detail() }, 502),
            (HubError::Network { what: what(), detail: detail() }, 502),
            (HubError::Protocol { what: what(), detail: detail() }, 502),
            (HubError::Timeout { what: what() }, 504),
        ] {
            let text = error.to_string();
            let answer = ApiError::from(error);
            assert_eq!(answer.status.as_u16(), status, "{text}");
            assert_eq!(answer.details, text);
        }
    }

    #[test]
    fn the_hubs_rate_limit_is_passed_on() {
        let wait = |after| ApiError::from(HubError::RateLimited { what: "a/b".into(), after }).to_response();
        assert_eq!(wait(Duration::from_secs(7)).header(header::RETRY_AFTER), Some("7"));
        assert_eq!(wait(Duration::ZERO).header(header::RETRY_AFTER), Some("1"));
    }
}
