//! Faults: what goes wrong, for which requests, how often.

use serde::{Deserialize, Serialize};

use super::route::{HttpMethod, Origin, RequestKind};

/// What goes wrong. Effects on a body apply to GET only, those on ranges only to requests with one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// The answer begins later.
    Latency {
        /// How much later.
        ms: u64,
    },
    /// The body is sent at no more than a rate.
    Throttle {
        /// The rate.
        bytes_per_s: u64,
    },
    /// The connection is reset after [`Fault::after_bytes`] of body.
    Reset,
    /// Nothing more is sent after [`Fault::after_bytes`] of body; the socket stays open.
    Silence,
    /// After [`Fault::after_bytes`] of body the rest comes in drops.
    Trickle {
        /// Size of a drop.
        bytes: u64,
        /// Time between two drops.
        every_ms: u64,
    },
    /// The connection is closed in order after [`Fault::after_bytes`] of body, before its end.
    Truncate,
    /// 429 explained by `RateLimit` headers with nothing left.
    RateLimited {
        /// Seconds until the window is reset.
        reset_s: u64,
    },
    /// 429 with `Retry-After` and a `RateLimit` header that does not explain it.
    RetryAfter {
        /// Seconds to wait.
        seconds: u64,
    },
    /// An error status with a JSON body.
    Status {
        /// The status.
        code: u16,
    },
    /// The range is ignored: 200 and the whole body.
    IgnoreRange,
    /// 206 with a `Content-Range` other than asked for, and the bytes of that other range.
    WrongContentRange {
        /// Added to the start; the bytes follow as far as the file allows.
        start_by: i64,
        /// Added to the total size.
        total_by: i64,
    },
    /// One byte of the body is inverted. Only requests whose range may hold it count.
    FlipByte {
        /// Its offset in the file.
        offset: u64,
    },
    /// ETag and `X-Linked-Etag` are those of other content; an `If-Range` with the true one fails.
    ChangedEtag,
    /// The CDN refuses this signed URL from now on, for good; a new `resolve` gives one that works.
    ExpiredUrl,
    /// A wrong size is announced: `X-Linked-Size`, the total of `Content-Range`, or the `Content-Length` of a 200.
    WrongSize {
        /// Added to the true size.
        by: i64,
    },
}

/// How many matching requests a fault hits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Times {
    /// The next so many.
    Next(u32),
    /// All, until faults are cleared.
    Always,
}

/// Which requests a fault hits: those that agree in every part that is set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Matcher {
    /// Server.
    pub origin: Option<Origin>,
    /// Kind of request.
    pub kind: Option<RequestKind>,
    /// Method.
    pub method: Option<HttpMethod>,
    /// Part of the decoded URL path.
    pub path_contains: Option<String>,
    /// A file's path in its repo, or the last part of it.
    pub file: Option<String>,
}

impl Matcher {
    /// Every request.
    pub fn any() -> Self {
        Self::default()
    }

    /// Requests of the JSON API.
    pub fn api() -> Self {
        Self { kind: Some(RequestKind::Api), ..Self::default() }
    }

    /// `resolve` requests, answered with a redirect.
    pub fn resolve() -> Self {
        Self { kind: Some(RequestKind::Resolve), ..Self::default() }
    }

    /// Requests for file content, on both origins.
    pub fn data() -> Self {
        Self { kind: Some(RequestKind::Data), ..Self::default() }
    }

    /// Requests to the CDN.
    pub fn cdn() -> Self {
        Self { origin: Some(Origin::Cdn), ..Self::default() }
    }

    /// Narrows it to a server.
    #[must_use]
    pub fn origin(mut self, origin: Origin) -> Self {
        self.origin = Some(origin);
        self
    }

    /// Narrows it to a method.
    #[must_use]
    pub fn method(mut self, method: HttpMethod) -> Self {
        self.method = Some(method);
        self
    }

    /// Narrows it to URL paths that contain this, decoded.
    #[must_use]
    pub fn path_contains(mut self, part: impl Into<String>) -> Self {
        self.path_contains = Some(part.into());
        self
    }

    /// Narrows it to a file, by its path in the repo or its name.
    #[must_use]
    pub fn file(mut self, path_or_name: impl Into<String>) -> Self {
        self.file = Some(path_or_name.into());
        self
    }
}

/// One fault. Unless told otherwise it hits the next request, whatever it is, from its first byte.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// What goes wrong.
    pub effect: Effect,
    /// For which requests.
    #[serde(default)]
    pub on: Matcher,
    /// How often.
    #[serde(default = "Times::once")]
    pub times: Times,
    /// Matching requests let through first.
    #[serde(default)]
    pub skip: u32,
    /// Body bytes of an answer sent before it happens; an answer with fewer is whole.
    #[serde(default)]
    pub after_bytes: u64,
}

impl Times {
    fn once() -> Self {
        Self::Next(1)
    }
}

impl Fault {
    /// A fault that hits the next request.
    pub fn new(effect: Effect) -> Self {
        Self { effect, on: Matcher::default(), times: Times::once(), skip: 0, after_bytes: 0 }
    }

    /// Narrows it to some requests.
    #[must_use]
    pub fn on(mut self, matcher: Matcher) -> Self {
        self.on = matcher;
        self
    }

    /// Hits the next `count` matching requests.
    #[must_use]
    pub fn times(mut self, count: u32) -> Self {
        self.times = Times::Next(count);
        self
    }

    /// Hits all matching requests until faults are cleared.
    #[must_use]
    pub fn always(mut self) -> Self {
        self.times = Times::Always;
        self
    }

    /// Lets the first `count` matching requests through.
    #[must_use]
    pub fn skip(mut self, count: u32) -> Self {
        self.skip = count;
        self
    }

    /// Sends this much of a body before it happens.
    #[must_use]
    pub fn after_bytes(mut self, bytes: u64) -> Self {
        self.after_bytes = bytes;
        self
    }
}

/// Names an injected fault, to ask how often it has hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FaultId(pub u64);
