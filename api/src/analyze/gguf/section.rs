//! What the answer holds of a GGUF repository.

use poem_openapi::Object;

use super::choice::{self, Choice};
use super::facts::{self, Facts};
use super::names::{self, Role};
use crate::analyze::contents::{Contents, has_extension};
use crate::analyze::filter::MAX_ITEMS;
use crate::analyze::info::{FileInfo, SelectableItem, human_size};
use crate::analyze::memory::DEFAULT_CONTEXT;
use hfd_shared::repo::TreeFile;

/// The extension of the files.
const FORMAT: &[&str] = &["gguf"];

/// A GGUF repository: a model in several quantizations, and what is used beside it.
#[derive(Debug, Clone, PartialEq, Object)]
#[oai(rename = "GgufInfo", skip_serializing_if_is_none)]
pub(crate) struct GgufInfo {
    /// The model's name, from the name of its files.
    model_name: String,
    /// How many parameters it has, as `7.2B`: from its header, else from its name.
    parameter_count: Option<String>,
    /// The context in tokens that the memory is told for.
    context: u64,
    /// What its header says; missing when that could not be read.
    header: Option<GgufHeader>,
    /// What could not be found out, and why.
    notes: Vec<String>,
    /// The quantizations, the best first.
    quantizations: Vec<GgufQuantization>,
    /// Vision or audio encoders.
    mmproj_files: Vec<FileInfo>,
    /// Draft models for multi-token prediction.
    mtp_files: Vec<FileInfo>,
}

/// What the header of a GGUF file says of the model.
#[derive(Debug, Clone, PartialEq, Object)]
#[oai(rename = "GgufHeader", skip_serializing_if_is_none)]
pub(crate) struct GgufHeader {
    /// The architecture, such as `llama`.
    architecture: Option<String>,
    /// The model's own name.
    name: Option<String>,
    /// The exact number of parameters, over all shards.
    parameters: u64,
    /// The context that it was trained for, in tokens.
    context_length: Option<u64>,
    /// Layers.
    block_count: Option<u64>,
    /// Width of a token's vector.
    embedding_length: Option<u64>,
    /// Query heads: a number for all layers, or one for each.
    head_count: Vec<u64>,
    /// Heads of keys and values: a number for all layers, or one for each.
    head_count_kv: Vec<u64>,
    /// Numbers in a head's key.
    key_length: Option<u64>,
    /// Numbers in a head's value.
    value_length: Option<u64>,
    /// Tokens that layers with local attention look back to.
    sliding_window: Option<u64>,
    /// Experts of a layer.
    expert_count: Option<u64>,
    /// Experts that a token uses.
    expert_used_count: Option<u64>,
    /// The kind of most tensors of the file that was read, llama.cpp's number for it.
    file_type: Option<u64>,
    /// The version of the quantized formats.
    quantization_version: Option<u64>,
    /// The kind of tokenizer, such as `gpt2`.
    tokenizer: Option<String>,
    /// Bytes that each token of the context takes in the cache of keys and values, kept as f16.
    kv_cache_bytes_per_token: Option<u64>,
}

/// A model in one quantization.
#[derive(Debug, Clone, PartialEq, Object)]
#[oai(rename = "GgufQuantization")]
pub(crate) struct GgufQuantization {
    /// The quantization, as `Q4_K_M`.
    name: String,
    /// Its file; the first of several shards.
    file: FileInfo,
    /// All its files.
    files: Vec<FileInfo>,
    /// Bytes of all its files.
    size: u64,
    /// The same in words.
    size_human: String,
    /// The filter that takes exactly its files.
    filter: String,
    /// How good it is, from 1 to 5.
    quality: u8,
    /// The same as stars.
    quality_stars: String,
    /// Memory that it needs with the told context, in bytes: weights, cache of keys and values, and an overhead.
    estimated_ram: u64,
    /// The same in words.
    estimated_ram_human: String,
    /// What to expect of it.
    description: String,
    /// Whether it is the one that most want.
    recommended: bool,
}

/// The files whose headers tell of the model: those of the recommended quantization, for all hold the same model. Of a
/// file that was cut into parts only the first begins with a header.
pub(crate) fn described_by(contents: &Contents) -> Vec<TreeFile> {
    let files: Vec<&TreeFile> = contents.of_format(FORMAT).collect();
    let Some(choice) = choice::choices(&files).into_iter().find(|choice| choice.is_recommended) else {
        return Vec::new();
    };
    let (first, rest) = (choice.files[0], &choice.files[1..]);
    let with_header = rest.iter().copied().filter(|file| has_extension(file, &[".gguf"]));
    std::iter::once(first).chain(with_header).cloned().collect()
}

