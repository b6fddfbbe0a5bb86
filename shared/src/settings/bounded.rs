//! Whole numbers with limits, each defined once for flags, the API and the store.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::repo::Invalid;

/// Defines a whole number within limits, both included.
macro_rules! bounded {
    ($(#[$doc:meta])* $name:ident, $what:literal, $min:literal, $max:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(into = "u64", try_from = "u64")]
        pub struct $name(u16);

        impl $name {
            /// The smallest one.
            pub const MIN: u16 = $min;
            /// The largest one.
            pub const MAX: u16 = $max;

            /// The number.
            pub fn get(self) -> usize {
                usize::from(self.0)
            }
        }

        impl TryFrom<u64> for $name {
            type Error = Invalid;

            fn try_from(number: u64) -> Result<Self, Invalid> {
                let within = u16::try_from(number).ok().filter(|number| (Self::MIN..=Self::MAX).contains(number));
                let expected = concat!("a whole number from ", $min, " to ", $max);
                within.map(Self).ok_or_else(|| Invalid::new($what, &number.to_string(), expected))
            }
        }

        impl From<$name> for u64 {
            fn from($name(number): $name) -> Self {
                number.into()
            }
        }

        impl FromStr for $name {
            type Err = Invalid;

            fn from_str(text: &str) -> Result<Self, Invalid> {
                let expected = concat!("a whole number from ", $min, " to ", $max);
                let number: u64 = text.trim().parse().map_err(|_| Invalid::new($what, text, expected))?;
                Self::try_from(number)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(formatter)
            }
        }
    };
}

bounded! {
    /// Connections that one large file, or one batch of small ones, uses at a time.
    Connections, "number of connections", 1, 64
}

bounded! {
    /// Large files, or batches of small ones, that one worker has in work at a time.
    Slots, "number of slots", 1, 64
}

bounded! {
    /// Jobs that run at a time, over all processes that share the store.
    MaxActive, "number of active jobs", 1, 256
}

bounded! {
    /// How often a connection that fails without progress is tried again, until its file is given up.
    Retries, "number of retries", 0, 20
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_beyond_its_limits_is_refused_as_text_and_as_json() {
        for (text, is_good) in [("1", true), ("64", true), ("0", false), ("65", false), ("65537", false), ("-1", false)]
        {
            assert_eq!(text.parse::<Connections>().is_ok(), is_good, "{text}");
            assert_eq!(serde_json::from_str::<Connections>(text).is_ok(), is_good, "{text}");
        }
        let error = "257".parse::<MaxActive>().unwrap_err();
        assert!(error.to_string().ends_with("expected a whole number from 1 to 256"), "{error}");
        assert_eq!(serde_json::to_string(&"0".parse::<Retries>().unwrap()).unwrap(), "0");
    }
}
