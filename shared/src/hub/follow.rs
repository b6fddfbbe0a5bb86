//! Sending a request, and following its redirects by hand: the Hub's own redirects are followed with the token, and its
//! first redirect to another origin is where a file's bytes are, without it.

use std::time::{Duration, Instant};

use reqwest::header::{AUTHORIZATION, CONTENT_LENGTH, LOCATION, RANGE};
use reqwest::{Method, Response, StatusCode};
use tracing::Instrument as _;
use url::Url;

use super::identity::Identity;
use super::{HubClient, HubError, span};
use crate::metrics::{self, HubAnswer, HubPurpose};
use crate::ports::Bucket;
use crate::repo::ByteRange;

/// As many as `huggingface_hub` follows.
const MAX_REDIRECTS: usize = 20;
/// A redirect's body is read to its end up to this length, so that the connection can be used again.
const DRAINED_MAX_BYTES: u64 = 16 << 10;
const DRAIN_TIMEOUT: Duration = Duration::from_secs(2);

/// What a request is for; decides the method, the connections and the time limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// An answer of the JSON API.
    Api,
    /// Where a file's content is.
    Locate,
    /// A file's content, by its name at the Hub.
    Content,
    /// A file's content from where it was located.
    Located,
}

impl Purpose {
    /// The word for it in traces.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Api => "hub api",
            Self::Locate => "hub locate",
            Self::Content => "hub content",
            Self::Located => "located content",
        }
    }

    pub(super) fn method(self) -> Method {
        if self == Self::Locate { Method::HEAD } else { Method::GET }
    }

    /// Where the Hub counts a request of its own, if it does. Of files it counts what has `/resolve/` in its address
    /// (<https://huggingface.co/docs/hub/rate-limits>), and so not where that redirects to.
    fn bucket(self, url: &Url) -> Option<Bucket> {
        match self {
            Self::Api => Some(Bucket::Api),
            Self::Locate | Self::Content | Self::Located => {
                url.path().contains("/resolve/").then_some(Bucket::Resolvers)
            }
        }
    }

    fn label(self) -> HubPurpose {
        match self {
            Self::Api => HubPurpose::Api,
            Self::Locate => HubPurpose::Locate,
            Self::Content => HubPurpose::Content,
            Self::Located => HubPurpose::Located,
        }
    }
}

/// A request, but for its address, which changes with each redirect.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ask<'a> {
    pub(super) purpose: Purpose,
    pub(super) range: Option<ByteRange>,
    /// What is asked about, for errors.
    pub(super) what: &'a str,
}

/// Where a request ends that does not leave its origin.
#[derive(Debug)]
pub(super) enum Arrival {
    /// An answer with a status of success.
    Answer(Response),
    /// A redirect to another origin.
    Elsewhere { response: Response, target: Url },
}

impl HubClient {
    /// Follows redirects within the address's origin; stops at the first that leaves it.
    pub(super) async fn follow_at_home(&self, ask: Ask<'_>, mut url: Url) -> Result<Arrival, HubError> {
        for _ in 0..=MAX_REDIRECTS {
            match self.send_checked(ask, &url).await? {
                Arrival::Elsewhere { response, target } if target.origin() == url.origin() => {
                    drain(response).await;
                    url = target;
                }
                arrival => return Ok(arrival),
            }
        }
        Err(too_many_redirects(ask))
    }

    /// Follows redirects to wherever they lead.
    pub(super) async fn follow_anywhere(&self, ask: Ask<'_>, mut url: Url) -> Result<Response, HubError> {
        for _ in 0..=MAX_REDIRECTS {
            match self.send_checked(ask, &url).await? {
                Arrival::Elsewhere { response, target } => {
                    drain(response).await;
                    url = target;
                }
                Arrival::Answer(response) => return Ok(response),
            }
        }
        Err(too_many_redirects(ask))
    }

