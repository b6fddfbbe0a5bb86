//! What the headers of a model's shards say of it, and the memory that it needs.

use super::header::Header;
use crate::analyze::memory;

/// More layers than any model has.
const MAX_LAYERS: u64 = 1_024;

/// A model by the headers of its files. Keys are those of ggml's `docs/gguf.md`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    /// The architecture, such as `llama`.
    pub(crate) architecture: Option<String>,
    /// The model's own name.
    pub(crate) name: Option<String>,
    /// Elements of all tensors of all shards.
    pub(crate) parameters: u64,
    /// The context that it was trained for, in tokens.
    pub(crate) context_length: Option<u64>,
    /// Layers.
    pub(crate) block_count: Option<u64>,
    /// Width of a token's vector.
    pub(crate) embedding_length: Option<u64>,
    /// Query heads, a number for all layers or one for each.
    pub(crate) head_count: Vec<u64>,
    /// Heads of keys and values, a number for all layers or one for each.
    pub(crate) head_count_kv: Vec<u64>,
    /// Numbers in a head's key.
    pub(crate) key_length: Option<u64>,
    /// Numbers in a head's value.
    pub(crate) value_length: Option<u64>,
    /// Tokens that a layer with local attention looks back to.
    pub(crate) sliding_window: Option<u64>,
    /// Experts of a layer.
    pub(crate) expert_count: Option<u64>,
    /// Experts that a token uses.
    pub(crate) expert_used_count: Option<u64>,
    /// The kind of most tensors, llama.cpp's number for it.
    pub(crate) file_type: Option<u64>,
    /// The version of the quantized formats.
    pub(crate) quantization_version: Option<u64>,
    /// The kind of tokenizer, such as `gpt2`.
    pub(crate) tokenizer: Option<String>,
    /// Bytes that each token of the context takes in the cache of keys and values; none where the header does not tell.
    pub(crate) cache_bytes_per_token: Option<u64>,
}

impl Facts {
    /// From the headers of all shards; the first has the metadata. None without any.
    pub(crate) fn new(shards: &[Header]) -> Option<Self> {
        let first = shards.first()?;
        let text = |key: &str| first.text(key).map(str::to_owned);
        let architecture = text("general.architecture");
        let key = |name: &str| format!("{}.{name}", architecture.as_deref().unwrap_or_default());
        let number = |name: &str| first.number(&key(name));
        let numbers = |name: &str| first.numbers(&key(name)).unwrap_or_default().to_vec();
        let head_count = numbers("attention.head_count");
        let head_count_kv = numbers("attention.head_count_kv");
        let head_length = || number("embedding_length")?.checked_div(*head_count.iter().find(|&&heads| heads > 0)?);
        let mut facts = Self {
            name: text("general.name"),
            parameters: shards.iter().fold(0, |sum, shard| sum.saturating_add(shard.elements)),
            context_length: number("context_length"),
            block_count: number("block_count"),
            embedding_length: number("embedding_length"),
            // As llama.cpp does it where a header leaves them out.
            key_length: number("attention.key_length").or_else(head_length),
            value_length: number("attention.value_length").or_else(head_length),
            head_count_kv: if head_count_kv.is_empty() { head_count.clone() } else { head_count_kv },
            head_count,
            sliding_window: number("attention.sliding_window"),
            expert_count: number("expert_count"),
            expert_used_count: number("expert_used_count"),
            file_type: first.number("general.file_type"),
            quantization_version: first.number("general.quantization_version"),
            tokenizer: text("tokenizer.ggml.model"),
            architecture: architecture.clone(),
            cache_bytes_per_token: None,
        };
        // With latent attention (MLA) values are computed from the cached keys.
        let caches_values = number("attention.key_length_mla").is_none();
        facts.cache_bytes_per_token = facts.cached_bytes(caches_values, number("full_attention_interval"));
        Some(facts)
    }

    /// Of hybrid models only each `interval`th layer has attention, and so a cache.
    fn cached_bytes(&self, caches_values: bool, interval: Option<u64>) -> Option<u64> {
        let layers = self.block_count.filter(|layers| (1..=MAX_LAYERS).contains(layers))?;
        let heads = match self.head_count_kv.as_slice() {
            [heads] => heads.checked_mul(layers / interval.unwrap_or(1).max(1))?,
            heads if heads.len() as u64 == layers => {
                heads.iter().try_fold(0_u64, |sum, &heads| sum.checked_add(heads))?
            }
            _ => return None,
        };
        let values = if caches_values { self.value_length? } else { 0 };
        heads.checked_mul(self.key_length?.checked_add(values)?)?.checked_mul(memory::CACHE_ELEMENT_BYTES)
    }
}

