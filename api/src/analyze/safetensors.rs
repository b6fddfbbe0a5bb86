//! The headers of safetensors files: which tensors there are, of which type and shape.
//!
//! A file begins with the header's length, 8 bytes little-endian, and the header, a JSON object; see
//! <https://github.com/huggingface/safetensors#format>.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use hfd_shared::hub::HubError;
use hfd_shared::repo::TreeFile;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::contents::{Document, Tensor, Tensors, has_extension};
use super::head::{Head, Source};

const EXTENSION: &[&str] = &[".safetensors"];
const INDEX: &str = "model.safetensors.index.json";
/// Not a tensor, but words about the file.
const METADATA: &str = "__metadata__";
/// The header's length at the beginning of a file.
const LENGTH_BYTES: u64 = 8;
/// What is read first: enough for a file of some hundred tensors.
const FIRST_BYTES: u64 = 64 << 10;
/// The longest header that is read. The format allows 100 MB; models have some MB at most.
const MAX_BYTES: u64 = 16 << 20;
/// The tensors of a model of more files are not counted.
const MAX_SHARDS: usize = 256;
/// A model of more tensors is not counted: the largest have some 200,000.
const MAX_TENSORS: usize = 500_000;
/// Longer names of tensors and of types are nobody's, and nobody has so many types: all of them are kept.
const MAX_NAME_BYTES: usize = 256;
const MAX_TYPE_BYTES: usize = 32;
const MAX_TYPES: usize = 256;
/// How many headers are read at a time.
const MAX_READS: usize = 4;
/// Of several files or folders, these hold the model.
const USUAL_NAMES: [&str; 4] = ["model", "diffusion_pytorch_model", "pytorch_model", "adapter_model"];
const USUAL_FOLDERS: [&str; 3] = ["", "transformer", "unet"];

/// Why the tensors are not known.
#[derive(Debug, thiserror::Error)]
enum TensorsError {
    #[error(transparent)]
    Hub(#[from] HubError),
    #[error("{path}: {reason}")]
    Header { path: String, reason: &'static str },
    #[error("there are more than {MAX_TENSORS}, or more than {MAX_TYPES} types")]
    TooMany,
}

/// The tensors of the repository's model; none when there are none, or a header cannot be read.
///
/// # Errors
/// When the Hub does not answer, or not to us.
pub(super) async fn read(
    source: &Source<'_>,
    files: &[TreeFile],
    documents: &BTreeMap<String, Document>,
) -> Result<Option<Tensors>, HubError> {
    let shards = model_files(files, documents);
    if shards.is_empty() || shards.len() > MAX_SHARDS {
        return Ok(None);
    }
    let reads: Vec<_> = shards.into_iter().map(|file| read_one(source, file)).collect();
    let parts = stream::iter(reads).buffered(MAX_READS);
    match parts.try_fold(Tensors::default(), |whole, part| async move { add(whole, part) }).await {
        Ok(all) => Ok(Some(all)),
        Err(TensorsError::Hub(error)) => source.leave_out(error).map(|_| None),
        Err(error) => {
            tracing::info!(%error, "the tensors of a model are not counted");
            Ok(None)
        }
    }
}

async fn read_one(source: &Source<'_>, file: &TreeFile) -> Result<Tensors, TensorsError> {
    let wrong = |reason| TensorsError::Header { path: file.path.to_string(), reason };
    let mut head = Head::new(source, file);
    let first = head.read_to(FIRST_BYTES).await?;
    let length = first.first_chunk().map(|bytes| u64::from_le_bytes(*bytes)).ok_or_else(|| wrong("it is too short"))?;
    if length > MAX_BYTES {
        return Err(wrong("its header is longer than 16 MiB"));
    }
    let bytes = head.read_to(LENGTH_BYTES + length).await?;
    let end = usize::try_from(LENGTH_BYTES + length).unwrap_or(usize::MAX);
    let header = bytes.get(8..end).ok_or_else(|| wrong("it ends within its header"))?;
    parse(header).ok_or_else(|| wrong("its header is no JSON object of tensors with a type and a shape each"))
}

fn parse(header: &[u8]) -> Option<Tensors> {
    serde_json::from_slice(header).ok().map(|Header(tensors)| tensors)
}

fn add(mut whole: Tensors, part: Tensors) -> Result<Tensors, TensorsError> {
    for (dtype, elements) in part.elements_by_dtype {
        let known = whole.elements_by_dtype.entry(dtype).or_default();
        *known = known.saturating_add(elements);
    }
    whole.by_name.extend(part.by_name);
    let is_too_many = whole.by_name.len() > MAX_TENSORS || whole.elements_by_dtype.len() > MAX_TYPES;
    if is_too_many { Err(TensorsError::TooMany) } else { Ok(whole) }
}

/// A header. Of its entries only what is counted is ever in memory.
struct Header(Tensors);

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Header;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object of tensors")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Header, A::Error> {
                let mut tensors = Tensors::default();
                while let Some(name) = map.next_key::<String>()? {
                    if name == METADATA {
                        map.next_value::<IgnoredAny>()?;
                        continue;
                    }
                    let Entry { dtype, elements: Elements(elements) } = map.next_value()?;
                    if name.len() > MAX_NAME_BYTES || dtype.len() > MAX_TYPE_BYTES {
                        return Err(A::Error::custom("a name is too long"));
                    }
                    let element_bits = bits_of(&dtype);
                    let known = tensors.elements_by_dtype.entry(dtype).or_default();
                    *known = known.saturating_add(elements);
                    tensors.by_name.insert(name, Tensor { elements, element_bits });
                }
                Ok(Header(tensors))
            }
        }
        deserializer.deserialize_map(Entries)
    }
}

