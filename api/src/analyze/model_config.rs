//! A model's `config.json`, with the text model's own part where the model has several.

use serde_json::Value;

use super::Contents;
use super::fields::Fields;

/// Where models of several modalities keep the configuration of their text model.
/// Source: `PretrainedConfig.get_text_config` of transformers, and the repositories of `InternVL` and `DeepSeek-VL`.
const TEXT_CONFIGS: &[&str] = &["text_config", "llm_config", "language_config", "thinker_config"];

/// The configuration of a model.
#[derive(Debug, Clone, Copy)]
pub(super) struct ModelConfig<'a> {
    /// The whole file.
    pub(super) top: Fields<'a>,
    text: Option<Fields<'a>>,
}

impl<'a> ModelConfig<'a> {
    /// The one in the root of the repository.
    pub(super) fn of(contents: &'a Contents) -> Option<Self> {
        Self::new(contents.json("config.json"))
    }

    /// None when the value is no object.
    pub(super) fn new(json: &'a Value) -> Option<Self> {
        let top = Fields(json);
        let nested = |fields: Fields<'a>| TEXT_CONFIGS.iter().find_map(|key| fields.object(key));
        // The configuration of an omni model's thinker holds its text model's in turn.
        let text = nested(top).map(|text| nested(text).unwrap_or(text));
        json.is_object().then_some(Self { top, text })
    }

    /// The part of the text model, where the model has several parts.
    pub(super) fn text_config(self) -> Option<Fields<'a>> {
        self.text
    }

    /// A number of the text model under the first of these names that is there.
    pub(super) fn number(self, names: &[&str]) -> Option<u64> {
        self.text.and_then(|text| text.first_number(names)).or_else(|| self.top.first_number(names))
    }

    /// A field of the text model, or of the whole.
    pub(super) fn get(self, name: &str) -> Option<&'a Value> {
        self.text.and_then(|text| text.get(name)).or_else(|| self.top.get(name))
    }

    /// A switch of the text model, or of the whole.
    pub(super) fn flag(self, name: &str) -> Option<bool> {
        self.get(name)?.as_bool()
    }

    /// A text of the text model, or of the whole.
    pub(super) fn text(self, name: &str) -> Option<&'a str> {
        self.get(name)?.as_str()
    }

    /// The class that loads the model, such as `LlamaForCausalLM`; empty when not told.
    pub(super) fn architecture(self) -> &'a str {
        self.top.texts("architectures").first().copied().unwrap_or_default()
    }

    /// The family, such as `llama`; empty when not told.
    pub(super) fn model_type(self) -> &'a str {
        self.top.text("model_type").unwrap_or_default()
    }

    /// The family of the text model.
    pub(super) fn text_model_type(self) -> &'a str {
        self.text.and_then(|text| text.text("model_type")).unwrap_or_else(|| self.model_type())
    }

    /// The type of the numbers: transformers writes `dtype`, and wrote `torch_dtype` before version 4.56.
    pub(super) fn dtype(self) -> Option<&'a str> {
        let read = |fields: Fields<'a>| fields.text("dtype").or_else(|| fields.text("torch_dtype"));
        read(self.top).or_else(|| self.text.and_then(read)).map(|dtype| dtype.trim_start_matches("torch."))
    }

    /// The width of the model.
    pub(super) fn hidden_size(self) -> Option<u64> {
        self.number(&["hidden_size", "d_model", "n_embd", "dim", "model_dim"])
    }

    /// How many layers it has; of an encoder and a decoder, those of each.
    pub(super) fn layers(self) -> Option<u64> {
        self.number(&["num_hidden_layers", "n_layer", "n_layers", "num_layers", "encoder_layers"])
    }

    /// How many heads ask.
    pub(super) fn heads(self) -> Option<u64> {
        self.number(&["num_attention_heads", "n_head", "n_heads", "num_heads", "encoder_attention_heads"])
    }

    /// How many heads hold keys and values; as many as ask, unless they are shared.
    pub(super) fn key_value_heads(self) -> Option<u64> {
        let shared_by_all =
            self.flag("multi_query") == Some(true) && self.flag("new_decoder_architecture") != Some(true);
        self.number(&["num_key_value_heads", "num_kv_heads", "n_head_kv", "multi_query_group_num"])
            .filter(|_| !(shared_by_all && self.text_model_type() == "falcon"))
            .or_else(|| shared_by_all.then_some(1))
            .or_else(|| self.heads())
    }

    /// The width of a head.
    pub(super) fn head_dim(self) -> Option<u64> {
        self.number(&["head_dim", "d_kv", "kv_channels"])
            .or_else(|| self.is_gemma3().then_some(256))
            .or_else(|| self.hidden_size()?.checked_div(self.heads()?))
    }

    /// Whether it is of the family that leaves out more than others: what is not written is as in transformers'
    /// `Gemma3TextConfig`.
    pub(super) fn is_gemma3(self) -> bool {
        self.text_model_type() == "gemma3_text"
    }

    /// The width inside the feed-forward layers; four times the model's for those that leave it out.
    pub(super) fn intermediate_size(self) -> Option<u64> {
        let written = self.number(&[
            "intermediate_size",
            "ffn_dim",
            "d_ff",
            "n_inner",
            "ffn_hidden_size",
            "encoder_ffn_dim",
            "hidden_dim",
        ]);
        written.or_else(|| FOUR_TIMES.contains(&self.text_model_type()).then(|| self.hidden_size()?.checked_mul(4))?)
    }

    /// How many tokens it knows.
    pub(super) fn vocab_size(self) -> Option<u64> {
        self.number(&["vocab_size", "padded_vocab_size"])
    }
}

/// Families whose feed-forward layers are four times as wide as the model when nothing else is written.
const FOUR_TIMES: &[&str] = &["gpt2", "gpt_bigcode", "gptj", "codegen", "bloom", "falcon", "gpt_neo", "mpt"];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_text_models_own_part_counts_and_the_top_level_fills_in() {
        let json =
            json!({"model_type": "llava", "vocab_size": 7, "text_config": {"hidden_size": 16, "model_type": "llama"}});
        let config = ModelConfig::new(&json).unwrap();
        assert_eq!((config.hidden_size(), config.vocab_size()), (Some(16), Some(7)));
        assert_eq!((config.model_type(), config.text_model_type()), ("llava", "llama"));
    }

    #[test]
    fn odd_values_are_absent_and_never_panic() {
        let json = json!({"architectures": [5], "model_type": 3, "hidden_size": "x", "num_attention_heads": 0, "text_config": []});
        let config = ModelConfig::new(&json).unwrap();
        assert_eq!((config.architecture(), config.model_type()), ("", ""));
        assert_eq!((config.hidden_size(), config.head_dim()), (None, None));
        let zero = json!({"hidden_size": 64, "num_attention_heads": 0});
        assert_eq!(ModelConfig::new(&zero).unwrap().head_dim(), None);
        assert!(ModelConfig::new(&json!([1])).is_none());
    }

    #[test]
    fn falcon_shares_one_head_of_keys_unless_it_is_the_new_architecture() {
        let old = json!({"model_type": "falcon", "num_attention_heads": 71, "num_kv_heads": 71, "multi_query": true});
        assert_eq!(ModelConfig::new(&old).unwrap().key_value_heads(), Some(1));
        let new = json!({"model_type": "falcon", "num_attention_heads": 128, "num_kv_heads": 8, "multi_query": true, "new_decoder_architecture": true});
        assert_eq!(ModelConfig::new(&new).unwrap().key_value_heads(), Some(8));
    }
}
