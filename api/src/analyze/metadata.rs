//! Which small files of a repository tell what it holds.

use hfd_shared::repo::{RepoKind, TreeFile};

/// In the root of a model.
const OF_MODELS: &[&str] = &[
    "config.json",
    "tokenizer_config.json",
    "generation_config.json",
    "chat_template.jinja",
    "preprocessor_config.json",
    "processor_config.json",
    "adapter_config.json",
    "model_index.json",
    "quantize_config.json",
    "quantization_config.json",
    "README.md",
];

/// In the root of a dataset.
const OF_DATASETS: &[&str] = &["README.md"];

/// The files to read before detectors look at a repository, those in its root.
pub(super) fn files(kind: RepoKind, files: &[TreeFile]) -> Vec<&TreeFile> {
    let wanted = match kind {
        RepoKind::Model => OF_MODELS,
        RepoKind::Dataset => OF_DATASETS,
    };
    files.iter().filter(|file| wanted.contains(&file.path.as_str())).collect()
}
