//! An entry of the Hub's tree listing, as it comes and as what it means.

use serde::Deserialize;

use super::{HubError, error};
use crate::repo::{BlobHash, Invalid, RepoPath, TreeFile};

/// No hash is longer in hex; what is kept of each file of a listing has limits.
const MAX_HASH_BYTES: usize = 64;

/// An entry as it stands in the JSON.
#[derive(Debug, Deserialize)]
pub(super) struct RawEntry {
    #[serde(rename = "type")]
    kind: String,
    path: String,
    size: Option<u64>,
    oid: Option<String>,
    lfs: Option<RawLfs>,
    #[serde(rename = "xetHash")]
    xet_hash: Option<String>,
}

#[derive(Debug, Deserialize)]
struct RawLfs {
    oid: String,
    size: u64,
}

/// An entry that can be trusted.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Entry {
    File(TreeFile),
    Folder(RepoPath),
    /// Such as a git submodule: there is nothing to download.
    Other,
}

impl RawEntry {
    pub(super) fn check(self, what: &str) -> Result<Entry, HubError> {
        let path: RepoPath = self.path.parse().map_err(|invalid: Invalid| HubError::UnsafePath {
            what: what.to_owned(),
            invalid: Invalid { got: error::tidy(&invalid.got), ..invalid },
        })?;
        match self.kind.as_str() {
            "file" => {
                let incomplete = || HubError::protocol(what, format!("no usable size and hash for {path}"));
                self.file(&path).map(Entry::File).ok_or_else(incomplete)
            }
            "directory" => Ok(Entry::Folder(path)),
            _ => Ok(Entry::Other),
        }
    }

    fn file(self, path: &RepoPath) -> Option<TreeFile> {
        let git_oid = self.oid.filter(|oid| oid.len() <= MAX_HASH_BYTES)?;
        let (size_bytes, blob) = match self.lfs {
            Some(lfs) => (lfs.size, lfs.oid.parse().ok().filter(|hash| matches!(hash, BlobHash::Sha256(_)))?),
            None => (self.size?, git_oid.parse().ok().filter(|hash| matches!(hash, BlobHash::GitSha1(_)))?),
        };
        // One that is none of Xet's is no reason to fail: plain HTTP needs none.
        let xet_hash = self.xet_hash.and_then(|hash| hash.parse().ok());
        Some(TreeFile { path: path.clone(), size_bytes, blob, git_oid, xet_hash })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn check(entry: Value) -> Result<Entry, HubError> {
        serde_json::from_value::<RawEntry>(entry).unwrap().check("a/b")
    }

    #[test]
    fn a_file_in_lfs_has_the_size_and_hash_of_its_content() {
        let (oid, sha256, xet) = ("ab".repeat(20), "cd".repeat(32), "ef".repeat(32));
        let lfs = json!({"oid": sha256, "size": 5_000_000_000_u64, "pointerSize": 134});
        let entry = json!({"type": "file", "path": "m.bin", "size": 134, "oid": oid, "lfs": lfs, "xetHash": xet});
        let Ok(Entry::File(file)) = check(entry) else { panic!("must be a file") };
        assert_eq!(file.size_bytes, 5_000_000_000);
        assert_eq!(file.blob.to_string(), sha256);
        assert_eq!((file.git_oid, file.xet_hash), (oid, xet.parse().ok()));
    }

    #[test]
    fn a_file_in_git_has_its_blob_hash() {
        let oid = "ab".repeat(20);
        let entry =
            json!({"type": "file", "path": "d/a.txt", "size": 0, "oid": oid, "lfs": null, "xetHash": "../../etc"});
        let Ok(Entry::File(file)) = check(entry) else { panic!("must be a file") };
        assert_eq!((file.size_bytes, file.blob.to_string()), (0, oid));
        assert_eq!(file.xet_hash, None, "what is none of Xet's hashes is passed over");
    }

    #[test]
    fn what_is_neither_file_nor_folder_is_passed_over() {
        assert_eq!(
            check(json!({"type": "directory", "path": "d", "oid": "x"})),
            Ok(Entry::Folder("d".parse().unwrap()))
        );
        assert_eq!(check(json!({"type": "unknown", "path": "sub"})), Ok(Entry::Other));
    }

    #[test]
    fn an_unsafe_path_of_any_kind_is_refused() {
        for kind in ["file", "directory", "unknown"] {
            let error = check(json!({"type": kind, "path": "../x", "size": 1, "oid": "ab".repeat(20)})).unwrap_err();
            assert!(matches!(error, HubError::UnsafePath { .. }), "{error}");
        }
    }

    #[test]
    fn a_file_without_a_usable_size_and_hash_is_refused() {
        let (sha1, sha256) = ("ab".repeat(20), "ab".repeat(32));
        for bad in [
            json!({"type": "file", "path": "a", "size": 1}),
            json!({"type": "file", "path": "a", "oid": sha1}),
            json!({"type": "file", "path": "a", "size": 1, "oid": sha256}),
            json!({"type": "file", "path": "a", "size": 1, "oid": "../../x"}),
            json!({"type": "file", "path": "a", "size": 1, "oid": sha1, "lfs": {"oid": sha1, "size": 1}}),
        ] {
            assert!(matches!(check(bad.clone()), Err(HubError::Protocol { .. })), "{bad}");
        }
    }
}
