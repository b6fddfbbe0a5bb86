//! The answer: what every analysis holds. Each type's own section is beside its detector.

use hfd_shared::repo::TreeFile;
use poem_openapi::types::ToJSON;
use poem_openapi::{Enum, Object};
use time::OffsetDateTime;

use super::audio::AudioInfo;
use super::dataset::DatasetInfo;
use super::diffusers::DiffusersInfo;
use super::gguf::GgufInfo;
use super::lora::LoraInfo;
use super::multimodal::MultimodalInfo;
use super::onnx::OnnxInfo;
use super::quantized::QuantizedInfo;
use super::transformers::TransformersInfo;
use super::vision::VisionInfo;
use crate::written::Written;

pub(crate) use crate::view::human_size;

/// What a repository holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "AnalysisType", rename_all = "lowercase")]
pub(crate) enum RepoType {
    /// GGUF files, for llama.cpp and its kin.
    Gguf,
    /// A model for the transformers library.
    Transformers,
    /// A pipeline for the diffusers library.
    Diffusers,
    /// A LoRA or another PEFT adapter.
    Lora,
    /// Quantized with GPTQ.
    Gptq,
    /// Quantized with AWQ.
    Awq,
    /// Quantized in another way: exl2, exl3, bitsandbytes, fp8, hqq, eetq, compressed-tensors, mlx.
    Quantized,
    /// ONNX models.
    Onnx,
    /// An audio model.
    Audio,
    /// A vision model.
    Vision,
    /// A model of several modalities.
    Multimodal,
    /// A dataset.
    Dataset,
    /// None of these.
    Generic,
}

/// A file of the repository.
#[derive(Debug, Clone, PartialEq, Eq, Object)]
#[oai(rename = "FileInfo", skip_serializing_if_is_none)]
pub(crate) struct FileInfo {
    /// Its name, without folders.
    pub(crate) name: String,
    /// Where it lies in the repository.
    pub(crate) path: String,
    /// Its folder; `.` for the root.
    pub(crate) directory: String,
    /// Its size in bytes.
    pub(crate) size: u64,
    /// Its size in words, as `4.2 GiB`.
    pub(crate) size_human: String,
    /// Whether it is stored outside git.
    pub(crate) lfs: bool,
    /// The same as `lfs`.
    pub(crate) is_lfs: bool,
    /// The SHA-256 of its content, for files outside git.
    pub(crate) sha256: Option<String>,
}

impl From<&TreeFile> for FileInfo {
    fn from(file: &TreeFile) -> Self {
        let path = file.path.as_str();
        Self {
            name: file.path.file_name().to_owned(),
            path: path.to_owned(),
            directory: path.rsplit_once('/').map_or(".", |(folder, _)| folder).to_owned(),
            size: file.size_bytes,
            size_human: human_size(file.size_bytes),
            lfs: file.is_lfs(),
            is_lfs: file.is_lfs(),
            sha256: file.is_lfs().then(|| file.blob.to_string()),
        }
    }
}

/// Whether a ref moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "lowercase")]
pub(crate) enum RefType {
    /// A branch.
    Branch,
    /// A tag.
    Tag,
}

/// A branch or a tag.
#[derive(Debug, Clone, PartialEq, Eq, Object)]
#[oai(rename = "Ref")]
pub(crate) struct RefInfo {
    /// Its name.
    pub(crate) name: String,
    /// Branch or tag.
    #[oai(rename = "type")]
    pub(crate) kind: RefType,
    /// The commit that it points to.
    pub(crate) commit: String,
}

/// Something a user can choose to download.
#[derive(Debug, Clone, Default, PartialEq, Object)]
#[oai(rename = "SelectableItem", skip_serializing_if_is_none)]
pub(crate) struct SelectableItem {
    /// Its name among the items.
    pub(crate) id: String,
    /// What to call it.
    pub(crate) label: String,
    /// What it is good for.
    pub(crate) description: Option<String>,
    /// Bytes of its files.
    pub(crate) size: u64,
    /// The same in words.
    pub(crate) size_human: String,
    /// How good it is, from 1 to 5.
    pub(crate) quality: Option<u8>,
    /// The same as stars.
    pub(crate) quality_stars: Option<String>,
    /// Whether it is the one that most want.
    pub(crate) recommended: bool,
    /// What kind of item it is: `quantization`, `format`, `component`, `split`, …
    pub(crate) category: String,
    /// The filter that takes exactly its files (more, where its description says so), for `filters` of a download; several
    /// are separated by commas.
    pub(crate) filter_value: String,
    /// The paths of its files.
    pub(crate) files: Vec<String>,
    /// Memory that it needs, in bytes.
    pub(crate) ram: Option<u64>,
    /// The same in words.
    pub(crate) ram_human: Option<String>,
    /// The revision to download, where it is another than the analysed one.
    pub(crate) revision: Option<String>,
}

