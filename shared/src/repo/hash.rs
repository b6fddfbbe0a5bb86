//! Content and commit hashes.

use std::fmt;
use std::str::FromStr;

use super::{Invalid, serde_as_text};

/// A git commit on the Hub: 40 lower-case hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CommitHash([u8; 20]);

impl FromStr for CommitHash {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        parse_hex(text).map(Self).ok_or_else(|| Invalid::new("commit", text, "40 hex digits"))
    }
}

impl fmt::Display for CommitHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&hex::encode(self.0))
    }
}

serde_as_text!(CommitHash);

/// The hash that names a file's content on the Hub and in the cache (the ETag).
///
/// The Hub gives the SHA-256 of files in LFS or Xet and git's blob SHA-1 of all others; the length tells which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BlobHash {
    /// SHA-256 of the content.
    Sha256([u8; 32]),
    /// SHA-1 of `blob <length in bytes>\0` and the content.
    GitSha1([u8; 20]),
}

impl FromStr for BlobHash {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        parse_hex(text)
            .map(Self::Sha256)
            .or_else(|| parse_hex(text).map(Self::GitSha1))
            .ok_or_else(|| Invalid::new("blob hash", text, "64 hex digits (SHA-256) or 40 (git SHA-1)"))
    }
}

impl fmt::Display for BlobHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sha256(bytes) => formatter.write_str(&hex::encode(bytes)),
            Self::GitSha1(bytes) => formatter.write_str(&hex::encode(bytes)),
        }
    }
}

serde_as_text!(BlobHash);

/// The hash that names a file's content in Xet, as the Hub writes it: 64 lower-case hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct XetHash([u8; 32]);

impl FromStr for XetHash {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        parse_hex(text).map(Self).ok_or_else(|| Invalid::new("Xet hash", text, "64 hex digits"))
    }
}

impl fmt::Display for XetHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&hex::encode(self.0))
    }
}

serde_as_text!(XetHash);

/// Hex digits of exactly the wanted length; upper case is refused, for the text also names files.
pub(crate) fn parse_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    let lower_case = !text.bytes().any(|byte| byte.is_ascii_uppercase());
    (lower_case && hex::decode_to_slice(text, &mut bytes).is_ok()).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_of_a_blob_hash_tells_its_kind() {
        assert!(matches!("ab".repeat(32).parse(), Ok(BlobHash::Sha256(_))));
        assert!(matches!("ab".repeat(20).parse(), Ok(BlobHash::GitSha1(_))));
        for bad in ["", "ab", "../../etc/passwd", &"AB".repeat(32), &"zz".repeat(20)] {
            assert!(bad.parse::<BlobHash>().is_err(), "{bad:?} must be refused");
        }
    }
}
