//! The `Content-Range` header: which bytes an answer says that it holds.

use std::str::FromStr;

use reqwest::header::{CONTENT_RANGE, HeaderMap};

use super::error;
use crate::repo::ByteRange;

/// `bytes <first>-<last>/<total>`; only a complete one is of use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ContentRange {
    pub(super) range: ByteRange,
    pub(super) total_bytes: u64,
}

impl FromStr for ContentRange {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let parse = || {
            let (unit, rest) = text.trim().split_once(' ')?;
            let (range, total) = rest.split_once('/')?;
            let (first, last) = range.split_once('-')?;
            let end = number(last)?.checked_add(1)?;
            let range = ByteRange::new(number(first)?, end)?;
            unit.eq_ignore_ascii_case("bytes").then_some(Self { range, total_bytes: number(total)? })
        };
        parse().ok_or(())
    }
}

fn number(text: &str) -> Option<u64> {
    let text = text.trim();
    // `parse` alone would take a sign.
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

/// The header as it stands in an answer, for comparing and for messages.
pub(super) fn of(headers: &HeaderMap) -> (Option<ContentRange>, String) {
    let text = headers.get(CONTENT_RANGE).map(|value| error::tidy(&String::from_utf8_lossy(value.as_bytes())));
    match text {
        Some(text) => (text.parse().ok(), text),
        None => (None, "an unknown part".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_complete_content_range_is_read() {
        let expected = ContentRange { range: ByteRange::new(10, 20).unwrap(), total_bytes: 100 };
        assert_eq!("bytes 10-19/100".parse(), Ok(expected));
        assert_eq!(" Bytes 10-19/100 ".parse(), Ok(expected));
    }

    #[test]
    fn anything_else_is_refused() {
        for bad in [
            "",
            "bytes",
            "bytes 10-19/*",
            "bytes */100",
            "bytes 10-/100",
            "bytes 19-10/100",
            "bytes +1-19/100",
            "items 10-19/100",
            "bytes=10-19/100",
            "bytes 0-18446744073709551615/1",
        ] {
            assert_eq!(bad.parse::<ContentRange>(), Err(()), "{bad:?}");
        }
    }
}
