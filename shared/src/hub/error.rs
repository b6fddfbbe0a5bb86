//! What can go wrong with the Hub, in terms that tell a user what to do and a caller whether to try again.

use std::io;
use std::time::Duration;

use crate::causes::{causes, chain};
use crate::repo::Invalid;

/// How much of a server's words is passed on.
const QUOTE_MAX_CHARS: usize = 300;

/// What a caller may do after an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// Trying again gives the same.
    Never,
    /// Try again after a short, growing pause.
    Soon,
    /// Send nothing to the Hub before this time has passed, then try again.
    After(Duration),
    /// The file's location is no longer good: locate the file again, then go on.
    Resolve,
}

/// Why the Hub did not give what was asked for.
///
/// In each, `what` is what was asked about, a repository or one of its files, and `detail` is what the server said of
/// it or what is wrong with its answer.
#[expect(missing_docs, reason = "the fields mean the same in all variants")]
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HubError {
    /// Absent, or private and the token gives no access; the Hub does not tell which.
    #[error(
        "{what}: no such repository, or it is private; check its name and whether it is a model or a dataset, or set a token that can read it"
    )]
    RepoNotFound { what: String },
    /// The repository has no such revision.
    #[error("{what}: no such branch, tag or commit; check the revision")]
    RevisionNotFound { what: String },
    /// The revision has no such file.
    #[error("{what}: no such file in this revision")]
    FileNotFound { what: String },
    /// Its conditions must be accepted first.
    #[error(
        "{what}: access is gated; accept its conditions on its page, and set a token of the account that has accepted them"
    )]
    Gated { what: String },
    /// Closed by the Hub's operator.
    #[error("{what}: the Hub has disabled access to it")]
    Disabled { what: String },
    /// The token itself is no good.
    #[error("{what}: the token is not valid or has expired; check it, or create a new one")]
    BadToken { what: String },
    /// The token is good, but not for this.
    #[error("{what}: access is forbidden{}; check what the token is allowed to read", note(.detail))]
    Forbidden { what: String, detail: String },
    /// Too many requests of this user or address.
    #[error("{what}: the Hub limits requests; wait for {} s", .after.as_secs())]
    RateLimited {
        what: String,
        /// How long to send nothing.
        after: Duration,
    },
    /// The server failed; another try may do better.
    #[error("{what}: the server answered {status}{}; try again later", note(.detail))]
    Server {
        what: String,
        /// 5xx or 408, or what it should not have answered.
        status: u16,
        detail: String,
    },
    /// The server of the content refuses the (signed) URL: expired, most likely.
    #[error("{what}: the download link was refused with {status}{}; a new one is needed", note(.detail))]
    UrlExpired {
        what: String,
        /// 4xx.
        status: u16,
        detail: String,
    },
    /// The server gave other bytes than the wanted ones.
    #[error("{what}: asked for bytes {wanted}, got {got}")]
    WrongRange {
        what: String,
        /// The range and the total that were wanted.
        wanted: String,
        /// What the answer says that it holds.
        got: String,
    },
    /// The server gave the whole file where a part was wanted.
    #[error("{what}: the server gives the whole file instead of a part")]
    RangeIgnored { what: String },
    /// The file is not the one that was listed.
    #[error("{what}: the file is not the one that was listed: {detail}; start the download again")]
    Changed { what: String, detail: String },
    /// The body ended too early.
    #[error("{what}: the connection ended {missing_bytes} bytes too early")]
    Truncated {
        what: String,
        /// What is still missing of the answer.
        missing_bytes: u64,
    },
    /// The body did not end where it should.
    #[error("{what}: the server sends more bytes than it promised")]
    TooLong { what: String },
    /// An answer that no Hub gives.
    #[error("{what}: unexpected answer: {detail}; check that the endpoint is a Hugging Face Hub or a mirror of it")]
    Protocol { what: String, detail: String },
    /// The repository has a file whose name could lead out of the cache.
    #[error("{what}: refused, for a file's name is not safe: {invalid}")]
    UnsafePath { what: String, invalid: Invalid },
    /// No connection, or it broke.
    #[error("{what}: the network failed: {detail}")]
    Network { what: String, detail: String },
    /// No answer in time.
    #[error("{what}: no answer in time")]
    Timeout { what: String },
    /// Bytes come, but too few to wait for.
    #[error("{what}: the connection gives only {bytes_per_second} bytes a second")]
    TooSlow {
        what: String,
        /// Bytes a second over the last while.
        bytes_per_second: u64,
    },
    /// The content did not come over Xet.
    #[error("{what}: Xet failed: {detail}")]
    Xet { what: String, detail: String },
    /// The endpoint setting cannot be used.
    #[error("invalid endpoint {endpoint}: {detail}")]
    BadEndpoint {
        /// The setting, without what could be secret in it.
        endpoint: String,
        detail: &'static str,
    },
    /// The system has no TLS for us.
    #[error("cannot set up the HTTP client: {detail}; check that CA certificates are installed")]
    NoClient { detail: String },
}

