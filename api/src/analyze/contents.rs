//! What is known of a repository at one commit before its type is decided.

use std::collections::BTreeMap;

use hfd_shared::job::is_of_format;
use hfd_shared::repo::{CommitHash, RepoRef, TreeFile};
use serde_json::Value;

/// A metadata file that was read.
#[derive(Debug, Clone)]
pub(crate) struct Document {
    /// As it stands in the repository: where the order of keys counts, or where it is no JSON.
    pub(crate) text: String,
    /// As JSON; null when it is none.
    pub(crate) json: Value,
}

/// A tensor, as far as it is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tensor {
    /// How many elements it has.
    pub(crate) elements: u64,
    /// Bits of an element; none when the name of its type does not tell.
    pub(crate) element_bits: Option<u64>,
}

/// The tensors of a repository's safetensors files, from their headers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tensors {
    /// How many elements there are of each data type, by its name in the format (`F16`, `BF16`, `F32`, `I8`, `U8`, …).
    pub(crate) elements_by_dtype: BTreeMap<String, u64>,
    /// All tensors, by name.
    pub(crate) by_name: BTreeMap<String, Tensor>,
}

impl Tensors {
    /// All elements.
    pub(crate) fn elements(&self) -> u64 {
        self.elements_by_dtype.values().fold(0, |sum, count| sum.saturating_add(*count))
    }
}

/// What detectors look at.
#[derive(Debug)]
pub(crate) struct Contents {
    /// The repository.
    pub(crate) repo: RepoRef,
    /// Its commit.
    pub(crate) commit: CommitHash,
    /// Its files, in the Hub's order.
    pub(crate) files: Vec<TreeFile>,
    /// The metadata files that were read, by path.
    pub(crate) documents: BTreeMap<String, Document>,
    /// From the headers of the model's safetensors files (those of the root, or of one component); none when there are
    /// none or one of them could not be read.
    pub(crate) tensors: Option<Tensors>,
}

impl Contents {
    /// A metadata file as JSON; null when it is not there or no JSON.
    pub(crate) fn json(&self, path: &str) -> &Value {
        self.documents.get(path).map_or(&Value::Null, |document| &document.json)
    }

    /// Whether a file is there, by its whole path.
    pub(crate) fn has(&self, path: &str) -> bool {
        self.files.iter().any(|file| file.path.as_str() == path)
    }

    /// The files of one of these formats (`gguf`), parts of a cut file too.
    pub(crate) fn of_format<'a>(&'a self, extensions: &'a [&str]) -> impl Iterator<Item = &'a TreeFile> {
        self.files.iter().filter(|file| is_of_format(file.path.file_name(), extensions))
    }

    /// The files with one of these extensions (`.gguf`), in any case.
    pub(crate) fn with_extension<'a>(&'a self, extensions: &'a [&str]) -> impl Iterator<Item = &'a TreeFile> {
        self.files.iter().filter(|file| has_extension(file, extensions))
    }
}

/// Whether a file's name ends like this, in any case.
pub(crate) fn has_extension(file: &TreeFile, extensions: &[&str]) -> bool {
    let name = file.path.file_name().to_ascii_lowercase();
    extensions.iter().any(|extension| name.ends_with(extension))
}
