//! The Hub's wire protocol: which commit a revision is, which files it has, where their bytes are, and the bytes.
//!
//! Modelled on what `huggingface_hub` does. The way of a call: [`HubClient::commit`] and [`HubClient::tree`] ask the JSON
//! API (`api`, `tree`); [`HubClient::locate`] asks `resolve` once for the URL that a large file's bytes come from, and
//! [`HubClient::fetch`] takes ranges from there; [`HubClient::fetch_file`] does both in one for small files. Redirects
//! are followed by hand (`follow`), and each answer is either checked and passed on or becomes a [`HubError`]
//! (`refusal`) that knows whether to try again.

mod api;
mod content_range;
mod entry;
mod error;
mod etag;
mod expiry;
mod fetch;
mod file;
mod follow;
mod hold;
mod link;
mod locate;
mod rate_limit;
mod refusal;
mod tree;
mod urls;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{ACCEPT_ENCODING, HeaderMap, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use self::hold::Hold;
use self::urls::HubUrls;
use crate::settings::{HubSettings, TransferSettings};

pub use error::{HubError, Retry};
pub use fetch::Fetched;
pub use file::WantedFile;
pub use locate::Location;

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
    token: Option<SecretString>,
    /// For short answers, with a time limit over all; HTTP/2 where the Hub has it.
    api: Client,
    /// For content: HTTP/1.1, because HTTP/2 would put all parts of a file on one connection; no limit over all.
    data: Client,
    retries: usize,
    stall_timeout: Duration,
    hold: Hold,
}

impl HubClient {
    /// Makes a client; nothing is sent yet.
    ///
    /// # Errors
    /// [`HubError::BadEndpoint`] or [`HubError::BadToken`] when a setting cannot be used, [`HubError::NoClient`] when the
    /// system gives no TLS (such as a container without CA certificates).
    pub fn new(settings: &HubSettings, transfer: &TransferSettings) -> Result<Self, HubError> {
        let urls = HubUrls::new(&settings.endpoint)?;
        let token = settings.token.as_ref().map(|token| token.expose_secret().trim());
        let token = token.filter(|token| !token.is_empty()).map(SecretString::from);
        if token.as_ref().is_some_and(|token| bearer(token).is_none()) {
            return Err(HubError::BadToken { what: "the configured token".to_owned() });
        }
        let inner = Inner {
            urls,
            token,
            api: build(base().timeout(API_TIMEOUT))?,
            data: build(base().http1_only().pool_max_idle_per_host(MAX_IDLE_CONNECTIONS_PER_HOST))?,
            retries: transfer.retries,
            stall_timeout: transfer.stall_timeout,
            hold: Hold::default(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The Hub's or mirror's address.
    pub fn endpoint(&self) -> &Url {
        self.inner.urls.endpoint()
    }

    /// The one place that decides whether a request carries the token: only one to the endpoint's own scheme, host and
    /// port does. Whoever sends a request asks here, after each redirect anew.
    fn authorization_for(&self, url: &Url) -> Option<HeaderValue> {
        let token = self.inner.token.as_ref()?;
        if self.is_own(url) { bearer(token) } else { None }
    }

    /// Whether a URL is of the Hub's own origin.
    fn is_own(&self, url: &Url) -> bool {
        url.origin() == self.endpoint().origin()
    }

    /// Text from a server, for a message: a server that echoes the token must not bring it into a log.
    fn quote(&self, text: &str) -> String {
        match &self.inner.token {
            Some(token) => error::tidy(&text.replace(token.expose_secret(), "[token]")),
            None => error::tidy(text),
        }
    }
}

fn bearer(token: &SecretString) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret())).ok()?;
    value.set_sensitive(true);
    Some(value)
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
    builder.build().map_err(|error| HubError::NoClient { detail: error::chain(&error) })
}
