//! Where the broker is.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use lapin::uri::AMQPUri;
use secrecy::ExposeSecret as _;
use url::{Host, Url};

use crate::cluster::Credentials;

/// Seconds between heartbeats where the URL names none; a peer that is silent for twice as long is gone.
const HEARTBEAT_S: u16 = 10;

/// How long connecting may take where the URL does not say.
const CONNECT_LIMIT_MS: u64 = 10_000;

/// Why a text is no broker URL. The messages never hold the text: it may have a password in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BrokerUrlError {
    /// Another protocol, or none.
    #[error("invalid broker URL: expected it to begin with amqp:// or amqps://")]
    Scheme,
    /// Nothing to connect to.
    #[error("invalid broker URL: expected a host, as in amqp://user:password@host:5672/vhost")]
    Host,
    /// Not a URL, or a parameter that is none.
    #[error("invalid broker URL: {0} (special characters in user, password and vhost must be percent-encoded)")]
    Malformed(String),
}

/// An [AMQP URL](https://www.rabbitmq.com/docs/uri-spec), such as `amqp://user:password@host:5672/vhost?heartbeat=10`;
/// `amqps` encrypts. Without a vhost it is `/`. Neither `Debug` nor `Display` shows user and password.
#[derive(Clone, PartialEq, Eq)]
pub struct BrokerUrl(AMQPUri);

impl BrokerUrl {
    pub(super) fn uri(&self) -> &AMQPUri {
        &self.0
    }

    /// The same broker for another user.
    #[must_use]
    pub fn with_credentials(mut self, credentials: Credentials) -> Self {
        let info = &mut self.0.authority.userinfo;
        if let Some(user) = credentials.user {
            info.username = user;
        }
        if let Some(password) = credentials.password {
            password.expose_secret().clone_into(&mut info.password);
        }
        self
    }

    /// How long connecting may take: the URL's `connection_timeout` in milliseconds, or 10 s.
    pub(super) fn connect_limit(&self) -> Duration {
        let chosen = self.0.query.connection_timeout.filter(|&limit_ms| limit_ms > 0);
        Duration::from_millis(chosen.unwrap_or(CONNECT_LIMIT_MS))
    }
}

impl FromStr for BrokerUrl {
    type Err = BrokerUrlError;

    fn from_str(text: &str) -> Result<Self, BrokerUrlError> {
        let url = Url::parse(text).map_err(|error| match error {
            url::ParseError::RelativeUrlWithoutBase => BrokerUrlError::Scheme,
            error => BrokerUrlError::Malformed(error.to_string()),
        })?;
        if !matches!(url.scheme(), "amqp" | "amqps") {
            return Err(BrokerUrlError::Scheme);
        }
        let host = url.host().ok_or(BrokerUrlError::Host)?;
        let mut uri: AMQPUri = text.parse().map_err(BrokerUrlError::Malformed)?;
        // The parser takes localhost where the host is such an address.
        if let Host::Ipv6(address) = host {
            uri.authority.host = address.to_string();
        }
        // The vhost with the empty name is legal, but nobody means it by a trailing slash.
        if uri.vhost.is_empty() {
            "/".clone_into(&mut uri.vhost);
        }
        uri.query.heartbeat.get_or_insert(HEARTBEAT_S);
        Ok(Self(uri))
    }
}

impl fmt::Display for BrokerUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let AMQPUri { scheme, authority, vhost, .. } = &self.0;
        write!(formatter, "{scheme}://{}:{} (vhost {vhost:?})", authority.host, authority.port)
    }
}

impl fmt::Debug for BrokerUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> BrokerUrl {
        text.parse().unwrap()
    }

    #[test]
    fn a_url_says_where_the_broker_is() {
        let url = url("amqps://us%40er:s%2Fecret@broker.example:5000/v%2Fhost?heartbeat=30&connection_timeout=2500");
        let AMQPUri { authority, vhost, query, .. } = url.uri();
        assert_eq!((authority.host.as_str(), authority.port, vhost.as_str()), ("broker.example", 5000, "v/host"));
        assert_eq!((authority.userinfo.username.as_str(), authority.userinfo.password.as_str()), ("us@er", "s/ecret"));
        assert_eq!((query.heartbeat, url.connect_limit()), (Some(30), Duration::from_millis(2500)));
    }

    #[test]
    fn credentials_beside_the_url_beat_those_in_it() {
        let other = Credentials { user: Some("ann".to_owned()), password: Some("p@ss/word".into()) };
        let beside = url("amqp://bob:secret@host").with_credentials(other);
        let info = &beside.uri().authority.userinfo;
        assert_eq!((info.username.as_str(), info.password.as_str()), ("ann", "p@ss/word"));
        let same = url("amqp://bob:secret@host").with_credentials(Credentials::default());
        assert_eq!(same.uri().authority.userinfo.username, "bob");
    }

    #[test]
    fn what_a_url_leaves_out_has_a_default() {
        for text in ["amqp://host", "amqp://host/", "amqp://host/%2f"] {
            let url = url(text);
            assert_eq!((url.uri().vhost.as_str(), url.uri().query.heartbeat), ("/", Some(10)), "{text}");
            assert_eq!((url.uri().authority.port, url.connect_limit()), (5672, Duration::from_secs(10)), "{text}");
        }
        assert_eq!(url("amqps://host").uri().authority.port, 5671);
    }

    #[test]
    fn an_ipv6_address_is_a_host() {
        assert_eq!(url("amqp://[::1]:5672").uri().authority.host, "::1");
    }

    #[test]
    fn a_bad_url_is_refused_without_repeating_it() {
        for text in [
            "",
            "secret",
            "user:secret@host",
            "http://user:secret@host",
            "amqp:secret",
            "amqp://user:secret@",
            "amqp://user:secret@host:port",
            "amqp://user:secret@host:70000",
            "amqp://user:secret#1@host",
            "amqp://user:secret%ff@host",
            "amqp://user:secret@host?heartbeat=often",
            "amqp://user:secret@host?auth_mechanism=magic",
        ] {
            let error = text.parse::<BrokerUrl>().expect_err(text).to_string();
            assert!(!error.contains("secret") && error.starts_with("invalid broker URL"), "{text}: {error}");
        }
    }

    #[test]
    fn a_url_is_shown_without_its_password() {
        let shown = format!("{0} {0:?}", url("amqp://user:secret@host/v"));
        assert!(shown.contains("host:5672") && !shown.contains("secret") && !shown.contains("user"), "{shown}");
    }
}
