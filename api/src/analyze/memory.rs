//! How much memory a model needs: its weights, its cache of keys and values, and the runtime around it.

use super::model_config::ModelConfig;

/// The context for which memory is estimated, unless the model takes less.
pub(super) const DEFAULT_CONTEXT: u64 = 8192;

/// The runtime itself and its buffers.
const RUNTIME_BYTES: u64 = 512 << 20;

/// Bytes of a number in the cache of keys and values: 16-bit floats, for llama.cpp, too, unless told otherwise.
pub(super) const CACHE_ELEMENT_BYTES: u64 = 2;

/// Memory for weights of this size and a cache of this size, in bytes, with the runtime and its buffers.
pub(super) fn needed(weights_bytes: u64, cache_bytes: u64) -> u64 {
    weights_bytes.saturating_add(cache_bytes).saturating_add(RUNTIME_BYTES)
}

/// What a model needs, and with which context.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Estimate {
    /// Bytes of memory; none without weights.
    pub(super) bytes: Option<u64>,
    /// Tokens of the context; none for a model that keeps none.
    pub(super) context: Option<u64>,
}

impl Estimate {
    /// Of a model that takes contexts of up to `longest` tokens.
    pub(super) fn new(weights_bytes: u64, cache: Option<KeyValueCache>, longest: Option<u64>) -> Self {
        let context = cache.map(|_| longest.map_or(DEFAULT_CONTEXT, |longest| longest.min(DEFAULT_CONTEXT)));
        let cache_bytes = cache.zip(context).map_or(0, |(cache, tokens)| cache.bytes(tokens));
        Self { bytes: (weights_bytes > 0).then(|| needed(weights_bytes, cache_bytes)), context }
    }
}

/// The cache of keys and values of a decoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct KeyValueCache {
    layer_token_bytes: u64,
    full_layers: u64,
    window_layers: u64,
    window: u64,
}

impl KeyValueCache {
    /// None for a model that generates nothing token by token, or whose configuration does not tell enough.
    pub(super) fn of(config: ModelConfig<'_>) -> Option<Self> {
        let generates = ["ForCausalLM", "LMHeadModel", "ForConditionalGeneration", "ForVision2Seq"];
        let encoder = config.top.flag("is_encoder_decoder") == Some(true);
        if encoder || !generates.iter().any(|class| config.architecture().ends_with(class)) {
            return None;
        }
        let (full_layers, window_layers) = attention_layers(config)?;
        let window = config.number(&["sliding_window", "attention_chunk_size"]).unwrap_or_default();
        Some(Self { layer_token_bytes: layer_token_bytes(config)?, full_layers, window_layers, window })
    }

    /// Bytes that each token takes, until the layers with a window have filled theirs.
    pub(super) fn bytes_per_token(self) -> u64 {
        self.layer_token_bytes.saturating_mul(self.full_layers.saturating_add(self.window_layers))
    }

    /// Bytes of a context of so many tokens.
    pub(super) fn bytes(self, tokens: u64) -> u64 {
        let of_layers = |layers: u64, tokens: u64| self.layer_token_bytes.saturating_mul(layers).saturating_mul(tokens);
        of_layers(self.full_layers, tokens).saturating_add(of_layers(self.window_layers, tokens.min(self.window)))
    }
}

/// Keys and values of each head; with latent attention (`DeepSeek`) the compressed vector and the rotary key.
fn layer_token_bytes(config: ModelConfig<'_>) -> Option<u64> {
    let elements = match config.number(&["kv_lora_rank"]) {
        Some(rank) => rank.checked_add(config.number(&["qk_rope_head_dim"])?)?,
        None => config.key_value_heads()?.checked_mul(config.head_dim()?)?.checked_mul(2)?,
    };
    elements.checked_mul(CACHE_ELEMENT_BYTES)
}

/// How many layers keep the whole context, and how many just a window of it. Layers without attention keep neither.
fn attention_layers(config: ModelConfig<'_>) -> Option<(u64, u64)> {
    let written = config.get("layer_types").or_else(|| config.get("layers_block_type"));
    if let Some(types) = written.and_then(|types| types.as_array()) {
        let count = |names: &[&str]| {
            types.iter().filter(|kind| kind.as_str().is_some_and(|kind| names.contains(&kind))).count()
        };
        let full = count(&["full_attention", "attention"]);
        let window = count(&["sliding_attention", "chunked_attention"]);
        return Some((full as u64, window as u64));
    }
    let layers = config.layers()?;
    if config.number(&["sliding_window"]).is_none() || config.flag("use_sliding_window") == Some(false) {
        return Some((layers, 0));
    }
    let family = config.text_model_type();
    let of_family = if config.is_gemma3() { Some(6) } else { (family == "gemma2").then_some(2) };
    let full = match config.number(&["sliding_window_pattern"]).or(of_family) {
        Some(every) => layers.checked_div(every)?,
        // Qwen2 lets the first layers see everything.
        None => config.number(&["max_window_layers"]).unwrap_or_default().min(layers),
    };
    Some((full, layers - full))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn cache(config: &Value) -> KeyValueCache {
        KeyValueCache::of(ModelConfig::new(config).unwrap()).unwrap()
    }

    #[test]
    fn heads_that_share_keys_need_less() {
        // Llama 3 8B: 2 × 32 layers × 8 heads × 128 × 2 bytes.
        let llama = json!({"architectures": ["LlamaForCausalLM"], "hidden_size": 4096, "num_hidden_layers": 32,
            "num_attention_heads": 32, "num_key_value_heads": 8});
        assert_eq!(cache(&llama).bytes_per_token(), 131_072);
        assert_eq!(cache(&llama).bytes(8192), 1 << 30);
    }

    #[test]
    fn latent_attention_keeps_one_small_vector_a_layer() {
        // DeepSeek V3: 61 layers × (512 + 64) × 2 bytes.
        let deepseek = json!({"architectures": ["DeepseekV3ForCausalLM"], "hidden_size": 7168, "num_hidden_layers": 61,
            "num_attention_heads": 128, "num_key_value_heads": 128, "kv_lora_rank": 512, "qk_rope_head_dim": 64});
        assert_eq!(cache(&deepseek).bytes_per_token(), 70_272);
    }

    #[test]
    fn a_layer_with_a_window_stops_growing() {
        let base = json!({"architectures": ["X1ForCausalLM"], "hidden_size": 8, "num_hidden_layers": 4,
            "num_attention_heads": 1, "sliding_window": 10});
        let with = |more: Value| {
            let mut config = base.clone();
            config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let cache = cache(&config);
            (cache.full_layers, cache.window_layers, cache.bytes(100))
        };
        assert_eq!(with(json!({})), (0, 4, 32 * 4 * 10));
        assert_eq!(with(json!({"use_sliding_window": false})), (4, 0, 32 * 4 * 100));
        assert_eq!(with(json!({"model_type": "gemma2"})), (2, 2, 32 * (2 * 100 + 2 * 10)));
        assert_eq!(with(json!({"model_type": "gemma3_text", "num_hidden_layers": 12, "head_dim": 8})).0, 2);
        let types = json!({"layer_types": ["full_attention", "sliding_attention", "linear_attention", 7]});
        assert_eq!(with(types), (1, 1, 32 * 110));
    }

    #[test]
    fn an_encoder_keeps_none() {
        let bert = json!({"architectures": ["BertForMaskedLM"], "hidden_size": 8, "num_hidden_layers": 4, "num_attention_heads": 1});
        assert_eq!(KeyValueCache::of(ModelConfig::new(&bert).unwrap()), None);
    }
}