impl HubError {
    /// Whether, and when, to try again.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Server { .. }
            | Self::WrongRange { .. }
            | Self::RangeIgnored { .. }
            | Self::Truncated { .. }
            | Self::TooLong { .. }
            | Self::Network { .. }
            | Self::Timeout { .. }
            | Self::TooSlow { .. }
            | Self::Xet { .. } => Retry::Soon,
            Self::RateLimited { after, .. } => Retry::After(*after),
            Self::UrlExpired { .. } => Retry::Resolve,
            Self::RepoNotFound { .. }
            | Self::RevisionNotFound { .. }
            | Self::FileNotFound { .. }
            | Self::Gated { .. }
            | Self::Disabled { .. }
            | Self::BadToken { .. }
            | Self::Forbidden { .. }
            | Self::Changed { .. }
            | Self::Protocol { .. }
            | Self::UnsafePath { .. }
            | Self::BadEndpoint { .. }
            | Self::NoClient { .. } => Retry::Never,
        }
    }

    /// Whether it is how a server looks that is away for everybody: nobody there, or a proxy in front that says so. Statuses of
    /// 520 and above are Cloudflare's.
    pub fn is_outage(&self) -> bool {
        match self {
            Self::Network { .. } | Self::Timeout { .. } => true,
            Self::Server { status, .. } => matches!(status, 502..=504 | 520..=530),
            _ => false,
        }
    }

    pub(super) fn protocol(what: &str, detail: impl Into<String>) -> Self {
        Self::Protocol { what: what.to_owned(), detail: detail.into() }
    }

    /// A failure below HTTP. The URL is left out: its query may be a signature.
    pub(super) fn transport(what: &str, error: reqwest::Error) -> Self {
        let what = what.to_owned();
        if error.is_timeout() {
            return Self::Timeout { what };
        }
        Self::Network { what, detail: chain(&error.without_url()) }
    }
}

/// A server's words as one line of bounded length, so that it can neither forge nor flood a log.
pub(super) fn tidy(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ").chars().take(QUOTE_MAX_CHARS).collect()
}

/// A server's words in brackets, if it had any.
fn note(detail: &str) -> String {
    if detail.is_empty() { String::new() } else { format!(" ({detail})") }
}

/// Whether the other side closed the connection within an answer.
pub(super) fn is_early_end(error: &reqwest::Error) -> bool {
    let mut found = causes(error).filter_map(|cause| cause.downcast_ref::<io::Error>());
    found.any(|error| error.kind() == io::ErrorKind::UnexpectedEof)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_away_is_told_from_who_fails() {
        let server = |status| HubError::Server { what: String::new(), status, detail: String::new() };
        let statuses = [408, 500, 501, 502, 503, 504, 505, 520, 530, 531];
        assert_eq!(
            statuses.into_iter().filter(|status| server(*status).is_outage()).collect::<Vec<_>>(),
            [502, 503, 504, 520, 530]
        );
        assert!(HubError::Timeout { what: String::new() }.is_outage());
        assert!(!HubError::Truncated { what: String::new(), missing_bytes: 1 }.is_outage());
    }

    #[test]
    fn a_servers_words_are_one_short_line() {
        assert_eq!(tidy(" a\r\nb\u{1b}[31m\tc "), "a b [31m c");
        assert_eq!(tidy(&"ä".repeat(999)).chars().count(), QUOTE_MAX_CHARS);
    }
}