/// The section, and what a user can choose. `known` is what the headers say, or why they do not; `context` is in tokens.
pub(crate) fn describe(
    contents: &Contents,
    known: &Result<Facts, String>,
    context: Option<u64>,
) -> (GgufInfo, Vec<SelectableItem>) {
    let files: Vec<&TreeFile> = contents.of_format(FORMAT).collect();
    let all: Vec<TreeFile> = files.iter().copied().cloned().collect();
    let choices = choice::choices(&files);
    let facts = known.as_ref().ok();
    let able = facts.and_then(|facts| facts.context_length).unwrap_or(DEFAULT_CONTEXT);
    let context = context.unwrap_or_else(|| able.min(DEFAULT_CONTEXT));
    let quantizations: Vec<GgufQuantization> =
        choices.iter().map(|choice| quantization(choice, &all, facts, context)).collect();
    let name = choices.first().map_or("", |choice| names::model_name(choice.files[0].path.as_str()));
    let companions = |role: Role| {
        let of_role = files.iter().filter(move |file| Role::of(file.path.as_str()) == role);
        of_role.copied().take(MAX_ITEMS)
    };
    let mut items: Vec<SelectableItem> = quantizations.iter().map(quantization_item).collect();
    items.extend(projector_items(&companions(Role::Projector).collect::<Vec<_>>(), &all));
    items.extend(companions(Role::Draft).map(|file| companion_item(file, "mtp_draft", &all)));
    let info = GgufInfo {
        model_name: name.to_owned(),
        parameter_count: facts
            .map(|facts| facts::human_count(facts.parameters))
            .or_else(|| names::parameter_count(name).map(str::to_owned)),
        context,
        header: facts.map(GgufHeader::from),
        notes: known
            .as_ref()
            .err()
            .map(|reason| format!("its header could not be read: {reason}"))
            .into_iter()
            .collect(),
        quantizations,
        mmproj_files: companions(Role::Projector).map(FileInfo::from).collect(),
        mtp_files: companions(Role::Draft).map(FileInfo::from).collect(),
    };
    (info, items)
}

fn quantization(choice: &Choice<'_>, all: &[TreeFile], facts: Option<&Facts>, context: u64) -> GgufQuantization {
    let per_token = facts.and_then(|facts| facts.cache_bytes_per_token);
    let ram = facts::ram_bytes(choice.size_bytes, per_token, context);
    let files: Vec<FileInfo> = choice.files.iter().map(|file| FileInfo::from(*file)).collect();
    GgufQuantization {
        name: choice.quantization.label.clone(),
        file: FileInfo::from(choice.files[0]),
        files,
        size: choice.size_bytes,
        size_human: human_size(choice.size_bytes),
        filter: choice::exact_filter(&choice.files, &choice.quantization.label, all),
        quality: choice.quantization.quality,
        quality_stars: choice.quantization.stars(),
        estimated_ram: ram,
        estimated_ram_human: human_size(ram),
        description: choice.quantization.description.clone(),
        recommended: choice.is_recommended,
    }
}

fn quantization_item(quantization: &GgufQuantization) -> SelectableItem {
    SelectableItem {
        id: quantization.name.to_lowercase(),
        label: quantization.name.clone(),
        description: Some(quantization.description.clone()),
        size: quantization.size,
        size_human: quantization.size_human.clone(),
        quality: Some(quantization.quality),
        quality_stars: Some(quantization.quality_stars.clone()),
        recommended: quantization.recommended,
        category: "quantization".to_owned(),
        filter_value: quantization.filter.clone(),
        files: quantization.files.iter().map(|file| file.path.clone()).collect(),
        ram: Some(quantization.estimated_ram),
        ram_human: Some(quantization.estimated_ram_human.clone()),
        revision: None,
    }
}

/// Each precision of the encoder; the recommended one is half precision where there is one.
fn projector_items(files: &[&TreeFile], all: &[TreeFile]) -> Vec<SelectableItem> {
    let mut items: Vec<SelectableItem> = files.iter().map(|file| companion_item(file, "vision_encoder", all)).collect();
    let rank = |file: &TreeFile| {
        let label = names::Quantization::of(file.path.as_str()).label;
        ["F16", "BF16", "F32"].iter().position(|known| *known == label).unwrap_or(3)
    };
    let preferred = (0..files.len()).min_by_key(|&at| rank(files[at]));
    if let Some(item) = preferred.and_then(|at| items.get_mut(at)) {
        item.recommended = true;
    }
    items
}

fn companion_item(file: &TreeFile, category: &str, all: &[TreeFile]) -> SelectableItem {
    let stem = names::stem(file.path.as_str());
    SelectableItem {
        id: stem.to_lowercase(),
        label: stem.to_owned(),
        size: file.size_bytes,
        size_human: human_size(file.size_bytes),
        category: category.to_owned(),
        filter_value: choice::exact_filter(&[file], stem, all),
        files: vec![file.path.to_string()],
        ..SelectableItem::default()
    }
}

impl From<&Facts> for GgufHeader {
    fn from(facts: &Facts) -> Self {
        let facts = facts.clone();
        Self {
            architecture: facts.architecture,
            name: facts.name,
            parameters: facts.parameters,
            context_length: facts.context_length,
            block_count: facts.block_count,
            embedding_length: facts.embedding_length,
            head_count: facts.head_count,
            head_count_kv: facts.head_count_kv,
            key_length: facts.key_length,
            value_length: facts.value_length,
            sliding_window: facts.sliding_window,
            expert_count: facts.expert_count,
            expert_used_count: facts.expert_used_count,
            file_type: facts.file_type,
            quantization_version: facts.quantization_version,
            tokenizer: facts.tokenizer,
            kv_cache_bytes_per_token: facts.cache_bytes_per_token,
        }
    }
}
