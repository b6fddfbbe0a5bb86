//! The listing of a repository at one commit.

use serde::{Deserialize, Serialize};

use super::{BlobHash, CommitHash, RepoPath, XetHash};

/// One file of a repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TreeFile {
    /// Where it lies in the repository.
    pub path: RepoPath,
    /// The size of its content in bytes (of the content, also where git holds just a pointer).
    pub size_bytes: u64,
    /// The hash of its content; names the blob in the cache.
    pub blob: BlobHash,
    /// Git's own object id: of the content, or of the pointer where the content is in LFS.
    pub git_oid: String,
    /// The hash of its content in Xet, for files stored there.
    pub xet_hash: Option<XetHash>,
}

impl TreeFile {
    /// Whether the content is stored outside git (LFS or Xet).
    pub fn is_lfs(&self) -> bool {
        matches!(self.blob, BlobHash::Sha256(_))
    }
}

/// All files of a repository at one commit, in the Hub's order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tree {
    /// The commit that was listed.
    pub commit: CommitHash,
    /// Its files.
    pub files: Vec<TreeFile>,
}
