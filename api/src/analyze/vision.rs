//! Vision models, by their family or by what prepares their images.

use poem_openapi::Object;
use serde_json::Value;

use super::Contents;
use super::audio::framework;
use super::fields::{Fields, whole};
use super::model_config::ModelConfig;
use super::transformers::{describe_task, task_of};

/// Families of models that see, by the task that they have unless their class tells another.
const FAMILIES: &[(&str, &str)] = &[
    ("vit", "image-classification"),
    ("deit", "image-classification"),
    ("beit", "image-classification"),
    ("swin", "image-classification"),
    ("swinv2", "image-classification"),
    ("resnet", "image-classification"),
    ("convnext", "image-classification"),
    ("convnextv2", "image-classification"),
    ("efficientnet", "image-classification"),
    ("mobilenet_v2", "image-classification"),
    ("mobilevit", "image-classification"),
    ("dinov2", "image-feature-extraction"),
    ("dinov3_vit", "image-feature-extraction"),
    ("vit_mae", "image-feature-extraction"),
    ("detr", "object-detection"),
    ("conditional_detr", "object-detection"),
    ("deformable_detr", "object-detection"),
    ("rt_detr", "object-detection"),
    ("yolos", "object-detection"),
    ("segformer", "image-segmentation"),
    ("maskformer", "image-segmentation"),
    ("mask2former", "image-segmentation"),
    ("sam", "mask-generation"),
    ("dpt", "depth-estimation"),
    ("depth_anything", "depth-estimation"),
    ("glpn", "depth-estimation"),
];

/// Tasks of images; another task in the name of a class says nothing of them.
const IMAGE_TASKS: &[&str] = &["image-classification", "object-detection", "image-segmentation", "depth-estimation"];

/// A vision model. What its configuration does not tell is left out.
#[derive(Debug, Clone, PartialEq, Object)]
#[oai(rename = "VisionInfo", skip_serializing_if_is_none)]
pub(crate) struct VisionInfo {
    /// What it does, in the Hub's words: `image-classification`.
    pub(crate) task: String,
    /// The same as a sentence.
    pub(crate) task_description: String,
    /// What prepares the images, such as `ViTImageProcessor`.
    pub(crate) image_processor_type: Option<String>,
    /// The size of the images that it takes.
    pub(crate) image_size: Option<ImageSize>,
    /// Colours of a pixel.
    pub(crate) num_channels: u64,
    /// How many classes it tells apart.
    pub(crate) num_labels: Option<u64>,
    /// How colours are scaled.
    pub(crate) normalization: Option<Normalization>,
    /// What runs it: `transformers`, `onnx`, `pytorch`.
    pub(crate) framework: String,
}

/// The size of an image in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Object)]
#[oai(rename = "ImageSize")]
pub(crate) struct ImageSize {
    /// Rows.
    pub(crate) height: u64,
    /// Columns.
    pub(crate) width: u64,
}

/// How colours are scaled: minus the mean, by the deviation; a number for each channel.
#[derive(Debug, Clone, PartialEq, Object)]
#[oai(rename = "Normalization")]
pub(crate) struct Normalization {
    /// What is taken away.
    pub(crate) mean: Vec<f64>,
    /// What it is divided by.
    pub(crate) std: Vec<f64>,
}

/// The facts, when the model sees and does nothing else.
pub(super) fn detect(contents: &Contents) -> Option<VisionInfo> {
    let config = ModelConfig::of(contents);
    let prepare = Fields(contents.json("preprocessor_config.json"));
    let model_type = config.map(ModelConfig::model_type).unwrap_or_default();
    let family = FAMILIES.iter().find(|(name, _)| *name == model_type);
    let sees = prepare.get("image_mean").is_some() || prepare.text("image_processor_type").is_some();
    if family.is_none() && !sees {
        return None;
    }
    let by_class = config.and_then(|config| task_of(config.architecture())).filter(|task| IMAGE_TASKS.contains(task));
    let task = by_class.or(family.map(|(_, task)| *task)).unwrap_or("image-classification");
    let top = config.map(|config| config.top);
    let labels = top.and_then(|top| {
        let named = top.object("id2label").and_then(|labels| labels.0.as_object()).map(|labels| labels.len() as u64);
        named.or_else(|| top.number("num_labels"))
    });
    let reals = |key: &str| -> Vec<f64> {
        let list = prepare.get(key).and_then(Value::as_array);
        list.map(|list| list.iter().filter_map(Value::as_f64).collect()).unwrap_or_default()
    };
    let (mean, std) = (reals("image_mean"), reals("image_std"));
    Some(VisionInfo {
        task: task.to_owned(),
        task_description: describe_task(task),
        image_processor_type: prepare
            .text("image_processor_type")
            .or_else(|| prepare.text("feature_extractor_type"))
            .map(str::to_owned),
        image_size: image_size(top, prepare),
        num_channels: top.and_then(|top| top.number("num_channels")).unwrap_or(3),
        num_labels: labels,
        normalization: (!mean.is_empty()).then_some(Normalization { mean, std }),
        framework: framework(contents),
    })
}

/// As the model is configured; else as the images are cut, or scaled.
pub(super) fn image_size(config: Option<Fields<'_>>, prepare: Fields<'_>) -> Option<ImageSize> {
    let of_config = config.and_then(|config| config.get("image_size")).and_then(size);
    of_config.or_else(|| ["crop_size", "size"].iter().find_map(|key| size(prepare.get(key)?)))
}

/// `224`, `[224, 224]`, `{"height": 224, "width": 224}` or `{"shortest_edge": 224}`.
fn size(value: &Value) -> Option<ImageSize> {
    if let Some(edge) = whole(value) {
        return Some(ImageSize { height: edge, width: edge });
    }
    if let Some([height, width]) = value.as_array().map(Vec::as_slice) {
        return Some(ImageSize { height: whole(height)?, width: whole(width)? });
    }
    let fields = Fields(value);
    let edge = fields.number("shortest_edge");
    let height = fields.number("height").or(edge)?;
    Some(ImageSize { height, width: fields.number("width").or(edge)? })
}

#[cfg(test)]
mod tests {
    use hfd_shared::repo::RepoKind;
    use serde_json::json;

    use super::*;
    use crate::analyze::testing::contents;

    #[test]
    fn sizes_are_read_in_every_form() {
        let square = Some(ImageSize { height: 224, width: 224 });
        for value in
            [json!(224), json!([224, 224]), json!({"height": 224, "width": 224}), json!({"shortest_edge": 224})]
        {
            assert_eq!(size(&value), square, "{value}");
        }
        assert_eq!([json!("224"), json!([1]), json!({"height": 1}), json!(-1)].map(|value| size(&value)), [None; 4]);
    }

    #[test]
    fn a_detector_of_objects_is_told_by_its_class() {
        let config = r#"{"model_type": "other", "architectures": ["OtherForObjectDetection"], "id2label": {"0": "a", "1": "b"}}"#;
        let prepare = r#"{"image_mean": [0.5, 0.5, 0.5], "image_std": [1, 1, 1], "size": 64}"#;
        let repo = contents(
            RepoKind::Model,
            &["model.onnx"],
            &[("config.json", config), ("preprocessor_config.json", prepare)],
        );
        let info = detect(&repo).unwrap();
        assert_eq!(
            (info.task.as_str(), info.num_labels, info.framework.as_str()),
            ("object-detection", Some(2), "onnx")
        );
        assert!(detect(&contents(RepoKind::Model, &[], &[("config.json", r#"{"model_type": "bert"}"#)])).is_none());
    }
}
