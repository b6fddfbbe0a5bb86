//! Models for the transformers library: `config.json` and weights.

mod task;
mod tokenizer;
mod weights;

use poem_openapi::Object;
use serde_json::Value;

pub(super) use task::{describe as describe_task, of_architecture as task_of};
pub(super) use tokenizer::{SpecialTokens, TokenizerInfo};
pub(super) use weights::{WeightFile, items, weight_bytes, weight_files};

use super::Contents;
use super::fields::Fields;
use super::gguf::human_count;
use super::memory::{Estimate, KeyValueCache};
use super::model_config::ModelConfig;
use super::parameters::{self, Experts};
use super::quantized;

/// A model for the transformers library. Sizes that its configuration does not tell are left out.
#[derive(Debug, Clone, PartialEq, Object)]
#[oai(rename = "TransformersInfo", skip_serializing_if_is_none)]
pub(crate) struct TransformersInfo {
    /// The class that loads it, such as `LlamaForCausalLM`; empty when not told.
    pub(crate) architecture: String,
    /// The same in words.
    pub(crate) architecture_description: String,
    /// What it does, in the Hub's words: `text-generation`.
    pub(crate) task: String,
    /// The same as a sentence.
    pub(crate) task_description: String,
    /// Its family, such as `llama`.
    pub(crate) model_type: String,
    /// The width of the model.
    pub(crate) hidden_size: Option<u64>,
    /// How many layers it has.
    pub(crate) num_hidden_layers: Option<u64>,
    /// How many attention heads a layer has.
    pub(crate) num_attention_heads: Option<u64>,
    /// How many of them hold keys and values; fewer than all with grouped-query attention.
    pub(crate) num_key_value_heads: Option<u64>,
    /// The width of a head.
    pub(crate) head_dim: Option<u64>,
    /// The width inside the feed-forward layers.
    pub(crate) intermediate_size: Option<u64>,
    /// How many tokens it knows.
    pub(crate) vocab_size: Option<u64>,
    /// As configured; `context_length` is what it comes to.
    pub(crate) max_position_embeddings: Option<u64>,
    /// How far back a layer with a window looks, in tokens; the context may be longer.
    pub(crate) sliding_window: Option<u64>,
    /// The longest text, in tokens, with the scaling of positions that is configured.
    pub(crate) context_length: Option<u64>,
    /// Experts of a layer, for a mixture of experts.
    pub(crate) num_experts: Option<u64>,
    /// Experts that work on each token.
    pub(crate) num_experts_per_token: Option<u64>,
    /// Whether the embedding is used as the output layer too.
    pub(crate) tie_word_embeddings: Option<bool>,
    /// How many parameters it has.
    pub(crate) estimated_parameters_num: Option<u64>,
    /// The same in words: `7.2B`.
    pub(crate) estimated_parameters: Option<String>,
    /// Whether the number is counted from the tensors of the weights; otherwise it is estimated from the configuration.
    pub(crate) parameters_exact: bool,
    /// The type of most numbers: `fp16`, `bf16`, `fp32`, `fp8`, `int8`, `4-bit (packed)`, …; empty when not known.
    pub(crate) precision: String,
    /// The type as configured, such as `bfloat16`; empty when not told.
    pub(crate) torch_dtype: String,
    /// Whether the weights are split.
    pub(crate) is_sharded: bool,
    /// Into how many files.
    pub(crate) shard_count: u64,
    /// The files of weights.
    pub(crate) weight_files: Vec<WeightFile>,
    /// How text becomes tokens.
    pub(crate) tokenizer: Option<TokenizerInfo>,
    /// Tokens with a meaning of their own.
    pub(crate) special_tokens: SpecialTokens,
    /// The defaults for generating, as `generation_config.json` has them.
    pub(crate) generation_config: Option<Value>,
    /// What runs it.
    pub(crate) backends: Vec<String>,
    /// Bytes that each token of the context takes in a 16-bit cache of keys and values.
    pub(crate) kv_cache_bytes_per_token: Option<u64>,
    /// Memory for the weights, the cache for `ram_context_length` tokens, and half a GiB for the runtime; in bytes.
    pub(crate) estimated_ram: Option<u64>,
    /// The same in words.
    pub(crate) estimated_ram_human: Option<String>,
    /// The context that `estimated_ram` is for, in tokens.
    pub(crate) ram_context_length: Option<u64>,
}

