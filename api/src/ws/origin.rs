//! Keeps other sites' pages out: browsers send them with the user's credentials, but tell where they come from.

use poem::http::{HeaderMap, header};
use url::Url;

/// Whether a page may connect: it is of the host that it connects to, or no browser is involved.
pub(super) fn is_same(headers: &HeaderMap) -> bool {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let Some(origin) = origins.next() else { return true };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let (Ok(origin), Some(host), None) = (origin.to_str(), host, origins.next()) else { return false };
    let Ok(origin) = Url::parse(origin) else { return false };
    // The scheme is the page's: behind a proxy that ends TLS, we do not see our own.
    let Ok(target) = Url::parse(&format!("{}://{host}", origin.scheme())) else { return false };
    let place = |url: &Url| Some((url.host()?.to_owned(), url.port_or_known_default()?));
    matches!(origin.scheme(), "http" | "https") && place(&origin).is_some() && place(&origin) == place(&target)
}

#[cfg(test)]
mod tests {
    use poem::http::HeaderValue;

    use super::*;

    fn allowed(origin: &'static str, host: &'static str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::ORIGIN, HeaderValue::from_static(origin));
        headers.insert(header::HOST, HeaderValue::from_static(host));
        is_same(&headers)
    }

    #[test]
    fn only_pages_of_the_same_host_and_port_may_connect() {
        for (origin, host) in [
            ("http://localhost:8080", "localhost:8080"),
            ("https://hub.example", "hub.example"),
            ("https://hub.example", "hub.example:443"),
            ("http://Hub.Example", "hub.example:80"),
            ("http://[::1]:9", "[::1]:9"),
        ] {
            assert!(allowed(origin, host), "{origin} at {host}");
        }
        for (origin, host) in [
            ("http://evil.example", "localhost:8080"),
            ("http://localhost:8081", "localhost:8080"),
            ("http://localhost", "localhost:8080"),
            ("http://localhost:8080.evil.example", "localhost:8080"),
            ("null", "localhost"),
            ("", ""),
            ("file://", "localhost"),
        ] {
            assert!(!allowed(origin, host), "{origin} at {host}");
        }
        assert!(is_same(&HeaderMap::new()));
    }
}
