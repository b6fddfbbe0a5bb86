//! On which way the content of a job's files comes.

use std::fmt;
use std::str::FromStr;

use crate::repo::{Invalid, TreeFile, XetHash, serde_as_text};

/// The Hub gives no larger file over plain HTTP.
const HTTP_MAX_BYTES: u64 = 50_000_000_000;

/// On which way the content of a job's files comes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum TransferWay {
    /// Over plain HTTP, but for what the Hub gives over Xet alone.
    #[default]
    Auto,
    /// Over plain HTTP.
    Http,
    /// Over Xet, where the Hub keeps a file there.
    Xet,
}

impl TransferWay {
    /// The hash by which a file is asked for over Xet; none when it is to come over plain HTTP.
    pub fn xet_hash(self, file: &TreeFile) -> Option<XetHash> {
        let is_wanted = match self {
            Self::Auto => needs_xet(file.size_bytes),
            Self::Http => false,
            Self::Xet => file.size_bytes > 0,
        };
        file.xet_hash.filter(|_| is_wanted)
    }
}

/// Whether a file of this size comes over Xet alone, if at all: the Hub refuses it to plain HTTP.
pub fn needs_xet(size_bytes: u64) -> bool {
    size_bytes > HTTP_MAX_BYTES
}

impl FromStr for TransferWay {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        match text {
            "auto" => Ok(Self::Auto),
            "http" => Ok(Self::Http),
            "xet" => Ok(Self::Xet),
            _ => Err(Invalid::new("transfer", text, "auto, http or xet")),
        }
    }
}

impl fmt::Display for TransferWay {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Auto => "auto",
            Self::Http => "http",
            Self::Xet => "xet",
        })
    }
}

serde_as_text!(TransferWay);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repo::BlobHash;

    #[test]
    fn only_what_is_kept_in_xet_and_is_wanted_from_there_comes_over_xet() {
        let hash = "ab".repeat(32).parse().ok();
        let file = |size_bytes, xet_hash| TreeFile {
            path: "m.bin".parse().unwrap(),
            size_bytes,
            blob: BlobHash::Sha256([1; 32]),
            git_oid: String::new(),
            xet_hash,
        };
        let by_xet = |way: TransferWay, size_bytes, hash| way.xet_hash(&file(size_bytes, hash)).is_some();
        for (way, small, large) in
            [(TransferWay::Auto, false, true), (TransferWay::Http, false, false), (TransferWay::Xet, true, true)]
        {
            assert_eq!(by_xet(way, HTTP_MAX_BYTES, hash), small, "{way}");
            assert_eq!(by_xet(way, HTTP_MAX_BYTES + 1, hash), large, "{way}");
        }
        assert!(!by_xet(TransferWay::Xet, 1, None));
        assert!(!by_xet(TransferWay::Xet, 0, hash));
    }
}
