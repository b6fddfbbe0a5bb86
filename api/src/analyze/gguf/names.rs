//! What the names of GGUF files tell: the quantization, which shards are one file, and which files are no model.

/// What a GGUF file is for, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// The model itself, or a shard of it.
    Model,
    /// A vision or audio encoder (`mmproj`), used beside the model.
    Projector,
    /// A draft model for multi-token prediction (`mtp`), used beside the model.
    Draft,
    /// An importance matrix: made while quantizing, of no use afterwards.
    Matrix,
}

impl Role {
    /// Of the file with this path.
    pub(crate) fn of(path: &str) -> Self {
        let path = path.to_ascii_lowercase();
        let (folders, name) = path.rsplit_once('/').unwrap_or(("", &path));
        let is_draft = name.starts_with("mtp-")
            || name.starts_with("mtp_")
            || (name.contains("mtp") && name.contains("draft"))
            || folders.split('/').any(|folder| folder == "mtp");
        if name.contains("imatrix") {
            Self::Matrix
        } else if name.starts_with("mmproj") || name.split(|c: char| !c.is_ascii_alphanumeric()).any(|w| w == "mmproj")
        {
            Self::Projector
        } else if is_draft {
            Self::Draft
        } else {
            Self::Model
        }
    }
}

/// A path without its extension and the number of its shard or part: the same for all shards of a file.
pub(crate) fn stem(path: &str) -> &str {
    let extension = path.to_ascii_lowercase().rfind(".gguf");
    let stem = extension.map_or(path, |at| &path[..at]);
    let Some((rest, total)) = stem.rsplit_once("-of-") else { return stem };
    let Some((whole, number)) = rest.rsplit_once('-') else { return stem };
    let is_number = |text: &str| text.len() == 5 && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_number(number) && is_number(total) { whole } else { stem }
}

/// How weights are stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Quantization {
    /// As people write it, `Q4_K_M`; with `UD-` where Unsloth chose the types layer by layer.
    pub(crate) label: String,
    /// How good it is, from 1 to 5.
    pub(crate) quality: u8,
    /// What to expect of it.
    pub(crate) description: String,
}

impl Quantization {
    /// Of a file, by its name, else by its folder; else the folder or the name itself stands for it.
    pub(crate) fn of(path: &str) -> Self {
        let stem = stem(path);
        let (folders, name) = stem.rsplit_once('/').unwrap_or(("", stem));
        let folder = folders.rsplit('/').next().unwrap_or_default();
        if let Some(found) = find(name).or_else(|| find(folder)) {
            return Self::known(&found.label);
        }
        let label = if folder.is_empty() { name } else { folder };
        Self { label: label.to_owned(), quality: quality_by_bits(label), description: "Custom quantization".to_owned() }
    }

    fn known(label: &str) -> Self {
        let (prefix, plain) = match label.strip_prefix("UD-") {
            Some(plain) => ("Unsloth Dynamic: ", plain),
            None => ("", label),
        };
        let row = TABLE.iter().find(|(labels, ..)| labels.split(' ').any(|known| known == plain));
        let (quality, description) = row.map_or_else(
            || (quality_by_bits(plain), "Custom quantization".to_owned()),
            |(_, quality, description)| (*quality, (*description).to_owned()),
        );
        Self { label: label.to_owned(), quality, description: format!("{prefix}{description}") }
    }

    /// The quality as stars, `★★★★☆`.
    pub(crate) fn stars(&self) -> String {
        stars(self.quality)
    }
}

/// A quality from 1 to 5 as stars.
pub(crate) fn stars(quality: u8) -> String {
    (1..=5).map(|star| if star <= quality { '★' } else { '☆' }).collect()
}

/// The model's name in a file's name: what stands before the quantization.
pub(crate) fn model_name(path: &str) -> &str {
    let stem = stem(path);
    let name = stem.rsplit('/').next().unwrap_or(stem);
    match find(name) {
        Some(found) if found.start > 0 => name[..found.start].trim_end_matches(['-', '.', '_']),
        _ => name,
    }
}

/// The number of parameters in a model's name, as it stands there: `7B`, `8x7B`, `1.5B`.
pub(crate) fn parameter_count(name: &str) -> Option<&str> {
    let is_count = |text: &str| {
        let digits = text.strip_suffix(['B', 'b']).unwrap_or_default();
        digits.starts_with(|c: char| c.is_ascii_digit())
            && digits.chars().all(|c| c.is_ascii_digit() || c == '.' || c == 'x')
    };
    name.split(['-', '_', ' ']).find(|text| is_count(text))
}

struct Found {
    /// Upper case, with `UD-`.
    label: String,
    /// Where it begins.
    start: usize,
}

