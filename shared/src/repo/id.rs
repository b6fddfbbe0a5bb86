//! Repository ids by the Hub's own rule.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Invalid, serde_as_text};

const MAX_PART_BYTES: usize = 96;

/// What a repository holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RepoKind {
    /// A model.
    Model,
    /// A dataset.
    Dataset,
}

impl RepoKind {
    /// The word in the Hub's API paths and in the cache's folder names: `models` or `datasets`.
    pub fn plural(self) -> &'static str {
        match self {
            Self::Model => "models",
            Self::Dataset => "datasets",
        }
    }
}

/// A repository's name, `owner/name` or, for a few old ones, just `name` (`gpt2`).
///
/// The rule is the one of Python's `huggingface_hub.utils.validate_repo_id`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RepoId(String);

impl RepoId {
    /// The id as text, `owner/name` or `name`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RepoId {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let parts: Vec<&str> = text.split('/').collect();
        let valid = parts.len() <= 2
            && parts.iter().all(|part| is_part(part))
            && !text.contains("--")
            && !text.contains("..")
            && !text.ends_with(".git");
        if valid { Ok(Self(text.to_owned())) } else { Err(Invalid::new("repo", text, "owner/name")) }
    }
}

fn is_part(part: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let bytes = part.as_bytes();
    (1..=MAX_PART_BYTES).contains(&bytes.len())
        && bytes.iter().all(|&byte| is_word(byte) || byte == b'-' || byte == b'.')
        && is_word(bytes[0])
        && is_word(bytes[bytes.len() - 1])
}

impl fmt::Display for RepoId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

serde_as_text!(RepoId);

/// A repository: its kind and its id.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RepoRef {
    /// Model or dataset.
    pub kind: RepoKind,
    /// Its name on the Hub.
    pub id: RepoId,
}

impl fmt::Display for RepoRef {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            RepoKind::Model => write!(formatter, "{}", self.id),
            RepoKind::Dataset => write!(formatter, "datasets/{}", self.id),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repo_id_follows_the_hubs_rule() {
        for good in ["gpt2", "owner/name", "TheBloke/Mistral-7B-v0.2-GGUF", "_a/b_", "a/1.0"] {
            assert_eq!(good.parse::<RepoId>().unwrap().as_str(), good);
        }
        let too_long = format!("a/{}", "x".repeat(97));
        for bad in [
            "", "/", "a/", "/b", "a/b/c", "../x", "a/..", "a--b/c", "a b/c", "a/b.git", "-a/b", "a/b.", "ä/b",
            &too_long,
        ] {
            assert!(bad.parse::<RepoId>().is_err(), "{bad:?} must be refused");
        }
    }
}
