//! How text becomes tokens: `tokenizer_config.json` and the special tokens.

use poem_openapi::Object;

use super::super::Contents;
use super::super::fields::{Fields, whole};
use super::super::model_config::ModelConfig;

/// How text becomes tokens. What `tokenizer_config.json` does not tell is left out.
#[derive(Debug, Clone, PartialEq, Eq, Object)]
#[oai(rename = "TokenizerInfo", skip_serializing_if_is_none)]
pub(crate) struct TokenizerInfo {
    /// Its class, such as `LlamaTokenizer`; empty when not told.
    #[oai(rename = "type")]
    pub(crate) kind: String,
    /// How many tokens the model knows.
    pub(crate) vocab_size: Option<u64>,
    /// The longest text, in tokens; left out when there is no limit.
    pub(crate) model_max_length: Option<u64>,
    /// The side that is filled up.
    pub(crate) padding_side: Option<String>,
    /// The side that is cut.
    pub(crate) truncation_side: Option<String>,
    /// Whether texts begin with the token for the beginning.
    pub(crate) add_bos_token: Option<bool>,
    /// Whether texts end with the token for the end.
    pub(crate) add_eos_token: Option<bool>,
    /// How a conversation becomes text.
    pub(crate) chat_template: Option<String>,
    /// Whether there is one.
    pub(crate) has_chat_template: bool,
}

/// Ids of tokens with a meaning of their own; a model may have several that end a text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Object)]
#[oai(rename = "SpecialTokens")]
#[expect(clippy::struct_field_names, reason = "the names of the configuration")]
pub(crate) struct SpecialTokens {
    /// Those that begin a text.
    pub(crate) bos_token_id: Vec<u64>,
    /// Those that end a text.
    pub(crate) eos_token_id: Vec<u64>,
    /// Those that fill up.
    pub(crate) pad_token_id: Vec<u64>,
}

/// The facts, when there is a tokenizer.
pub(super) fn of(contents: &Contents) -> Option<TokenizerInfo> {
    let json = contents.json("tokenizer_config.json");
    let fields = json.is_object().then_some(Fields(json))?;
    let template = chat_template(contents, fields);
    Some(TokenizerInfo {
        kind: fields.text_or_empty("tokenizer_class"),
        vocab_size: ModelConfig::of(contents).and_then(ModelConfig::vocab_size),
        model_max_length: fields.number("model_max_length"),
        padding_side: fields.text("padding_side").map(str::to_owned),
        truncation_side: fields.text("truncation_side").map(str::to_owned),
        add_bos_token: fields.flag("add_bos_token"),
        add_eos_token: fields.flag("add_eos_token"),
        has_chat_template: template.is_some() || contents.has("chat_template.json"),
        chat_template: template,
    })
}

/// In a file of its own, in the tokenizer's configuration, or there under the name `default`.
fn chat_template(contents: &Contents, fields: Fields<'_>) -> Option<String> {
    if let Some(own) = contents.documents.get("chat_template.jinja") {
        return Some(own.text.clone());
    }
    let written = fields.get("chat_template")?;
    if let Some(text) = written.as_str() {
        return Some(text.to_owned());
    }
    let named = written.as_array()?.iter().map(Fields);
    let mut templates = named.filter_map(|entry| Some((entry.text("name")?, entry.text("template")?)));
    templates.find(|(name, _)| *name == "default").map(|(_, template)| template.to_owned())
}

/// From the model's configuration, else from the defaults for generating.
pub(super) fn special_tokens(config: ModelConfig<'_>, generation: Fields<'_>) -> SpecialTokens {
    let ids = |key: &str| match config.get(key).or_else(|| generation.get(key)) {
        Some(serde_json::Value::Array(list)) => list.iter().filter_map(whole).collect(),
        Some(value) => whole(value).into_iter().collect(),
        None => Vec::new(),
    };
    SpecialTokens {
        bos_token_id: ids("bos_token_id"),
        eos_token_id: ids("eos_token_id"),
        pad_token_id: ids("pad_token_id"),
    }
}
