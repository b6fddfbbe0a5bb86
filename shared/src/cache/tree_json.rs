//! The text of a listing, byte for byte as `_tree_cache.py` of huggingface_hub writes it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::repo::{BlobHash, CommitHash, RepoPath, Tree, TreeFile};

/// `TREE_CACHE_FORMAT_VERSION`; others are not read.
const FORMAT_VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Listing {
    format_version: u32,
    /// Sorted by path; the order of UTF-8 is that of Python's code points.
    files: BTreeMap<RepoPath, Entry>,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    size: u64,
    blob_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lfs_sha256: Option<BlobHash>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lfs_size: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    xet_hash: Option<String>,
}

impl Entry {
    fn new(file: &TreeFile) -> Self {
        Self {
            size: file.size_bytes,
            blob_id: file.git_oid.clone(),
            lfs_sha256: file.is_lfs().then_some(file.blob),
            lfs_size: file.is_lfs().then_some(file.size_bytes),
            // With one invalid Xet hash in it huggingface_hub ignores the whole listing.
            xet_hash: file.xet_hash.clone().filter(|hash| is_xet_hash(hash)),
        }
    }

    fn into_file(self, path: RepoPath) -> Option<TreeFile> {
        Some(TreeFile {
            path,
            size_bytes: self.lfs_size.unwrap_or(self.size),
            blob: match self.lfs_sha256 {
                Some(blob) => blob,
                None => self.blob_id.parse().ok()?,
            },
            git_oid: self.blob_id,
            xet_hash: self.xet_hash,
        })
    }
}

fn is_xet_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The listing as text: indented by one space, ASCII only, no newline at the end.
pub(super) fn write(tree: &Tree) -> String {
    let files = tree.files.iter().map(|file| (file.path.clone(), Entry::new(file))).collect();
    let listing = Listing { format_version: FORMAT_VERSION, files };
    let mut bytes = Vec::new();
    let format = serde_json::ser::PrettyFormatter::with_indent(b" ");
    let written = listing.serialize(&mut serde_json::Serializer::with_formatter(&mut bytes, format));
    debug_assert!(written.is_ok(), "text keys and numbers always serialize into memory");
    ascii(&String::from_utf8_lossy(&bytes))
}

/// Escapes as Python's `ensure_ascii` does. In JSON such characters stand in strings only.
fn ascii(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_ascii() {
            text.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a string cannot fail.
                let _ = write!(text, "\\u{unit:04x}");
            }
        }
    }
    text
}

/// A listing from its text; none if it is not one.
pub(super) fn read(commit: CommitHash, bytes: &[u8]) -> Option<Tree> {
    let listing: Listing = serde_json::from_slice(bytes).ok()?;
    if listing.format_version != FORMAT_VERSION {
        return None;
    }
    let files: Option<Vec<_>> = listing.files.into_iter().map(|(path, entry)| entry.into_file(path)).collect();
    Some(Tree { commit, files: files? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, blob: &str, xet_hash: Option<String>) -> TreeFile {
        let blob = blob.parse().unwrap();
        TreeFile { path: path.parse().unwrap(), size_bytes: 519, blob, git_oid: "ab".repeat(20), xet_hash }
    }

    #[test]
    fn the_text_is_the_one_that_python_writes() {
        let lfs = file("model.safetensors", &"cd".repeat(32), Some("ef".repeat(32)));
        let plain = file("ünï 😀.json", &"ab".repeat(20), None);
        let commit = "12".repeat(20).parse().unwrap();
        let tree = Tree { commit, files: vec![lfs, plain] };
        // From `json.dump({...}, f, indent=1)`.
        let expected = concat!(
            "{\n \"format_version\": 1,\n \"files\": {\n",
            "  \"model.safetensors\": {\n   \"size\": 519,\n",
            "   \"blob_id\": \"abababababababababababababababababababab\",\n",
            "   \"lfs_sha256\": \"cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd\",\n",
            "   \"lfs_size\": 519,\n",
            "   \"xet_hash\": \"efefefefefefefefefefefefefefefefefefefefefefefefefefefefefefefef\"\n  },\n",
            "  \"\\u00fcn\\u00ef \\ud83d\\ude00.json\": {\n   \"size\": 519,\n",
            "   \"blob_id\": \"abababababababababababababababababababab\"\n  }\n }\n}",
        );
        assert_eq!(write(&tree), expected);
        assert_eq!(read(commit, expected.as_bytes()), Some(tree));
    }

    #[test]
    fn what_python_would_not_read_is_not_read_or_written() {
        let commit = "12".repeat(20).parse().unwrap();
        for bad in ["", "{", "[]", r#"{"format_version": 2, "files": {}}"#, r#"{"format_version": 1}"#] {
            assert_eq!(read(commit, bad.as_bytes()), None, "{bad}");
        }
        let escape = r#"{"format_version": 1, "files": {"../x": {"size": 1, "blob_id": "a"}}}"#;
        assert_eq!(read(commit, escape.as_bytes()), None);
        let tree = Tree { commit, files: vec![file("a", &"cd".repeat(32), Some("not a hash".to_owned()))] };
        assert!(!write(&tree).contains("xet_hash"));
        assert_eq!(write(&Tree { commit, files: vec![] }), "{\n \"format_version\": 1,\n \"files\": {}\n}");
    }
}
