//! Spans of time that people write.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::repo::Invalid;

/// A span of time that people write as `90s`, `30m`, `12h` or `7d`; ten years at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub Duration);

const DAY_SECONDS: u64 = 24 * 60 * 60;
const MAX_SECONDS: u64 = 3_650 * DAY_SECONDS;

/// The largest first.
const UNITS: [(&str, u64); 4] = [("d", DAY_SECONDS), ("h", 60 * 60), ("m", 60), ("s", 1)];

impl FromStr for Span {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let invalid = || Invalid::new("span of time", text, "a number with its unit s, m, h or d, such as 12h");
        let trimmed = text.trim();
        let (number, unit) = trimmed.split_at(trimmed.find(|c: char| !c.is_ascii_digit()).ok_or_else(invalid)?);
        let number: u64 = number.parse().map_err(|_| invalid())?;
        let (_, seconds) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(invalid)?;
        let seconds = number.checked_mul(*seconds).filter(|seconds| *seconds <= MAX_SECONDS).ok_or_else(invalid)?;
        Ok(Self(Duration::from_secs(seconds)))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        let exact = UNITS.iter().find(|(_, unit)| seconds >= *unit && seconds.is_multiple_of(*unit));
        let (name, unit) = exact.unwrap_or(&("s", 1));
        write!(formatter, "{}{name}", seconds / unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_and_shown_in_the_largest_unit_that_fits() {
        for (text, seconds, shown) in
            [("7d", 604_800, "7d"), ("12h", 43_200, "12h"), ("90m", 5_400, "90m"), ("60s", 60, "1m"), ("0d", 0, "0s")]
        {
            let span: Span = text.parse().unwrap();
            assert_eq!((span.0.as_secs(), span.to_string().as_str()), (seconds, shown), "{text}");
        }
        for bad in ["", "7", "d", "1.5h", "-1h", "7 days", "3651d", "99999999999999999999d"] {
            assert!(bad.parse::<Span>().is_err(), "{bad:?} must be refused");
        }
    }
}