#[derive(Deserialize)]
struct Entry {
    dtype: String,
    #[serde(rename = "shape")]
    elements: Elements,
}

/// The product of a shape.
struct Elements(u64);

impl<'de> Deserialize<'de> for Elements {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Sizes;
        impl<'de> Visitor<'de> for Sizes {
            type Value = Elements;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a list of sizes")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut sizes: A) -> Result<Elements, A::Error> {
                let mut product: u64 = 1;
                while let Some(size) = sizes.next_element::<u64>()? {
                    product = product.checked_mul(size).ok_or_else(|| A::Error::custom("more than can be counted"))?;
                }
                Ok(Elements(product))
            }
        }
        deserializer.deserialize_seq(Sizes)
    }
}

/// The number in the name of a type: 16 of `BF16`, 8 of `F8_E4M3`.
fn bits_of(dtype: &str) -> Option<u64> {
    dtype.trim_start_matches(|c: char| c.is_ascii_alphabetic()).split('_').next()?.parse().ok()
}

/// The files of one model: those that the index names, else those of the usual name, else the largest.
fn model_files<'a>(files: &'a [TreeFile], documents: &BTreeMap<String, Document>) -> Vec<&'a TreeFile> {
    let weights: Vec<&TreeFile> = files.iter().filter(|file| has_extension(file, EXTENSION)).collect();
    let indexed = documents.get(INDEX).and_then(|index| index.json.get("weight_map")?.as_object());
    if let Some(map) = indexed {
        let names: BTreeSet<&str> = map.values().filter_map(|name| name.as_str()).collect();
        let named: Vec<&TreeFile> = weights.iter().filter(|file| names.contains(file.path.as_str())).copied().collect();
        if !named.is_empty() && named.len() == names.len() {
            return named;
        }
    }
    let mut folders: BTreeMap<&str, Vec<&TreeFile>> = BTreeMap::new();
    for file in weights {
        folders.entry(folder(file)).or_default().push(file);
    }
    let Some(in_folder) = best(folders, &USUAL_FOLDERS) else { return Vec::new() };
    let mut families: BTreeMap<&str, Vec<&TreeFile>> = BTreeMap::new();
    for file in in_folder {
        families.entry(family(file)).or_default().push(file);
    }
    best(families, &USUAL_NAMES).unwrap_or_default()
}

/// The group that has one of the usual names, else the largest.
fn best<'a>(groups: BTreeMap<&str, Vec<&'a TreeFile>>, usual: &[&str]) -> Option<Vec<&'a TreeFile>> {
    let size = |files: &[&TreeFile]| files.iter().map(|file| file.size_bytes).sum::<u64>();
    let rank = |name: &str| usual.iter().position(|known| *known == name).unwrap_or(usual.len());
    let best = groups.into_iter().min_by_key(|(name, files)| (rank(name), std::cmp::Reverse(size(files))));
    best.map(|(_, files)| files)
}

