//! The plan of a job: which files, and cut into which units of work.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::{fmt, iter};

use serde::{Deserialize, Serialize};

use super::{JobRequest, SelectionError};
use crate::repo::{BlobHash, CommitHash, Content, RepoPath, Tree, XetHash};

/// How many units of one job may be in the queue or in work at a time, so that jobs take turns.
pub const WINDOW: usize = 16;

/// Limits of a unit of small files.
const BATCH_MAX_FILES: usize = 128;
const BATCH_MAX_BYTES: u64 = 64 << 20;

/// The place of a file in its job's plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FileIndex(pub u32);

/// The place of a unit in its job's plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnitIndex(pub u32);

impl fmt::Display for UnitIndex {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// A file that a job wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedFile {
    /// Where it lies in the repository.
    pub path: RepoPath,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// The hash of its content.
    pub blob: BlobHash,
    /// Where the file is linked a second time: in a folder named by the filter that it matched (`appendFilterSubdir`).
    pub second_path: Option<RepoPath>,
    /// The hash by which it is asked for over Xet; none when it comes over plain HTTP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub xet: Option<XetHash>,
}

impl PlannedFile {
    /// Where its content is linked.
    pub fn links(&self) -> impl Iterator<Item = &RepoPath> {
        iter::once(&self.path).chain(&self.second_path)
    }

    /// What it holds.
    pub fn content(&self) -> Content {
        Content { blob: self.blob, size_bytes: self.size_bytes }
    }

    /// Whether the content is stored outside git.
    pub fn is_lfs(&self) -> bool {
        matches!(self.blob, BlobHash::Sha256(_))
    }
}

/// A piece of work that one worker does: one large file, or a batch of small ones. Files with the same content are
/// always in the same unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    /// The files to fetch.
    pub files: Vec<FileIndex>,
}

/// What a job will do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The commit that the revision means; none when the job is not for one commit alone.
    pub commit: Option<CommitHash>,
    /// The files, in the Hub's order.
    pub files: Vec<PlannedFile>,
    /// The units, in the order of their work.
    pub units: Vec<Unit>,
}

impl Plan {
    /// Selects from a listing what the request wants and cuts it into units: each file of at least `large_from_bytes` is
    /// one, smaller files are batched.
    ///
    /// # Errors
    /// When the selection takes nothing.
    pub fn new(tree: &Tree, request: &JobRequest, large_from_bytes: u64) -> Result<Self, SelectionError> {
        let mut links = None;
        let files: Vec<PlannedFile> = request
            .selection()?
            .select(&tree.files)?
            .into_iter()
            .map(|selected| PlannedFile {
                path: selected.file.path.clone(),
                size_bytes: selected.file.size_bytes,
                blob: selected.file.blob,
                second_path: selected.subdir.and_then(|subdir| {
                    links.get_or_insert_with(|| SecondLinks::beside(tree)).place(&subdir, &selected.file.path)
                }),
                xet: request.transfer.xet_hash(selected.file),
            })
            .collect();
        let units = cut(&files, large_from_bytes);
        Ok(Self { commit: Some(tree.commit), files, units })
    }

    /// A plan for files that are in the cache already, at no one commit; cut into units like a download.
    pub fn of_cached(files: Vec<PlannedFile>, large_from_bytes: u64) -> Self {
        let units = cut(&files, large_from_bytes);
        Self { commit: None, files, units }
    }

    /// Bytes of all files.
    pub fn total_bytes(&self) -> u64 {
        self.files.iter().map(|file| file.size_bytes).sum()
    }
}

/// The places of second links. They never take one that the repository itself uses, as a file or as a folder.
struct SecondLinks<'a> {
    files: HashSet<Cow<'a, str>>,
    folders: HashSet<Cow<'a, str>>,
}

impl<'a> SecondLinks<'a> {
    fn beside(tree: &'a Tree) -> Self {
        let paths = || tree.files.iter().map(|file| file.path.as_str());
        Self {
            files: paths().map(Cow::Borrowed).collect(),
            folders: paths().flat_map(ancestors).map(Cow::Borrowed).collect(),
        }
    }

    fn place(&mut self, folder: &RepoPath, path: &RepoPath) -> Option<RepoPath> {
        let place: RepoPath = format!("{folder}/{path}").parse().ok()?;
        let text = place.as_str();
        let is_taken = self.files.contains(text)
            || self.folders.contains(text)
            || ancestors(text).any(|ancestor| self.files.contains(ancestor));
        if is_taken {
            return None;
        }
        self.files.insert(Cow::Owned(text.to_owned()));
        self.folders.extend(ancestors(text).map(|ancestor| Cow::Owned(ancestor.to_owned())));
        Some(place)
    }
}

