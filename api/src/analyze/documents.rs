//! The small files that tell of a repository: configurations, the model card, indexes.

use std::collections::BTreeMap;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use hfd_shared::hub::{HubClient, HubError};
use hfd_shared::repo::{CommitHash, RepoRef, TreeFile};
use serde_json::Value;

use super::contents::Document;
use super::head::{Head, is_of_the_hub};

/// A larger file is no metadata.
const MAX_BYTES: u64 = 10 << 20;
/// How many are read. A pipeline has a few for each of its components.
const MAX_DOCUMENTS: usize = 40;
/// How many are read at a time.
const MAX_READS: usize = 4;

/// What is read wherever it lies in the root or in a folder of it, the most telling first.
const NAMES: [&str; 20] = [
    "config.json",
    "model_index.json",
    "adapter_config.json",
    "quantize_config.json",
    "quant_config.json",
    "quantization_config.json",
    "hf_quant_config.json",
    "generation_config.json",
    "tokenizer_config.json",
    "preprocessor_config.json",
    "processor_config.json",
    "scheduler_config.json",
    "special_tokens_map.json",
    "chat_template.jinja",
    "chat_template.json",
    "model.safetensors.index.json",
    "modules.json",
    "config_sentence_transformers.json",
    "dataset_infos.json",
    "dataset_info.json",
];

/// What is read in the root only.
const CARD: &str = "README.md";

/// Reads them. One that is odd (changed, or not in the way that the Hub serves files) is left out.
///
/// # Errors
/// When the Hub does not answer, or not to us.
pub(super) async fn read(
    hub: &HubClient,
    repo: &RepoRef,
    commit: CommitHash,
    files: &[TreeFile],
) -> Result<BTreeMap<String, Document>, HubError> {
    let reads: Vec<_> = wanted(files).into_iter().map(|file| read_one(hub, repo, commit, file)).collect();
    let found: Vec<_> = stream::iter(reads).buffer_unordered(MAX_READS).try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}

fn wanted(files: &[TreeFile]) -> Vec<&TreeFile> {
    let mut ranked: Vec<(usize, usize, &TreeFile)> = files
        .iter()
        .filter(|file| file.size_bytes <= MAX_BYTES)
        .filter_map(|file| rank(file.path.as_str()).map(|(depth, place)| (depth, place, file)))
        .collect();
    ranked.sort_by_key(|&(depth, place, _)| (depth, place));
    ranked.into_iter().map(|(.., file)| file).take(MAX_DOCUMENTS).collect()
}

/// How deep it lies, and its place among the names; none when it is not wanted.
fn rank(path: &str) -> Option<(usize, usize)> {
    if path == CARD {
        return Some((0, 0));
    }
    let depth = path.matches('/').count();
    let name = path.rsplit('/').next().unwrap_or(path);
    let place = NAMES.iter().position(|known| *known == name)?;
    (depth <= 1).then_some((depth, place))
}

async fn read_one(
    hub: &HubClient,
    repo: &RepoRef,
    commit: CommitHash,
    file: &TreeFile,
) -> Result<Option<(String, Document)>, HubError> {
    let mut head = Head::new(hub, repo, commit, file);
    match head.read_to(file.size_bytes).await {
        Ok(bytes) => {
            let text = String::from_utf8_lossy(bytes).into_owned();
            let json = serde_json::from_str(&text).unwrap_or(Value::Null);
            Ok(Some((file.path.to_string(), Document { text, json })))
        }
        Err(error) if is_of_the_hub(&error) => Err(error),
        Err(error) => {
            tracing::info!(%error, "a metadata file is left out of an analysis");
            Ok(None)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_wanted_in_the_root_and_in_the_folders_of_components() {
        assert_eq!(rank("README.md"), Some((0, 0)));
        assert_eq!(rank("config.json"), Some((0, 0)));
        assert_eq!(rank("unet/config.json"), Some((1, 0)));
        assert_eq!(rank("a/b/config.json"), None);
        assert_eq!(rank("unet/README.md"), None);
        assert_eq!(rank("vocab.json"), None);
    }
}
