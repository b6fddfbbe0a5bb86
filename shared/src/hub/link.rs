//! The `Link` header (RFC 8288), by which the Hub's listings name their next page.

use reqwest::header::{HeaderMap, LINK};

/// The target of the first link whose relation is `next`, as it stands there.
pub(super) fn next_page(headers: &HeaderMap) -> Option<String> {
    headers.get_all(LINK).iter().find_map(|value| next_in(std::str::from_utf8(value.as_bytes()).ok()?))
}

fn next_in(mut header: &str) -> Option<String> {
    while let Some((_, rest)) = header.split_once('<') {
        let (target, rest) = rest.split_once('>')?;
        let end = end_of_params(rest);
        if rest[..end].split(';').any(is_next) {
            return Some(target.trim().to_owned());
        }
        header = &rest[end..];
    }
    None
}

/// Where the parameters of a link end: at a comma outside of quotes.
fn end_of_params(text: &str) -> usize {
    let mut quoted = false;
    text.find(|c: char| {
        quoted ^= c == '"';
        c == ',' && !quoted
    })
    .unwrap_or(text.len())
}

fn is_next(param: &str) -> bool {
    param.split_once('=').is_some_and(|(name, value)| {
        let mut relations = value.trim().trim_matches('"').split_ascii_whitespace();
        name.trim().eq_ignore_ascii_case("rel") && relations.any(|relation| relation.eq_ignore_ascii_case("next"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_found_among_other_links() {
        for (header, next) in [
            (r#"<https://h/a?cursor=x%3D>; rel="next""#, Some("https://h/a?cursor=x%3D")),
            (r#"</a,b>; rel="prev", <?c=1;d>; title="x, <y>"; rel="last next""#, Some("?c=1;d")),
            ("</plain>;rel=next", Some("/plain")),
            (r#"< /x > ; REL = "NEXT""#, Some("/x")),
            (r#"</a>; rel="prev""#, None),
            (r#"</a>; rel="nextish""#, None),
            (r#"</a>; title="rel=next, </b>""#, None),
            ("</unclosed; rel=next", None),
            ("nonsense", None),
            ("", None),
        ] {
            assert_eq!(next_in(header).as_deref(), next, "{header}");
        }
    }
}
