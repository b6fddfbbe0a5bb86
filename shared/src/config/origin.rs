//! Where a web page comes from.

use std::str::FromStr;

use url::{Host, Url};

/// The origin of a page, as browsers name it in `Origin`: scheme, host and port.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct WebOrigin {
    scheme: Scheme,
    host: Host,
    port: u16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Scheme {
    Http,
    Https,
}

/// It is no `http://host` or `https://host`, with or without a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no origin of a web page")]
pub struct InvalidOrigin;

impl WebOrigin {
    /// The host.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// Whether a page of this origin asks its own server, which it calls by this `Host`. The scheme is taken from the
    /// page: behind a proxy that ends TLS, a server does not know its own.
    pub fn is_of(&self, host: &str) -> bool {
        let scheme = match self.scheme {
            Scheme::Http => "http",
            Scheme::Https => "https",
        };
        format!("{scheme}://{host}").parse() == Ok(self.clone())
    }
}

impl FromStr for WebOrigin {
    type Err = InvalidOrigin;

    fn from_str(text: &str) -> Result<Self, InvalidOrigin> {
        let (scheme, place) = text.split_once("://").ok_or(InvalidOrigin)?;
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            _ => return Err(InvalidOrigin),
        };
        if place.contains(|sign: char| "/\\?#@".contains(sign) || sign.is_whitespace() || sign.is_control()) {
            return Err(InvalidOrigin);
        }
        let url = Url::parse(text).map_err(|_| InvalidOrigin)?;
        let host = url.host().ok_or(InvalidOrigin)?.to_owned();
        Ok(Self { scheme, host, port: url.port_or_known_default().ok_or(InvalidOrigin)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_a_scheme_and_a_host_and_nothing_more() {
        let parse = str::parse::<WebOrigin>;
        assert_eq!(parse("https://Tools.Example:443"), parse("https://tools.example"));
        assert_ne!(parse("http://tools.example"), parse("https://tools.example"));
        assert!(parse("http://[::1]:9").is_ok());
        for wrong in [
            "",
            "null",
            "*",
            "tools.example",
            "ftp://tools.example",
            "https://",
            "https://tools.example/",
            "https://tools.example/x",
            "https://user@tools.example",
            "https://tools.example?x",
            "https://*.example:x",
            "https:///tools.example",
            "https://tools .example",
        ] {
            assert_eq!(parse(wrong), Err(InvalidOrigin), "{wrong:?}");
        }
    }

    #[test]
    fn only_pages_of_the_same_host_and_port_are_the_servers_own() {
        let is_own = |origin: &str, host: &str| origin.parse::<WebOrigin>().unwrap().is_of(host);
        for (origin, host) in [
            ("http://localhost:8080", "localhost:8080"),
            ("https://hub.example", "hub.example"),
            ("https://hub.example", "hub.example:443"),
            ("http://Hub.Example", "hub.example:80"),
            ("http://[::1]:9", "[::1]:9"),
        ] {
            assert!(is_own(origin, host), "{origin} at {host}");
        }
        for (origin, host) in [
            ("http://evil.example", "localhost:8080"),
            ("http://localhost:8081", "localhost:8080"),
            ("http://localhost", "localhost:8080"),
            ("http://localhost:8080.evil.example", "localhost:8080"),
            ("http://evil.example", "evil.example/@localhost"),
            ("http://localhost", ""),
        ] {
            let own = origin.parse::<WebOrigin>().is_ok_and(|origin| origin.is_of(host));
            assert!(!own, "{origin} at {host}");
        }
    }
}
