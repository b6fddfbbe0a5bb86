//! How many parameters a model has: counted from its tensors, or estimated from its configuration.

use super::contents::Tensors;
use super::model_config::ModelConfig;

/// What belongs to a packed tensor and is no parameter of the model: scales, zero points, orders, tables.
const HELPERS: &[&str] = &[
    ".qzeros",
    ".g_idx",
    ".weight_scale",
    ".weight_scales",
    ".weight_scale_inv",
    ".weight_zero_point",
    ".weight_shape",
    ".weight_g_idx",
    ".weight_scale_2",
    ".weight_global_scale",
    ".input_scale",
    ".input_global_scale",
    ".k_scale",
    ".v_scale",
    ".absmax",
    ".quant_map",
    ".nested_absmax",
    ".nested_quant_map",
    ".SCB",
    ".weight_format",
];

/// What a packed tensor is called whose bits differ from part to part, or are in its shape only (EXL2, EXL3, HQQ).
const OPAQUE: &[&str] = &[".q_weight", ".trellis", ".W_q"];

/// The parameters that these tensors stand for. Packed ones hold several in one element: `bits` is the size of each.
/// None when they are packed in a way that does not tell.
pub(super) fn counted(tensors: &Tensors, bits: Option<u64>) -> Option<u64> {
    let has = |name: &str| tensors.by_name.contains_key(name);
    let ends_with_any = |name: &str, ends: &[&str]| ends.iter().any(|end| name.ends_with(end));
    let mut sum: u64 = 0;
    for (name, tensor) in &tensors.by_name {
        let packed = |bits: Option<u64>| tensor.elements.checked_mul(tensor.element_bits?)?.checked_div(bits?);
        let parameters = if ends_with_any(name, OPAQUE) {
            return None;
        } else if ends_with_any(name, HELPERS) || name.contains(".quant_state.") {
            0
        } else if let Some(base) = name.strip_suffix(".scales").or_else(|| name.strip_suffix(".biases")) {
            // Without the packed weights beside it, it is a tensor like any other.
            if has(&format!("{base}.qweight")) || has(&format!("{base}.weight")) { 0 } else { tensor.elements }
        } else if name.ends_with("_scales") && has(&name.replace("_scales", "_blocks")) {
            0
        } else if name.ends_with(".qweight") || name.ends_with(".weight_packed") {
            packed(bits)?
        } else if is_of_four_bits(name, has) {
            packed(Some(4))?
        } else if name.strip_suffix(".weight").is_some_and(|base| has(&format!("{base}.scales"))) {
            packed(bits)?
        } else {
            tensor.elements
        };
        sum = sum.checked_add(parameters)?;
    }
    Some(sum)
}

/// Whether some tensors hold two numbers in each byte.
pub(super) fn has_four_bits(tensors: &Tensors) -> bool {
    let has = |name: &str| tensors.by_name.contains_key(name);
    tensors.by_name.keys().any(|name| is_of_four_bits(name, has))
}

/// By what lies beside it: MXFP4, bitsandbytes, NVFP4 as `ModelOpt` writes it.
fn is_of_four_bits(name: &str, has: impl Fn(&str) -> bool) -> bool {
    (name.ends_with("_blocks") && has(&name.replace("_blocks", "_scales")))
        || has(&format!("{name}.absmax"))
        || (name.ends_with(".weight") && has(&format!("{name}_scale_2")))
}

/// Families whose feed-forward layers have two matrices; those of all others are gated and have three.
const UNGATED: &[&str] = &[
    "gpt2",
    "gpt_neo",
    "gpt_neox",
    "gptj",
    "gpt_bigcode",
    "codegen",
    "opt",
    "bloom",
    "falcon",
    "phi",
    "mpt",
    "starcoder2",
    "bert",
    "roberta",
    "xlm-roberta",
    "camembert",
    "distilbert",
    "electra",
    "albert",
    "mpnet",
    "deberta",
    "deberta-v2",
    "whisper",
    "vit",
    "bart",
    "marian",
    "mbart",
    "pegasus",
    "stablelm_alpha",
    "nemotron",
];

/// Families that learn a vector for each position.
const LEARNED_POSITIONS: &[&str] =
    &["gpt2", "gpt_bigcode", "opt", "bert", "roberta", "xlm-roberta", "camembert", "distilbert", "electra"];