/// The folders that a path lies in.
fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(end, _)| &path[..end])
}

fn cut(files: &[PlannedFile], large_from_bytes: u64) -> Vec<Unit> {
    let mut units = Vec::new();
    let mut batch = Batch::default();
    for group in same_content(files) {
        let size_bytes = files[group[0].0 as usize].size_bytes;
        if size_bytes >= large_from_bytes {
            units.push(Unit { files: group });
        } else {
            if !batch.has_room(group.len(), size_bytes) {
                units.extend(batch.take());
            }
            batch.add(group, size_bytes);
        }
    }
    units.extend(batch.take());
    units
}

/// Groups the files by content, in the order in which each content first appears.
fn same_content(files: &[PlannedFile]) -> Vec<Vec<FileIndex>> {
    let mut groups: Vec<Vec<FileIndex>> = Vec::new();
    let mut group_of: HashMap<&BlobHash, usize> = HashMap::new();
    for (index, file) in (0..).map(FileIndex).zip(files) {
        let group = *group_of.entry(&file.blob).or_insert_with(|| {
            groups.push(Vec::new());
            groups.len() - 1
        });
        groups[group].push(index);
    }
    groups
}

#[derive(Default)]
struct Batch {
    files: Vec<FileIndex>,
    size_bytes: u64,
}

impl Batch {
    fn has_room(&self, files: usize, size_bytes: u64) -> bool {
        self.files.is_empty()
            || (self.files.len() + files <= BATCH_MAX_FILES && self.size_bytes + size_bytes <= BATCH_MAX_BYTES)
    }

    fn add(&mut self, files: Vec<FileIndex>, size_bytes: u64) {
        self.files.extend(files);
        self.size_bytes += size_bytes;
    }

    fn take(&mut self) -> Option<Unit> {
        let batch = std::mem::take(self);
        (!batch.files.is_empty()).then_some(Unit { files: batch.files })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::DownloadRequest;
    use crate::repo::TreeFile;

    fn plan(files: &[(&str, u8, u64)], filters: &[&str]) -> Plan {
        let file = |(path, blob, size_bytes): &(&str, u8, u64)| TreeFile {
            path: path.parse().unwrap(),
            size_bytes: *size_bytes,
            blob: BlobHash::Sha256([*blob; 32]),
            git_oid: String::new(),
            xet_hash: None,
        };
        let tree = Tree { commit: "c1".repeat(20).parse().unwrap(), files: files.iter().map(file).collect() };
        let request = DownloadRequest {
            repo: "a/b".into(),
            filters: filters.iter().map(ToString::to_string).collect(),
            append_filter_subdir: true,
            ..DownloadRequest::default()
        };
        Plan::new(&tree, &JobRequest::parse(&request).unwrap(), 100).unwrap()
    }

    fn units(plan: &Plan) -> Vec<Vec<u32>> {
        plan.units.iter().map(|unit| unit.files.iter().map(|file| file.0).collect()).collect()
    }

    #[test]
    fn large_files_are_units_of_their_own_and_small_ones_are_batched() {
        assert_eq!(units(&plan(&[("a", 1, 1), ("b", 2, 100), ("c", 3, 99)], &[])), [vec![1], vec![0, 2]]);
        let small: Vec<(String, u8)> = (0..=200).map(|number| (format!("f{number}"), number)).collect();
        let small: Vec<(&str, u8, u64)> = small.iter().map(|(name, blob)| (name.as_str(), *blob, 1)).collect();
        assert_eq!(units(&plan(&small, &[])).iter().map(Vec::len).collect::<Vec<_>>(), [128, 73]);
    }

    #[test]
    fn files_with_the_same_content_are_in_the_same_unit() {
        assert_eq!(units(&plan(&[("a", 1, 100), ("b", 2, 100), ("c", 1, 100)], &[])), [vec![0, 2], vec![1]]);
    }

    #[test]
    fn a_second_link_takes_no_place_that_the_repository_uses() {
        let second = |files: &[&str], filter: &str| {
            let files: Vec<_> = files.iter().map(|path| (*path, 1, 1)).collect();
            let plan = plan(&files, &[filter]);
            plan.files.into_iter().map(|file| file.second_path.map(|path| path.to_string())).collect::<Vec<_>>()
        };
        assert_eq!(second(&["m.q4.bin"], "q4"), [Some("q4/m.q4.bin".to_owned())]);
        assert_eq!(second(&["model.onnx", "onnx/model.onnx"], "onnx"), [None, Some("onnx/onnx/model.onnx".to_owned())]);
        assert_eq!(second(&["config.json"], "config.json"), [None], "a file is no folder");
        assert_eq!(second(&["x.a", "a/x.a/y"], "a")[0], None, "a folder is no file");
    }
}
