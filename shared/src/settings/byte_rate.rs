//! A limit of bytes a second.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;

use super::ByteSize;
use crate::repo::{Invalid, serde_as_text};

/// The most bytes a second, or no limit. Written as a size, such as `20MiB`; `0` is no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ByteRate(Option<NonZeroU64>);

impl ByteRate {
    /// The least limit in bytes a second. Even with this one each of many connections stands still for seconds at a time: servers
    /// may close it, and it goes on from where it was.
    pub const MIN: u64 = 64 << 10;

    /// The limit in bytes a second.
    pub fn limit(self) -> Option<NonZeroU64> {
        self.0
    }
}

impl FromStr for ByteRate {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let expected = "a size of at least 64KiB, such as 20MiB, or 0 for no limit";
        match text.parse() {
            Ok(ByteSize(bytes)) if bytes == 0 || bytes >= Self::MIN => Ok(Self(NonZeroU64::new(bytes))),
            _ => Err(Invalid::new("rate", text, expected)),
        }
    }
}

impl fmt::Display for ByteRate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(bytes) => ByteSize(bytes.get()).fmt(formatter),
            None => formatter.write_str("0"),
        }
    }
}

serde_as_text!(ByteRate);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_size_that_is_none_or_not_too_small() {
        for (text, limit) in [("0", None), ("0B", None), ("64KiB", Some(64 << 10)), ("20MiB", Some(20 << 20))] {
            let rate: ByteRate = text.parse().unwrap();
            assert_eq!(rate.limit().map(NonZeroU64::get), limit, "{text}");
            assert_eq!(rate.to_string().parse(), Ok(rate), "{text}");
        }
        for bad in ["", "1", "63KiB", "fast", "-1"] {
            assert!(bad.parse::<ByteRate>().is_err(), "{bad:?} must be refused");
        }
    }
}
