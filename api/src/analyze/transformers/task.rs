//! What a model does, by the class that loads it.

use super::super::model_config::ModelConfig;

/// Endings of class names and the Hub's word for the task.
const BY_ENDING: &[(&str, &str)] = &[
    ("ForCausalLM", "text-generation"),
    ("LMHeadModel", "text-generation"),
    ("ForMaskedLM", "fill-mask"),
    ("ForPreTraining", "fill-mask"),
    ("ForSequenceClassification", "text-classification"),
    ("ForTokenClassification", "token-classification"),
    ("ForQuestionAnswering", "question-answering"),
    ("ForMultipleChoice", "multiple-choice"),
    ("ForImageClassification", "image-classification"),
    ("ForObjectDetection", "object-detection"),
    ("ForZeroShotObjectDetection", "zero-shot-object-detection"),
    ("ForSemanticSegmentation", "image-segmentation"),
    ("ForInstanceSegmentation", "image-segmentation"),
    ("ForUniversalSegmentation", "image-segmentation"),
    ("ForDepthEstimation", "depth-estimation"),
    ("ForCTC", "automatic-speech-recognition"),
    ("ForSpeechSeq2Seq", "automatic-speech-recognition"),
    ("ForAudioClassification", "audio-classification"),
    ("ForTextToSpeech", "text-to-speech"),
    ("ForTextToWaveform", "text-to-audio"),
    ("ForVision2Seq", "image-text-to-text"),
    ("ForConditionalGeneration", "text2text-generation"),
    ("Model", "feature-extraction"),
];

/// The task of a model.
pub(super) fn of(config: ModelConfig<'_>) -> &'static str {
    let has = |key: &str| config.top.object(key).is_some();
    if config.text_config().is_some()
        && has("vision_config")
        && config.architecture().ends_with("ForConditionalGeneration")
    {
        return "image-text-to-text";
    }
    if config.model_type() == "whisper" {
        return "automatic-speech-recognition";
    }
    of_architecture(config.architecture()).unwrap_or("feature-extraction")
}

/// The task that the name of a class tells.
pub(crate) fn of_architecture(architecture: &str) -> Option<&'static str> {
    BY_ENDING.iter().find(|(ending, _)| architecture.ends_with(ending)).map(|(_, task)| *task)
}

/// A task as a sentence.
pub(crate) fn describe(task: &str) -> String {
    let known = match task {
        "text-generation" => "Writes text that continues a prompt",
        "text2text-generation" => "Turns one text into another",
        "fill-mask" => "Fills in missing words",
        "text-classification" => "Sorts texts into classes",
        "token-classification" => "Labels the words of a text",
        "question-answering" => "Finds the answer to a question in a text",
        "multiple-choice" => "Chooses among answers",
        "feature-extraction" => "Turns its input into vectors",
        "image-classification" => "Sorts images into classes",
        "zero-shot-image-classification" => "Sorts images into classes given as text",
        "object-detection" => "Finds objects in images",
        "zero-shot-object-detection" => "Finds objects, given as text, in images",
        "image-segmentation" => "Divides images into regions",
        "depth-estimation" => "Estimates how far things in an image are",
        "image-feature-extraction" => "Turns images into vectors",
        "image-to-text" => "Describes images",
        "image-text-to-text" => "Answers to images and text with text",
        "audio-text-to-text" => "Answers to audio and text with text",
        "video-text-to-text" => "Answers to videos and text with text",
        "any-to-any" => "Takes and gives several modalities",
        "automatic-speech-recognition" => "Writes down speech",
        "audio-classification" => "Sorts audio into classes",
        "text-to-speech" => "Speaks text",
        "text-to-audio" => "Makes audio from text",
        "zero-shot-audio-classification" => "Sorts audio into classes given as text",
        other => return other.replace('-', " "),
    };
    known.to_owned()
}

/// Families by the name that people know.
const FAMILIES: &[(&str, &str)] = &[
    ("llama4", "Llama 4"),
    ("llama", "Llama"),
    ("mixtral", "Mixtral (mixture of experts)"),
    ("mistral3", "Mistral 3"),
    ("mistral", "Mistral"),
    ("qwen3_moe", "Qwen3 (mixture of experts)"),
    ("qwen3", "Qwen3"),
    ("qwen2_5_vl", "Qwen2.5-VL"),
    ("qwen2_vl", "Qwen2-VL"),
    ("qwen2_moe", "Qwen2 (mixture of experts)"),
    ("qwen2_audio", "Qwen2-Audio"),
    ("qwen2", "Qwen2"),
    ("gemma3", "Gemma 3"),
    ("gemma2", "Gemma 2"),
    ("gemma", "Gemma"),
    ("phi3", "Phi-3"),
    ("phi", "Phi"),
    ("deepseek_v3", "DeepSeek-V3 (mixture of experts)"),
    ("deepseek_v2", "DeepSeek-V2 (mixture of experts)"),
    ("gpt_oss", "gpt-oss (mixture of experts)"),
    ("gpt2", "GPT-2"),
    ("gpt_neox", "GPT-NeoX"),
    ("gptj", "GPT-J"),
    ("falcon", "Falcon"),
    ("bloom", "BLOOM"),
    ("opt", "OPT"),
    ("mpt", "MPT"),
    ("starcoder2", "StarCoder2"),
    ("cohere", "Command R"),
    ("t5", "T5"),
    ("bart", "BART"),
    ("bert", "BERT"),
    ("roberta", "RoBERTa"),
    ("xlm-roberta", "XLM-RoBERTa"),
    ("distilbert", "DistilBERT"),
    ("deberta-v2", "DeBERTa"),
    ("electra", "ELECTRA"),
    ("whisper", "Whisper"),
    ("wav2vec2", "Wav2Vec2"),
    ("vit", "ViT"),
    ("clip", "CLIP"),
    ("llava", "LLaVA"),
    ("mamba", "Mamba"),
];

/// The class in words: the family and what the class is for.
pub(super) fn describe_architecture(config: ModelConfig<'_>) -> String {
    let model_type = config.model_type();
    let family = FAMILIES.iter().find(|(name, _)| *name == model_type).map_or(model_type, |(_, family)| family);
    match of_architecture(config.architecture()) {
        _ if family.is_empty() => "Transformers model".to_owned(),
        Some("feature-extraction") | None => format!("{family} model"),
        Some(_) => format!("{family} model for {}", of(config).replace('-', " ")),
    }
}
