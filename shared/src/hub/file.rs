//! A file as a caller wants it, and the check that the Hub still means the same one.

use reqwest::StatusCode;
use reqwest::header::{CONTENT_ENCODING, CONTENT_LENGTH, HeaderMap};

use super::{HubError, etag};
use crate::job::PlannedFile;
use crate::repo::{BlobHash, RepoPath, TreeFile};

const LINKED_SIZE: &str = "x-linked-size";

/// What is known of a file from the listing, and must still be so when it is fetched.
#[derive(Debug, Clone, Copy)]
pub struct WantedFile<'a> {
    /// Where it lies in the repository.
    pub path: &'a RepoPath,
    /// The size of its content in bytes.
    pub size_bytes: u64,
    /// The hash of its content.
    pub blob: BlobHash,
}

impl<'a> From<&'a TreeFile> for WantedFile<'a> {
    fn from(file: &'a TreeFile) -> Self {
        Self { path: &file.path, size_bytes: file.size_bytes, blob: file.blob }
    }
}

impl<'a> From<&'a PlannedFile> for WantedFile<'a> {
    fn from(file: &'a PlannedFile) -> Self {
        Self { path: &file.path, size_bytes: file.size_bytes, blob: file.blob }
    }
}

impl WantedFile<'_> {
    /// Compares the hash and the size that an answer of the Hub tells, as far as it does, with the wanted ones.
    ///
    /// Not for answers of other servers: the tag of a content server may be a hash of something else.
    pub(super) fn check(&self, status: StatusCode, headers: &HeaderMap, what: &str) -> Result<(), HubError> {
        let changed = |detail| Err(HubError::Changed { what: what.to_owned(), detail });
        let told: Option<BlobHash> = etag::of_content(headers).and_then(|etag| etag.parse().ok());
        if let Some(told) = told
            && is_same_kind(told, self.blob)
            && told != self.blob
        {
            return changed(format!("its hash is {told}, {} was expected", self.blob));
        }
        let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
        // A redirect's own length is that of the redirect, and that of encoded content is not the file's.
        let is_content = status == StatusCode::OK && !headers.contains_key(CONTENT_ENCODING);
        let own_length = || if is_content { number(CONTENT_LENGTH.as_str()) } else { None };
        match number(LINKED_SIZE).or_else(own_length) {
            Some(size) if size != self.size_bytes => {
                changed(format!("it has {size} bytes, {} were expected", self.size_bytes))
            }
            _ => Ok(()),
        }
    }
}

fn is_same_kind(a: BlobHash, b: BlobHash) -> bool {
    std::mem::discriminant(&a) == std::mem::discriminant(&b)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(status: u16, headers: &[(&'static str, String)]) -> bool {
        let path = "a".parse().unwrap();
        let wanted = WantedFile { path: &path, size_bytes: 5, blob: sha256("ab").parse().unwrap() };
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        wanted.check(StatusCode::from_u16(status).unwrap(), &headers, "a").is_ok()
    }

    fn sha256(byte: &str) -> String {
        byte.repeat(32)
    }

    #[test]
    fn hashes_of_the_same_kind_must_be_equal() {
        assert!(check(302, &[("x-linked-etag", format!("\"{}\"", sha256("ab")))]));
        assert!(!check(302, &[("x-linked-etag", format!("\"{}\"", sha256("cd")))]));
        assert!(!check(200, &[("etag", format!("W/\"{}\"", sha256("cd")))]));
        assert!(check(302, &[("x-linked-etag", sha256("ab")), ("etag", sha256("cd"))]));
        assert!(check(200, &[("etag", "\"cd\"".to_owned())]));
        assert!(check(200, &[("etag", "cd".repeat(20))]), "a git hash says nothing about a SHA-256");
    }

    #[test]
    fn sizes_must_be_equal_where_they_are_of_the_content() {
        let headers = |linked: u64, own: u64| {
            check(302, &[("x-linked-size", linked.to_string()), ("content-length", own.to_string())])
        };
        assert!(headers(5, 99));
        assert!(!headers(6, 5));
        assert!(check(302, &[("content-length", "99".to_owned())]));
        assert!(check(200, &[("content-length", "5".to_owned())]));
        assert!(!check(200, &[("content-length", "99".to_owned())]));
    }
}
