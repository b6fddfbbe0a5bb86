//! What a user can choose to download of a repository, by what it holds. GGUF repositories have choices of their own.

use super::Contents;
use super::info::{Sections, SelectableItem};
use super::{dataset, diffusers, onnx, transformers};

/// The choices: parts of a dataset or a pipeline, else formats of weights, else precisions of ONNX models. None when
/// everything is wanted anyway.
pub(super) fn of(contents: &Contents, sections: &Sections) -> Vec<SelectableItem> {
    if sections.dataset.is_some() {
        return dataset::items(contents);
    }
    if let Some(pipeline) = &sections.diffusers {
        return diffusers::items(contents, pipeline);
    }
    let formats = transformers::items(contents);
    if formats.is_empty() { onnx::items(contents) } else { formats }
}