    /// Sends one request; any status but those of success and of redirects becomes an error. One that the Hub
    /// counts takes from its budget, and each answer of its own says what is left.
    async fn send_checked(&self, ask: Ask<'_>, url: &Url) -> Result<Arrival, HubError> {
        let identity = self.inner.identities.current();
        if !self.is_own(url) {
            let response = self.send(ask, url, &identity).await?;
            return self.check(ask, response).await;
        }
        let (limits, account, bucket) = (&self.inner.limits, identity.account(), ask.purpose.bucket(url));
        if let Some(bucket) = bucket
            && let Some(after) = limits.wait_for(account, bucket).await
        {
            metrics::hub_waits(after);
            return Err(HubError::RateLimited { what: ask.what.to_owned(), after });
        }
        let response = self.send(ask, url, &identity).await?;
        limits.note(account, response.headers()).await;
        let arrival = self.check(ask, response).await;
        if let Err(HubError::RateLimited { after, .. }) = arrival {
            limits.hold(account, bucket.unwrap_or(Bucket::Resolvers), after).await;
        }
        arrival
    }

    async fn check(&self, ask: Ask<'_>, response: Response) -> Result<Arrival, HubError> {
        if is_redirect(response.status()) {
            let target = self.at_home_too(ask, response.url(), redirect_target(&response, ask.what)?);
            return Ok(Arrival::Elsewhere { response, target });
        }
        if response.status().is_success() {
            return Ok(Arrival::Answer(response));
        }
        Err(self.refusal(ask, response).await)
    }

    /// A mirror passes on the Hub's own redirects, such as that of a repository with a new name: its answers of the API are at
    /// the mirror, too, unless that is where they were asked for.
    fn at_home_too(&self, ask: Ask<'_>, from: &Url, target: Url) -> Url {
        let home = self.inner.urls.at_home(target.clone());
        if ask.purpose == Purpose::Api && home != *from { home } else { target }
    }

    /// The span of the request lasts until its answer is dropped, and so for as long as content arrives.
    async fn send(&self, ask: Ask<'_>, url: &Url, identity: &Identity) -> Result<Response, HubError> {
        let span = span::of(ask, url, self.is_own(url));
        let sent = self.send_once(ask, url, identity).instrument(span.clone()).await;
        span::answered(&span, sent.as_ref().ok().map(Response::status));
        sent.map(|mut response| {
            response.extensions_mut().insert(span);
            response
        })
    }

    async fn send_once(&self, ask: Ask<'_>, url: &Url, identity: &Identity) -> Result<Response, HubError> {
        let client = match ask.purpose {
            Purpose::Api | Purpose::Locate => &self.inner.api,
            Purpose::Content | Purpose::Located => &self.inner.data,
        };
        let mut request = client.request(ask.purpose.method(), url.clone());
        if let Some(authorization) = self.authorization_for(identity, url) {
            request = request.header(AUTHORIZATION, authorization);
        }
        if let Some(range) = ask.range {
            request = request.header(RANGE, format!("bytes={range}"));
        }
        let begun = Instant::now();
        let sent = match ask.purpose {
            Purpose::Api | Purpose::Locate => Ok(request.send().await),
            Purpose::Content | Purpose::Located => tokio::time::timeout(self.inner.stall_timeout, request.send()).await,
        };
        let answered = match sent {
            Ok(sent) => sent.map_err(|error| HubError::transport(ask.what, error)),
            Err(_) => Err(HubError::Timeout { what: ask.what.to_owned() }),
        };
        let answer = match &answered {
            Ok(response) => HubAnswer::Status(response.status().as_u16()),
            Err(HubError::Timeout { .. }) => HubAnswer::Timeout,
            Err(_) => HubAnswer::Network,
        };
        metrics::hub_answered(ask.purpose.label(), answer, begun.elapsed());
        answered
    }
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

fn redirect_target(response: &Response, what: &str) -> Result<Url, HubError> {
    let location = response.headers().get(LOCATION);
    location
        .and_then(|location| std::str::from_utf8(location.as_bytes()).ok())
        .and_then(|location| response.url().join(location).ok())
        .filter(|target| matches!(target.scheme(), "http" | "https"))
        .ok_or_else(|| HubError::protocol(what, format!("a redirect ({}) to nowhere", response.status().as_u16())))
}

fn too_many_redirects(ask: Ask<'_>) -> HubError {
    HubError::protocol(ask.what, format!("more than {MAX_REDIRECTS} redirects"))
}

/// Reads what is left of a short body; whether that works only decides whether the connection is kept.
async fn drain(response: Response) {
    let length = response.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length <= DRAINED_MAX_BYTES) {
        let _ = tokio::time::timeout(DRAIN_TIMEOUT, response.bytes()).await;
    }
}
