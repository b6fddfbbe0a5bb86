//! Configurations: as the card has them (`configs`, `dataset_info`), or a folder each.

use std::collections::BTreeMap;

use globset::{GlobBuilder, GlobMatcher};
use hfd_shared::repo::TreeFile;
use serde_json::Value;

use super::super::fields::Fields;
use super::{Config, splits};

/// The name of the only configuration of a dataset that names none.
pub(super) const UNNAMED: &str = "default";

/// More than any card names, so that a card cannot make the analysis endless.
const MAX_CONFIGS: usize = 1000;
const MAX_PATTERNS: usize = 10_000;

/// The configurations that a card names files for.
pub(super) fn of_card<'a>(card: &Value, files: &'a [TreeFile]) -> Vec<Config<'a>> {
    let Some(list) = card.get("configs").and_then(Value::as_array) else { return Vec::new() };
    let all: Vec<&TreeFile> = files.iter().collect();
    let mut patterns_left = MAX_PATTERNS;
    let mut configs = Vec::new();
    for entry in list.iter().take(MAX_CONFIGS).map(Fields) {
        let Some(name) = entry.text("config_name") else { continue };
        let base = entry.text("data_dir").map(|dir| dir.trim_start_matches("./").trim_matches('/')).unwrap_or_default();
        let (splits, patterns) = match entry.get("data_files") {
            Some(written) => named_files(written, base, &all, &mut patterns_left),
            None if entry.get("data_dir").is_some() => {
                let inside: Vec<&TreeFile> = all.iter().copied().filter(|file| is_inside(file, base)).collect();
                let data: Vec<&TreeFile> =
                    inside.into_iter().filter(|file| super::format_of(file.path.as_str()).is_some()).collect();
                (splits::of_files(&data, base), Vec::new())
            }
            None => continue,
        };
        let default = entry.flag("default") == Some(true) || name == UNNAMED;
        configs.push(Config { name: name.to_owned(), default, splits, patterns, examples: examples(card, name) });
    }
    configs
}

fn is_inside(file: &TreeFile, base: &str) -> bool {
    base.is_empty() || file.path.as_str().strip_prefix(base).is_some_and(|rest| rest.starts_with('/'))
}

/// `data_files`: a pattern, a list of them, a list of `{split, path}`, or an object of splits. Gives the files of each
/// split, and the patterns, each with its split and seen from the root.
fn named_files<'a>(
    written: &Value,
    base: &str,
    all: &[&'a TreeFile],
    left: &mut usize,
) -> (splits::Splits<'a>, Vec<(String, String)>) {
    let mut found: splits::Splits<'a> = Vec::new();
    let mut named = Vec::new();
    let mut add = |split: &str, patterns: &Value| {
        let patterns: Vec<&str> = match patterns {
            Value::String(one) => vec![one],
            Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let taken = patterns.len().min(*left);
        *left -= taken;
        let patterns: Vec<String> = patterns[..taken].iter().map(|pattern| from_root(pattern, base)).collect();
        let files = patterns.iter().flat_map(|pattern| matching(pattern, all));
        match found.iter_mut().find(|(known, _)| known == split) {
            Some((_, known)) => known.extend(files),
            None => found.push((split.to_owned(), files.collect())),
        }
        named.extend(patterns.into_iter().map(|pattern| (split.to_owned(), pattern)));
    };
    match written {
        Value::Object(splits) => splits.iter().for_each(|(split, patterns)| add(split, patterns)),
        Value::Array(list) if list.iter().any(Value::is_object) => {
            for entry in list.iter().map(Fields) {
                if let (Some(split), Some(path)) = (entry.text("split"), entry.get("path")) {
                    add(split, path);
                }
            }
        }
        Value::String(_) | Value::Array(_) => add("train", written),
        _ => {}
    }
    (found, named)
}

/// A pattern as it is seen from the root.
fn from_root(pattern: &str, base: &str) -> String {
    let pattern = pattern.trim_start_matches("./").trim_start_matches('/');
    if base.is_empty() { pattern.to_owned() } else { format!("{base}/{pattern}") }
}

/// The files that a pattern names: `*` stays within a folder, `**` does not.
fn matching<'a>(pattern: &str, all: &[&'a TreeFile]) -> Vec<&'a TreeFile> {
    let glob: Option<GlobMatcher> =
        GlobBuilder::new(pattern).literal_separator(true).build().ok().map(|glob| glob.compile_matcher());
    let matches = |file: &&&TreeFile| {
        let path = file.path.as_str();
        path == pattern || glob.as_ref().is_some_and(|glob| glob.is_match(path))
    };
    all.iter().filter(matches).copied().collect()
}

/// How many examples each split has, as `dataset_info` of the card says.
fn examples(card: &Value, config: &str) -> BTreeMap<String, u64> {
    let Some(written) = card.get("dataset_info") else { return BTreeMap::new() };
    let entries: Vec<&Value> = written.as_array().map_or_else(|| vec![written], |list| list.iter().collect());
    let name_of = |entry: &Value| Fields(entry).text("config_name").unwrap_or(UNNAMED).to_owned();
    let entry = entries.into_iter().find(|entry| name_of(entry) == config);
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
