//! The values of labels.

use std::time::Duration;

use crate::hub::HubError;

/// An enum whose variants are the values of one label.
macro_rules! values {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$variant_doc])* $variant),*
        }

        impl $name {
            /// All values of the label.
            pub(super) const ALL: &'static [&'static str] = &[$($text),*];

            /// The value of the label.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text),*
                }
            }
        }
    };
}

/// What a process needs to be ready. Which of them it needs it knows by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// The job store.
    Store,
    /// The task queue.
    Queue,
    /// The cache's volume.
    Volume,
}

impl Check {
    /// The value of the label.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Store => "store",
            Self::Queue => "queue",
            Self::Volume => "volume",
        }
    }
}

values! {
    /// How a client follows the jobs.
    Transport {
        /// `/api/ws`
        WebSocket = "websocket",
        /// `/api/events`
        Sse = "sse",
    }
}

values! {
    /// How a task left its worker.
    TaskOutcome {
        /// Its result is in the store, or the store did not want it any more.
        Settled = "settled",
        /// It is tried again later.
        PutOff = "put_off",
        /// It was told to stop.
        Stopped = "stopped",
        /// It failed its job.
        Failed = "failed",
        /// The store failed, so nobody knows what was recorded.
        Unrecorded = "unrecorded",
    }
}

values! {
    /// What became of a file.
    FileOutcome {
        /// It was fetched.
        Downloaded = "downloaded",
        /// Its content was in the cache already.
        Present = "present",
        /// It could not be fetched.
        Failed = "failed",
        /// It was checked and is right.
        Verified = "verified",
        /// It was checked and is not what it should be.
        Wrong = "wrong",
    }
}

values! {
    /// What was lost to another holder, or may have been.
    LeaseKind {
        /// A claimed task.
        Task = "task",
        /// The lease of a blob.
        Blob = "blob",
    }
}

values! {
    /// What a request to the Hub is for.
    HubPurpose {
        /// An answer of the JSON API.
        Api = "api",
        /// Where a file's content is.
        Locate = "locate",
        /// A file's content, by its name at the Hub.
        Content = "content",
        /// A file's content from where it was located.
        Located = "located",
    }
}

values! {
    /// Why something is tried again.
    RetryReason {
        /// No connection, or it broke.
        Network = "network",
        /// No answer in time.
        Timeout = "timeout",
        /// Too few bytes a second.
        Slow = "slow",
        /// 5xx or 408.
        Server = "server",
        /// 429, or the limiter foresees one.
        RateLimited = "rate_limited",
        /// The link to the content was refused.
        LinkExpired = "link_expired",
        /// The body ended early.
        Truncated = "truncated",
        /// An answer that is not what was asked for.
        WrongAnswer = "wrong_answer",
        /// The server gives whole files only.
        NoRanges = "no_ranges",
        /// The content changed, or is not what it should be.
        WrongContent = "wrong_content",
        /// The volume failed.
        Disk = "disk",
        /// Content did not come over Xet.
        Xet = "xet",
    }
}

impl From<&HubError> for RetryReason {
    fn from(error: &HubError) -> Self {
        match error {
            HubError::Network { .. } => Self::Network,
            HubError::Timeout { .. } => Self::Timeout,
            HubError::TooSlow { .. } => Self::Slow,
            HubError::Server { .. } => Self::Server,
            HubError::RateLimited { .. } => Self::RateLimited,
            HubError::UrlExpired { .. } => Self::LinkExpired,
            HubError::Truncated { .. } => Self::Truncated,
            HubError::RangeIgnored { .. } => Self::NoRanges,
            HubError::Changed { .. } => Self::WrongContent,
            HubError::Xet { .. } => Self::Xet,
            // Of these, only the first two are ever tried again.
            HubError::WrongRange { .. }
            | HubError::TooLong { .. }
            | HubError::RepoNotFound { .. }
            | HubError::RevisionNotFound { .. }
            | HubError::FileNotFound { .. }
            | HubError::Gated { .. }
            | HubError::Disabled { .. }
            | HubError::BadToken { .. }
            | HubError::Forbidden { .. }
            | HubError::Protocol { .. }
            | HubError::UnsafePath { .. }
            | HubError::BadEndpoint { .. }
            | HubError::NoClient { .. } => Self::WrongAnswer,
        }
    }
}

/// How a request to the Hub was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HubAnswer {
    /// With this status.
    Status(u16),
    /// Not in time.
    Timeout,
    /// There was no connection, or it broke.
    Network,
}

impl HubAnswer {
    /// All values of the label.
    pub(super) const ALL: &'static [&'static str] = &[
        "200", "206", "301", "302", "303", "307", "308", "400", "401", "403", "404", "408", "410", "416", "429", "500",
        "502", "503", "504", "other", "timeout", "network",
    ];

    /// The value of the label: a server cannot make one that is not in the list.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Status(status) => {
                let status = status.to_string();
                Self::ALL.iter().find(|known| **known == status).unwrap_or(&"other")
            }
            Self::Timeout => "timeout",
            Self::Network => "network",
        }
    }
}

/// Seconds, as Prometheus wants them.
pub(super) fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}

/// A number as Prometheus keeps it: exact up to 2^53.
#[expect(clippy::cast_precision_loss, reason = "a dashboard shows three digits")]
pub(super) fn number(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_that_nobody_knows_is_other() {
        assert_eq!(HubAnswer::Status(429).as_str(), "429");
        assert_eq!(HubAnswer::Status(799).as_str(), "other");
        for answer in [HubAnswer::Timeout, HubAnswer::Network, HubAnswer::Status(0)] {
            assert!(HubAnswer::ALL.contains(&answer.as_str()), "{answer:?}");
        }
    }
}
