//! Files of weights, and the formats among which a user can choose.

use std::collections::BTreeMap;

use hfd_shared::job::is_of_format;
use hfd_shared::repo::TreeFile;
use poem_openapi::Object;

use super::super::Contents;
use super::super::filter::{filter_for, item, size_of};
use super::super::gguf::stars;
use super::super::info::{SelectableItem, human_size};

/// A file of weights.
#[derive(Debug, Clone, PartialEq, Eq, Object)]
#[oai(rename = "WeightFile", skip_serializing_if_is_none)]
pub(crate) struct WeightFile {
    /// Where it lies in the repository.
    pub(crate) path: String,
    /// Its name.
    pub(crate) name: String,
    /// Its size in bytes.
    pub(crate) size: u64,
    /// The same in words.
    pub(crate) size_human: String,
    /// `safetensors`, `pytorch_bin` or `pytorch`.
    pub(crate) format: String,
    /// Which part of the weights it is, from 1.
    pub(crate) shard_index: Option<u64>,
    /// Of how many.
    pub(crate) shard_total: Option<u64>,
}

/// A format of weights.
struct Format {
    id: &'static str,
    label: &'static str,
    extensions: &'static [&'static str],
    quality: u8,
}

/// In the order in which they are recommended.
const FORMATS: &[Format] = &[
    Format { id: "safetensors", label: "Safetensors", extensions: &["safetensors"], quality: 5 },
    Format { id: "pytorch", label: "PyTorch", extensions: &["bin", "pt", "pth"], quality: 3 },
    Format { id: "onnx", label: "ONNX", extensions: &["onnx"], quality: 4 },
    Format { id: "tensorflow", label: "TensorFlow", extensions: &["h5"], quality: 3 },
    Format { id: "tflite", label: "TensorFlow Lite", extensions: &["tflite"], quality: 3 },
    Format { id: "flax", label: "Flax", extensions: &["msgpack"], quality: 3 },
    Format { id: "rust", label: "Rust", extensions: &["ot"], quality: 2 },
];

/// The folder in which OpenVINO's files are, which end like those of PyTorch.
const OPENVINO: &str = "openvino/";

/// Files that end like weights and are the state of a training run.
const TRAINING: &[&str] = &["training_args", "optimizer", "scheduler", "rng_state", "scaler", "trainer_state"];

fn files_of<'a>(contents: &'a Contents, format: &Format) -> Vec<&'a TreeFile> {
    let weights = |file: &&TreeFile| {
        let (path, name) = (file.path.as_str(), file.path.file_name());
        !path.to_ascii_lowercase().starts_with(OPENVINO)
            && (format.id != "pytorch"
                || !(TRAINING.iter().any(|start| name.starts_with(start)) || path.contains(".mlpackage/")))
    };
    contents.of_format(format.extensions).filter(weights).collect()
}

/// The weights for PyTorch: those of the root, or where it has none those of folders.
pub(crate) fn weight_files(contents: &Contents) -> Vec<WeightFile> {
    let all: Vec<(&TreeFile, &Format)> = FORMATS[..2]
        .iter()
        .flat_map(|format| files_of(contents, format).into_iter().map(move |file| (file, format)))
        .collect();
    let in_root = all.iter().any(|(file, _)| file.path.depth() == 0);
    all.into_iter()
        .filter(|(file, _)| !in_root || file.path.depth() == 0)
        .map(|(file, format)| weight_file(file, format))
        .collect()
}

fn weight_file(file: &TreeFile, format: &Format) -> WeightFile {
    let shard = shard(file.path.file_name());
    let bin = is_of_format(file.path.file_name(), &["bin"]);
    WeightFile {
        path: file.path.to_string(),
        name: file.path.file_name().to_owned(),
        size: file.size_bytes,
        size_human: human_size(file.size_bytes),
        format: if bin { "pytorch_bin" } else { format.id }.to_owned(),
        shard_index: shard.as_ref().map(|shard| shard.index),
        shard_total: shard.map(|shard| shard.total),
    }
}

/// A part of weights.
struct Shard<'a> {
    /// What the names of all parts begin with.
    family: &'a str,
    index: u64,
    total: u64,
}

/// Which part of how many a name says: `model-00001-of-00003.safetensors`.
fn shard(name: &str) -> Option<Shard<'_>> {
    let stem = name.split('.').next()?;
    let (front, total) = stem.rsplit_once("-of-")?;
    let (family, index) = front.rsplit_once(['-', '_']).unwrap_or(("", front));
    Some(Shard { family, index: index.parse().ok()?, total: total.parse().ok()? })
}

/// Into how many files the best format is split; 1 when it is not.
pub(super) fn shard_count(files: &[WeightFile]) -> u64 {
    let best = files.first().map(|file| file.format.as_str()).unwrap_or_default();
    files.iter().filter(|file| file.format == best).filter_map(|file| file.shard_total).max().unwrap_or(1)
}

