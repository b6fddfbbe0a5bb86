//! What a fake Hub is started with.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

/// Configuration of a fake Hub; every field has a default that suits a test.
#[derive(Debug, Clone)]
pub struct HubConfig {
    /// Folder of repos: `{models,datasets}/<owner>--<name>/<revision>/…`.
    pub root: PathBuf,
    /// Address to listen on.
    pub bind: IpAddr,
    /// Port of the Hub origin; 0 takes a free one.
    pub port: u16,
    /// Port of the CDN origin; 0 takes a free one.
    pub cdn_port: u16,
    /// CDN base URL written into redirects, when clients reach the CDN by another address than it listens on.
    pub cdn_url: Option<String>,
    /// Token that may read everything.
    pub token: String,
    /// Token that is valid but has no access to gated repos.
    pub token_without_gate: String,
    /// Entries in one page of a tree listing.
    pub page_size: usize,
    /// Bytes per second of each answer's body; none is unlimited.
    pub rate_bytes_per_s: Option<u64>,
    /// Answers that the CDN gives at a time; it refuses more. None is unlimited.
    pub cdn_answers: Option<usize>,
    /// Latency added to every answer.
    pub latency: Duration,
    /// How long a signed CDN URL is good for; whole seconds.
    pub signed_url_lifetime: Duration,
}

impl HubConfig {
    /// The defaults over a folder of repos: free ports on the loopback address, no throttling.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            bind: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 0,
            cdn_port: 0,
            cdn_url: None,
            token: "hf_test_token_valid".to_owned(),
            token_without_gate: "hf_test_token_nogate".to_owned(),
            page_size: 1000,
            rate_bytes_per_s: None,
            cdn_answers: None,
            latency: Duration::ZERO,
            signed_url_lifetime: Duration::from_hours(1),
        }
    }

    /// Sets the number of entries in one page of a tree listing.
    #[must_use]
    pub fn page_size(mut self, entries: usize) -> Self {
        self.page_size = entries.max(1);
        self
    }

    /// Limits every answer's body to a rate.
    #[must_use]
    pub fn rate_bytes_per_s(mut self, rate: u64) -> Self {
        self.rate_bytes_per_s = Some(rate.max(1));
        self
    }

    /// Has the CDN refuse what is more than so many answers at a time.
    #[must_use]
    pub fn cdn_answers(mut self, most: usize) -> Self {
        self.cdn_answers = Some(most);
        self
    }

    /// Adds latency to every answer.
    #[must_use]
    pub fn latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// Sets how long signed CDN URLs are good for; whole seconds.
    #[must_use]
    pub fn signed_url_lifetime(mut self, lifetime: Duration) -> Self {
        self.signed_url_lifetime = lifetime;
        self
    }
}
