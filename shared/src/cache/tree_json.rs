//! The text of a listing, byte for byte as `_tree_cache.py` of huggingface_hub writes it.

use std::collections::BTreeMap;
use std::io;

use serde::{Deserialize, Serialize, Serializer};
use serde_json::ser::{Formatter, PrettyFormatter};

use crate::repo::{BlobHash, CommitHash, RepoPath, Tree, TreeFile, XetHash};

/// `TREE_CACHE_FORMAT_VERSION`; others are not read.
const FORMAT_VERSION: u32 = 1;

/// The listing, of which the files are the entries by path.
#[derive(Serialize, Deserialize)]
struct Listing<Files> {
    format_version: u32,
    files: Files,
}

#[derive(Serialize, Deserialize)]
struct Entry<Text> {
    size: u64,
    blob_id: Text,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lfs_sha256: Option<BlobHash>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lfs_size: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    xet_hash: Option<XetHash>,
}

impl<'a> Entry<&'a str> {
    fn new(file: &'a TreeFile) -> Self {
        Self {
            size: file.size_bytes,
            blob_id: &file.git_oid,
            lfs_sha256: file.is_lfs().then_some(file.blob),
            lfs_size: file.is_lfs().then_some(file.size_bytes),
            xet_hash: file.xet_hash,
        }
    }
}

impl Entry<String> {
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

/// The files of a tree, sorted by path; the order of UTF-8 is that of Python's code points.
struct Sorted<'a>(Vec<&'a TreeFile>);

impl<'a> Sorted<'a> {
    fn new(tree: &'a Tree) -> Self {
        let mut files: Vec<_> = tree.files.iter().collect();
        files.sort_unstable_by_key(|file| &file.path);
        Self(files)
    }
}

impl Serialize for Sorted<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|file| (&file.path, Entry::new(file))))
    }
}

/// Indents by one space and escapes as Python's `ensure_ascii` does. A listing has objects only, no arrays.
struct Python(PrettyFormatter<'static>);

impl Formatter for Python {
    fn write_string_fragment<W: io::Write + ?Sized>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        for part in fragment.split_inclusive(|c: char| !c.is_ascii()) {
            let plain = part.trim_end_matches(|c: char| !c.is_ascii());
            out.write_all(plain.as_bytes())?;
            for unit in part[plain.len()..].encode_utf16() {
                write!(out, "\\u{unit:04x}")?;
            }
        }
        Ok(())
    }

    fn begin_object<W: io::Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object(out)
    }

    fn end_object<W: io::Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object(out)
    }

    fn begin_object_key<W: io::Write + ?Sized>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(out, first)
    }

    fn begin_object_value<W: io::Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object_value(out)
    }

    fn end_object_value<W: io::Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object_value(out)
    }
}

/// Writes the listing: indented by one space, ASCII only, no newline at the end. It may have millions of files: it is never
/// whole in memory.
pub(super) fn write(tree: &Tree, out: impl io::Write) -> io::Result<()> {
    let listing = Listing { format_version: FORMAT_VERSION, files: Sorted::new(tree) };
    let format = Python(PrettyFormatter::with_indent(b" "));
    Ok(listing.serialize(&mut serde_json::Serializer::with_formatter(out, format))?)
}

/// Whether both are written alike: only the order of the files may differ.
pub(super) fn is_same(one: &Tree, other: &Tree) -> bool {
    one.commit == other.commit && Sorted::new(one).0 == Sorted::new(other).0
}

/// A listing from its text; none if it is not one.
pub(super) fn read(commit: CommitHash, bytes: &[u8]) -> Option<Tree> {
    let listing: Listing<BTreeMap<RepoPath, Entry<String>>> = serde_json::from_slice(bytes).ok()?;
    if listing.format_version != FORMAT_VERSION {
        return None;
    }
    let files: Option<Vec<_>> = listing.files.into_iter().map(|(path, entry)| entry.into_file(path)).collect();
    Some(Tree { commit, files: files? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, blob: &str, xet_hash: Option<XetHash>) -> TreeFile {
        let blob = blob.parse().unwrap();
        TreeFile { path: path.parse().unwrap(), size_bytes: 519, blob, git_oid: "ab".repeat(20), xet_hash }
    }

    fn text(tree: &Tree) -> String {
        let mut bytes = Vec::new();
        write(tree, &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn the_text_is_the_one_that_python_writes() {
        let lfs = file("model.safetensors", &"cd".repeat(32), "ef".repeat(32).parse().ok());
        let plain = file("ünï 😀.json", &"ab".repeat(20), None);
        let commit = "12".repeat(20).parse().unwrap();
        // Not in the order of the text.
        let tree = Tree { commit, files: vec![plain, lfs] };
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
        assert_eq!(text(&tree), expected);
        assert!(is_same(&read(commit, expected.as_bytes()).unwrap(), &tree));
    }

    #[test]
    fn what_python_would_not_read_is_not_read() {
        let commit = "12".repeat(20).parse().unwrap();
        for bad in ["", "{", "[]", r#"{"format_version": 2, "files": {}}"#, r#"{"format_version": 1}"#] {
            assert_eq!(read(commit, bad.as_bytes()), None, "{bad}");
        }
        let escape = r#"{"format_version": 1, "files": {"../x": {"size": 1, "blob_id": "a"}}}"#;
        assert_eq!(read(commit, escape.as_bytes()), None);
        let odd = r#"{"format_version": 1, "files": {"x": {"size": 1, "blob_id": "a", "xet_hash": "not a hash"}}}"#;
        assert_eq!(read(commit, odd.as_bytes()), None);
    }

    #[test]
    fn a_listing_of_nothing_is_written_as_python_does() {
        let tree = Tree { commit: "12".repeat(20).parse().unwrap(), files: vec![] };
        assert_eq!(text(&tree), "{\n \"format_version\": 1,\n \"files\": {}\n}");
    }
}
