//! From a refusal to its meaning. The rules are those of `huggingface_hub`'s `hf_raise_for_status`: the Hub says what is
//! wrong in `X-Error-Code` and `X-Error-Message`, and by status only where these are silent.

use std::time::Duration;

use reqwest::{Response, StatusCode};
use serde_json::Value;

use super::follow::{Ask, Purpose};
use super::{HubClient, HubError, rate_limit};

const DISABLED: &str = "Access to this resource is disabled.";
const BAD_TOKEN: &str = "Invalid credentials in Authorization header";
/// Stands in the message about a token that was good once, with its name.
const EXPIRED_TOKEN: [&str; 2] = ["Access Token", "expired"];

const BODY_MAX_BYTES: usize = 4 << 10;
const BODY_TIMEOUT: Duration = Duration::from_secs(5);

/// What a refusal says.
#[derive(Debug)]
struct Refusal {
    purpose: Purpose,
    /// Whether it is the Hub's word on the file or repository; else it only concerns the URL.
    by_hub: bool,
    status: StatusCode,
    code: Option<String>,
    message: String,
    /// For the log of the Hub's operator.
    request_id: Option<String>,
    wait: Duration,
}

impl HubClient {
    /// What an answer means whose status is not of success.
    pub(super) async fn refusal(&self, ask: Ask<'_>, response: Response) -> HubError {
        let headers = response.headers();
        let text_of =
            |name: &str| headers.get(name).map(|value| self.quote(&String::from_utf8_lossy(value.as_bytes())));
        let mut refusal = Refusal {
            purpose: ask.purpose,
            // What is wrong with a located file is found out by locating it again, whoever has it.
            by_hub: self.is_own(response.url()) && ask.purpose != Purpose::Located,
            status: response.status(),
            code: text_of("x-error-code"),
            message: text_of("x-error-message").unwrap_or_default(),
            request_id: text_of("x-request-id").or_else(|| text_of("x-amz-cf-id")),
            wait: rate_limit::wait_for(headers),
        };
        if refusal.message.is_empty() {
            refusal.message = self.quote(&message_in(&start_of_body(response).await));
        }
        refusal.into_error(ask.what.to_owned())
    }
}

impl Refusal {
    fn into_error(self, what: String) -> HubError {
        if self.by_hub
            && let Some(error) = self.by_name(&what)
        {
            return error;
        }
        match self.status.as_u16() {
            429 => HubError::RateLimited { what, after: self.wait },
            416 if self.by_hub => HubError::Changed { what, detail: "it ends before the wanted bytes".to_owned() },
            status @ (408 | 500..) => HubError::Server { status, detail: self.detail(), what },
            // A content server refuses an expired URL in many ways (403, 400, 404), and what it has of a file may be cut short
            // (416); all that is certain is that this URL is of no more use.
            status if !self.by_hub => HubError::UrlExpired { status, detail: self.detail(), what },
            // To an anonymous user, absent and private repositories look alike.
            401 if self.is_about_the_token() => HubError::BadToken { what },
            401 => HubError::RepoNotFound { what },
            403 => HubError::Forbidden { detail: self.detail(), what },
            404 if self.purpose == Purpose::Api => HubError::RepoNotFound { what },
            404 => HubError::FileNotFound { what },
            status => HubError::protocol(&what, format!("status {status}, {}", self.detail())),
        }
    }

    /// The error that the Hub itself names; it does so under any status.
    fn by_name(&self, what: &str) -> Option<HubError> {
        let what = what.to_owned();
        match self.code.as_deref() {
            Some("RevisionNotFound") => Some(HubError::RevisionNotFound { what }),
            Some("EntryNotFound") => Some(HubError::FileNotFound { what }),
            Some("GatedRepo") => Some(HubError::Gated { what }),
            Some("RepoNotFound") => Some(HubError::RepoNotFound { what }),
            _ if self.message == DISABLED => Some(HubError::Disabled { what }),
            _ => None,
        }
    }

    fn is_about_the_token(&self) -> bool {
        self.message == BAD_TOKEN || EXPIRED_TOKEN.iter().all(|words| self.message.contains(words))
    }

    fn detail(&self) -> String {
        match &self.request_id {
            Some(id) => format!("{}, request {id}", self.message).trim_start_matches(", ").to_owned(),
            None => self.message.clone(),
        }
    }
}

