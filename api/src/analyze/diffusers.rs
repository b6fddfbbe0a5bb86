//! Pipelines for the diffusers library: `model_index.json` and a folder for each component.

use std::fmt;

use hfd_shared::repo::TreeFile;
use poem_openapi::Object;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;

use super::Contents;
use super::contents::has_extension;
use super::filter::{MAX_ITEMS, filter_for, item, size_of};
use super::info::{SelectableItem, human_size};

/// What describes a pipeline.
pub(super) const INDEX: &str = "model_index.json";

/// Parts that a pipeline runs without.
const OPTIONAL: &[&str] = &["safety_checker", "feature_extractor", "image_encoder", "watermarker"];

/// Formats of weights, the best first.
const FORMATS: &[&[&str]] = &[&[".safetensors"], &[".bin"], &[".pt", ".pth"], &[".ckpt"]];

/// Variants of weights: those that most want first; the empty one is the plain file.
const VARIANTS: &[&str] = &["fp16", "", "bf16", "fp32"];

/// A pipeline.
#[derive(Debug, Clone, PartialEq, Eq, Object)]
#[oai(rename = "DiffusersInfo")]
pub(crate) struct DiffusersInfo {
    /// The class that loads it, such as `StableDiffusionPipeline`; empty when not told.
    pub(crate) pipeline_type: String,
    /// The same in words.
    pub(crate) pipeline_description: String,
    /// The version of diffusers that wrote it; empty when not told.
    pub(crate) diffusers_version: String,
    /// Its parts, in the order of the file.
    pub(crate) components: Vec<DiffusersComponent>,
    /// Variants that its weights have: `fp16`, `bf16`, `fp32`.
    pub(crate) variants: Vec<String>,
}

/// A part of a pipeline.
#[derive(Debug, Clone, PartialEq, Eq, Object)]
#[oai(rename = "DiffusersComponent")]
pub(crate) struct DiffusersComponent {
    /// Its name and its folder.
    pub(crate) name: String,
    /// The library that it belongs to: `diffusers`, `transformers`.
    pub(crate) library: String,
    /// The class that loads it.
    pub(crate) class_name: String,
    /// Bytes of all its files, in all variants.
    pub(crate) size: u64,
    /// The same in words.
    pub(crate) size_human: String,
    /// All its files.
    pub(crate) files: Vec<String>,
    /// Whether the pipeline needs it.
    pub(crate) required: bool,
    /// The files of its weights in one variant: those that its item takes.
    pub(crate) weight_files: Vec<String>,
    /// Bytes of these.
    pub(crate) weight_size: u64,
}

/// The keys of a JSON object in their order, which a map would lose.
struct Ordered(Vec<(String, Value)>);

impl<'de> serde::Deserialize<'de> for Ordered {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Ordered;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Ordered, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Ordered(entries))
            }
        }
        deserializer.deserialize_map(Entries)
    }
}

/// The facts, when there is a pipeline in the root.
pub(super) fn detect(contents: &Contents) -> Option<DiffusersInfo> {
    let text = &contents.documents.get(INDEX)?.text;
    let Ordered(entries) = serde_json::from_str(text).ok()?;
    let text_of = |name: &str| {
        let entry = entries.iter().find(|(key, _)| key == name);
        entry.and_then(|(_, value)| value.as_str()).unwrap_or_default().to_owned()
    };
    let pipeline_type = text_of("_class_name");
    let components = entries.iter().filter_map(|(name, value)| component(contents, name, value));
    let components: Vec<_> = components.take(MAX_ITEMS).collect();
    let has_variant = |variant: &&str| {
        !variant.is_empty() && components.iter().flat_map(|part| &part.files).any(|path| variant_of(path) == *variant)
    };
    Some(DiffusersInfo {
        pipeline_description: describe(&pipeline_type),
        pipeline_type,
        diffusers_version: text_of("_diffusers_version"),
        variants: VARIANTS.iter().filter(|variant| has_variant(variant)).map(|variant| (*variant).to_owned()).collect(),
        components,
    })
}

