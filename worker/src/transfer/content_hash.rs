//! The hash of content, of the kind that the Hub gives for it.

use aws_lc_rs::digest::{Context, Digest, SHA1_FOR_LEGACY_USE_ONLY, SHA256};
use hfd_shared::repo::BlobHash;

/// Takes content in order, gives the hash that names it. By AWS-LC, which is fast on processors without instructions for SHA, too.
pub(crate) enum ContentHasher {
    Sha256(Context),
    GitSha1(Context),
}

impl ContentHasher {
    /// A hasher of the kind of `expected`, for content of `size_bytes`.
    pub(crate) fn like(expected: &BlobHash, size_bytes: u64) -> Self {
        match expected {
            BlobHash::Sha256(_) => Self::Sha256(Context::new(&SHA256)),
            BlobHash::GitSha1(_) => {
                let mut context = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
                // Git hashes an object's type and length with its content.
                context.update(format!("blob {size_bytes}\0").as_bytes());
                Self::GitSha1(context)
            }
        }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(context) | Self::GitSha1(context) => context.update(bytes),
        }
    }

    pub(crate) fn finish(self) -> BlobHash {
        match self {
            Self::Sha256(context) => BlobHash::Sha256(bytes(&context.finish())),
            Self::GitSha1(context) => BlobHash::GitSha1(bytes(&context.finish())),
        }
    }
}

/// Its bytes, of which there are as many as its algorithm gives.
fn bytes<const BYTES: usize>(digest: &Digest) -> [u8; BYTES] {
    let mut bytes = [0; BYTES];
    bytes.copy_from_slice(digest.as_ref());
    bytes
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
