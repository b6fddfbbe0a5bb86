//! Which type a repository is, and the sections of all types.

use hfd_shared::repo::RepoKind;

use super::contents::Contents;
use super::info::{RepoType, Sections};
use super::{audio, dataset, diffusers, items, lora, multimodal, onnx, quantized, transformers, vision};

const WEIGHTS: &[&str] = &[".safetensors", ".bin"];

/// What the detectors find.
pub(super) fn sections(contents: &Contents) -> Sections {
    let mut sections = if contents.repo.kind == RepoKind::Dataset {
        Sections { dataset: dataset::detect(contents), ..Sections::default() }
    } else {
        Sections {
            transformers: transformers::detect(contents),
            diffusers: diffusers::detect(contents),
            lora: lora::detect(contents),
            quantized: quantized::detect(contents),
            onnx: onnx::detect(contents),
            audio: audio::detect(contents),
            vision: vision::detect(contents),
            multimodal: multimodal::detect(contents),
            ..Sections::default()
        }
    };
    sections.items = items::of(contents, &sections);
    sections.related = sections.lora.as_ref().map(lora::related).unwrap_or_default();
    sections
}

/// The type: by the files that only one has, then refined by what the configuration tells.
pub(super) fn repo_type(contents: &Contents, sections: &Sections) -> RepoType {
    let has = |extensions| contents.with_extension(extensions).next().is_some();
    let has_named = |name: &str| contents.files.iter().any(|file| file.path.file_name() == name);
    if contents.repo.kind == RepoKind::Dataset {
        return RepoType::Dataset;
    }
    if contents.of_format(&["gguf"]).next().is_some() {
        return RepoType::Gguf;
    }
    if has_named("model_index.json") {
        return RepoType::Diffusers;
    }
    if sections.lora.is_some() {
        return RepoType::Lora;
    }
    if let Some(quantized) = &sections.quantized {
        return match quantized.method.as_str() {
            "gptq" => RepoType::Gptq,
            "awq" => RepoType::Awq,
            _ => RepoType::Quantized,
        };
    }
    let has_onnx = has(&[".onnx"]);
    let is_transformers = contents.has("config.json") && has(WEIGHTS);
    if sections.multimodal.is_some() {
        RepoType::Multimodal
    } else if sections.audio.is_some() {
        RepoType::Audio
    } else if sections.vision.is_some() {
        RepoType::Vision
    } else if is_transformers {
        // Many have an export to ONNX beside their weights.
        RepoType::Transformers
    } else if has_onnx {
        RepoType::Onnx
    } else {
        RepoType::Generic
    }
}

/// A type in words.
pub(super) fn describe(kind: RepoType) -> &'static str {
    match kind {
        RepoType::Gguf => "GGUF Model",
        RepoType::Transformers => "Transformers Model",
        RepoType::Diffusers => "Diffusers Pipeline",
        RepoType::Lora => "LoRA Adapter",
        RepoType::Gptq => "GPTQ Quantized Model",
        RepoType::Awq => "AWQ Quantized Model",
        RepoType::Quantized => "Quantized Model",
        RepoType::Onnx => "ONNX Model",
        RepoType::Audio => "Audio Model",
        RepoType::Vision => "Vision Model",
        RepoType::Multimodal => "Multimodal Model",
        RepoType::Dataset => "Dataset",
        RepoType::Generic => "Repository",
    }
}
