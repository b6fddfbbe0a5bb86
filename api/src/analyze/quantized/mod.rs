//! Quantized weights: GPTQ, AWQ, EXL2 and EXL3, bitsandbytes, HQQ, EETQ, FP8, compressed-tensors, MLX.

mod branches;
mod source;

use poem_openapi::Object;

pub(super) use branches::{branch_items, branches};
use source::Source;

use super::Contents;
use super::info::human_size;
use super::memory::{Estimate, KeyValueCache};
use super::model_config::ModelConfig;
use super::transformers::weight_bytes;

/// How the weights are quantized. What the configuration does not tell is left out.
#[derive(Debug, Clone, PartialEq, Object)]
#[oai(rename = "QuantizedInfo", skip_serializing_if_is_none)]
pub(crate) struct QuantizedInfo {
    /// The method in lower case: `gptq`, `awq`, `exl2`, `bitsandbytes`, `fp8`, …
    pub(crate) method: String,
    /// The same in words.
    pub(crate) method_description: String,
    /// Bits of a weight; the average for EXL2 and EXL3, rounded down.
    pub(crate) bits: Option<u64>,
    /// How many weights share a scale.
    pub(crate) group_size: Option<u64>,
    /// Whether the columns are ordered by how much they matter (GPTQ).
    pub(crate) desc_act: Option<bool>,
    /// Whether positive and negative values have the same range.
    pub(crate) symmetric: Option<bool>,
    /// Whether each group has a zero point (AWQ).
    pub(crate) zero_point: Option<bool>,
    /// The variant of the method: `gemm`, `nf4`, `pack-quantized`, `e4m3`, …
    pub(crate) version: Option<String>,
    /// Bits of a weight with its share of scales and zero points.
    pub(crate) bits_per_weight: Option<f64>,
    /// Bits of a weight of the output layer (EXL2, EXL3).
    pub(crate) head_bits: Option<u64>,
    /// Parts that are not quantized.
    pub(crate) excluded_modules: Vec<String>,
    /// What runs it.
    pub(crate) backends: Vec<String>,
    /// The class that loads the model; empty when not told.
    pub(crate) model_architecture: String,
    /// The model that was quantized, when told.
    pub(crate) base_model: Option<String>,
    /// Graphics memory for the weights as they are stored, the cache for `vram_context_length` tokens, and the
    /// runtime; in bytes.
    pub(crate) estimated_vram: Option<u64>,
    /// The same in words.
    pub(crate) estimated_vram_human: Option<String>,
    /// The context that `estimated_vram` is for, in tokens.
    pub(crate) vram_context_length: Option<u64>,
}

/// The facts, when a configuration tells of a quantization.
pub(super) fn detect(contents: &Contents) -> Option<QuantizedInfo> {
    let source = Source::of(contents)?;
    let method = source.method.as_str();
    let config = ModelConfig::of(contents);
    let cache = config.and_then(KeyValueCache::of);
    let longest =
        config.and_then(|config| super::transformers::context_length(config, contents.json("tokenizer_config.json")));
    let needed = Estimate::new(weight_bytes(contents), cache, longest);
    let bits = source.bits();
    Some(QuantizedInfo {
        method_description: describe_method(method),
        bits: source.whole_bits(),
        group_size: source.group_size(),
        desc_act: source.fields.flag("desc_act"),
        symmetric: source.symmetric(),
        zero_point: source.fields.flag("zero_point"),
        version: source.version(),
        bits_per_weight: bits.map(|bits| source.with_scales(bits)),
        head_bits: source.fields.number("head_bits"),
        excluded_modules: source.excluded(),
        backends: backends(&source),
        model_architecture: config.map(|config| config.architecture().to_owned()).unwrap_or_default(),
        base_model: super::card::front_matter(contents).and_then(|card| super::card::base_model(&card)),
        estimated_vram: needed.bytes,
        estimated_vram_human: needed.bytes.map(human_size),
        vram_context_length: needed.context,
        method: source.method,
    })
}

/// Bits of a packed weight, where the weights are quantized.
pub(super) fn bits(contents: &Contents) -> Option<u64> {
    Source::of(contents)?.whole_bits()
}

/// Methods that pack weights of one size, in a way that is known here.
const COUNTABLE: &[&str] = &[
    "gptq",
    "awq",
    "auto-round",
    "bitsandbytes",
    "fp8",
    "fbgemm_fp8",
    "eetq",
    "compressed-tensors",
    "modelopt",
    "mlx",
    "mxfp4",
];

/// Whether the tensors tell the number of weights.
pub(super) fn is_countable(contents: &Contents) -> bool {
    Source::of(contents).is_none_or(|source| COUNTABLE.contains(&source.method.as_str()) && !source.mixes_bits())
}

fn describe_method(method: &str) -> String {
    let known = match method {
        "gptq" => "GPTQ: weights rounded one after another, errors corrected by the rest",
        "awq" => "AWQ: weights that matter most to activations are kept precise",
        "exl2" => "EXL2: mixed bits chosen by measured error, for ExLlamaV2",
        "exl3" => "EXL3: trellis-coded weights, for ExLlamaV3",
        "bitsandbytes" => "bitsandbytes: quantized blocks, unpacked while running",
        "fp8" => "FP8: 8-bit floats",
        "hqq" => "HQQ: half-quadratic quantization, without calibration",
        "eetq" => "EETQ: 8-bit weights by channel",
        "compressed-tensors" => "compressed-tensors: the format of llm-compressor",
        "mlx" => "MLX: groups with scale and bias, for Apple silicon",
        "mxfp4" => "MXFP4: 4-bit floats with a scale for each 32",
        "modelopt" => "ModelOpt: the format of NVIDIA's tools",
        other => return format!("{} quantization", other.to_ascii_uppercase()),
    };
    known.to_owned()
}

fn backends(source: &Source<'_>) -> Vec<String> {
    let fast = source.group_size() == Some(128) && source.fields.flag("desc_act") != Some(true);
    let names: &[&str] = match source.method.as_str() {
        "gptq" if fast => &["gptqmodel", "exllamav2", "transformers", "vLLM"],
        "gptq" => &["gptqmodel", "exllamav2", "transformers"],
        "awq" => &["autoawq", "vLLM", "transformers"],
        "exl2" => &["exllamav2"],
        "exl3" => &["exllamav3", "tabbyAPI"],
        "bitsandbytes" => &["transformers", "bitsandbytes"],
        "hqq" => &["hqq", "transformers"],
        "eetq" => &["eetq", "transformers"],
        "fp8" | "compressed-tensors" | "mxfp4" => &["vLLM", "SGLang", "transformers"],
        "modelopt" => &["vLLM", "SGLang", "TensorRT-LLM"],
        "mlx" => &["mlx-lm"],
        _ => &["transformers"],
    };
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[cfg(test)]
mod tests;
