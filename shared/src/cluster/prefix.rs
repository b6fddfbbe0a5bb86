//! What the names of all keys and queues begin with.

use std::fmt;
use std::str::FromStr;

use crate::repo::Invalid;

/// Begins the names of all keys and queues of a cluster: 1 to 64 letters, digits, `-`, `_` or `.`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prefix(String);

impl Prefix {
    const MAX_BYTES: usize = 64;

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Prefix {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let harmless = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if (1..=Self::MAX_BYTES).contains(&text.len()) && text.bytes().all(harmless) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Invalid::new("prefix", text, "1 to 64 letters, digits, -, _ or ."))
        }
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_short_and_plain() {
        for good in ["hfd", "team-1.hfd_test", &"p".repeat(64)] {
            assert_eq!(good.parse::<Prefix>().unwrap().as_str(), good);
        }
        for bad in ["", "a b", "ä", "#", &"p".repeat(65)] {
            assert!(bad.parse::<Prefix>().is_err(), "{bad}");
        }
    }
}