/// The facts, when there is a configuration and weights.
pub(super) fn detect(contents: &Contents) -> Option<TransformersInfo> {
    let config = ModelConfig::of(contents)?;
    let weight_files = weight_files(contents);
    if weight_files.is_empty() {
        return None;
    }
    let architecture = config.architecture();
    let task = task::of(config);
    let counted = parameters_of(contents);
    let count = counted.or_else(|| parameters::estimated(config));
    let cache = KeyValueCache::of(config);
    let context_length = context_length(config, contents.json("tokenizer_config.json"));
    let needed = Estimate::new(weight_bytes(contents), cache, context_length);
    let experts = Experts::of(config);
    let shard_count = weights::shard_count(&weight_files);
    let generation = contents.json("generation_config.json");
    Some(TransformersInfo {
        architecture: architecture.to_owned(),
        architecture_description: task::describe_architecture(config),
        task: task.to_owned(),
        task_description: describe_task(task),
        model_type: config.model_type().to_owned(),
        hidden_size: config.hidden_size(),
        num_hidden_layers: config.layers(),
        num_attention_heads: config.heads(),
        num_key_value_heads: config.key_value_heads(),
        head_dim: config.head_dim(),
        intermediate_size: config.intermediate_size(),
        vocab_size: config.vocab_size(),
        max_position_embeddings: config.number(&["max_position_embeddings"]),
        sliding_window: config.number(&["sliding_window"]),
        context_length,
        num_experts: experts.map(|experts| experts.count),
        num_experts_per_token: experts.and_then(|experts| experts.per_token),
        tie_word_embeddings: config.flag("tie_word_embeddings"),
        estimated_parameters_num: count,
        estimated_parameters: count.map(human_count),
        parameters_exact: counted.is_some(),
        precision: precision(contents, config),
        torch_dtype: config.dtype().unwrap_or_default().to_owned(),
        is_sharded: shard_count > 1,
        shard_count,
        weight_files,
        tokenizer: tokenizer::of(contents),
        special_tokens: tokenizer::special_tokens(config, Fields(generation)),
        generation_config: generation.is_object().then(|| generation.clone()),
        backends: backends(config),
        kv_cache_bytes_per_token: cache.map(KeyValueCache::bytes_per_token),
        estimated_ram: needed.bytes,
        estimated_ram_human: needed.bytes.map(super::info::human_size),
        ram_context_length: needed.context,
    })
}

/// Counted from the tensors, where it is known how they are packed.
fn parameters_of(contents: &Contents) -> Option<u64> {
    let tensors = contents.tensors.as_ref().filter(|_| quantized::is_countable(contents))?;
    parameters::counted(tensors, quantized::bits(contents)).filter(|count| *count > 0)
}

/// How much longer than `max_position_embeddings` scaled positions reach, as vLLM reads it.
pub(super) fn context_length(config: ModelConfig<'_>, tokenizer: &Value) -> Option<u64> {
    let family = config.text_model_type();
    if family.starts_with("cohere")
        && let Some(length) = config.number(&["model_max_length"])
    {
        return Some(length);
    }
    let written = config.number(&[
        "max_position_embeddings",
        "n_positions",
        "n_ctx",
        "seq_length",
        "max_seq_len",
        "max_sequence_length",
        "max_seq_length",
        "seq_len",
        "max_target_positions",
    ]);
    let Some(length) = written else { return Fields(tokenizer).number("model_max_length") };
    if ["roberta", "xlm-roberta", "camembert", "longformer", "mpnet"].contains(&family) {
        // Their positions begin behind the one of the padding.
        return Some(length.saturating_sub(config.number(&["pad_token_id"]).unwrap_or(1) + 1));
    }
    let Some(scaling) = config.get("rope_scaling").or_else(|| config.get("rope_parameters")).map(Fields) else {
        return Some(length);
    };
    let scaling = scaling.object("full_attention").unwrap_or(scaling);
    let kind = scaling.text("rope_type").or_else(|| scaling.text("type")).unwrap_or_default();
    let factor = scaling.real("factor").filter(|factor| *factor >= 1.0).unwrap_or(1.0);
    let original = scaling.number("original_max_position_embeddings");
    Some(match (kind, original) {
        // The length that is written is the scaled one already.
        ("llama3" | "longrope" | "su" | "mrope" | "default", _) => length,
        _ if family.starts_with("gemma3") => length,
        (_, Some(original)) => length.max(scaled(original, factor)),
        (_, None) => scaled(length, factor),
    })
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a count of tokens, saturating"
)]
fn scaled(tokens: u64, factor: f64) -> u64 {
    (tokens as f64 * factor) as u64
}

/// The type of most numbers: of the tensors, else as configured, else by the files' names.
fn precision(contents: &Contents, config: ModelConfig<'_>) -> String {
    let most =
        contents.tensors.as_ref().and_then(|tensors| tensors.elements_by_dtype.iter().max_by_key(|(_, count)| **count));
    let name = most.map(|(dtype, _)| dtype.as_str()).or_else(|| config.dtype());
    match name {
        Some("F16" | "float16" | "half") => "fp16".to_owned(),
        Some("BF16" | "bfloat16") => "bf16".to_owned(),
        Some("F32" | "float32" | "float") => "fp32".to_owned(),
        Some("F64" | "float64") => "fp64".to_owned(),
        Some(other) if other.starts_with("F8") || other.starts_with("float8") => "fp8".to_owned(),
        Some("U8") if contents.tensors.as_ref().is_some_and(parameters::has_four_bits) => "4-bit (packed)".to_owned(),
        Some("I8" | "U8" | "int8") => "int8".to_owned(),
        Some("I32" | "U32") => "int32 (packed)".to_owned(),
        Some(other) => other.to_ascii_lowercase(),
        None => ["fp16", "bf16", "fp32"]
            .into_iter()
            .find(|name| contents.files.iter().any(|file| file.path.file_name().contains(&format!(".{name}."))))
            .unwrap_or_default()
            .to_owned(),
    }
}

/// transformers runs all; the servers run what generates text.
fn backends(config: ModelConfig<'_>) -> Vec<String> {
    let mut backends = vec!["transformers"];
    if KeyValueCache::of(config).is_some() {
        backends.extend(["vLLM", "SGLang", "text-generation-inference"]);
    }
    backends.into_iter().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests;
