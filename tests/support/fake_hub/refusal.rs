//! Errors as the Hub words them: status, `X-Error-Code`, `X-Error-Message` and a JSON body.

use poem::http::StatusCode;
use serde_json::json;

use super::reply::Reply;

/// Why the Hub refuses a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// A token nobody knows.
    BadToken,
    /// A repo that is absent or not for anonymous eyes; the Hub does not say which.
    Anonymous,
    /// An absent repo, to someone with a token.
    RepoNotFound,
    RevisionNotFound {
        rev: String,
    },
    EntryNotFound {
        path: String,
        commit: String,
    },
    /// A gated repo; anonymous requests get 401, others 403.
    Gated {
        repo: String,
        anonymous: bool,
    },
    Disabled,
    NotAllowed,
    NotFound,
    BadRequest(&'static str),
    Internal(String),
}

impl Refusal {
    fn parts(self) -> (StatusCode, Option<&'static str>, String) {
        match self {
            Self::BadToken => {
                (StatusCode::UNAUTHORIZED, None, "Invalid credentials in Authorization header".to_owned())
            }
            // The Hub gives no code here: a client has to know that it means an absent or private repo.
            Self::Anonymous => (StatusCode::UNAUTHORIZED, None, "Invalid username or password.".to_owned()),
            Self::RepoNotFound => (StatusCode::NOT_FOUND, Some("RepoNotFound"), "Repository not found".to_owned()),
            Self::RevisionNotFound { rev } => {
                (StatusCode::NOT_FOUND, Some("RevisionNotFound"), format!("Invalid rev id: {rev}"))
            }
            Self::EntryNotFound { path, .. } => {
                (StatusCode::NOT_FOUND, Some("EntryNotFound"), format!("Entry not found: {path}"))
            }
            Self::Gated { repo, anonymous } => {
                let status = if anonymous { StatusCode::UNAUTHORIZED } else { StatusCode::FORBIDDEN };
                let message = format!("Access to {repo} is restricted and you are not in the authorized list.");
                (status, Some("GatedRepo"), message)
            }
            Self::Disabled => (StatusCode::FORBIDDEN, None, "Access to this resource is disabled.".to_owned()),
            Self::NotAllowed => (StatusCode::METHOD_NOT_ALLOWED, None, "Method not allowed".to_owned()),
            Self::NotFound => {
                (StatusCode::NOT_FOUND, None, "Sorry, we can't find the page you are looking for.".to_owned())
            }
            Self::BadRequest(message) => (StatusCode::BAD_REQUEST, None, message.to_owned()),
            Self::Internal(message) => (StatusCode::INTERNAL_SERVER_ERROR, None, message),
        }
    }
}

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Self {
        let commit = match &refusal {
            Refusal::EntryNotFound { commit, .. } => Some(commit.clone()),
            _ => None,
        };
        let (status, code, message) = refusal.parts();
        let mut reply = Reply::json(status, &json!({ "error": message })).header("X-Error-Message", &message);
        if let Some(code) = code {
            reply = reply.header("X-Error-Code", code);
        }
        match commit {
            Some(commit) => reply.header("X-Repo-Commit", &commit),
            None => reply,
        }
    }
}
