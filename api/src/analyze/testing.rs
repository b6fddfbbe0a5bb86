//! What the tests of detectors are made from.

use std::collections::{BTreeMap, BTreeSet};

use hfd_shared::job::Selection;
use hfd_shared::repo::{BlobHash, RepoKind, RepoRef, TreeFile};
use serde_json::Value;

use super::Contents;
use super::contents::Document;
use super::info::SelectableItem;

/// Endings of text, which the Hub keeps in git; all else is in LFS.
const TEXT: &[&str] = &["json", "md", "txt", "csv", "jsonl", "xml", "yaml"];

/// Files of these paths; `path:1000` gives the size.
pub(super) fn files(paths: &[&str]) -> Vec<TreeFile> {
    let file = |listed: &&str| {
        let (path, size) = listed.rsplit_once(':').unwrap_or((listed, "10"));
        let lfs = !path.rsplit_once('.').is_some_and(|(_, extension)| TEXT.contains(&extension));
        TreeFile {
            path: path.parse().unwrap(),
            size_bytes: size.parse().unwrap(),
            blob: if lfs { BlobHash::Sha256([1; 32]) } else { BlobHash::GitSha1([2; 20]) },
            git_oid: String::new(),
            xet_hash: None,
        }
    };
    paths.iter().map(file).collect()
}

/// A repository of these files and documents.
pub(super) fn contents(kind: RepoKind, paths: &[&str], documents: &[(&str, &str)]) -> Contents {
    let document = |(path, text): &(&str, &str)| {
        let json = serde_json::from_str(text).unwrap_or(Value::Null);
        ((*path).to_owned(), Document { text: (*text).to_owned(), json })
    };
    Contents {
        repo: RepoRef { kind, id: "a/b".parse().unwrap() },
        commit: "0123456789012345678901234567890123456789".parse().unwrap(),
        files: files(paths),
        documents: documents.iter().map(document).collect::<BTreeMap<_, _>>(),
        tensors: None,
    }
}

/// A download with each item's filter takes the item's files, and of the others only what always comes along.
pub(super) fn each_filter_takes_exactly_its_files(contents: &Contents, items: &[SelectableItem]) {
    for item in items.iter().filter(|item| item.revision.is_none()) {
        let filters: Vec<String> = item.filter_value.split(',').map(str::to_owned).collect();
        let selection = Selection::new(contents.repo.kind, &filters, &[], false).unwrap();
        let selected = selection.select(&contents.files).unwrap();
        let wanted: BTreeSet<String> = item.files.iter().cloned().collect();
        let taken: BTreeSet<String> = selected
            .iter()
            .filter(|taken| !selection.takes_always(taken.file) || wanted.contains(taken.file.path.as_str()))
            .map(|taken| taken.file.path.to_string())
            .collect();
        assert_eq!(taken, wanted, "{}: {}", item.id, item.filter_value);
    }
}