/// An estimate of the memory that files of this size need with a context of so many tokens: the weights, the cache of keys
/// and values (as if all layers looked back over the whole context), and a fixed overhead. Without a known cache, a tenth of
/// the weights stands for it.
pub(crate) fn ram_bytes(size_bytes: u64, cache_bytes_per_token: Option<u64>, context: u64) -> u64 {
    let cache = cache_bytes_per_token.map_or(size_bytes / 10, |bytes| bytes.saturating_mul(context));
    memory::needed(size_bytes, cache)
}

/// A number of parameters as people say it: `7.2B`, `125M`.
#[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
pub(crate) fn human_count(count: u64) -> String {
    let (mut value, mut unit) = (count as f64, "");
    for next in ["K", "M", "B", "T"] {
        if value < 999.95 {
            break;
        }
        (value, unit) = (value / 1_000.0, next);
    }
    let text = format!("{value:.1}");
    format!("{}{unit}", text.strip_suffix(".0").unwrap_or(&text))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::analyze::gguf::header::Value;

    fn header(entries: &[(&str, Value)]) -> Header {
        let mut metadata: BTreeMap<_, _> =
            entries.iter().map(|(key, value)| (format!("x.{key}"), value.clone())).collect();
        metadata.insert("general.architecture".to_owned(), Value::Text("x".to_owned()));
        Header { is_big_endian: false, metadata, elements: 10 }
    }

    fn cache(entries: &[(&str, Value)]) -> Option<u64> {
        let mut all = vec![
            ("block_count", Value::Number(4)),
            ("embedding_length", Value::Number(64)),
            ("attention.head_count", Value::Number(8)),
        ];
        all.extend_from_slice(entries);
        Facts::new(&[header(&all), header(&[])]).unwrap().cache_bytes_per_token
    }

    #[test]
    fn the_cache_holds_a_key_and_a_value_per_head_and_layer() {
        let kv = |heads| ("attention.head_count_kv", Value::Number(heads));
        assert_eq!(cache(&[]), Some(2 * 4 * 8 * (8 + 8)), "heads for keys and values default to all heads");
        assert_eq!(cache(&[kv(2)]), Some(2 * 4 * 2 * (8 + 8)));
        let lengths = [("attention.key_length", Value::Number(128)), ("attention.value_length", Value::Number(96))];
        assert_eq!(cache(&[kv(2), lengths[0].clone(), lengths[1].clone()]), Some(2 * 4 * 2 * (128 + 96)));
        let per_layer = ("attention.head_count_kv", Value::Numbers(vec![1, 0, 4, 8]));
        assert_eq!(cache(&[per_layer]), Some(2 * 13 * (8 + 8)));
        assert_eq!(cache(&[kv(2), ("full_attention_interval", Value::Number(4))]), Some(2 * 2 * (8 + 8)));
        assert_eq!(cache(&[kv(1), ("attention.key_length_mla", Value::Number(8))]), Some(2 * 4 * 8));
        let too_few = ("attention.head_count_kv", Value::Numbers(vec![1, 2]));
        assert_eq!(cache(&[too_few]), None);
    }

    #[test]
    fn shards_add_up() {
        let facts = Facts::new(&[header(&[]), header(&[])]).unwrap();
        assert_eq!((facts.parameters, facts.architecture.as_deref()), (20, Some("x")));
        assert_eq!(Facts::new(&[]), None);
    }

    #[test]
    fn memory_grows_with_the_context() {
        assert_eq!(ram_bytes(1 << 30, Some(1 << 17), 8_192), (1 << 30) + (1 << 30) + (512 << 20));
        assert_eq!(ram_bytes(1_000, None, 8_192), 1_100 + (512 << 20));
        assert_eq!(ram_bytes(u64::MAX, Some(u64::MAX), u64::MAX), u64::MAX);
    }

    #[test]
    fn counts_are_said_as_people_say_them() {
        for (count, text) in [
            (999, "999"),
            (125_000_000, "125M"),
            (7_241_732_096, "7.2B"),
            (70_000_000_000, "70B"),
            (999_960_000, "1B"),
            (1_040_000_000_000, "1T"),
        ] {
            assert_eq!(human_count(count), text);
        }
    }
}
