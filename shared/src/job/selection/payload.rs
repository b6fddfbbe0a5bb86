//! What counts as payload: the large files that people choose among.

use crate::repo::{RepoKind, TreeFile};

/// Weights, archives and tabular data.
const EXTENSIONS: &[&str] = &[
    "safetensors",
    "bin",
    "pt",
    "pth",
    "ckpt",
    "gguf",
    "ggml",
    "gguf_file",
    "onnx",
    "onnx_data",
    "msgpack",
    "h5",
    "tflite",
    "ot",
    "npz",
    "npy",
    "pb",
    "mlmodel",
    "act",
    "dat",
    "llamafile",
    "nemo",
    "imatrix",
    "parquet",
    "arrow",
    "jsonl",
    "csv",
    "tsv",
    "tar",
    "zip",
    "gz",
    "zst",
    "xz",
    "bz2",
];

/// Text is data in a dataset, documentation in a model.
const DATASET_EXTENSIONS: &[&str] = &["txt", "json"];

/// Parts of a file split by older tools: `model.gguf-split-a`.
const SPLIT_PREFIX: &str = "gguf-split-";

/// Whether a file is dropped when filters are given and none matches it.
pub(super) fn is_payload(kind: RepoKind, file: &TreeFile) -> bool {
    let name = file.path.file_name().to_lowercase();
    let Some((_, extension)) = name.rsplit_once('.') else { return false };
    file.is_lfs()
        && (EXTENSIONS.contains(&extension)
            || extension.starts_with(SPLIT_PREFIX)
            || (kind == RepoKind::Dataset && DATASET_EXTENSIONS.contains(&extension)))
}
