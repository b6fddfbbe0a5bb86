//! Datasets: their configurations and splits, by the card or else by the names of files.

mod configs;
mod splits;

use std::collections::{BTreeMap, BTreeSet};

use hfd_shared::repo::{RepoKind, TreeFile};
use poem_openapi::Object;

use super::Contents;
use super::card;
use super::filter::{filter_for, item, size_of};
use super::info::{SelectableItem, human_size};

/// Endings of data, in the order in which the first that is there is the main one.
const FORMATS: &[&str] =
    &["parquet", "arrow", "jsonl", "json", "csv", "tsv", "txt", "tar.gz", "tar", "zip", "gz", "zst"];

/// Files that end like data and are none; the library `datasets` leaves out the same.
const NO_DATA: &[&str] =
    &["config.json", "dataset_info.json", "dataset_infos.json", "dataset_dict.json", "dummy_data.zip", "state.json"];

/// As many configurations and splits are offered as choices.
const MAX_ITEMS: usize = 500;

/// As many files are named for a split; `file_count` counts all.
const MAX_FILES: usize = 1000;

/// A dataset.
#[derive(Debug, Clone, PartialEq, Eq, Object)]
#[oai(rename = "DatasetInfo")]
pub(crate) struct DatasetInfo {
    /// Its splits over all configurations.
    pub(crate) splits: Vec<DatasetSplit>,
    /// The names of its configurations; empty when it has just one without a name.
    pub(crate) configs: Vec<String>,
    /// Its configurations.
    pub(crate) config_details: Vec<DatasetConfig>,
    /// Whether the card tells the configurations; otherwise they are read from the names of folders and files.
    pub(crate) from_card: bool,
    /// Endings of its data, sorted.
    pub(crate) formats: Vec<String>,
    /// The ending that most readers want; empty when there is no data.
    pub(crate) primary_format: String,
}

/// A split.
#[derive(Debug, Clone, PartialEq, Eq, Object)]
#[oai(rename = "DatasetSplit", skip_serializing_if_is_none)]
pub(crate) struct DatasetSplit {
    /// Its name: `train`, `validation`, `test`, or as the card has it.
    pub(crate) name: String,
    /// The paths of its files, at most 1000.
    pub(crate) files: Vec<String>,
    /// How many files it has.
    pub(crate) file_count: u64,
    /// Bytes of all its files.
    pub(crate) size: u64,
    /// The same in words.
    pub(crate) size_human: String,
    /// How many examples it has, when the card tells.
    pub(crate) num_examples: Option<u64>,
}

/// A configuration, which is a dataset of its own within the repository.
#[derive(Debug, Clone, PartialEq, Eq, Object)]
#[oai(rename = "DatasetConfig")]
pub(crate) struct DatasetConfig {
    /// Its name.
    pub(crate) name: String,
    /// The folder that all its files are in; empty for the root.
    pub(crate) path: String,
    /// Whether readers get it when they name none.
    pub(crate) default: bool,
    /// How many files it has.
    pub(crate) file_count: u64,
    /// Bytes of all its files.
    pub(crate) size: u64,
    /// The same in words.
    pub(crate) size_human: String,
    /// Its splits.
    pub(crate) splits: Vec<DatasetSplit>,
}

/// A configuration while files are sorted into it: names of splits and their files, in order.
struct Config<'a> {
    name: String,
    default: bool,
    splits: Vec<(String, Vec<&'a TreeFile>)>,
    /// The patterns by which the card names the files, each with its split.
    patterns: Vec<(String, String)>,
    examples: BTreeMap<String, u64>,
}

impl<'a> Config<'a> {
    /// All files, each once.
    fn files(&self) -> Vec<&'a TreeFile> {
        let mut seen = BTreeSet::new();
        let all = self.splits.iter().flat_map(|(_, files)| files.iter().copied());
        all.filter(|file| seen.insert(&file.path)).collect()
    }
}

/// The ending of a data file; none for other files.
fn format_of(path: &str) -> Option<&'static str> {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    if NO_DATA.contains(&name.as_str()) || path.starts_with('.') || path.contains("/.") {
        return None;
    }
    FORMATS
        .iter()
        .copied()
        .find(|format| name.strip_suffix(format).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.')))
}

fn data_files(contents: &Contents) -> Vec<&TreeFile> {
    contents.files.iter().filter(|file| format_of(file.path.as_str()).is_some()).collect()
}

/// The configurations by the card; without one that names files, by folders.
fn configs(contents: &Contents) -> (Vec<Config<'_>>, bool) {
    let card = card::front_matter(contents);
    let told = card.as_ref().map(|card| configs::of_card(card, &contents.files)).unwrap_or_default();
    if told.is_empty() { (configs::of_folders(&data_files(contents)), false) } else { (told, true) }
}

/// The facts; every dataset has them.
pub(super) fn detect(contents: &Contents) -> Option<DatasetInfo> {
    (contents.repo.kind == RepoKind::Dataset).then(|| describe(contents))
}

fn describe(contents: &Contents) -> DatasetInfo {
    let (configs, from_card) = configs(contents);
    let formats: BTreeSet<&str> = contents.files.iter().filter_map(|file| format_of(file.path.as_str())).collect();
    let named = configs.len() > 1 || configs.iter().any(|config| config.name != configs::UNNAMED);
    DatasetInfo {
        splits: all_splits(&configs)
            .into_iter()
            .map(|(name, files, examples)| split(&name, &files, examples))
            .collect(),
        configs: if named { configs.iter().map(|config| config.name.clone()).collect() } else { Vec::new() },
        config_details: configs.iter().map(detail).collect(),
        from_card,
        primary_format: FORMATS.iter().copied().find(|format| formats.contains(format)).unwrap_or_default().to_owned(),
        formats: formats.into_iter().map(str::to_owned).collect(),
    }
}