/// The last quantization in a name: what stands before it belongs to the model.
fn find(name: &str) -> Option<Found> {
    let upper = name.to_ascii_uppercase();
    let is_word = |byte: u8| byte.is_ascii_alphanumeric();
    let bytes = upper.as_bytes();
    let starts = (0..bytes.len()).rev().filter(|&at| is_word(bytes[at]) && (at == 0 || !is_word(bytes[at - 1])));
    starts.into_iter().find_map(|at| {
        let length = label_length(&upper[at..])?;
        let start = if upper[..at].ends_with("UD-") { at - 3 } else { at };
        let label = upper[start..at + length].replace("FP16", "F16").replace("FP32", "F32");
        Some(Found { label, start })
    })
}

/// How long the label is that a text in upper case begins with.
fn label_length(text: &str) -> Option<usize> {
    let ends_at = |length: usize| !text[length..].starts_with(|c: char| c.is_ascii_alphanumeric());
    if let Some(float) = ["BF16", "FP16", "FP32", "F16", "F32"].into_iter().find(|float| text.starts_with(float)) {
        return ends_at(float.len()).then_some(float.len());
    }
    let family = ["MXFP", "IQ", "TQ", "Q"].into_iter().find(|family| text.starts_with(family))?;
    let mut length = family.len() + 1;
    if !text.as_bytes().get(family.len()).is_some_and(u8::is_ascii_digit) || !ends_at(length) {
        return None;
    }
    let bits_only = length;
    while let Some(part) = text[length..].strip_prefix('_') {
        let part = part.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        if !PARTS.contains(&part) {
            break;
        }
        length += 1 + part.len();
    }
    // `Q4` alone could be a quarter of a year, unless it is the last word; MXFP4 needs nothing behind it.
    (length > bits_only || family == "MXFP" || length == text.len()).then_some(length)
}

/// What can follow the bits, between underscores.
const PARTS: [&str; 14] = ["0", "1", "4", "8", "K", "XXS", "XS", "S", "M", "L", "XL", "XXL", "NL", "MOE"];

/// The quality of a label that no table knows: by the bits that it names.
fn quality_by_bits(label: &str) -> u8 {
    match bits(&label.to_ascii_lowercase()) {
        Some(1 | 2) => 1,
        Some(3) => 2,
        Some(5) => 4,
        Some(6..) => 5,
        _ => 3,
    }
}