/// Another repository that belongs to this one.
#[derive(Debug, Clone, PartialEq, Eq, Object)]
#[oai(rename = "RelatedDownload")]
pub(crate) struct RelatedDownload {
    /// What it is to this one: `base_model`.
    #[oai(rename = "type")]
    pub(crate) kind: String,
    /// Its name.
    pub(crate) repo: String,
    /// What to call it.
    pub(crate) label: String,
    /// Whether this one cannot be used without it.
    pub(crate) required: bool,
}

/// The sections that types add; a repository may have several.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Sections {
    pub(crate) transformers: Option<TransformersInfo>,
    pub(crate) diffusers: Option<DiffusersInfo>,
    pub(crate) lora: Option<LoraInfo>,
    pub(crate) quantized: Option<QuantizedInfo>,
    pub(crate) onnx: Option<OnnxInfo>,
    pub(crate) audio: Option<AudioInfo>,
    pub(crate) vision: Option<VisionInfo>,
    pub(crate) multimodal: Option<MultimodalInfo>,
    pub(crate) dataset: Option<DatasetInfo>,
    /// What a user can choose.
    pub(crate) items: Vec<SelectableItem>,
    /// What belongs to it.
    pub(crate) related: Vec<RelatedDownload>,
}

/// What a repository holds.
#[derive(Debug, Clone, PartialEq, Object)]
#[oai(rename = "RepoInfo", skip_serializing_if_is_none)]
pub(crate) struct RepoInfo {
    /// The repository, `owner/name`.
    pub(crate) repo: String,
    /// Whether it is a dataset.
    pub(crate) is_dataset: bool,
    /// What it holds.
    #[oai(rename = "type")]
    pub(crate) kind: RepoType,
    /// The same in words.
    pub(crate) type_description: String,
    /// How many files it has.
    pub(crate) file_count: u64,
    /// Bytes of all files.
    pub(crate) total_size: u64,
    /// The same in words.
    pub(crate) total_size_human: String,
    /// The revision as asked for.
    pub(crate) branch: String,
    /// The commit that it means.
    pub(crate) commit: String,
    /// Branches and tags; empty when the Hub did not tell them.
    pub(crate) refs: Vec<RefInfo>,
    /// The files, in the Hub's order.
    pub(crate) files: Vec<FileInfo>,
    /// A model in GGUF.
    pub(crate) gguf: Option<GgufInfo>,
    /// For the transformers library.
    pub(crate) transformers: Option<TransformersInfo>,
    /// For the diffusers library.
    pub(crate) diffusers: Option<DiffusersInfo>,
    /// An adapter.
    pub(crate) lora: Option<LoraInfo>,
    /// How the weights are quantized.
    pub(crate) quantized: Option<QuantizedInfo>,
    /// The same as `quantized`, when the method is GPTQ.
    pub(crate) gptq: Option<QuantizedInfo>,
    /// The same as `quantized`, when the method is AWQ.
    pub(crate) awq: Option<QuantizedInfo>,
    /// ONNX models.
    pub(crate) onnx: Option<OnnxInfo>,
    /// An audio model.
    pub(crate) audio: Option<AudioInfo>,
    /// A vision model.
    pub(crate) vision: Option<VisionInfo>,
    /// A model of several modalities.
    pub(crate) multimodal: Option<MultimodalInfo>,
    /// A dataset.
    pub(crate) dataset: Option<DatasetInfo>,
    /// What a user can choose to download.
    pub(crate) selectable_items: Vec<SelectableItem>,
    /// Other repositories that belong to it.
    pub(crate) related_downloads: Vec<RelatedDownload>,
    /// The command that downloads all of it.
    pub(crate) cli_command: String,
    /// The command that downloads what is recommended.
    pub(crate) cli_command_full: String,
    /// When this was found out.
    pub(crate) analyzed_at: OffsetDateTime,
}

impl RepoInfo {
    /// The answer as JSON.
    pub(crate) fn written(mut self) -> Written<Self> {
        let files = std::mem::take(&mut self.files);
        Written::with_list(&self, "files", files.iter().map(ToJSON::to_json_string))
    }
}
