//! ONNX models: their files, by the precision that names tell.

use std::collections::{BTreeMap, HashMap};

use hfd_shared::repo::TreeFile;
use poem_openapi::Object;

use super::Contents;
use super::filter::{MAX_ITEMS, filter_for, item, size_of};
use super::info::{SelectableItem, human_size};

/// ONNX models.
#[derive(Debug, Clone, PartialEq, Eq, Object)]
#[oai(rename = "OnnxInfo")]
pub(crate) struct OnnxInfo {
    /// The models.
    pub(crate) models: Vec<OnnxModel>,
    /// Whether one was optimised for the runtime.
    pub(crate) optimized: bool,
    /// Whether one is quantized to integers.
    pub(crate) quantized: bool,
    /// What runs them.
    pub(crate) runtimes: Vec<String>,
}

/// An ONNX model.
#[derive(Debug, Clone, PartialEq, Eq, Object)]
#[oai(rename = "OnnxModel")]
pub(crate) struct OnnxModel {
    /// Where it lies in the repository.
    pub(crate) path: String,
    /// Its name.
    pub(crate) name: String,
    /// Its size in bytes, with the weights that it keeps in files beside it.
    pub(crate) size: u64,
    /// The same in words.
    pub(crate) size_human: String,
    /// Its precision: `fp32`, `fp16`, `bf16`, `int8`, `uint8`, `int4`, `q4f16`, `bnb4`.
    pub(crate) variant: String,
    /// Whether it was optimised for the runtime.
    pub(crate) optimized: bool,
    /// The files beside it that hold its weights.
    pub(crate) data_files: Vec<String>,
}

/// A model and the files of its weights.
struct Found<'a> {
    model: &'a TreeFile,
    data: Vec<&'a TreeFile>,
}

/// The words of a path: `onnx/decoder_model_q4f16.onnx` → onnx, decoder, model, q4f16, onnx.
fn words(path: &str) -> Vec<String> {
    path.to_ascii_lowercase().split(|c: char| !c.is_ascii_alphanumeric()).map(str::to_owned).collect()
}

fn variant(path: &str) -> &'static str {
    let words = words(path);
    let known = [
        ("q4f16", "q4f16"),
        ("bnb4", "bnb4"),
        ("uint8", "uint8"),
        ("int8", "int8"),
        ("quantized", "int8"),
        ("quint8", "uint8"),
        ("qint8", "int8"),
        ("int4", "int4"),
        ("q4", "int4"),
        ("bf16", "bf16"),
        ("fp16", "fp16"),
        ("float16", "fp16"),
    ];
    known.into_iter().find(|(word, _)| words.iter().any(|other| other == word)).map_or("fp32", |(_, variant)| variant)
}

/// By the name alone: a folder may be called after the model OPT.
fn is_optimized(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    words(name).iter().any(|word| ["optimized", "optimised", "opt", "o1", "o2", "o3", "o4"].contains(&word.as_str()))
}

/// What may be the model that a file of weights is beside: `model.onnx_data`, `model.onnx_data_1`, `model.onnx.data`,
/// `model.onnx.data.1`.
fn models_of(path: &str) -> impl Iterator<Item = &str> {
    ["_data", ".data"].into_iter().flat_map(|end| path.match_indices(end).map(|(at, _)| &path[..at]))
}

fn found(contents: &Contents) -> Vec<Found<'_>> {
    let mut found: Vec<Found<'_>> =
        contents.with_extension(&[".onnx"]).map(|model| Found { model, data: Vec::new() }).collect();
    let places: HashMap<&str, usize> =
        found.iter().enumerate().map(|(place, found)| (found.model.path.as_str(), place)).collect();
    for file in contents.of_format(&["onnx"]) {
        if let Some(place) = models_of(file.path.as_str()).find_map(|model| places.get(model)) {
            found[*place].data.push(file);
        }
    }
    found
}

/// The facts, when there is a model.
pub(super) fn detect(contents: &Contents) -> Option<OnnxInfo> {
    let found = found(contents);
    let make = |found: &Found<'_>| {
        let path = found.model.path.as_str();
        let size = found.model.size_bytes + size_of(&found.data);
        OnnxModel {
            path: path.to_owned(),
            name: found.model.path.file_name().to_owned(),
            size,
            size_human: human_size(size),
            variant: variant(path).to_owned(),
            optimized: is_optimized(path),
            data_files: found.data.iter().map(|file| file.path.to_string()).collect(),
        }
    };
    let models: Vec<OnnxModel> = found.iter().map(make).collect();
    let for_graphics = models.iter().any(|model| words(&model.path).iter().any(|word| word == "cuda" || word == "gpu"));
    let mut runtimes = vec!["onnxruntime", "onnxruntime-gpu"];
    runtimes.extend(for_graphics.then_some("tensorrt"));
    (!models.is_empty()).then(|| OnnxInfo {
        optimized: models.iter().any(|model| model.optimized),
        quantized: models
            .iter()
            .any(|model| ["int8", "uint8", "int4", "q4f16", "bnb4"].contains(&model.variant.as_str())),
        runtimes: runtimes.into_iter().map(str::to_owned).collect(),
        models,
    })
}

