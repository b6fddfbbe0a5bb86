//! The name of a request: in the answer and in each line of the log that belongs to it.

use poem::http::{HeaderMap, HeaderName, HeaderValue};

/// The header that carries it, in requests and in answers.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Bytes of the longest name that is taken from a client.
const MAX_BYTES: usize = 128;

/// The name that the client chose, when it is visible ASCII and not too long; otherwise a random one. None when the
/// system has no randomness to give.
pub(super) fn of(headers: &HeaderMap) -> Option<HeaderValue> {
    let given = headers.get(&REQUEST_ID).filter(|value| is_sane(value.as_bytes())).cloned();
    given.or_else(random)
}

fn is_sane(bytes: &[u8]) -> bool {
    (1..=MAX_BYTES).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic)
}

fn random() -> Option<HeaderValue> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).ok()?;
    HeaderValue::from_str(&format!("{:032x}", u128::from_ne_bytes(bytes))).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_sane_name_is_taken_from_the_client() {
        let named = |name: &str| {
            of(&HeaderMap::from_iter([(REQUEST_ID, HeaderValue::from_bytes(name.as_bytes()).unwrap())])).unwrap()
        };
        for sane in ["a", "3f2b-77:x/1", &"x".repeat(128)] {
            assert_eq!(named(sane), sane);
        }
        for odd in ["", "a b", "ä", &"x".repeat(129)] {
            assert_eq!(named(odd).len(), 32, "{odd:?}");
        }
        assert_ne!(of(&HeaderMap::new()), of(&HeaderMap::new()));
    }
}