/// Bytes of the weights in the best format.
pub(crate) fn weight_bytes(contents: &Contents) -> u64 {
    let files = weight_files(contents);
    let best = files.first().map(|file| file.format.clone()).unwrap_or_default();
    let whole = files.iter().filter(|file| file.format == best);
    // Files such as `model.fp16.safetensors` and `consolidated-00001-of-00013.safetensors` hold the same weights again.
    let mut families: BTreeMap<(bool, &str), u64> = BTreeMap::new();
    for file in whole {
        let family = shard(&file.name).map_or((false, file.name.as_str()), |shard| (true, shard.family));
        *families.entry(family).or_default() += file.size;
    }
    families.into_iter().map(|((is_sharded, _), size)| (is_sharded, size)).max().unwrap_or_default().1
}

/// One item a format, when there are several. Exactly one is recommended.
pub(crate) fn items(contents: &Contents) -> Vec<SelectableItem> {
    let mut found: Vec<(&Format, Vec<&TreeFile>)> = FORMATS
        .iter()
        .map(|format| (format, files_of(contents, format)))
        .filter(|(_, files)| !files.is_empty())
        .collect();
    let openvino = Format { id: "openvino", label: "OpenVINO", extensions: &[], quality: 3 };
    let openvino_files: Vec<_> =
        contents.files.iter().filter(|file| file.path.as_str().to_ascii_lowercase().starts_with(OPENVINO)).collect();
    if openvino_files.iter().any(|file| is_of_format(file.path.file_name(), &["bin"])) {
        found.push((&openvino, openvino_files));
    }
    if found.len() < 2 {
        return Vec::new();
    }
    let make = |(at, (format, files)): (usize, (&Format, Vec<&TreeFile>))| {
        let is_used = |extension: &&&str| files.iter().any(|file| is_of_format(file.path.file_name(), &[extension]));
        let used: Vec<&str> = format.extensions.iter().filter(is_used).copied().collect();
        let together =
            |end: &str| used.iter().map(|extension| format!("*.{extension}{end}")).collect::<Vec<_>>().join(",");
        let globs = format.extensions.iter().map(|extension| format!("*.{extension}"));
        let common =
            ["pytorch_model*.bin".to_owned(), "onnx/".to_owned(), OPENVINO.to_owned(), together(""), together("*")];
        let filter = filter_for(contents.repo.kind, &contents.files, &files, globs.chain(common));
        SelectableItem {
            description: Some(format!("{} files, {}{}", files.len(), human_size(size_of(&files)), filter.note())),
            quality: Some(format.quality),
            quality_stars: Some(stars(format.quality)),
            recommended: at == 0,
            filter_value: filter.value,
            ..item(format.id, format.label, "format", &files)
        }
    };
    found.into_iter().enumerate().map(make).collect()
}

#[cfg(test)]
mod tests {
    use hfd_shared::repo::RepoKind;

    use super::*;
    use crate::analyze::testing::{contents, each_filter_takes_exactly_its_files};

    const FILES: &[&str] = &[
        "config.json",
        "model-00001-of-00002.safetensors:60",
        "model-00002-of-00002.safetensors:40",
        "pytorch_model.bin:100",
        "training_args.bin",
        "tf_model.h5",
        "onnx/model.onnx",
        "onnx/model.onnx_data",
        "onnx/model.onnx_data_1",
        "extra.onnx.data",
        "openvino/openvino_model.bin",
        "openvino/openvino_model.xml",
        "1_Pooling/config.json",
        "2_Dense/model.safetensors",
    ];

    #[test]
    fn each_format_is_an_item_and_the_best_is_recommended() {
        let contents = contents(RepoKind::Model, FILES, &[]);
        let items = items(&contents);
        let ids: Vec<_> = items.iter().map(|item| item.id.as_str()).collect();
        assert_eq!(ids, ["safetensors", "pytorch", "onnx", "tensorflow", "openvino"]);
        assert_eq!(items.iter().filter(|item| item.recommended).count(), 1);
        assert!(items[0].recommended);
        each_filter_takes_exactly_its_files(&contents, &items);
    }

    #[test]
    fn shards_are_one_set_of_weights() {
        let contents = contents(RepoKind::Model, FILES, &[]);
        let files = weight_files(&contents);
        assert_eq!(files.len(), 3);
        assert_eq!((files[1].shard_index, files[1].shard_total, shard_count(&files)), (Some(2), Some(2), 2));
        assert_eq!(weight_bytes(&contents), 100);
    }

    #[test]
    fn weights_that_are_there_twice_count_once() {
        let files = [
            "config.json",
            "model-00001-of-00002.safetensors:60",
            "model-00002-of-00002.safetensors:40",
            "consolidated_00001-of-00002.safetensors:45",
            "consolidated_00002-of-00002.safetensors:45",
            "consolidated.safetensors:110",
        ];
        assert_eq!(weight_bytes(&contents(RepoKind::Model, &files, &[])), 100);
        let beside = ["config.json", "pytorch_model.bin:100", "2_Dense/model.safetensors:3"];
        assert_eq!(weight_bytes(&contents(RepoKind::Model, &beside, &[])), 100);
    }

    #[test]
    fn one_format_alone_is_no_choice() {
        assert!(items(&contents(RepoKind::Model, &["config.json", "model.safetensors"], &[])).is_empty());
    }
}
