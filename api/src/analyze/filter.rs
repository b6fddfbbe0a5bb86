//! The filter that downloads exactly the files of an item, under the rules of a job's selection.

use std::collections::{BTreeMap, HashSet};

use hfd_shared::job::{MAX_PATTERNS, Selection};
use hfd_shared::repo::{RepoKind, RepoPath, TreeFile};

use super::info::{SelectableItem, human_size};

/// More items of a kind are no choice, and for each of them all files are looked at.
pub(super) const MAX_ITEMS: usize = 500;

/// A filter for the files of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Filter {
    /// Patterns, separated by commas. They take all the files.
    pub(super) value: String,
    /// Whether they take no other weights or data.
    pub(super) is_exact: bool,
}

impl Filter {
    /// What to add to the item's description.
    pub(super) fn note(&self) -> &'static str {
        if self.is_exact { "" } else { "; too many to name: its filter takes others, too" }
    }
}

/// The first candidate (patterns separated by commas) that takes exactly these files and no other weights or data;
/// the files' own paths when none does. Configuration and other small files come along with any filter.
///
/// Of more files than a download takes paths, it is the filter that takes the fewest bytes beside them.
pub(super) fn filter_for(
    kind: RepoKind,
    all: &[TreeFile],
    wanted: &[&TreeFile],
    candidates: impl IntoIterator<Item = String>,
) -> Filter {
    let trial = Trial::new(kind, all, wanted);
    let exact = |value: String| Filter { value, is_exact: true };
    let mut candidates: Vec<String> = candidates.into_iter().filter(|candidate| !candidate.is_empty()).collect();
    if let Some(found) = candidates.iter().find(|candidate| trial.takes_exactly(candidate)) {
        return exact(found.clone());
    }
    if wanted.len() <= MAX_PATTERNS {
        let join = |pattern: fn(&str) -> String| {
            wanted.iter().map(|file| pattern(file.path.as_str())).collect::<Vec<_>>().join(",")
        };
        let literal = join(literal);
        return exact(if trial.takes_exactly(&literal) { literal } else { join(whole_path) });
    }
    let globs = [globs_by_folder(wanted), common_glob(wanted)];
    if let Some(found) = globs.iter().find(|glob| trial.takes_exactly(glob)) {
        return exact(found.clone());
    }
    candidates.extend(globs);
    let complete = candidates.into_iter().filter_map(|candidate| Some((trial.excess_bytes(&candidate)?, candidate)));
    let least = complete.min_by_key(|(excess, _)| *excess);
    Filter { value: least.map_or_else(|| "*".to_owned(), |(_, value)| value), is_exact: false }
}

/// What filters are held against.
struct Trial<'a> {
    kind: RepoKind,
    all: &'a [TreeFile],
    wanted: HashSet<&'a RepoPath>,
}

impl<'a> Trial<'a> {
    /// Of the files of a repository, some are wanted.
    fn new(kind: RepoKind, all: &'a [TreeFile], wanted: &[&'a TreeFile]) -> Self {
        Self { kind, all, wanted: wanted.iter().map(|file| &file.path).collect() }
    }

    /// None when a download would refuse the filter.
    fn selection(&self, filter: &str) -> Option<Selection> {
        let filters: Vec<String> = filter.split(',').map(str::to_owned).collect();
        if filters.len() > MAX_PATTERNS { None } else { Selection::new(self.kind, &filters, &[], false).ok() }
    }

    /// Whether a filter takes the wanted files and no other weights or data.
    fn takes_exactly(&self, filter: &str) -> bool {
        self.selection(filter).is_some_and(|selection| {
            self.all.iter().all(|file| {
                let is_wanted = self.wanted.contains(&file.path);
                selection.matches(file) == is_wanted || (!is_wanted && selection.takes_always(file))
            })
        })
    }

    /// Bytes of the other weights and data that the filter takes; none when it misses a file.
    fn excess_bytes(&self, filter: &str) -> Option<u64> {
        let selection = self.selection(filter)?;
        self.all.iter().try_fold(0_u64, |sum, file| match (self.wanted.contains(&file.path), selection.matches(file)) {
            (true, false) => None,
            (false, true) if !selection.takes_always(file) => Some(sum + file.size_bytes),
            _ => Some(sum),
        })
    }
}

/// A glob for the files of each folder.
fn globs_by_folder(files: &[&TreeFile]) -> String {
    let mut folders: BTreeMap<&str, Vec<&TreeFile>> = BTreeMap::new();
    for file in files {
        let folder = file.path.as_str().rsplit_once('/').map_or("", |(folder, _)| folder);
        folders.entry(folder).or_default().push(file);
    }
    folders.values().map(|files| common_glob(files)).collect::<Vec<_>>().join(",")
}

/// What all these paths begin and end with, and anything between.
fn common_glob(files: &[&TreeFile]) -> String {
    let mut paths = files.iter().map(|file| file.path.as_str());
    let Some(first) = paths.next() else { return "*".to_owned() };
    let start = paths.clone().fold(first, common_start);
    let end = paths.map(|path| &path[start.len()..]).fold(&first[start.len()..], common_end);
    format!("{}*{}", literal(start), literal(end))
}

fn common_start<'a>(one: &'a str, other: &str) -> &'a str {
    let differs = one.char_indices().zip(other.chars()).find(|((_, one), other)| one != other);
    &one[..differs.map_or(one.len().min(other.len()), |((at, _), _)| at)]
}

