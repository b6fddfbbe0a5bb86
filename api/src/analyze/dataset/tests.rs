use hfd_shared::repo::RepoKind;

use super::*;
use crate::analyze::testing::{contents, each_filter_takes_exactly_its_files};

fn dataset(paths: &[&str], readme: &str) -> Contents {
    contents(RepoKind::Dataset, paths, &[("README.md", readme)])
}

fn splits_of(paths: &[&str]) -> Vec<(String, u64)> {
    detect(&dataset(paths, "")).unwrap().splits.into_iter().map(|split| (split.name, split.file_count)).collect()
}

fn named(splits: &[(&str, u64)]) -> Vec<(String, u64)> {
    splits.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
}

#[test]
fn splits_are_read_from_shards_then_folders_then_names() {
    let shards = [
        "data/train-00000-of-00002.parquet",
        "data/train-00001-of-00002-ab.parquet",
        "data/extra-00000-of-00001.parquet",
    ];
    assert_eq!(splits_of(&shards), named(&[("train", 2), ("extra", 1)]));
    assert_eq!(
        splits_of(&["dev/a.csv", "test/b.csv", "train/c.csv"]),
        named(&[("train", 1), ("validation", 1), ("test", 1)])
    );
    assert_eq!(splits_of(&["my_train.csv", "my_val.csv", "contest.csv"]), named(&[("train", 1), ("validation", 1)]));
    assert_eq!(splits_of(&["a.jsonl", "b.jsonl", "README.md", "dataset_infos.json"]), named(&[("train", 2)]));
    assert_eq!(splits_of(&["README.md"]), named(&[]));
}

const CARD: &str = "---
configs:
- config_name: en
  default: true
  data_files:
  - split: train
    path: en/train-*.parquet
  - split: test
    path: [en/test.parquet]
