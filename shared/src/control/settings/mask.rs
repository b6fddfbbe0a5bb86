//! The form in which a token may be shown.

use secrecy::{ExposeSecret, SecretString};

const MASK: &str = "********";
/// What is shown of a token, and how long it must be for that.
const SHOWN_CHARS: usize = 4;
const SHOWN_FROM_CHARS: usize = 12;

/// `********` and the last four characters, without these when there are fewer than twelve.
pub(super) fn mask(token: &SecretString) -> String {
    let token = token.expose_secret();
    let length = token.chars().count();
    let hidden = if length < SHOWN_FROM_CHARS { length } else { length - SHOWN_CHARS };
    format!("{MASK}{}", token.chars().skip(hidden).collect::<String>())
}

/// Whether this is what a form was given to show.
pub(super) fn is_masked(token: &SecretString) -> bool {
    token.expose_secret().starts_with(MASK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_token_is_not_shown_in_part() {
        assert_eq!(mask(&"hf_abcdefghijklmnop".into()), "********mnop");
        assert_eq!(mask(&"0123456789ab".into()), "********89ab");
        assert_eq!(mask(&"0123456789a".into()), "********");
    }
}
