//! Entity tags as the Hub and its mirrors write them.

use reqwest::header::{ETAG, HeaderMap};

pub(super) const LINKED_ETAG: &str = "x-linked-etag";

/// The tag itself: without the mark of a weak one and without quotes (some mirrors leave them out).
pub(super) fn normalise(etag: &str) -> &str {
    let etag = etag.trim();
    etag.strip_prefix("W/").unwrap_or(etag).trim_matches('"')
}

/// The `ETag` of an answer.
pub(super) fn of(headers: &HeaderMap) -> Option<String> {
    headers.get(ETAG)?.to_str().ok().map(|etag| normalise(etag).to_owned())
}

/// The tag of the content that an answer stands for, which a redirect has in a header of its own.
pub(super) fn of_content(headers: &HeaderMap) -> Option<String> {
    let linked = headers.get(LINKED_ETAG).and_then(|etag| etag.to_str().ok());
    linked.map(|etag| normalise(etag).to_owned()).or_else(|| of(headers))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_loses_its_mark_and_its_quotes() {
        for (raw, tag) in
            [("\"ab\"", "ab"), ("W/\"ab\"", "ab"), ("ab", "ab"), (" \"W/ab\" ", "W/ab"), ("Wab", "Wab"), ("", "")]
        {
            assert_eq!(normalise(raw), tag, "{raw:?}");
        }
    }
}