fn common_end<'a>(one: &'a str, other: &str) -> &'a str {
    let differs = one.char_indices().rev().zip(other.chars().rev()).find(|((_, one), other)| one != other);
    &one[differs.map_or(one.len() - one.len().min(other.len()), |((at, last), _)| at + last.len_utf8())..]
}

/// A path as a pattern: what would have another meaning there stands as "any character".
fn literal(path: &str) -> String {
    path.replace([',', '*', '?', '[', ']', '{', '}', '!'], "?")
}

/// A path as a pattern for nothing but this whole path: a slash in a glob keeps it from matching names in other
/// folders, and a second choice that no path can be has one for the files of the root.
fn whole_path(path: &str) -> String {
    let last = path.char_indices().next_back().map_or(0, |(at, _)| at);
    let glob = format!("{}?", literal(&path[..last]));
    if glob.contains('/') {
        glob
    } else {
        let mut rest = glob.chars();
        let first = rest.next().filter(|first| *first != '?').map_or_else(|| "!".to_owned(), String::from);
        format!("[{first}/]{}", rest.as_str())
    }
}

/// An item of these files, with nothing decided yet.
pub(super) fn item(id: &str, label: &str, category: &str, files: &[&TreeFile]) -> SelectableItem {
    let size = size_of(files);
    SelectableItem {
        id: id.to_owned(),
        label: label.to_owned(),
        size,
        size_human: human_size(size),
        category: category.to_owned(),
        files: files.iter().map(|file| file.path.to_string()).collect(),
        ..SelectableItem::default()
    }
}

/// Bytes of these files.
pub(super) fn size_of(files: &[&TreeFile]) -> u64 {
    files.iter().map(|file| file.size_bytes).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyze::testing::files;

    #[test]
    fn a_candidate_is_used_only_when_it_takes_exactly_the_files() {
        let all = files(&["config.json", "model.safetensors", "unet/model.safetensors", "unet/model.fp16.safetensors"]);
        let filter = |at: &[usize], candidates: &[&str]| {
            let wanted: Vec<_> = at.iter().map(|at| &all[*at]).collect();
            filter_for(RepoKind::Model, &all, &wanted, candidates.iter().map(ToString::to_string)).value
        };
        assert_eq!(filter(&[2, 3], &["*.safetensors", "unet/"]), "unet/");
        assert_eq!(filter(&[3], &["fp16"]), "fp16");
        assert_eq!(filter(&[2], &["unet/"]), "unet/model.safetensors");
    }

    #[test]
    fn a_file_of_the_root_is_told_from_its_namesakes_in_folders() {
        let all = files(&[
            "model.bin",
            "x/model.bin",
            "a,b.bin",
            "model.bin.bin",
            "{q}.bin",
            "x/{q}.bin",
            "模型.bin",
            "x/模型.bin",
        ]);
        for wanted in &all {
            let filter = filter_for(RepoKind::Model, &all, &[wanted], []).value;
            let filters: Vec<String> = filter.split(',').map(str::to_owned).collect();
            let selection = Selection::new(RepoKind::Model, &filters, &[], false).unwrap();
            let taken: Vec<_> =
                selection.select(&all).unwrap().iter().map(|taken| taken.file.path.to_string()).collect();
            assert_eq!(taken, [wanted.path.to_string()], "{filter}");
        }
    }
    /// The filter for the files of `listed` that begin with `+`, each ten bytes.
    fn filter_for_many(listed: &[String], candidates: &[&str]) -> Filter {
        let paths: Vec<&str> = listed.iter().map(|path| path.trim_start_matches('+')).collect();
        let all = files(&paths);
        let wanted: Vec<_> =
            all.iter().zip(listed).filter(|(_, path)| path.starts_with('+')).map(|(file, _)| file).collect();
        assert!(wanted.len() > MAX_PATTERNS);
        filter_for(RepoKind::Model, &all, &wanted, candidates.iter().map(ToString::to_string))
    }

    #[test]
    fn many_files_are_taken_by_what_their_names_share() {
        let parts = |start: &str| (0..150).map(|at| format!("{start}{at:04}-ü.bin")).collect::<Vec<_>>();
        let listed = [parts("+a/x-"), parts("a/y-"), parts("+b/x-"), parts("b/y-")].concat();
        let filter = filter_for_many(&listed, &["a/", "x"]);
        assert_eq!(filter, Filter { value: "x".to_owned(), is_exact: true });
        let filter = filter_for_many(&listed, &["a/"]);
        assert_eq!(filter, Filter { value: "a/x-0*-ü.bin,b/x-0*-ü.bin".to_owned(), is_exact: true });
    }

    #[test]
    fn a_filter_for_many_files_takes_others_too_rather_than_miss_one() {
        let files = |start: &str| (0..250).map(|at| format!("{start}{at}.bin")).collect::<Vec<_>>();
        let listed = [files("+a/x"), vec!["a/x7y.bin".to_owned()], files("b/")].concat();
        let filter = filter_for_many(&listed, &["x1", "*.bin"]);
        assert_eq!(filter, Filter { value: "a/x*.bin".to_owned(), is_exact: false });
        assert!(!filter.note().is_empty());
    }
}