/// One item for the models of a folder in one precision, which belong together (an encoder and its decoder). Of
/// several, the one with full precision that lies highest is recommended.
pub(super) fn items(contents: &Contents) -> Vec<SelectableItem> {
    let found = found(contents);
    let mut groups: BTreeMap<(usize, u8, &str, &str), Vec<&TreeFile>> = BTreeMap::new();
    for Found { model, data } in &found {
        let path = model.path.as_str();
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let variant = variant(path);
        let order = match variant {
            "fp32" => 0,
            "fp16" | "bf16" => 1,
            _ => 2,
        };
        let group = groups.entry((model.path.depth(), order, folder, variant)).or_default();
        group.push(model);
        group.extend(data);
    }
    if groups.len() < 2 {
        return Vec::new();
    }
    let groups = groups.into_iter().take(MAX_ITEMS);
    let groups = groups.map(|((_, _, folder, variant), files)| (folder, variant, files)).enumerate();
    let make = |(at, (folder, variant, files)): (usize, (&str, &str, Vec<&TreeFile>))| {
        let id = if folder.is_empty() { variant.to_owned() } else { format!("{folder}/{variant}") };
        let candidates = [format!("{folder}/"), format!("*{variant}.onnx*"), format!("_{variant}")];
        let candidates = candidates.into_iter().filter(|text| text.len() > 1);
        let filter = filter_for(contents.repo.kind, &contents.files, &files, candidates);
        SelectableItem {
            description: Some(format!("{} files, {}{}", files.len(), human_size(size_of(&files)), filter.note())),
            recommended: at == 0,
            filter_value: filter.value,
            ..item(&id, &format!("ONNX {id}"), "onnx", &files)
        }
    };
    groups.map(make).collect()
}

#[cfg(test)]
mod tests {
    use hfd_shared::repo::RepoKind;

    use super::*;
    use crate::analyze::testing::{contents, each_filter_takes_exactly_its_files};

    #[test]
    fn names_tell_the_precision_by_whole_words() {
        for (path, expected) in [
            ("model.onnx", "fp32"),
            ("onnx/model_fp16.onnx", "fp16"),
            ("model_quantized.onnx", "int8"),
            ("onnx/decoder_model_merged_q4f16.onnx", "q4f16"),
            ("cpu-int4-rtn/model.onnx", "int4"),
            ("print8.onnx", "fp32"),
        ] {
            assert_eq!(variant(path), expected, "{path}");
        }
        assert!(is_optimized("model_opt.onnx") && is_optimized("onnx/model_O3.onnx"));
        assert!(!is_optimized("option.onnx") && !is_optimized("opt-125m/adoption.onnx"));
    }

    #[test]
    fn weights_beside_a_model_belong_to_it() {
        let repo = contents(RepoKind::Model, &["model.onnx:5", "model.onnx_data:100", "model_fp16.onnx:50"], &[]);
        let info = detect(&repo).unwrap();
        assert_eq!((info.models[0].size, info.models[0].data_files.len(), info.models[1].size), (105, 1, 50));
        assert!(!info.quantized && !info.optimized);
    }

    #[test]
    fn each_precision_is_an_item_and_one_is_recommended() {
        let repo = contents(
            RepoKind::Model,
            &[
                "config.json",
                "onnx/model.onnx",
                "onnx/model.onnx_data",
                "onnx/model_fp16.onnx",
                "onnx/model_int8.onnx",
                "onnx/model_uint8.onnx",
                "model.safetensors",
                "cuda/cuda-fp16/model.onnx",
            ],
            &[],
        );
        let items = items(&repo);
        assert_eq!(items.len(), 5);
        let recommended: Vec<_> = items.iter().filter(|item| item.recommended).map(|item| item.id.as_str()).collect();
        assert_eq!(recommended, ["onnx/fp32"]);
        each_filter_takes_exactly_its_files(&repo, &items);
    }
}
