//! The hash of content, of the kind that the Hub gives for it.

use hfd_shared::repo::BlobHash;
use sha1::Sha1;
use sha2::{Digest, Sha256};

/// Takes content in order, gives the hash that names it.
pub(crate) enum ContentHasher {
    Sha256(Sha256),
    GitSha1(Sha1),
}

impl ContentHasher {
    /// A hasher of the kind of `expected`, for content of `size_bytes`.
    pub(crate) fn like(expected: &BlobHash, size_bytes: u64) -> Self {
        match expected {
            BlobHash::Sha256(_) => Self::Sha256(Sha256::new()),
            // Git hashes an object's type and length with its content.
            BlobHash::GitSha1(_) => Self::GitSha1(Sha1::new_with_prefix(format!("blob {size_bytes}\0"))),
        }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(hasher) => hasher.update(bytes),
            Self::GitSha1(hasher) => hasher.update(bytes),
        }
    }

    pub(crate) fn finish(self) -> BlobHash {
        match self {
            Self::Sha256(hasher) => BlobHash::Sha256(hasher.finalize().into()),
            Self::GitSha1(hasher) => BlobHash::GitSha1(hasher.finalize().into()),
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_kinds_agree_with_sha256sum_and_git_hash_object() {
        // Not above: the benchmark compiles this file with `test` set, but without its tests.
        use super::*;

        let hash = |like: BlobHash| {
            let mut hasher = ContentHasher::like(&like, 6);
            hasher.update(b"hel");
            hasher.update(b"lo\n");
            hasher.finish().to_string()
        };
        assert_eq!(hash(BlobHash::GitSha1([0; 20])), "ce013625030ba8dba906f756967f9e9ca394464a");
        assert_eq!(hash(BlobHash::Sha256([0; 32])), "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03");
    }
}
