//! Revisions: branches, tags, pull requests (`refs/pr/1`) and commits.

use std::fmt;
use std::str::FromStr;

use super::{CommitHash, Invalid, serde_as_text};

const MAX_BYTES: usize = 250;

/// A branch, a tag, a nested ref such as `refs/pr/1`, or a commit; safe as a path below `refs/`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Revision(String);

impl Revision {
    /// The revision as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The commit itself, when the revision is one (40 hex digits; anything shorter is a name).
    pub fn as_commit(&self) -> Option<CommitHash> {
        self.0.parse().ok()
    }
}

impl Default for Revision {
    fn default() -> Self {
        Self("main".to_owned())
    }
}

impl FromStr for Revision {
    type Err = Invalid;

    /// Follows `git check-ref-format` as far as it matters for safety.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let forbidden = |c: char| c.is_control() || c.is_whitespace() || "\\:?*[~^".contains(c);
        let valid = text.len() <= MAX_BYTES
            && !text.contains(forbidden)
            && !text.contains("..")
            && text.split('/').all(|part| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock"));
        if valid {
            Ok(Self(text.to_owned()))
        } else {
            Err(Invalid::new("revision", text, "a branch, a tag, a ref such as refs/pr/1, or a commit"))
        }
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

serde_as_text!(Revision);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_cannot_leave_the_refs_folder() {
        for good in ["main", "v1.0", "refs/pr/1", "feature/x-y_z", &"a1".repeat(20)] {
            assert_eq!(good.parse::<Revision>().unwrap().as_str(), good);
        }
        for bad in
            ["", "..", "a/../b", "/main", "a//b", "a/", ".hidden", "a b", "a\\b", "a\0b", "x.lock", &"a".repeat(251)]
        {
            assert!(bad.parse::<Revision>().is_err(), "{bad:?} must be refused");
        }
    }

    #[test]
    fn only_forty_hex_digits_are_a_commit() {
        assert!("a1".repeat(20).parse::<Revision>().unwrap().as_commit().is_some());
        assert!("a1b2c3d".parse::<Revision>().unwrap().as_commit().is_none());
    }
}
