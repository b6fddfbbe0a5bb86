//! Configurations: as the card has them (`configs`, `dataset_info`), or a folder each.

use std::collections::{BTreeMap, HashSet};

use globset::{GlobBuilder, GlobMatcher};
use hfd_shared::repo::TreeFile;
use serde_json::Value;

use super::super::fields::Fields;
use super::{Config, splits};

/// The name of the only configuration of a dataset that names none.
pub(super) const UNNAMED: &str = "default";

/// Those behind are left out.
const MAX_CONFIGS: usize = 1000;

/// What a card may ask for, so that none can make the analysis endless or exhaust the memory.
#[derive(Debug)]
struct Budget {
    patterns: usize,
    /// Of a file with a pattern.
    comparisons: usize,
    /// In all splits together.
    files: usize,
}

impl Budget {
    fn of(files: &[TreeFile]) -> Self {
        Self { patterns: 10_000, comparisons: 200_000_000, files: 10_000 + 4 * files.len() }
    }

    /// Takes a part of it; none when there is not so much left.
    fn spend(left: &mut usize, wanted: usize) -> Option<()> {
        *left = left.checked_sub(wanted)?;
        Some(())
    }
}

/// The configurations that a card names files for; none when that is beyond the budget.
pub(super) fn of_card<'a>(card: &Value, files: &'a [TreeFile]) -> Vec<Config<'a>> {
    within(card, files, &mut Budget::of(files)).unwrap_or_default()
}

fn within<'a>(card: &Value, files: &'a [TreeFile], budget: &mut Budget) -> Option<Vec<Config<'a>>> {
    let list = card.get("configs").and_then(Value::as_array)?;
    let all: Vec<&TreeFile> = files.iter().collect();
    let mut configs = Vec::new();
    for entry in list.iter().take(MAX_CONFIGS).map(Fields) {
        let Some(name) = entry.text("config_name") else { continue };
        let base = entry.text("data_dir").map(|dir| dir.trim_start_matches("./").trim_matches('/')).unwrap_or_default();
        let (splits, patterns) = match entry.get("data_files") {
            Some(written) => named_files(written, base, &all, budget)?,
            None if entry.get("data_dir").is_some() => {
                Budget::spend(&mut budget.comparisons, all.len())?;
                let inside: Vec<&TreeFile> = all.iter().copied().filter(|file| is_inside(file, base)).collect();
                let data: Vec<&TreeFile> =
                    inside.into_iter().filter(|file| super::format_of(file.path.as_str()).is_some()).collect();
                Budget::spend(&mut budget.files, data.len())?;
                (splits::of_files(&data, base), Vec::new())
            }
            None => continue,
        };
        let default = entry.flag("default") == Some(true) || name == UNNAMED;
        configs.push(Config { name: name.to_owned(), default, splits, patterns, examples: examples(card, name) });
    }
    Some(configs)
}

fn is_inside(file: &TreeFile, base: &str) -> bool {
    base.is_empty() || file.path.as_str().strip_prefix(base).is_some_and(|rest| rest.starts_with('/'))
}

