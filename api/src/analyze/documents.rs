//! The small files that tell of a repository: configurations, the model card, indexes.

use std::collections::BTreeMap;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use hfd_shared::blocking::blocking;
use hfd_shared::hub::HubError;
use hfd_shared::repo::TreeFile;
use serde_json::Value;

use super::contents::Document;
use super::head::{Head, Source};

/// A larger file is no metadata. Only the index of a model with very many tensors comes close.
const MAX_BYTES: u64 = 10 << 20;
/// How many are read. A pipeline has a few for each of its components.
const MAX_DOCUMENTS: usize = 40;
/// How much of all is read.
const MAX_BYTES_IN_ALL: u64 = 32 << 20;
/// How many JSON values of all are kept: each takes far more memory than its text.
const MAX_VALUES_IN_ALL: usize = 400_000;
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

/// Reads them, the most telling first. One that is odd (changed, or not in the way that the Hub serves files) is left out,
/// as is what goes beyond the limits.
///
/// # Errors
/// When the Hub does not answer, or not to us.
pub(super) async fn read(source: &Source<'_>, files: &[TreeFile]) -> Result<BTreeMap<String, Document>, HubError> {
    let reads: Vec<_> = wanted(files).into_iter().map(|file| read_one(source, file)).collect();
    let texts: Vec<Option<(String, String)>> = stream::iter(reads).buffered(MAX_READS).try_collect().await?;
    Ok(blocking(move || parse(texts.into_iter().flatten())).await)
}

fn wanted(files: &[TreeFile]) -> Vec<&TreeFile> {
    let mut ranked: Vec<(usize, usize, &TreeFile)> = files
        .iter()
        .filter(|file| file.size_bytes <= MAX_BYTES)
        .filter_map(|file| rank(file.path.as_str()).map(|(depth, place)| (depth, place, file)))
        .collect();
    ranked.sort_by_key(|&(depth, place, _)| (depth, place));
    let mut left = MAX_BYTES_IN_ALL;
    let fits = |file: &&TreeFile| left.checked_sub(file.size_bytes).map(|rest| left = rest).is_some();
    ranked.into_iter().map(|(.., file)| file).filter(fits).take(MAX_DOCUMENTS).collect()
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

/// The path and the text.
async fn read_one(source: &Source<'_>, file: &TreeFile) -> Result<Option<(String, String)>, HubError> {
    let mut head = Head::new(source, file);
    match head.read_to(file.size_bytes).await {
        Ok(bytes) => Ok(Some((file.path.to_string(), String::from_utf8_lossy(bytes).into_owned()))),
        Err(error) => source.leave_out(error).map(|_| None),
    }
}

fn parse(texts: impl Iterator<Item = (String, String)>) -> BTreeMap<String, Document> {
    let mut left = MAX_VALUES_IN_ALL;
    let document = |(path, text): (String, String)| {
        // Each value but the outermost one follows one of these.
        let values = text.bytes().filter(|byte| b",[{".contains(byte)).count();
        let json = match left.checked_sub(values) {
            _ if !path.ends_with(".json") => Value::Null,
            Some(rest) => {
                left = rest;
                json_of(&text)
            }
            None => {
                tracing::info!(path, "a metadata file of too many values is left out of an analysis");
                Value::Null
            }
        };
        (path, Document { text, json })
    };
    texts.map(document).collect()
}

/// JSON as Python writes it, null if it is none.
fn json_of(text: &str) -> Value {
    serde_json::from_str(text).or_else(|_| serde_json::from_str(&without_odd_numbers(text))).unwrap_or(Value::Null)
}

/// Python writes numbers that JSON does not know. They become null, but for what stands between quotes.
fn without_odd_numbers(text: &str) -> String {
    let mut is_quoted = false;
    let plain = |piece: &str| {
        if is_quoted {
            let before = piece.trim_end_matches('"');
            let escapes = before.len() - before.trim_end_matches('\\').len();
            is_quoted = escapes % 2 == 1;
            return piece.to_owned();
        }
        is_quoted = piece.ends_with('"');
        ["-Infinity", "Infinity", "NaN"].iter().fold(piece.to_owned(), |piece, odd| piece.replace(odd, "null"))
    };
    text.split_inclusive('"').map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyze::testing::files;

    #[test]
    fn metadata_is_wanted_in_the_root_and_in_the_folders_of_components() {
        assert_eq!(rank("README.md"), Some((0, 0)));
        assert_eq!(rank("config.json"), Some((0, 0)));
        assert_eq!(rank("unet/config.json"), Some((1, 0)));
        assert_eq!(rank("a/b/config.json"), None);
        assert_eq!(rank("unet/README.md"), None);
        assert_eq!(rank("vocab.json"), None);
    }

    #[test]
    fn metadata_has_a_limit_in_all_and_the_most_telling_comes_first() {
        let large = format!(":{MAX_BYTES}");
        let mut paths: Vec<String> = (0..9).map(|at| format!("{at}/config.json{large}")).collect();
        paths.extend(["x/dataset_info.json:7".to_owned(), format!("README.md{large}"), "config.json:7".to_owned()]);
        let files = files(&paths.iter().map(String::as_str).collect::<Vec<_>>());
        let read: Vec<_> = wanted(&files).into_iter().map(|file| file.path.as_str()).collect();
        assert_eq!(read, ["README.md", "config.json", "0/config.json", "1/config.json", "x/dataset_info.json"]);
    }

    #[test]
    fn numbers_that_only_python_knows_are_passed_over() {
        let text = r#"{"limit": [0.0, Infinity, -Infinity], "nan": NaN, "text": "NaN \" Infinity \\", "b\\": NaN}"#;
        let json =
            serde_json::json!({"limit": [0.0, null, null], "nan": null, "text": "NaN \" Infinity \\", "b\\": null});
        assert_eq!(json_of(text), json);
        assert_eq!(json_of("{\"a\": NaN"), Value::Null);
    }

    #[test]
    fn a_file_of_too_many_values_is_not_read_as_json() {
        let text = |values: usize| format!("[{}0]", "0,".repeat(values));
        let values = [("a.json", MAX_VALUES_IN_ALL - 100), ("b.json", 100), ("c.json", 10), ("README.md", 100)];
        let read = parse(values.iter().map(|&(path, values)| (path.to_owned(), text(values))));
        let is_read: Vec<_> = read.iter().map(|(path, document)| (path.as_str(), document.json.is_array())).collect();
        assert_eq!(is_read, [("README.md", false), ("a.json", true), ("b.json", false), ("c.json", true)]);
    }
}