fn folder(file: &TreeFile) -> &str {
    file.path.as_str().rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// A file's name without extension and number: `model` of `model-00001-of-00003.safetensors`.
fn family(file: &TreeFile) -> &str {
    let name = file.path.file_name();
    let stem = &name[..name.len() - EXTENSION[0].len()];
    let mut parts = stem.rsplitn(4, '-');
    let is_number = |part: Option<&str>| part.is_some_and(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
    let is_shard = is_number(parts.next()) && parts.next() == Some("of") && is_number(parts.next());
    match parts.next() {
        Some(family) if is_shard => family,
        _ => stem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, size_bytes: u64) -> TreeFile {
        TreeFile {
            path: path.parse().unwrap(),
            size_bytes,
            blob: "ab".repeat(32).parse().unwrap(),
            git_oid: "ab".repeat(20),
            xet_hash: None,
        }
    }

    fn chosen(paths: &[(&str, u64)], index: Option<&str>) -> Vec<String> {
        let files: Vec<TreeFile> = paths.iter().map(|&(path, size)| file(path, size)).collect();
        let document = |text: &str| Document { text: text.to_owned(), json: serde_json::from_str(text).unwrap() };
        let documents = index.map(|text| (INDEX.to_owned(), document(text))).into_iter().collect();
        model_files(&files, &documents).iter().map(|file| file.path.to_string()).collect()
    }

    #[test]
    fn the_files_of_one_model_are_chosen() {
        let both = [
            ("consolidated.safetensors", 9),
            ("model-00001-of-00002.safetensors", 2),
            ("model-00002-of-00002.safetensors", 2),
            ("vae/diffusion_pytorch_model.safetensors", 9),
        ];
        assert_eq!(chosen(&both, None), [both[1].0, both[2].0]);
        let index = r#"{"weight_map":{"a":"consolidated.safetensors","b":"consolidated.safetensors"}}"#;
        assert_eq!(chosen(&both, Some(index)), [both[0].0]);
        assert_eq!(chosen(&both, Some(r#"{"weight_map":{"a":"absent.safetensors"}}"#)), [both[1].0, both[2].0]);
        let pipeline = [
            ("text_encoder/model.safetensors", 9),
            ("unet/diffusion_pytorch_model.fp16.safetensors", 1),
            ("unet/diffusion_pytorch_model.safetensors", 2),
        ];
        assert_eq!(chosen(&pipeline, None), [pipeline[2].0]);
        assert_eq!(chosen(&[("a.safetensors", 1), ("b.SAFETENSORS", 2)], None), ["b.SAFETENSORS"]);
        assert!(chosen(&[("model.bin", 1)], None).is_empty());
    }

    #[test]
    fn elements_are_counted_by_type() {
        let header = br#"{"__metadata__":{"format":"pt"},
            "a":{"dtype":"F16","shape":[3,5],"data_offsets":[0,30]},
            "b":{"dtype":"F32","shape":[],"data_offsets":[30,34]},
            "c":{"dtype":"F8_E4M3","shape":[0,9],"data_offsets":[34,34]}}"#;
        let tensors = parse(header).unwrap();
        assert_eq!(
            tensors.elements_by_dtype,
            BTreeMap::from([("F16".to_owned(), 15), ("F32".to_owned(), 1), ("F8_E4M3".to_owned(), 0)])
        );
        assert_eq!((tensors.elements(), tensors.by_name["c"].element_bits), (16, Some(8)));
        assert_eq!(tensors.by_name["a"], Tensor { elements: 15, element_bits: Some(16) });
    }

    #[test]
    fn a_model_of_too_many_tensors_is_not_counted() {
        let part = |start: &str| {
            let tensor = Tensor { elements: 1, element_bits: None };
            let by_name = (0..=MAX_TENSORS / 2).map(|at| (format!("{start}{at}"), tensor)).collect();
            Tensors { by_name, ..Tensors::default() }
        };
        let whole = add(Tensors::default(), part("a")).unwrap();
        assert!(matches!(add(whole, part("b")), Err(TensorsError::TooMany)));
        let elements_by_dtype = (0..=MAX_TYPES).map(|at| (format!("F{at}"), 1)).collect();
        let of_many_types = Tensors { elements_by_dtype, ..Tensors::default() };
        assert!(matches!(add(Tensors::default(), of_many_types), Err(TensorsError::TooMany)));
    }

    #[test]
    fn an_odd_header_is_refused() {
        for header in [
            "",
            "[]",
            r#"{"a":{}}"#,
            r#"{"a":{"dtype":"F16","shape":[-1]}}"#,
            r#"{"a":{"dtype":"F16","shape":[9223372036854775807,3]}}"#,
            &format!(r#"{{"{}":{{"dtype":"F16","shape":[]}}}}"#, "a".repeat(MAX_NAME_BYTES + 1)),
            &format!(r#"{{"a":{{"dtype":"{}","shape":[]}}}}"#, "F".repeat(MAX_TYPE_BYTES + 1)),
        ] {
            assert!(parse(header.as_bytes()).is_none(), "{header}");
        }
    }
}
