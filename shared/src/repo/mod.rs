//! The vocabulary of a Hub repository: what it is called, which version, which files, which content.
//!
//! Each type is parsed once at the edge and trusted afterwards; none can hold a value that is unsafe as part of a path.

mod content;
mod hash;
mod id;
mod path;
mod range;
mod revision;
mod text;
mod tree;

pub use content::Content;
pub(crate) use hash::parse_hex;
pub use hash::{BlobHash, CommitHash, XetHash};
pub use id::{RepoId, RepoKind, RepoRef};
pub use path::RepoPath;
pub use range::ByteRange;
pub use revision::Revision;
pub use tree::{Tree, TreeFile};

pub(crate) use text::serde_as_text;

/// A text that is not what it should be: says what was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid {what} {got:?}: expected {expected}")]
pub struct Invalid {
    /// What the text should have been, such as `repo`.
    pub what: &'static str,
    /// The text as it came.
    pub got: String,
    /// The rule that it breaks.
    pub expected: &'static str,
}

impl Invalid {
    pub(crate) fn new(what: &'static str, got: &str, expected: &'static str) -> Self {
        Self { what, got: got.to_owned(), expected }
    }
}
