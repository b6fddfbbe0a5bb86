//! Audio models, by their family or by what prepares their input.

use poem_openapi::Object;

use super::Contents;
use super::fields::Fields;
use super::model_config::ModelConfig;
use super::transformers::{describe_task, task_of};

/// Families of models that hear or speak, by the task that they have unless their class tells another.
const FAMILIES: &[(&str, &str)] = &[
    ("whisper", "automatic-speech-recognition"),
    ("wav2vec2", "automatic-speech-recognition"),
    ("wav2vec2-bert", "automatic-speech-recognition"),
    ("wav2vec2-conformer", "automatic-speech-recognition"),
    ("hubert", "automatic-speech-recognition"),
    ("wavlm", "automatic-speech-recognition"),
    ("sew", "automatic-speech-recognition"),
    ("speech_to_text", "automatic-speech-recognition"),
    ("seamless_m4t", "automatic-speech-recognition"),
    ("moonshine", "automatic-speech-recognition"),
    ("parakeet_ctc", "automatic-speech-recognition"),
    ("speecht5", "text-to-speech"),
    ("vits", "text-to-speech"),
    ("bark", "text-to-speech"),
    ("csm", "text-to-speech"),
    ("dia", "text-to-speech"),
    ("musicgen", "text-to-audio"),
    ("musicgen_melody", "text-to-audio"),
    ("audio-spectrogram-transformer", "audio-classification"),
    ("encodec", "feature-extraction"),
    ("dac", "feature-extraction"),
    ("mimi", "feature-extraction"),
];

/// An audio model. What its configuration does not tell is left out.
#[derive(Debug, Clone, PartialEq, Eq, Object)]
#[oai(rename = "AudioInfo", skip_serializing_if_is_none)]
pub(crate) struct AudioInfo {
    /// What it does, in the Hub's words: `automatic-speech-recognition`.
    pub(crate) task: String,
    /// The same as a sentence.
    pub(crate) task_description: String,
    /// What prepares the audio, such as `WhisperFeatureExtractor`.
    pub(crate) feature_extractor_type: Option<String>,
    /// Samples a second.
    pub(crate) sample_rate: Option<u64>,
    /// Bands of the spectrogram.
    pub(crate) num_mel_bins: Option<u64>,
    /// The longest input or output, in the model's steps.
    pub(crate) max_length: Option<u64>,
    /// Languages, in the words of its card.
    pub(crate) languages: Vec<String>,
    /// What runs it: `transformers`, `onnx`, `pytorch`.
    pub(crate) framework: String,
}

/// The facts, when the model hears or speaks and does nothing else.
pub(super) fn detect(contents: &Contents) -> Option<AudioInfo> {
    let config = ModelConfig::of(contents);
    let prepare = Fields(contents.json("preprocessor_config.json"));
    let model_type = config.map(ModelConfig::model_type).unwrap_or_default();
    let family = FAMILIES.iter().find(|(name, _)| *name == model_type);
    let hears = prepare.number("sampling_rate").is_some() && prepare.get("image_mean").is_none();
    if family.is_none() && !hears {
        return None;
    }
    let by_class = config.and_then(|config| task_of(config.architecture())).filter(|task| AUDIO_TASKS.contains(task));
    let task = by_class.or(family.map(|(_, task)| *task)).unwrap_or("audio-classification");
    let number = |keys: &[&str]| config.and_then(|config| config.number(keys));
    let card = super::card::front_matter(contents);
    let languages = card.as_ref().map(|card| Fields(card).texts("language")).unwrap_or_default();
    Some(AudioInfo {
        task: task.to_owned(),
        task_description: describe_task(task),
        feature_extractor_type: prepare.text("feature_extractor_type").map(str::to_owned),
        sample_rate: prepare.number("sampling_rate").or_else(|| number(&["sampling_rate", "sample_rate"])),
        num_mel_bins: number(&["num_mel_bins"])
            .or_else(|| prepare.first_number(&["feature_size", "num_mel_bins"]).filter(|size| *size > 1)),
        max_length: number(&["max_target_positions", "max_length", "max_position_embeddings"]),
        languages: languages.into_iter().map(str::to_owned).collect(),
        framework: framework(contents),
    })
}

/// What these models do; another task in the name of a class says nothing of sound.
const AUDIO_TASKS: &[&str] =
    &["automatic-speech-recognition", "audio-classification", "text-to-speech", "text-to-audio"];

/// What the files of weights are for.
pub(super) fn framework(contents: &Contents) -> String {
    let has = |extensions: &[&str]| contents.with_extension(extensions).next().is_some();
    let name = if has(&[".safetensors", ".bin"]) {
        "transformers"
    } else if has(&[".onnx"]) {
        "onnx"
    } else if has(&[".pt", ".pth"]) {
        "pytorch"
    } else {
        "unknown"
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use hfd_shared::repo::RepoKind;

    use super::*;
    use crate::analyze::testing::contents;

    fn detected(config: &str, preprocessor: &str) -> Option<AudioInfo> {
        detect(&contents(
            RepoKind::Model,
            &["model.safetensors"],
            &[("config.json", config), ("preprocessor_config.json", preprocessor)],
        ))
    }

    #[test]
    fn the_class_tells_the_task_and_the_family_otherwise() {
        let ctc =
            detected(r#"{"model_type": "wav2vec2", "architectures": ["Wav2Vec2ForSequenceClassification"]}"#, "{}")
                .unwrap();
        assert_eq!(ctc.task, "automatic-speech-recognition");
        let own = detected(r#"{"model_type": "mine", "architectures": ["MineForCTC"]}"#, r#"{"sampling_rate": 16000}"#)
            .unwrap();
        assert_eq!((own.task.as_str(), own.sample_rate), ("automatic-speech-recognition", Some(16000)));
    }

    #[test]
    fn a_model_of_text_or_images_is_none() {
        assert!(detected(r#"{"model_type": "llama"}"#, "{}").is_none());
        assert!(
            detected(
                r#"{"model_type": "vit"}"#,
                r#"{"image_mean": [0.5], "feature_extractor_type": "ViTFeatureExtractor"}"#
            )
            .is_none()
        );
        assert!(detected(r#"{"model_type": 5}"#, r#"{"sampling_rate": "fast"}"#).is_none());
    }
}
