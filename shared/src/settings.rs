//! What can be set about downloads, with its limits; parsed once and handed down.

mod bounded;
mod byte_rate;
mod overrides;
mod span;

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use secrecy::SecretString;
use url::Url;

use crate::ports::Retention;
use crate::repo::{Invalid, serde_as_text};

pub use bounded::{Connections, MaxActive, Retries, Slots};
pub use byte_rate::ByteRate;
pub use overrides::Overrides;
pub use span::Span;

/// The Hub, unless another endpoint is given.
pub const DEFAULT_ENDPOINT: &str = "https://huggingface.co";

/// How the content of a file is checked before it is published. Its length is checked always.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verify {
    /// Only the length of each response.
    None,
    /// The size on disk.
    Size,
    /// The hash that the Hub gives: SHA-256, or git's blob SHA-1 for files outside LFS.
    Sha256,
}

impl FromStr for Verify {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        match text {
            "none" => Ok(Self::None),
            "size" => Ok(Self::Size),
            "sha256" => Ok(Self::Sha256),
            _ => Err(Invalid::new("verify", text, "none, size or sha256")),
        }
    }
}

impl fmt::Display for Verify {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::None => "none",
            Self::Size => "size",
            Self::Sha256 => "sha256",
        })
    }
}

serde_as_text!(Verify);

/// A number of bytes that people write as `32MiB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(pub u64);

const UNITS: [(&str, u64); 8] = [
    ("kib", 1 << 10),
    ("mib", 1 << 20),
    ("gib", 1 << 30),
    ("kb", 1_000),
    ("mb", 1_000_000),
    ("gb", 1_000_000_000),
    ("b", 1),
    ("", 1),
];

impl FromStr for ByteSize {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let invalid = || Invalid::new("size", text, "a number with an optional unit B, KB, MB, GB, KiB, MiB or GiB");
        let lower = text.trim().to_ascii_lowercase();
        let digits_end = lower.find(|c: char| !c.is_ascii_digit()).unwrap_or(lower.len());
        let (number, unit) = lower.split_at(digits_end);
        let number: u64 = number.parse().map_err(|_| invalid())?;
        let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit.trim()).ok_or_else(invalid)?;
        number.checked_mul(*factor).map(Self).ok_or_else(invalid)
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exact = |factor: u64| self.0 >= factor && self.0.is_multiple_of(factor);
        match self.0 {
            bytes if exact(1 << 30) => write!(formatter, "{}GiB", bytes >> 30),
            bytes if exact(1 << 20) => write!(formatter, "{}MiB", bytes >> 20),
            bytes if exact(1 << 10) => write!(formatter, "{}KiB", bytes >> 10),
            bytes => write!(formatter, "{bytes}B"),
        }
    }
}

serde_as_text!(ByteSize);

/// How data is moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferSettings {
    /// Connections that one large file, or one batch of small ones, uses at most at a time; see [`Connections`].
    pub connections: usize,
    /// Files of at least so many bytes are fetched in parts.
    pub multipart_threshold: ByteSize,
    /// How content is checked.
    pub verify: Verify,
    /// How often a connection that fails without progress is tried again; see [`Retries`].
    pub retries: usize,
    /// What all processes together receive at most.
    pub max_bytes_per_second: ByteRate,
    /// What this process receives at most.
    pub max_process_bytes_per_second: ByteRate,
    /// A connection that gives no byte for so long is dropped and tried again.
    pub stall_timeout: Duration,
    /// A connection that gives fewer bytes a second than this over the stall timeout is dropped and tried again.
    pub min_bytes_per_second: u64,
}

impl Default for TransferSettings {
    fn default() -> Self {
        Self {
            connections: 8,
            multipart_threshold: ByteSize(32 << 20),
            verify: Verify::Sha256,
            retries: 4,
            max_bytes_per_second: ByteRate::default(),
            max_process_bytes_per_second: ByteRate::default(),
            stall_timeout: Duration::from_secs(30),
            min_bytes_per_second: 1024,
        }
    }
}

/// How many jobs run, and how long they and the signs of life of their workers count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobSettings {
    /// Jobs that run at a time, over all processes that share the store; see [`MaxActive`].
    pub max_active: usize,
    /// A worker that is silent for so long has lost its tasks and blobs to others.
    pub lease_timeout: Duration,
    /// How long a job waits for a Hub that is away, or for a server of its content.
    pub max_outage: Duration,
    /// How long ended jobs are kept.
    pub retention: Retention,
}

impl Default for JobSettings {
    fn default() -> Self {
        Self {
            max_active: 3,
            lease_timeout: Duration::from_secs(10),
            max_outage: Duration::from_mins(30),
            retention: Retention { jobs: 1_000, age: Duration::from_hours(7 * 24) },
        }
    }
}

/// Where the Hub is and who we are there.
#[derive(Debug, Clone)]
pub struct HubSettings {
    /// The Hub's origin, or that of a mirror.
    pub endpoint: Url,
    /// Sent to that origin only.
    pub token: Option<SecretString>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_in_both_kinds_of_units() {
        for (text, bytes) in [("32MiB", 32 << 20), ("1 gb", 1_000_000_000), ("4096", 4096), ("7B", 7), ("0", 0)] {
            assert_eq!(text.parse(), Ok(ByteSize(bytes)), "{text}");
        }
        for bad in ["", "lots", "32M", "-1", "1.5GiB", "99999999999GiB"] {
            assert!(bad.parse::<ByteSize>().is_err(), "{bad:?} must be refused");
        }
    }

    #[test]
    fn a_size_is_shown_as_it_can_be_read_again() {
        for bytes in [0, 1, 1023, 1024, 32 << 20, 3 << 30, (1 << 20) + 1] {
            assert_eq!(ByteSize(bytes).to_string().parse(), Ok(ByteSize(bytes)));
        }
    }
}
