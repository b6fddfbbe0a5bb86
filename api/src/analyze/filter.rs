//! The filter that downloads exactly the files of an item, under the rules of a job's selection.

use std::collections::HashSet;

use hfd_shared::job::Selection;
use hfd_shared::repo::{RepoKind, RepoPath, TreeFile};

use super::info::{SelectableItem, human_size};

/// As many patterns as a download takes.
const MAX_PATTERNS: usize = 200;

/// The first candidate (patterns separated by commas) that takes exactly these files and no other weights or data;
/// the files' own paths when none does. Configuration and other small files come along with any filter.
///
/// Beyond the number of paths that a download takes it is the first candidate, which takes more than the files.
pub(super) fn exact(
    kind: RepoKind,
    all: &[TreeFile],
    wanted: &[&TreeFile],
    candidates: impl IntoIterator<Item = String>,
) -> String {
    let paths: HashSet<&RepoPath> = wanted.iter().map(|file| &file.path).collect();
    let candidates: Vec<String> = candidates.into_iter().collect();
    let fits = |filter: &str| {
        let filters: Vec<String> = filter.split(',').map(str::to_owned).collect();
        let Ok(selection) = Selection::new(kind, &filters, &[], false) else { return false };
        all.iter().all(|file| {
            let is_wanted = paths.contains(&file.path);
            selection.matches(file) == is_wanted || (!is_wanted && selection.takes_always(file))
        })
    };
    if let Some(found) = candidates.iter().find(|candidate| !candidate.is_empty() && fits(candidate)) {
        return found.clone();
    }
    if wanted.len() > MAX_PATTERNS {
        return candidates.into_iter().next().unwrap_or_default();
    }
    let join = |pattern: fn(&str) -> String| {
        wanted.iter().map(|file| pattern(file.path.as_str())).collect::<Vec<_>>().join(",")
    };
    let literal = join(literal);
    if fits(&literal) { literal } else { join(whole_path) }
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
    files.iter().fold(0, |sum, file| sum.saturating_add(file.size_bytes))
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
            exact(RepoKind::Model, &all, &wanted, candidates.iter().map(ToString::to_string))
        };
        assert_eq!(filter(&[2, 3], &["*.safetensors", "unet/"]), "unet/");
        assert_eq!(filter(&[3], &["fp16"]), "fp16");
        assert_eq!(filter(&[2], &["unet/"]), "unet/model.safetensors");
    }

    #[test]
    fn a_file_of_the_root_is_told_from_its_namesakes_in_folders() {
        let all = files(&["model.bin", "x/model.bin", "a,b.bin", "model.bin.bin", "{q}.bin", "x/{q}.bin"]);
        for wanted in &all {
            let filter = exact(RepoKind::Model, &all, &[wanted], []);
            let filters: Vec<String> = filter.split(',').map(str::to_owned).collect();
            let selection = Selection::new(RepoKind::Model, &filters, &[], false).unwrap();
            let taken: Vec<_> =
                selection.select(&all).unwrap().iter().map(|taken| taken.file.path.to_string()).collect();
            assert_eq!(taken, [wanted.path.to_string()], "{filter}");
        }
    }
}
