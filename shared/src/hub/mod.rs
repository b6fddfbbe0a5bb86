//! The Hub's wire protocol: which commit a revision is, which files it has, where their bytes are, and the bytes.
//!
//! Modelled on what `huggingface_hub` does. The way of a call: [`HubClient::commit`] and [`HubClient::tree`] ask the JSON
//! API (`api`, `tree`); [`HubClient::locate`] asks `resolve` once for the URL that a large file's bytes come from, and
//! [`HubClient::fetch`] takes ranges from there; [`HubClient::fetch_file`] does both in one for small files. Redirects
//! are followed by hand (`follow`), and each answer is either checked and passed on or becomes a [`HubError`]
//! (`refusal`) that knows whether to try again. Before each request the Hub's rate limits are asked (`limits`).

mod api;
mod content_range;
mod entry;
mod error;
mod etag;
mod expiry;
mod fetch;
mod file;
mod follow;
mod identity;
mod limits;
mod link;
mod locate;
mod rate_limit;
mod refs;
mod refusal;
mod span;
mod tree;
mod urls;
mod xet;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::header::{ACCEPT_ENCODING, HeaderMap, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder};
use secrecy::SecretString;
use url::Url;

use self::identity::{Identities, Identity};
use self::limits::Limits;
use self::urls::HubUrls;
use crate::causes::chain;
use crate::ports::HubLimiter;
use crate::settings::{HubSettings, TransferSettings};

pub use error::{HubError, Retry};
pub use fetch::Fetched;
pub use file::WantedFile;
pub use identity::usable_token;
pub use locate::Location;
pub use refs::{GitRef, Refs};
pub use tree::Listing;
pub use xet::XetAccess;

const USER_AGENT: &str = concat!("hfdownloader/", env!("CARGO_PKG_VERSION"));
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const API_TIMEOUT: Duration = Duration::from_mins(1);
/// As many as one file may use connections, so that none is closed between two parts.
const MAX_IDLE_CONNECTIONS_PER_HOST: usize = 64;

/// A client of one Hub (or mirror) in the name of one user. Clones share their connections.
#[derive(Debug, Clone)]
pub struct HubClient {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    urls: HubUrls,
    identities: Identities,
    /// For short answers, with a time limit over all; HTTP/2 where the Hub has it.
    api: Client,
    /// For content: HTTP/1.1, because HTTP/2 would put all parts of a file on one connection; no limit over all.
    data: Client,
    retries: AtomicUsize,
    stall_timeout: Duration,
    limits: Limits,
}

impl HubClient {
    /// Makes a client; nothing is sent yet. All clients of one token are to share the limiter.
    ///
    /// # Errors
    /// [`HubError::BadEndpoint`] or [`HubError::BadToken`] when a setting cannot be used, [`HubError::NoClient`] when the
    /// system gives no TLS (such as a container without CA certificates).
    pub fn new(
        settings: &HubSettings,
        transfer: &TransferSettings,
        limiter: Arc<dyn HubLimiter>,
    ) -> Result<Self, HubError> {
        let urls = HubUrls::new(&settings.endpoint)?;
        let token = usable_token(settings.token.as_ref(), "the configured token")?;
        let inner = Inner {
            identities: Identities::new(Identity::new(urls.endpoint(), token)?),
            urls,
            api: build(base().timeout(API_TIMEOUT))?,
            data: build(base().http1_only().pool_max_idle_per_host(MAX_IDLE_CONNECTIONS_PER_HOST))?,
            retries: AtomicUsize::new(transfer.retries),
            stall_timeout: transfer.stall_timeout,
            limits: Limits(limiter),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The Hub's or mirror's address.
    pub fn endpoint(&self) -> &Url {
        self.inner.urls.endpoint()
    }

    /// Uses another token, or none, for all requests from now on.
    ///
    /// # Errors
    /// [`HubError::BadToken`] when it cannot be sent; the present one stays.
    pub fn set_token(&self, token: Option<&SecretString>) -> Result<(), HubError> {
        let token = usable_token(token, "the new token")?;
        self.inner.identities.change(Identity::new(self.endpoint(), token)?);
        Ok(())
    }

    /// Asks the API so often again, from now on, where that may help.
    pub fn set_retries(&self, retries: usize) {
        self.inner.retries.store(retries, Ordering::Relaxed);
    }

    /// The one place that decides whether a request carries the token: only one to the endpoint's own scheme, host and
    /// port does. Whoever sends a request asks here, after each redirect anew.
    fn authorization_for(&self, identity: &Identity, url: &Url) -> Option<HeaderValue> {
        identity.authorization().filter(|_| self.is_own(url)).cloned()
    }

    /// Whether a URL is of the Hub's own origin.
    fn is_own(&self, url: &Url) -> bool {
        url.origin() == self.endpoint().origin()
    }

    /// Text from a server, for a message: a server that echoes the token must not bring it into a log.
    fn quote(&self, text: &str) -> String {
        error::tidy(&self.inner.identities.redact(text))
    }
}

fn base() -> ClientBuilder {
    // Compressed content would break lengths and ranges.
    let headers = HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static("identity"))]);
    Client::builder()
        .user_agent(USER_AGENT)
        .default_headers(headers)
        .redirect(Policy::none())
        .referer(false)
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_nodelay(true)
}

fn build(builder: ClientBuilder) -> Result<Client, HubError> {
    builder.build().map_err(|error| HubError::NoClient { detail: chain(&error) })
}