/// A part, unless the entry is a setting or a part that the pipeline does not have (`[null, null]`).
fn component(contents: &Contents, name: &str, value: &Value) -> Option<DiffusersComponent> {
    let [library, class_name] = value.as_array()?.as_slice() else { return None };
    let class_name = class_name.as_str()?;
    if name.starts_with('_') || name.is_empty() || name.contains(['/', '\\']) {
        return None;
    }
    let files = files_of(contents, name);
    let weights = weights_of(&files);
    let size = size_of(&files);
    Some(DiffusersComponent {
        name: name.to_owned(),
        library: library.as_str().unwrap_or_default().to_owned(),
        class_name: class_name.to_owned(),
        size,
        size_human: human_size(size),
        files: files.iter().map(|file| file.path.to_string()).collect(),
        required: !OPTIONAL.contains(&name),
        weight_size: size_of(&weights),
        weight_files: weights.iter().map(|file| file.path.to_string()).collect(),
    })
}

fn files_of<'a>(contents: &'a Contents, component: &str) -> Vec<&'a TreeFile> {
    let inside =
        |file: &&TreeFile| file.path.as_str().strip_prefix(component).is_some_and(|rest| rest.starts_with('/'));
    contents.files.iter().filter(inside).collect()
}

/// The weights in the best format, and of that in one variant, with all shards.
fn weights_of<'a>(files: &[&'a TreeFile]) -> Vec<&'a TreeFile> {
    let plain_folder = |file: &&&TreeFile| file.path.depth() == 1;
    for extensions in FORMATS {
        let of_format = || files.iter().filter(plain_folder).filter(|file| has_extension(file, extensions));
        for variant in VARIANTS {
            let found: Vec<&TreeFile> =
                of_format().copied().filter(|file| variant_of(file.path.as_str()) == *variant).collect();
            if !found.is_empty() {
                return found;
            }
        }
    }
    Vec::new()
}

/// `fp16` of `unet/diffusion_pytorch_model.fp16-00001-of-00002.safetensors`; empty for the plain file.
fn variant_of(path: &str) -> &'static str {
    let name = path.rsplit('/').next().unwrap_or(path);
    let parts = || name.split('.').skip(1).map(|part| part.split('-').next().unwrap_or(part));
    VARIANTS
        .iter()
        .find(|variant| !variant.is_empty() && parts().any(|part| part == **variant))
        .copied()
        .unwrap_or_default()
}

/// One item a component with weights. What the pipeline needs is recommended.
pub(super) fn items(contents: &Contents, info: &DiffusersInfo) -> Vec<SelectableItem> {
    let with_weights = info.components.iter().filter(|component| !component.weight_files.is_empty());
    let make = |component: &DiffusersComponent| {
        let files = weights_of(&files_of(contents, &component.name));
        let variant = files.first().map(|file| variant_of(file.path.as_str())).unwrap_or_default();
        let how = if variant.is_empty() { String::new() } else { format!(", load with variant=\"{variant}\"") };
        let name = &component.name;
        let candidates = [format!("{name}/"), format!("{name}/*{variant}*.safetensors")];
        let filter = filter_for(contents.repo.kind, &contents.files, &files, candidates);
        SelectableItem {
            description: Some(format!("{}{how}{}", component.class_name, filter.note())),
            recommended: component.required,
            filter_value: filter.value,
            ..item(name, name, "component", &files)
        }
    };
    with_weights.map(make).collect()
}