/// The splits over all configurations, in the usual order; how many examples, when that is known for all.
fn all_splits<'a>(configs: &[Config<'a>]) -> Vec<(String, Vec<&'a TreeFile>, Option<u64>)> {
    let mut names: Vec<&String> =
        configs.iter().flat_map(|config| config.splits.iter().map(|(name, _)| name)).collect();
    names.sort_by_key(|name| (splits::order(name), *name));
    names.dedup();
    let gather = |name: &String| {
        let of_name = || configs.iter().filter(|config| config.splits.iter().any(|(other, _)| other == name));
        let mut seen = BTreeSet::new();
        let files = configs.iter().flat_map(|config| &config.splits).filter(|(other, _)| other == name);
        let files = files.flat_map(|(_, files)| files.iter().copied()).filter(|file| seen.insert(&file.path)).collect();
        let examples = of_name().map(|config| config.examples.get(name).copied()).sum::<Option<u64>>();
        (name.clone(), files, examples)
    };
    names.into_iter().map(gather).collect()
}

fn split(name: &str, files: &[&TreeFile], num_examples: Option<u64>) -> DatasetSplit {
    let size = size_of(files);
    DatasetSplit {
        name: name.to_owned(),
        files: files.iter().take(MAX_FILES).map(|file| file.path.to_string()).collect(),
        file_count: files.len() as u64,
        size,
        size_human: human_size(size),
        num_examples,
    }
}

fn detail(config: &Config<'_>) -> DatasetConfig {
    let files = config.files();
    let size = size_of(&files);
    DatasetConfig {
        name: config.name.clone(),
        path: common_folder(&files).to_owned(),
        default: config.default,
        file_count: files.len() as u64,
        size,
        size_human: human_size(size),
        splits: config
            .splits
            .iter()
            .map(|(name, files)| split(name, files, config.examples.get(name).copied()))
            .collect(),
    }
}

/// The deepest folder that holds all these files; empty for the root.
fn common_folder<'a>(files: &[&'a TreeFile]) -> &'a str {
    let folder = |file: &&'a TreeFile| file.path.as_str().rsplit_once('/').map_or("", |(folder, _)| folder);
    let Some(mut common) = files.first().map(folder) else { return "" };
    for file in files {
        while !common.is_empty() && !file.path.as_str().strip_prefix(common).is_some_and(|rest| rest.starts_with('/')) {
            common = common.rsplit_once('/').map_or("", |(parent, _)| parent);
        }
    }
    common
}

/// An item for each configuration, when there are several, and for each split, when there are several. Of each kind one
/// is recommended at most: with configurations to choose, no split is.
pub(super) fn items(contents: &Contents) -> Vec<SelectableItem> {
    let (configs, _) = configs(contents);
    let all_splits = all_splits(&configs);
    let mut items = Vec::new();
    if configs.len() > 1 {
        let has_train = |config: &Config<'_>| config.splits.iter().any(|(name, _)| name == "train");
        let best = configs
            .iter()
            .position(|config| config.default)
            .or_else(|| configs.iter().position(has_train))
            .unwrap_or_default();
        for (at, config) in configs.iter().enumerate().take(MAX_ITEMS) {
            let files = config.files();
            let folder = common_folder(&files);
            let likely = [format!("{folder}/"), format!("{folder}/*"), config.name.clone()];
            let candidates = candidates(likely, config.patterns.iter().map(|(_, pattern)| pattern));
            items.push(made(contents, "config", &config.name, &files, candidates, at == best));
        }
    }
    if all_splits.len() > 1 {
        let recommend = configs.len() <= 1;
        for (name, files, _) in all_splits.iter().take(MAX_ITEMS) {
            let folder = common_folder(files);
            let likely = [
                format!("{name}-"),
                format!("{name}."),
                name.clone(),
                format!("{folder}/"),
                format!("{folder}/{name}"),
            ];
            let patterns = configs.iter().flat_map(|config| &config.patterns).filter(|(split, _)| split == name);
            let candidates = candidates(likely, patterns.map(|(_, pattern)| pattern));
            items.push(made(contents, "split", name, files, candidates, recommend && name == "train"));
        }
    }
    items.retain(|item| !item.files.is_empty());
    items
}

/// Those of the likely filters that can be one, and the card's own patterns together.
fn candidates<'a>(
    likely: impl IntoIterator<Item = String>,
    patterns: impl Iterator<Item = &'a String>,
) -> impl Iterator<Item = String> {
    let usable = likely.into_iter().filter(|text| text.len() > 1 && !text.starts_with('/') && !text.contains(','));
    let mut seen = BTreeSet::new();
    let patterns: Vec<&str> = patterns.map(String::as_str).filter(|pattern| seen.insert(*pattern)).collect();
    usable.chain([patterns.join(",")])
}

fn made(
    contents: &Contents,
    category: &str,
    name: &str,
    files: &[&TreeFile],
    candidates: impl IntoIterator<Item = String>,
    recommended: bool,
) -> SelectableItem {
    let filter = filter_for(contents.repo.kind, &contents.files, files, candidates);
    SelectableItem {
        description: Some(format!("{} files, {}{}", files.len(), human_size(size_of(files)), filter.note())),
        recommended,
        filter_value: filter.value,
        ..item(&format!("{category}:{name}"), name, category, files)
    }
}

#[cfg(test)]
mod tests;