/// The whole number behind `q` or `fp`, or in front of `bit` or `bpw`; other numbers in a name say nothing of bits.
fn bits(label: &str) -> Option<u64> {
    let is_digit = |c: char| c.is_ascii_digit();
    let is_start = |at: &usize| label[*at..].starts_with(is_digit) && !label[..*at].ends_with(is_digit);
    label.char_indices().map(|(at, _)| at).filter(is_start).find_map(|at| {
        let (before, number) = label.split_at(at);
        let word = before.rsplit(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        let unit = number.trim_start_matches(|c| is_digit(c) || c == '.').trim_start_matches(['-', '_', ' ']);
        let tells =
            ["q", "iq", "tq", "fp", "mxfp"].contains(&word) || unit.starts_with("bit") || unit.starts_with("bpw");
        let whole = number.split(|c| !is_digit(c)).next().unwrap_or_default();
        if tells { whole.parse().ok() } else { None }
    })
}

/// Labels, their quality, and what to expect.
const TABLE: &[(&str, u8, &str)] = &[
    ("IQ1_S IQ1_M", 1, "1-bit with importance matrix, extreme loss of quality"),
    ("TQ1_0 TQ2_0", 1, "Ternary, for models that were trained for it"),
    ("IQ2_XXS IQ2_XS IQ2_S IQ2_M", 1, "2-bit with importance matrix, large loss of quality"),
    ("Q2_K Q2_K_S Q2_K_L", 1, "Smallest, significant loss of quality"),
    ("Q2_K_XL", 2, "2-bit with more bits where it matters"),
    ("IQ3_XXS IQ3_XS IQ3_S IQ3_M", 2, "3-bit with importance matrix, noticeable loss of quality"),
    ("Q3_K_S", 2, "Very small, noticeable loss of quality"),
    ("Q3_K Q3_K_M Q3_K_L", 2, "Small, noticeable loss of quality"),
    ("Q3_K_XL", 3, "3-bit with more bits where it matters"),
    ("IQ4_XS IQ4_NL", 3, "4-bit with importance matrix, good quality for its size"),
    ("Q4_0", 3, "Older 4-bit, fair balance of quality and size"),
    ("Q4_1", 3, "Older 4-bit, somewhat more precise than Q4_0"),
    ("Q4_0_4_4 Q4_0_4_8 Q4_0_8_8", 3, "4-bit, arranged for ARM processors"),
    ("MXFP4 MXFP4_MOE", 3, "4-bit floating point with shared scales"),
    ("Q4_K_S", 3, "Small 4-bit, good quality"),
    ("Q4_K Q4_K_M", 4, "Good balance of quality and size"),
    ("Q4_K_L Q4_K_XL", 4, "4-bit with more bits where it matters"),
    ("Q5_0 Q5_1", 4, "Older 5-bit, very good quality"),
    ("Q5_K_S", 4, "Small 5-bit, excellent quality"),
    ("Q5_K Q5_K_M Q5_K_L Q5_K_XL", 5, "5-bit, excellent quality"),
    ("Q6_K Q6_K_L Q6_K_XL", 5, "Nearly lossless"),
    ("Q8_0 Q8_K_XL", 5, "Minimal loss of quality"),
    ("F16", 5, "Half precision, no loss for most models"),
    ("BF16", 5, "Brain floating point, as most models are trained"),
    ("F32", 5, "Full precision"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantization_is_found_in_the_name_or_the_folder() {
        for (path, label, quality) in [
            ("mistral-7b.Q4_K_M.gguf", "Q4_K_M", 4),
            ("Model-UD-IQ2_XXS.gguf", "UD-IQ2_XXS", 1),
            ("model-ud-q4_k_xl.gguf", "UD-Q4_K_XL", 4),
            ("Q6_K/model-00001-of-00002.gguf", "Q6_K", 5),
            ("model-q8_0-00001-of-00003.gguf", "Q8_0", 5),
            ("gpt-oss-20b-mxfp4.gguf", "MXFP4", 3),
            ("m.Q4_0_4_8.gguf", "Q4_0_4_8", 3),
            ("m-BF16-Q3_K_S.gguf", "Q3_K_S", 2),
            ("m-IQ4_NL_XL.gguf", "IQ4_NL_XL", 3),
            ("m-Q4_K_M_v2.gguf", "Q4_K_M", 4),
            ("report-Q4-2024.gguf", "report-Q4-2024", 3),
            ("Phi-3-mini-4k-instruct-q4.gguf", "Q4", 3),
            ("m.q8.gguf", "Q8", 5),
            ("qwen2.5-7b-instruct-fp16.gguf", "F16", 5),
            ("Phi-3-mini-4k-instruct-FP32.gguf", "F32", 5),
            ("gemma-2b-it.gguf", "gemma-2b-it", 3),
            ("custom 5bit/model.gguf", "custom 5bit", 4),
            ("qwen2-2.4bpw.gguf", "qwen2-2.4bpw", 1),
            ("m-16-bit.gguf", "m-16-bit", 5),
        ] {
            let found = Quantization::of(path);
            assert_eq!((found.label.as_str(), found.quality), (label, quality), "{path}");
        }
        assert!(Quantization::of("m-UD-Q4_K_M.gguf").description.starts_with("Unsloth Dynamic: Good balance"));
        assert_eq!(stars(4), "★★★★☆");
    }

    #[test]
    fn shards_share_a_stem() {
        assert_eq!(stem("d/m-Q4_0-00001-of-00012.gguf"), "d/m-Q4_0");
        assert_eq!(stem("d/m-Q4_0-00001-of-00012.GGUF"), "d/m-Q4_0");
        assert_eq!(stem("d/m.Q6_K.gguf.part1of2"), "d/m.Q6_K");
        assert_eq!(stem("m.Q8_0.gguf-split-a"), "m.Q8_0");
        assert_eq!(stem("m-1-of-2.gguf"), "m-1-of-2");
        assert_eq!(stem("one-of-them.gguf"), "one-of-them");
    }

    #[test]
    fn companions_are_no_models() {
        for (path, role) in [
            ("mmproj-F16.gguf", Role::Projector),
            ("model-mmproj-f16.gguf", Role::Projector),
            ("Qwen2-Audio-7B.mmproj-Q8_0.gguf", Role::Projector),
            ("mtp-Q8_0.gguf", Role::Draft),
            ("MTP/model-Q8_0.gguf", Role::Draft),
            ("model-mtp-draft.gguf", Role::Draft),
            ("imatrix_unsloth.gguf", Role::Matrix),
            ("model.imatrix.gguf", Role::Matrix),
            ("smtp-helper-Q4_0.gguf", Role::Model),
        ] {
            assert_eq!(Role::of(path), role, "{path}");
        }
    }

    #[test]
    fn the_models_name_stands_before_the_quantization() {
        for (path, name) in [
            ("Mistral-7B-Instruct-v0.2.Q4_K_M.gguf", "Mistral-7B-Instruct-v0.2"),
            ("a/Qwen3-30B-A3B-UD-Q4_K_XL-00001-of-00002.gguf", "Qwen3-30B-A3B"),
            ("Q4_K_M.gguf", "Q4_K_M"),
            ("plain.gguf", "plain"),
        ] {
            assert_eq!(model_name(path), name);
        }
    }

    #[test]
    fn a_model_name_may_tell_its_parameters() {
        for (name, count) in [
            ("Mistral-7B-Instruct-v0.2", Some("7B")),
            ("Qwen3-30B-A3B", Some("30B")),
            ("Mixtral_8x7b", Some("8x7b")),
            ("Qwen2.5-1.5B", Some("1.5B")),
            ("plain-b", None),
        ] {
            assert_eq!(parameter_count(name), count);
        }
    }
}