fn describe(pipeline: &str) -> String {
    let known = match pipeline {
        "StableDiffusionPipeline" => "Stable Diffusion: images from text",
        "StableDiffusionImg2ImgPipeline" => "Stable Diffusion: images from images and text",
        "StableDiffusionInpaintPipeline" => "Stable Diffusion: fills in parts of images",
        "StableDiffusionUpscalePipeline" => "Stable Diffusion: larger images",
        "StableDiffusionXLPipeline" => "Stable Diffusion XL: images from text",
        "StableDiffusionXLImg2ImgPipeline" => "Stable Diffusion XL: images from images and text",
        "StableDiffusionXLInpaintPipeline" => "Stable Diffusion XL: fills in parts of images",
        "StableDiffusion3Pipeline" => "Stable Diffusion 3: images from text",
        "StableVideoDiffusionPipeline" => "Stable Video Diffusion: videos from images",
        "FluxPipeline" => "Flux: images from text",
        "FluxFillPipeline" => "Flux: fills in parts of images",
        "FluxKontextPipeline" => "Flux Kontext: changes images as text says",
        "PixArtAlphaPipeline" | "PixArtSigmaPipeline" => "PixArt: images from text",
        "KandinskyPipeline" | "KandinskyV22Pipeline" => "Kandinsky: images from text",
        "QwenImagePipeline" => "Qwen-Image: images from text",
        "SanaPipeline" => "Sana: images from text",
        "LatentConsistencyModelPipeline" => "Latent consistency model: images from text in few steps",
        "AnimateDiffPipeline" => "AnimateDiff: videos from text",
        "CogVideoXPipeline" => "CogVideoX: videos from text",
        "HunyuanVideoPipeline" => "HunyuanVideo: videos from text",
        "WanPipeline" => "Wan: videos from text",
        "LTXPipeline" => "LTX-Video: videos from text",
        "AudioLDMPipeline" | "AudioLDM2Pipeline" => "AudioLDM: audio from text",
        "DDPMPipeline" | "DDIMPipeline" => "Denoising diffusion: images from noise",
        _ => "Diffusers pipeline",
    };
    known.to_owned()
}

#[cfg(test)]
mod tests {
    use hfd_shared::repo::RepoKind;

    use super::*;
    use crate::analyze::testing::{contents, each_filter_takes_exactly_its_files};

    const PIPELINE: &str = r#"{"_class_name": "StableDiffusionPipeline", "_diffusers_version": "0.30.0",
        "vae": ["diffusers", "AutoencoderKL"], "unet": ["diffusers", "UNet2DConditionModel"],
        "text_encoder": ["transformers", "CLIPTextModel"], "safety_checker": ["stable_diffusion", "Checker"],
        "image_encoder": [null, null], "requires_safety_checker": true, "odd": [1, 2], "scheduler": ["diffusers", "PNDMScheduler"]}"#;

    fn repo() -> Contents {
        contents(
            RepoKind::Model,
            &[
                "model_index.json",
                "v1-5.safetensors",
                "vae/config.json",
                "vae/diffusion_pytorch_model.safetensors:7",
                "vae/diffusion_pytorch_model.fp16.safetensors:4",
                "vae/diffusion_pytorch_model.bin",
                "unet/diffusion_pytorch_model-00001-of-00002.safetensors:5",
                "unet/diffusion_pytorch_model-00002-of-00002.safetensors:6",
                "text_encoder/pytorch_model.bin",
                "text_encoder/model.onnx",
                "safety_checker/model.safetensors",
                "scheduler/scheduler_config.json",
            ],
            &[("model_index.json", PIPELINE)],
        )
    }

    #[test]
    fn components_keep_their_order_and_absent_ones_are_left_out() {
        let info = detect(&repo()).unwrap();
        let names: Vec<_> = info.components.iter().map(|part| part.name.as_str()).collect();
        assert_eq!(names, ["vae", "unet", "text_encoder", "safety_checker", "scheduler"]);
        assert_eq!(info.variants, ["fp16"]);
        assert_eq!(info.components[0].weight_size, 4);
        assert_eq!(info.components[1].weight_files.len(), 2);
        assert!(!info.components[3].required && info.components[4].required);
    }

    #[test]
    fn each_component_with_weights_is_an_item() {
        let repo = repo();
        let items = items(&repo, &detect(&repo).unwrap());
        let seen: Vec<_> = items.iter().map(|item| (item.id.as_str(), item.recommended)).collect();
        assert_eq!(seen, [("vae", true), ("unet", true), ("text_encoder", true), ("safety_checker", false)]);
        each_filter_takes_exactly_its_files(&repo, &items);
    }

    #[test]
    fn a_file_that_is_no_pipeline_gives_none() {
        for text in ["[]", "{", "3", ""] {
            assert_eq!(detect(&contents(RepoKind::Model, &[], &[("model_index.json", text)])), None);
        }
    }
}