- config_name: de
  data_files: de/*
- config_name: all
  data_dir: data
- no_name: here
dataset_info:
- config_name: en
  splits:
  - name: train
    num_examples: 120
  - name: test
    num_examples: 12
---
";

#[test]
fn the_card_tells_configurations_splits_and_examples() {
    let paths = [
        "README.md",
        "en/train-0.parquet:5",
        "en/train-1.parquet:6",
        "en/test.parquet",
        "de/x.parquet",
        "de/deep/y.parquet",
        "data/val.csv",
        "data/train.csv",
    ];
    let contents = dataset(&paths, CARD);
    let info = detect(&contents).unwrap();
    assert!(info.from_card);
    assert_eq!(info.configs, ["en", "de", "all"]);
    let shown = |at: usize| -> Vec<_> {
        info.config_details[at]
            .splits
            .iter()
            .map(|split| (split.name.as_str(), split.file_count, split.num_examples))
            .collect()
    };
    assert_eq!(shown(0), [("train", 2, Some(120)), ("test", 1, Some(12))]);
    assert_eq!(shown(1), [("train", 1, None)]);
    assert_eq!(shown(2), [("train", 1, None), ("validation", 1, None)]);
    assert_eq!((info.config_details[0].size, info.config_details[0].path.as_str()), (21, "en"));
    assert_eq!(
        (info.formats.as_slice(), info.primary_format.as_str()),
        (&["csv".to_owned(), "parquet".to_owned()][..], "parquet")
    );
    let items = items(&contents);
    let recommended: Vec<_> = items.iter().filter(|item| item.recommended).map(|item| item.id.as_str()).collect();
    assert_eq!(recommended, ["config:en"]);
    each_filter_takes_exactly_its_files(&contents, &items);
}

#[test]
fn a_file_is_in_a_split_once_however_many_patterns_name_it() {
    let card = "---\nconfigs: [{config_name: x, data_files: [{split: train, path: ['a.csv', '*', '**']}]}]\n---\n";
    let info = detect(&dataset(&["a.csv", "d/b.csv"], card)).unwrap();
    assert_eq!(
        (info.splits[0].file_count, info.splits[0].files.as_slice()),
        (2, &["a.csv", "d/b.csv"].map(str::to_owned)[..])
    );
}

#[test]
fn a_card_that_names_more_than_is_looked_for_is_not_asked() {
    let paths: Vec<String> = (0..1000).map(|at| format!("train-{at}.csv")).collect();
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let of = |splits: usize| {
        let splits: Vec<String> = (0..splits).map(|at| format!("{{split: s{at}, path: '**'}}")).collect();
        let splits = splits.join(", ");
        detect(&dataset(&paths, &format!("---\nconfigs: [{{config_name: x, data_files: [{splits}]}}]\n---\n"))).unwrap()
    };
    let within = of(10);
    assert_eq!((within.from_card, within.splits.len()), (true, 10));
    let beyond = of(1000);
    assert_eq!(
        (beyond.from_card, named(&[("train", 1000)])),
        (false, beyond.splits.iter().map(|split| (split.name.clone(), split.file_count)).collect())
    );
}

#[test]
fn without_a_card_each_folder_is_a_configuration() {
    let contents = dataset(&["fr/train.parquet", "en/train.parquet", "en/test.parquet"], "# Nothing");
    let info = detect(&contents).unwrap();
    assert_eq!((info.from_card, info.configs.as_slice()), (false, &["en".to_owned(), "fr".to_owned()][..]));
    let items = items(&contents);
    assert_eq!(items.len(), 4);
    each_filter_takes_exactly_its_files(&contents, &items);
}

#[test]
fn configurations_and_splits_of_many_files_have_the_filters_of_the_card() {
    let parts = |start: &str| (0..201).map(|at| format!("{start}.{at:05}.json.gz")).collect::<Vec<_>>();
    let paths = [
        parts("en/c4-train"),
        parts("en/c4-validation"),
        parts("multilingual/c4-de"),
        parts("multilingual/c4-de-validation"),
        parts("multilingual/c4-nde"),
    ]
    .concat();
    let card = "---
configs:
- config_name: en
  data_dir: en
  data_files: [{split: train, path: c4-train.*.json.gz}, {split: validation, path: c4-validation.*.json.gz}]
- config_name: de
  data_files:
  - {split: train, path: multilingual/c4-de.*.json.gz}
  - {split: validation, path: multilingual/c4-de-validation.*.json.gz}
- config_name: nde
  data_files: [{split: train, path: multilingual/c4-nde.*.json.gz}]
---
";
    let contents = dataset(&paths.iter().map(String::as_str).collect::<Vec<_>>(), card);
    let items = items(&contents);
    let filter_of = |id: &str| items.iter().find(|item| item.id == id).unwrap().filter_value.as_str();
    assert_eq!(filter_of("config:de"), "multilingual/c4-de.*.json.gz,multilingual/c4-de-validation.*.json.gz");
    assert_eq!(
        filter_of("split:train"),
        "en/c4-train.*.json.gz,multilingual/c4-de.*.json.gz,multilingual/c4-nde.*.json.gz"
    );
    each_filter_takes_exactly_its_files(&contents, &items);
}

#[test]
fn one_dataset_offers_its_splits_and_recommends_train() {
    let contents = dataset(&["data/train-00000-of-00001.parquet", "data/test-00000-of-00001.parquet"], "");
    let items = items(&contents);
    let shown: Vec<_> =
        items.iter().map(|item| (item.id.as_str(), item.filter_value.as_str(), item.recommended)).collect();
    assert_eq!(shown, [("split:train", "train-", true), ("split:test", "test-", false)]);
    assert!(detect(&contents).unwrap().configs.is_empty());
}

#[test]
fn a_card_of_odd_values_is_read_without_a_panic() {
    for odd in [
        "configs: 3",
        "configs: [1, a, {config_name: 5}]",
        "configs: [{config_name: x, data_files: 7}]",
        "configs: [{config_name: x, data_files: '[['}]",
    ] {
        let info = detect(&dataset(&["a.csv"], &format!("---\n{odd}\ndataset_info: 3\n---\n"))).unwrap();
        assert_eq!(info.formats, ["csv"], "{odd}");
    }
}