/// Parameters by the sizes in the configuration, without what is small (norms, biases). None when sizes are missing.
pub(super) fn estimated(config: ModelConfig<'_>) -> Option<u64> {
    let hidden = config.hidden_size()?;
    let layers = config.layers()?;
    let vocab = config.vocab_size()?;
    let both = if config.top.flag("is_encoder_decoder") == Some(true) { 2 } else { 1 };
    let family = config.text_model_type();
    let embedding = vocab.checked_mul(hidden)?;
    let generates = config.architecture().ends_with("ForCausalLM") || config.architecture().ends_with("LMHeadModel");
    let tied = config.flag("tie_word_embeddings").unwrap_or(TIED.contains(&family));
    let head = if generates && !tied { embedding } else { 0 };
    let positions = if LEARNED_POSITIONS.contains(&family) {
        config.number(&["max_position_embeddings", "n_positions"]).unwrap_or_default().checked_mul(hidden)?
    } else {
        0
    };
    // A decoder that follows an encoder attends twice a layer.
    let attention = attention(config)?.checked_mul(layers)?.checked_mul(if both == 2 { 3 } else { 1 })?;
    let feed_forward = feed_forward(config, layers)?.checked_mul(both)?;
    [head, positions, attention, feed_forward].into_iter().try_fold(embedding, u64::checked_add)
}

/// Families that use the embedding as the head when nothing is written.
const TIED: &[&str] =
    &["gpt2", "gpt_bigcode", "bloom", "falcon", "gemma", "gemma2", "gemma3", "gemma3_text", "opt", "cohere", "cohere2"];

/// The four projections of one layer.
fn attention(config: ModelConfig<'_>) -> Option<u64> {
    let (hidden, heads) = (config.hidden_size()?, config.heads()?);
    if let Some(rank) = config.number(&["kv_lora_rank"]) {
        let (rotary, plain) = (config.number(&["qk_rope_head_dim"])?, config.number(&["qk_nope_head_dim"])?);
        let value = config.number(&["v_head_dim"])?;
        let query_width = heads.checked_mul(rotary.checked_add(plain)?)?;
        let query = match config.number(&["q_lora_rank"]) {
            Some(low) => low.checked_mul(hidden.checked_add(query_width)?)?,
            None => hidden.checked_mul(query_width)?,
        };
        let down = hidden.checked_mul(rank.checked_add(rotary)?)?;
        let up = rank.checked_mul(heads)?.checked_mul(plain.checked_add(value)?)?;
        let output = heads.checked_mul(value)?.checked_mul(hidden)?;
        return [down, up, output].into_iter().try_fold(query, u64::checked_add);
    }
    let both_ways = heads.checked_add(config.key_value_heads()?)?.checked_mul(2)?;
    hidden.checked_mul(both_ways)?.checked_mul(config.head_dim()?)
}

/// The feed-forward parts of all layers, experts included.
fn feed_forward(config: ModelConfig<'_>, layers: u64) -> Option<u64> {
    let hidden = config.hidden_size()?;
    let gated = match config.text("feed_forward_proj") {
        Some(kind) => kind.starts_with("gated"),
        None => !UNGATED.contains(&config.text_model_type()),
    };
    let of_width = |width: u64| hidden.checked_mul(width)?.checked_mul(if gated { 3 } else { 2 });
    let Some(experts) = Experts::of(config) else { return of_width(config.intermediate_size()?)?.checked_mul(layers) };
    let dense_layers = config.number(&["first_k_dense_replace"]).unwrap_or_default().min(layers);
    let dense = if dense_layers == 0 { 0 } else { of_width(config.intermediate_size()?)?.checked_mul(dense_layers)? };
    let routed = of_width(experts.width)?.checked_mul(experts.count)?;
    let router = hidden.checked_mul(experts.count)?;
    let sparse = [of_width(experts.shared_width)?, router].into_iter().try_fold(routed, u64::checked_add)?;
    sparse.checked_mul(layers - dense_layers)?.checked_add(dense)
}

/// The experts of a sparse layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Experts {
    /// How many a layer has.
    pub(super) count: u64,
    /// How many work on a token.
    pub(super) per_token: Option<u64>,
    /// The width inside one.
    pub(super) width: u64,
    /// The width inside those that always work; 0 when there are none.
    pub(super) shared_width: u64,
}

