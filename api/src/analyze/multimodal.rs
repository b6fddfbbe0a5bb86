//! Models of several modalities: with a part for images or audio beside the one for text.

use poem_openapi::Object;

use super::Contents;
use super::audio::framework;
use super::fields::Fields;
use super::model_config::ModelConfig;
use super::transformers::describe_task;
use super::vision::{ImageSize, image_size};

/// Families that compare images or audio with text.
const COMPARING: &[&str] =
    &["clip", "siglip", "siglip2", "chinese_clip", "align", "altclip", "flava", "owlvit", "owlv2", "clap"];

/// Families that see and write, whose configuration has no part of its own for images.
const SEEING: &[&str] =
    &["git", "fuyu", "pix2struct", "vision-encoder-decoder", "cogvlm", "moondream1", "phi3_v", "minicpmv"];

/// Keys under which configurations keep the part for images, and the one for audio.
const VISION_PARTS: &[&str] = &["vision_config", "vision_tower", "mm_vision_tower", "visual"];
const AUDIO_PARTS: &[&str] = &["audio_config", "audio_encoder"];

/// A model of several modalities. What its configuration does not tell is left out.
#[derive(Debug, Clone, PartialEq, Eq, Object)]
#[oai(rename = "MultimodalInfo", skip_serializing_if_is_none)]
pub(crate) struct MultimodalInfo {
    /// What it does, in the Hub's words: `image-text-to-text`.
    pub(crate) task: String,
    /// The same as a sentence.
    pub(crate) task_description: String,
    /// What it takes: `image`, `video`, `audio`, `text`.
    pub(crate) modalities: Vec<String>,
    /// What prepares its input, such as `LlavaProcessor`.
    pub(crate) processor_type: Option<String>,
    /// The family of the part for images.
    pub(crate) vision_encoder: Option<String>,
    /// The family of the part for audio.
    pub(crate) audio_encoder: Option<String>,
    /// The family of the part for text.
    pub(crate) text_encoder: Option<String>,
    /// The size of the images that it takes.
    pub(crate) image_size: Option<ImageSize>,
    /// The longest text, in tokens.
    pub(crate) max_text_length: Option<u64>,
    /// What runs it: `transformers`, `onnx`, `pytorch`.
    pub(crate) framework: String,
}

/// The facts, when the model has several modalities. A file for a processor alone says nothing: models of one kind have
/// it too.
pub(super) fn detect(contents: &Contents) -> Option<MultimodalInfo> {
    let config = ModelConfig::of(contents)?;
    let omni = config.top.object("thinker_config");
    let part = |keys: &[&str]| {
        let found = |fields: Fields<'_>| keys.iter().any(|key| fields.get(key).is_some());
        found(config.top) || omni.is_some_and(found)
    };
    let family = config.model_type();
    let with_text = config.text_config().is_some() || (config.vocab_size().is_some() && config.hidden_size().is_some());
    let sees = (part(VISION_PARTS) && with_text) || SEEING.contains(&family);
    let hears = part(AUDIO_PARTS) && with_text;
    let compares = COMPARING.contains(&family);
    if !(sees || hears || compares) {
        return None;
    }
    let sees = sees || (compares && family != "clap");
    let hears = hears || family == "clap";
    let video = config.top.get("video_token_id").is_some() || config.top.get("video_token_index").is_some();
    let task = match (sees, hears) {
        (true, _) if compares => "zero-shot-image-classification",
        (_, true) if compares => "zero-shot-audio-classification",
        (true, true) => "any-to-any",
        (false, _) => "audio-text-to-text",
        (true, false) => "image-text-to-text",
    };
    let processor = Fields(contents.json("processor_config.json"));
    let prepare = Fields(contents.json("preprocessor_config.json"));
    let nested = |key: &str| config.top.object(key).or_else(|| omni.and_then(|omni| omni.object(key)));
    let family_of = |key: &str| nested(key).and_then(|fields| fields.text("model_type")).map(str::to_owned);
    let modalities = [("image", sees), ("video", sees && video), ("audio", hears), ("text", true)];
    let text_type = config.text_config().is_some().then(|| config.text_model_type()).filter(|name| !name.is_empty());
    Some(MultimodalInfo {
        task: task.to_owned(),
        task_description: describe_task(task),
        modalities: modalities.into_iter().filter(|(_, has)| *has).map(|(name, _)| name.to_owned()).collect(),
        processor_type: processor
            .text("processor_class")
            .or_else(|| prepare.text("processor_class"))
            .map(str::to_owned),
        vision_encoder: family_of("vision_config"),
        audio_encoder: family_of("audio_config"),
        text_encoder: text_type.map(str::to_owned),
        image_size: if sees { image_size(nested("vision_config"), prepare) } else { None },
        max_text_length: super::transformers::context_length(config, contents.json("tokenizer_config.json")),
        framework: framework(contents),
    })
}

#[cfg(test)]
mod tests {
    use hfd_shared::repo::RepoKind;

    use super::*;
    use crate::analyze::testing::contents;

    fn detected(config: &str, more: &[(&str, &str)]) -> Option<MultimodalInfo> {
        detect(&contents(RepoKind::Model, &["model.safetensors"], &[&[("config.json", config)], more].concat()))
    }

    #[test]
    fn a_part_for_images_beside_one_for_text_makes_a_model_of_both() {
        let llava = r#"{"model_type": "llava", "text_config": {"model_type": "llama", "max_position_embeddings": 4096},
            "vision_config": {"model_type": "clip_vision_model", "image_size": 336}}"#;
        let info = detected(llava, &[]).unwrap();
        assert_eq!(
            (info.task.as_str(), info.modalities.as_slice()),
            ("image-text-to-text", &["image".to_owned(), "text".to_owned()][..])
        );
        assert_eq!(
            (info.vision_encoder.as_deref(), info.text_encoder.as_deref()),
            (Some("clip_vision_model"), Some("llama"))
        );
        assert_eq!((info.image_size.map(|size| size.height), info.max_text_length), (Some(336), Some(4096)));
        let flat = detected(
            r#"{"model_type": "qwen2_vl", "hidden_size": 8, "vocab_size": 9, "vision_config": {}, "video_token_id": 3}"#,
            &[],
        );
        assert_eq!(flat.unwrap().modalities, ["image", "video", "text"]);
        let audio = r#"{"model_type": "qwen2_audio", "text_config": {}, "audio_config": {"model_type": "qwen2_audio_encoder"}}"#;
        assert_eq!(detected(audio, &[]).unwrap().task, "audio-text-to-text");
        assert_eq!(detected(r#"{"model_type": "clip"}"#, &[]).unwrap().task, "zero-shot-image-classification");
    }

    #[test]
    fn a_processor_alone_makes_none() {
        let processor = [("processor_config.json", r#"{"processor_class": "WhisperProcessor"}"#)];
        assert!(detected(r#"{"model_type": "whisper", "vocab_size": 9, "d_model": 8}"#, &processor).is_none());
        assert!(detected(r#"{"model_type": "qwen", "vocab_size": 9, "hidden_size": 8}"#, &[]).is_none());
        assert!(detected(r#"{"model_type": ["clip"], "vision_config": 3}"#, &[]).is_none());
    }
}
