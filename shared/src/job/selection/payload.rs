//! What counts as payload: the large files that people choose among.

use crate::repo::{RepoKind, TreeFile};

/// From this size on a file is one of them whatever its name, in bytes.
const LARGE_BYTES: u64 = 64 << 20;

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
    "msgpack",
    "h5",
    "hdf5",
    "keras",
    "pkl",
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
    "litertlm",
    "task",
    "pte",
    "imatrix",
    "parquet",
    "arrow",
    "jsonl",
    "csv",
    "tsv",
    "tar",
    "tgz",
    "zip",
    "7z",
    "gz",
    "zst",
    "xz",
    "bz2",
];

/// Text is data in a dataset, documentation in a model.
const DATASET_EXTENSIONS: &[&str] = &["txt", "json"];

/// Whether a file is dropped when filters are given and none matches it.
pub(super) fn is_payload(kind: RepoKind, file: &TreeFile) -> bool {
    let name = file.path.file_name();
    file.is_lfs()
        && (file.size_bytes >= LARGE_BYTES
            || is_of_format(name, EXTENSIONS)
            || is_tensorflow_data(name)
            || (kind == RepoKind::Dataset && is_of_format(name, DATASET_EXTENSIONS)))
}

/// Whether a file's name has one of these extensions (`gguf`), in any case, also where the file is a part of one that was
/// cut (`m.gguf.part1of2`, `m.gguf-split-a`, `m.zip.001`) or the weights beside one (`m.onnx_data_1`, `m.onnx.data`).
pub fn is_of_format(name: &str, extensions: &[&str]) -> bool {
    let name = name.to_lowercase();
    let Some(last) = name.split('.').skip(1).filter(|word| !is_part(word)).last() else { return false };
    let is_it = |rest: &str| rest.is_empty() || rest.strip_prefix(['-', '_']).is_some_and(is_part);
    extensions.iter().any(|extension| last.strip_prefix(extension).is_some_and(is_it))
}

/// Whether a file holds the weights of a TensorFlow checkpoint: `variables.data-00000-of-00001`.
fn is_tensorflow_data(name: &str) -> bool {
    let last = name.rsplit_once('.').and_then(|(_, last)| last.strip_prefix("data-"));
    last.is_some_and(|part| part.contains("-of-") && is_part(part))
}

/// Whether a word only says which part it is: `001`, `00001-of-00002`, `part1of2`, `split-a`, `data_1`.
fn is_part(word: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_after =
        |start: &str| word.strip_prefix(start).is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '_']));
    let is_begun =
        |rest: &str| rest.is_empty() || rest.starts_with(|next: char| next.is_ascii_digit() || "-_".contains(next));
    word.strip_prefix("part").is_some_and(is_begun)
        || is_after("split")
        || is_after("data")
        || word.split("-of-").all(is_number)
}
