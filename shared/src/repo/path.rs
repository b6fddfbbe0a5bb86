//! Paths of files inside a repository. A repository's author controls these names.

use std::fmt;
use std::str::FromStr;

use super::{Invalid, serde_as_text};

const MAX_NAME_BYTES: usize = 255;

/// More than any repository needs, and less than breaks somewhere: a link to a blob goes up as many folders, all that walk
/// through the cache go down as many, and the system takes paths of 4,096 bytes.
const MAX_BYTES: usize = 1_024;
const MAX_FOLDERS: usize = 128;

/// A relative path that stays inside its folder on any operating system.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RepoPath(String);

impl RepoPath {
    /// The path as text, its names separated by `/`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last name of the path.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// How many folders the file lies in.
    pub fn depth(&self) -> usize {
        self.0.matches('/').count()
    }
}

impl FromStr for RepoPath {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let drive = text.as_bytes().get(1) == Some(&b':') && text.as_bytes()[0].is_ascii_alphabetic();
        let safe_name = |name: &str| {
            !name.is_empty()
                && name != "."
                && name != ".."
                && name.len() <= MAX_NAME_BYTES
                && !name.contains(|c: char| c == '\\' || c.is_control())
        };
        let is_short = text.len() <= MAX_BYTES && text.matches('/').count() <= MAX_FOLDERS;
        if !drive && is_short && text.split('/').all(safe_name) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Invalid::new(
                "file path",
                text,
                "a relative path of at most 1024 bytes and 128 folders, without '..', '.', empty names, backslashes or \
                 control characters",
            ))
        }
    }
}

impl fmt::Display for RepoPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

serde_as_text!(RepoPath);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_cannot_leave_its_folder() {
        for good in [
            "a",
            "a/b/c.txt",
            "we ird/[x] #1 100%.txt",
            "…/ünï.json",
            ".gitattributes",
            "a..b",
            &"x".repeat(255),
            &format!("{}b", "a/".repeat(128)),
        ] {
            assert_eq!(good.parse::<RepoPath>().unwrap().as_str(), good);
        }
        for bad in [
            "",
            "/etc/passwd",
            "..",
            "a/../b",
            "./a",
            "a//b",
            "a/",
            "a\\b",
            "C:/x",
            "c:x",
            "a\0b",
            "a\x1b[2Jb",
            "a\nb",
            &"x".repeat(256),
            &format!("{}b", "a/".repeat(129)),
            &format!("{}b", format!("{}/", "x".repeat(200)).repeat(6)),
        ] {
            assert!(bad.parse::<RepoPath>().is_err(), "{bad:?} must be refused");
        }
    }
}