/// `data_files`: a pattern, a list of them, a list of `{split, path}`, or an object of splits. Gives the files of each
/// split, each once, and the patterns, each with its split and seen from the root; none beyond the budget.
fn named_files<'a>(
    written: &Value,
    base: &str,
    all: &[&'a TreeFile],
    budget: &mut Budget,
) -> Option<(splits::Splits<'a>, Vec<(String, String)>)> {
    let mut found: splits::Splits<'a> = Vec::new();
    let mut seen = HashSet::new();
    let mut named = Vec::new();
    let mut add = |split: &str, patterns: &Value| {
        let patterns: Vec<&str> = match patterns {
            Value::String(one) => vec![one],
            Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        Budget::spend(&mut budget.patterns, patterns.len())?;
        let known = found.iter().position(|(known, _)| known == split);
        let at = known.unwrap_or(found.len());
        if known.is_none() {
            found.push((split.to_owned(), Vec::new()));
        }
        for pattern in patterns.iter().map(|pattern| from_root(pattern, base)) {
            Budget::spend(&mut budget.comparisons, all.len())?;
            let files = &mut found[at].1;
            let before = files.len();
            files.extend(matching(&pattern, all).filter(|file| seen.insert((at, &file.path))));
            Budget::spend(&mut budget.files, files.len() - before)?;
            named.push((split.to_owned(), pattern));
        }
        Some(())
    };
    match written {
        Value::Object(splits) => splits.iter().try_for_each(|(split, patterns)| add(split, patterns))?,
        Value::Array(list) if list.iter().any(Value::is_object) => {
            for entry in list.iter().map(Fields) {
                if let (Some(split), Some(path)) = (entry.text("split"), entry.get("path")) {
                    add(split, path)?;
                }
            }
        }
        Value::String(_) | Value::Array(_) => add("train", written)?,
        _ => {}
    }
    Some((found, named))
}

/// A pattern as it is seen from the root.
fn from_root(pattern: &str, base: &str) -> String {
    let pattern = pattern.trim_start_matches("./").trim_start_matches('/');
    if base.is_empty() { pattern.to_owned() } else { format!("{base}/{pattern}") }
}

/// The files that a pattern names: `*` stays within a folder, `**` does not.
fn matching<'a>(pattern: &str, all: &[&'a TreeFile]) -> impl Iterator<Item = &'a TreeFile> {
    let glob: Option<GlobMatcher> =
        GlobBuilder::new(pattern).literal_separator(true).build().ok().map(|glob| glob.compile_matcher());
    let matches = move |file: &&TreeFile| {
        let path = file.path.as_str();
        path == pattern || glob.as_ref().is_some_and(|glob| glob.is_match(path))
    };
    all.iter().copied().filter(matches)
}

/// How many examples each split has, as `dataset_info` of the card says.
fn examples(card: &Value, config: &str) -> BTreeMap<String, u64> {
    let Some(written) = card.get("dataset_info") else { return BTreeMap::new() };
    let entries: Vec<&Value> = written.as_array().map_or_else(|| vec![written], |list| list.iter().collect());
    let entry = entries.into_iter().find(|entry| Fields(entry).text("config_name").unwrap_or(UNNAMED) == config);
    let list = entry.and_then(|entry| entry.get("splits")).and_then(Value::as_array);
    let splits = list.into_iter().flatten().map(Fields);
    splits.filter_map(|split| Some((split.text("name")?.to_owned(), split.number("num_examples")?))).collect()
}

/// A configuration for each folder with data, in the root or in `data`; folders that are called after a split are none.
pub(super) fn of_folders<'a>(data: &[&'a TreeFile]) -> Vec<Config<'a>> {
    let mut groups: BTreeMap<&'a str, Vec<&'a TreeFile>> = BTreeMap::new();
    for file in data {
        groups.entry(folder_of(file.path.as_str())).or_default().push(file);
    }
    // Data beside folders, or one folder alone, is one dataset.
    if groups.len() < 2 || groups.contains_key("") {
        groups = BTreeMap::from([("", data.to_vec())]);
    }
    let make = |(folder, files): (&str, Vec<&'a TreeFile>)| {
        let name = folder.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or(UNNAMED);
        Config {
            name: name.to_owned(),
            default: name == UNNAMED,
            splits: splits::of_files(&files, folder),
            patterns: Vec::new(),
            examples: BTreeMap::new(),
        }
    };
    groups.into_iter().filter(|(_, files)| !files.is_empty()).map(make).collect()
}

/// The folder that may be a configuration; empty when the path has none.
fn folder_of(path: &str) -> &str {
    let inner = path.strip_prefix("data/").unwrap_or(path);
    let Some((folder, _)) = inner.split_once('/') else { return "" };
    let is_split = ["train", "training", "validation", "valid", "dev", "val", "test", "testing", "eval", "evaluation"];
    if is_split.iter().any(|word| folder.split(|c: char| "-._ 0123456789".contains(c)).any(|part| part == *word)) {
        return "";
    }
    &path[..path.len() - inner.len() + folder.len()]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::analyze::testing::files;

    #[test]
    fn a_card_beyond_any_part_of_the_budget_is_not_asked() {
        let files = files(&["a.csv", "d/b.csv"]);
        let card = json!({"configs": [{"config_name": "x", "data_files": ["*.csv", "**"]}, {"config_name": "y", "data_dir": "d"}]});
        let asked = |patterns, comparisons, left| {
            within(&card, &files, &mut Budget { patterns, comparisons, files: left }).map(|configs| configs.len())
        };
        assert_eq!(asked(2, 6, 3), Some(2));
        assert_eq!([asked(1, 6, 3), asked(2, 5, 3), asked(2, 6, 2)], [None, None, None]);
    }
}
