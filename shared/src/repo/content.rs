//! What a file holds.

use super::BlobHash;

/// A content: what names it, and how long it is. Bytes of another length are another content, whatever they are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Content {
    /// Its hash.
    pub blob: BlobHash,
    /// Its size in bytes.
    pub size_bytes: u64,
}
