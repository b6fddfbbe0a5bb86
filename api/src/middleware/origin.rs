//! Which page a browser's request comes from. Browsers send requests of other sites' pages with the user's credentials, or
//! from the user's place in the network, but tell where they come from.

use hfd_shared::config::WebOrigin;
use poem::http::{HeaderMap, HeaderValue, header};

/// Tells where a browser's request comes from, when it does not name the page:
/// [Fetch Metadata](https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header).
const SEC_FETCH_SITE: &str = "sec-fetch-site";

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Caller {
    /// A page of this service, or no browser.
    Own,
    /// A page of a configured site, which is named so.
    Configured(HeaderValue),
    /// A page of any other site, or one that hides its own.
    Foreign,
}

impl Caller {
    /// Finds out from the headers of a request.
    pub(super) fn of(headers: &HeaderMap, configured: &[WebOrigin]) -> Self {
        let mut origins = headers.get_all(header::ORIGIN).iter();
        let (value, None) = (origins.next(), origins.next()) else { return Self::Foreign };
        let Some(value) = value else {
            let site = headers.get(SEC_FETCH_SITE).map(HeaderValue::as_bytes);
            return if matches!(site, None | Some(b"same-origin" | b"none")) { Self::Own } else { Self::Foreign };
        };
        let Some(origin) = value.to_str().ok().and_then(|text| text.parse::<WebOrigin>().ok()) else {
            return Self::Foreign;
        };
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        if host.is_some_and(|host| origin.is_of(host)) {
            Self::Own
        } else if configured.contains(&origin) {
            Self::Configured(value.clone())
        } else {
            Self::Foreign
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_is_judged_by_origin_and_without_one_by_fetch_metadata() {
        let configured = ["https://tools.example".parse().unwrap()];
        let named = || Caller::Configured(HeaderValue::from_static("https://tools.example"));
        for (headers, expected) in [
            (&[] as &[(&'static str, &'static str)], Caller::Own),
            (&[("origin", "https://hub.example")], Caller::Own),
            (&[("origin", "https://tools.example")], named()),
            (&[("origin", "http://tools.example")], Caller::Foreign),
            (&[("origin", "https://tools.example:444")], Caller::Foreign),
            (&[("origin", "null")], Caller::Foreign),
            (&[("origin", "")], Caller::Foreign),
            (&[("origin", "https://hub.example"), ("origin", "https://hub.example")], Caller::Foreign),
            (&[("origin", "https://tools.example"), ("sec-fetch-site", "cross-site")], named()),
            (&[("sec-fetch-site", "same-origin")], Caller::Own),
            (&[("sec-fetch-site", "none")], Caller::Own),
            (&[("sec-fetch-site", "same-site")], Caller::Foreign),
            (&[("sec-fetch-site", "cross-site")], Caller::Foreign),
        ] {
            let mut map = HeaderMap::from_iter([(header::HOST, HeaderValue::from_static("hub.example"))]);
            for (name, value) in headers {
                map.append(*name, HeaderValue::from_static(value));
            }
            assert_eq!(Caller::of(&map, &configured), expected, "{headers:?}");
        }
    }
}