impl Experts {
    /// None for a dense model.
    pub(super) fn of(config: ModelConfig<'_>) -> Option<Self> {
        let count = config.number(&["num_local_experts", "n_routed_experts", "num_experts", "moe_num_experts"])?;
        let width = config
            .number(&["moe_intermediate_size", "expert_ffn_hidden_size"])
            .or_else(|| config.intermediate_size())?;
        let shared = config.number(&["n_shared_experts", "num_shared_experts"]).unwrap_or_default();
        let shared_width = config
            .number(&["shared_expert_intermediate_size"])
            .or_else(|| shared.checked_mul(width))
            .unwrap_or_default();
        let per_token =
            config.number(&["num_experts_per_tok", "num_experts_per_token", "moe_topk", "experts_per_token"]);
        (count > 1).then_some(Self { count, per_token, width, shared_width })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::analyze::contents::Tensor;
    use crate::analyze::gguf::human_count;

    fn billions(config: &Value) -> String {
        human_count(estimated(ModelConfig::new(config).unwrap()).unwrap())
    }

    #[test]
    fn known_models_are_estimated_close_to_what_they_are() {
        // Published: 8.03B, 46.7B, 671B, 124.4M.
        let llama = json!({"model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": 4096,
            "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8, "intermediate_size": 14336,
            "vocab_size": 128_256, "tie_word_embeddings": false});
        assert_eq!(billions(&llama), "8B");
        let mixtral = json!({"model_type": "mixtral", "architectures": ["MixtralForCausalLM"], "hidden_size": 4096,
            "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8, "intermediate_size": 14336,
            "vocab_size": 32000, "num_local_experts": 8, "num_experts_per_tok": 2, "tie_word_embeddings": false});
        assert_eq!(billions(&mixtral), "46.7B");
        let deepseek = json!({"model_type": "deepseek_v3", "architectures": ["DeepseekV3ForCausalLM"], "hidden_size": 7168,
            "num_hidden_layers": 61, "num_attention_heads": 128, "num_key_value_heads": 128, "intermediate_size": 18432,
            "vocab_size": 129_280, "n_routed_experts": 256, "n_shared_experts": 1, "moe_intermediate_size": 2048,
            "first_k_dense_replace": 3, "q_lora_rank": 1536, "kv_lora_rank": 512, "qk_rope_head_dim": 64,
            "qk_nope_head_dim": 128, "v_head_dim": 128, "tie_word_embeddings": false});
        assert_eq!(billions(&deepseek), "671B");
        let gpt2 = json!({"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "n_embd": 768, "n_layer": 12,
            "n_head": 12, "n_positions": 1024, "vocab_size": 50257});
        assert_eq!(billions(&gpt2), "124.3M");
    }

    #[test]
    fn absurd_sizes_give_no_estimate() {
        let max = u64::MAX;
        let config = json!({"hidden_size": max, "num_hidden_layers": max, "num_attention_heads": 1, "vocab_size": max});
        assert_eq!(estimated(ModelConfig::new(&config).unwrap()), None);
    }

    #[test]
    fn packed_tensors_count_for_what_they_hold() {
        let count = |bits: Option<u64>, listed: &[(&str, u64, u64)]| {
            let tensor = |&(name, element_bits, elements): &(&str, u64, u64)| {
                (name.to_owned(), Tensor { elements, element_bits: Some(element_bits) })
            };
            counted(&Tensors { by_name: listed.iter().map(tensor).collect(), ..Tensors::default() }, bits)
        };
        let gptq = [
            ("a.qweight", 32, 64),
            ("a.qzeros", 32, 8),
            ("a.scales", 16, 64),
            ("a.g_idx", 32, 8),
            ("e.weight", 16, 80),
        ];
        assert_eq!(count(Some(4), &gptq), Some(64 * 8 + 80));
        assert_eq!(count(None, &gptq), None);
        let bitsandbytes =
            [("a.weight", 8, 32), ("a.weight.absmax", 32, 1), ("a.weight.quant_state.bitsandbytes__nf4", 8, 90)];
        assert_eq!(count(Some(4), &bitsandbytes), Some(64));
        let mlx = [("a.weight", 32, 8), ("a.scales", 16, 2), ("a.biases", 16, 2)];
        assert_eq!(count(Some(4), &mlx), Some(64));
        let fp8 = [("a.weight", 8, 8), ("a.weight_scale_inv", 32, 1)];
        assert_eq!(count(Some(8), &fp8), Some(8));
        let eetq = [("a.qweight", 8, 8), ("a.weight_scales", 16, 2)];
        assert_eq!(count(Some(8), &eetq), Some(8));
        let compressed_nvfp4 = [("a.weight_packed", 8, 32), ("a.weight_scale", 8, 4), ("a.weight_global_scale", 32, 1)];
        assert_eq!(count(Some(4), &compressed_nvfp4), Some(64));
        let modelopt_nvfp4 = [
            ("a.weight", 8, 32),
            ("a.weight_scale", 8, 4),
            ("a.weight_scale_2", 32, 1),
            ("a.input_scale", 32, 1),
            ("k_proj.k_scale", 32, 1),
            ("e.weight", 16, 5),
        ];
        assert_eq!(count(None, &modelopt_nvfp4), Some(64 + 5));
        for opaque in ["a.q_weight", "a.trellis", "a.W_q"] {
            assert_eq!(count(Some(4), &[(opaque, 32, 64)]), None, "{opaque}");
        }
    }
}