/// As much of the body as a message needs; a body that does not come is as good as an empty one.
async fn start_of_body(mut response: Response) -> Vec<u8> {
    let mut body = Vec::new();
    let read = async {
        while let Ok(Some(chunk)) = response.chunk().await {
            body.extend_from_slice(&chunk);
            if body.len() >= BODY_MAX_BYTES {
                break;
            }
        }
    };
    let _ = tokio::time::timeout(BODY_TIMEOUT, read).await;
    body.truncate(BODY_MAX_BYTES);
    body
}

/// The message in a body: the Hub's JSON `{"error": …}` or a list of texts, else the text itself unless it is a page.
fn message_in(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body).into_owned();
    let json: Option<Value> = serde_json::from_slice(body).ok();
    match json.as_ref().map(|json| json.get("error").unwrap_or(json)) {
        Some(Value::String(message)) => message.clone(),
        Some(Value::Array(messages)) => messages.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "),
        _ if text.to_ascii_lowercase().contains("<html") => String::new(),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(by_hub: bool, purpose: Purpose, status: u16, code: &str, message: &str) -> HubError {
        let refusal = Refusal {
            purpose,
            by_hub,
            status: StatusCode::from_u16(status).unwrap(),
            code: (!code.is_empty()).then(|| code.to_owned()),
            message: message.to_owned(),
            request_id: None,
            wait: Duration::from_secs(9),
        };
        refusal.into_error("a/b".to_owned())
    }

    #[test]
    fn the_hub_names_its_errors_or_tells_by_status() {
        let what = || "a/b".to_owned();
        let by_api = |status, code, message| refused(true, Purpose::Api, status, code, message);
        assert_eq!(by_api(404, "RevisionNotFound", ""), HubError::RevisionNotFound { what: what() });
        assert_eq!(by_api(404, "EntryNotFound", ""), HubError::FileNotFound { what: what() });
        for status in [401, 403] {
            assert_eq!(by_api(status, "GatedRepo", "x"), HubError::Gated { what: what() });
        }
        assert_eq!(by_api(403, "", DISABLED), HubError::Disabled { what: what() });
        assert_eq!(by_api(404, "RepoNotFound", ""), HubError::RepoNotFound { what: what() });
        assert_eq!(by_api(401, "", "Invalid username or password."), HubError::RepoNotFound { what: what() });
        for message in [BAD_TOKEN, "User Access Token \"ci\" is expired"] {
            assert_eq!(by_api(401, "", message), HubError::BadToken { what: what() });
        }
        assert_eq!(by_api(403, "", "no"), HubError::Forbidden { what: what(), detail: "no".to_owned() });
        assert_eq!(by_api(429, "", ""), HubError::RateLimited { what: what(), after: Duration::from_secs(9) });
        assert_eq!(by_api(404, "", ""), HubError::RepoNotFound { what: what() });
        assert_eq!(refused(true, Purpose::Locate, 404, "", ""), HubError::FileNotFound { what: what() });
        assert!(matches!(by_api(416, "", ""), HubError::Changed { .. }));
        for status in [408, 500, 502, 503, 504, 599] {
            assert!(matches!(by_api(status, "", ""), HubError::Server { status: got, .. } if got == status));
        }
        for status in [400, 304, 418] {
            assert!(matches!(by_api(status, "", ""), HubError::Protocol { .. }));
        }
    }

    #[test]
    fn the_refusal_of_a_located_file_concerns_its_url_only() {
        let by_cdn = |status| refused(false, Purpose::Located, status, "GatedRepo", DISABLED);
        for status in [400, 401, 403, 404, 410, 416] {
            assert!(matches!(by_cdn(status), HubError::UrlExpired { .. }), "{status}");
        }
        assert!(matches!(by_cdn(429), HubError::RateLimited { .. }));
        assert!(matches!(by_cdn(503), HubError::Server { .. }));
    }

    #[test]
    fn a_message_is_found_in_any_kind_of_body() {
        for (body, message) in [
            (r#"{"error":"no such thing"}"#, "no such thing"),
            (r#"{"error":["a","b"]}"#, "a, b"),
            (r#"["a","b"]"#, "a, b"),
            ("<Error><Code>AccessDenied</Code></Error>", "<Error><Code>AccessDenied</Code></Error>"),
            ("<!DOCTYPE html><HTML><body>502</body>", ""),
            ("", ""),
        ] {
            assert_eq!(message_in(body.as_bytes()), message);
        }
    }
}
