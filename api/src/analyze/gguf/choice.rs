//! The quantizations that a repository offers: files grouped by shards, rated, and one of them recommended.

use std::collections::HashMap;

use hfd_shared::repo::{RepoKind, TreeFile};

use super::names::{self, Quantization, Role};
use crate::analyze::filter::{MAX_ITEMS, filter_for};

/// The quantization that most people want where it is offered.
const USUAL: &str = "Q4_K_M";
/// Otherwise the best one that fits into a usual graphics card.
const USUAL_MAX_BYTES: u64 = 10 << 30;
/// From this quality on an answer is hardly worse than the full model's.
const GOOD: u8 = 4;

/// A model in one quantization.
#[derive(Debug, Clone)]
pub(super) struct Choice<'a> {
    /// How it is quantized. No other choice has this label.
    pub(super) quantization: Quantization,
    /// Its file, or its shards in order. Never empty.
    pub(super) files: Vec<&'a TreeFile>,
    /// Bytes of all of them.
    pub(super) size_bytes: u64,
    /// Whether it is the one to take.
    pub(super) is_recommended: bool,
}

/// The choices: the best first, of two that are as good the smaller.
pub(super) fn choices<'a>(files: &[&'a TreeFile]) -> Vec<Choice<'a>> {
    let mut models: Vec<&TreeFile> =
        files.iter().copied().filter(|file| Role::of(file.path.as_str()) == Role::Model).collect();
    models.sort_by(|a, b| a.path.cmp(&b.path));
    let groups = models.chunk_by(|a, b| names::stem(a.path.as_str()) == names::stem(b.path.as_str()));
    let mut choices: Vec<Choice<'_>> = groups
        .map(|group| {
            let mut files = group.to_vec();
            // `part10of12` comes behind `part2of12`.
            files.sort_by_key(|file| file.path.as_str().len());
            Choice {
                quantization: Quantization::of(files[0].path.as_str()),
                size_bytes: files.iter().map(|file| file.size_bytes).sum(),
                files,
                is_recommended: false,
            }
        })
        .collect();
    tell_apart(&mut choices);
    choices.sort_by_key(|choice| (std::cmp::Reverse(choice.quantization.quality), choice.size_bytes));
    if let Some(best) = recommended(&choices) {
        choices[best].is_recommended = true;
    }
    let mut places = 0..;
    choices.retain(|choice| places.next() < Some(MAX_ITEMS) || choice.is_recommended);
    choices
}

/// Adds the folder, or the name, to labels that come twice.
fn tell_apart(choices: &mut [Choice<'_>]) {
    let mut labels: HashMap<String, usize> = HashMap::new();
    for choice in &*choices {
        *labels.entry(choice.quantization.label.clone()).or_default() += 1;
    }
    for choice in choices {
        let label = &mut choice.quantization.label;
        if labels.get(label.as_str()).is_some_and(|count| *count > 1) {
            let stem = names::stem(choice.files[0].path.as_str());
            *label = format!("{label} ({stem})");
        }
        if choice.files.len() > 1 {
            let description = &mut choice.quantization.description;
            *description = format!("{description} ({}-part split)", choice.files.len());
        }
    }
}

fn recommended(choices: &[Choice<'_>]) -> Option<usize> {
    let good = |choice: &Choice<'_>| choice.quantization.quality >= GOOD;
    let is_usual = |choice: &Choice<'_>| choice.quantization.label.trim_start_matches("UD-").starts_with(USUAL);
    let smallest_good = || {
        let good = choices.iter().enumerate().filter(|(_, choice)| good(choice));
        good.min_by_key(|(_, choice)| choice.size_bytes).map(|(at, _)| at)
    };
    choices
        .iter()
        .position(is_usual)
        .or_else(|| choices.iter().position(|choice| good(choice) && choice.size_bytes < USUAL_MAX_BYTES))
        .or_else(smallest_good)
        .or_else(|| (!choices.is_empty()).then_some(0))
}

/// The filter that takes exactly these of all GGUF files, by the rule that downloads go by; the shortest of the likely ones,
/// at last their own paths.
pub(super) fn exact_filter(wanted: &[&TreeFile], label: &str, all: &[TreeFile]) -> String {
    let first = wanted.first().map_or("", |file| file.path.as_str());
    let stem = names::stem(first);
    let (folder, name) = stem.rsplit_once('/').map_or(("", stem), |(folder, name)| (folder, name));
    let file_name = first.rsplit('/').next().unwrap_or(first);
    let candidates = [
        label.to_owned(),
        format!("{label}.gguf"),
        format!("{label}-0"),
        name.to_owned(),
        file_name.to_owned(),
        format!("{name}-0"),
        format!("{folder}/"),
        format!("{stem}."),
        format!("{stem}-0"),
        // Globs begin where the path or the name does: `F16/` is also within `BF16/`.
        format!("{folder}/*"),
        format!("{stem}.*"),
        format!("{stem}-0*"),
    ];
    let likely = candidates.into_iter().filter(|filter| !filter.contains(',') && filter.len() > 1);
    filter_for(RepoKind::Model, all, wanted, likely).value
}

#[cfg(test)]
mod tests {
    use hfd_shared::job::Selection;

    use super::*;

    fn files(named: &[(&str, u64)]) -> Vec<TreeFile> {
        let file = |&(path, size_bytes): &(&str, u64)| TreeFile {
            path: path.parse().unwrap(),
            size_bytes,
            blob: "ab".repeat(32).parse().unwrap(),
            git_oid: "cd".repeat(20),
            xet_hash: None,
        };
        named.iter().map(file).collect()
    }

    fn offered(files: &[TreeFile]) -> Vec<Choice<'_>> {
        choices(&files.iter().collect::<Vec<_>>())
    }

    fn the_recommended(named: &[(&str, u64)]) -> String {
        let files = files(named);
        let labels: Vec<_> =
            offered(&files).into_iter().filter(|choice| choice.is_recommended).map(|c| c.quantization.label).collect();
        assert_eq!(labels.len(), 1, "{labels:?}");
        labels[0].clone()
    }

    #[test]
    fn shards_are_one_choice_and_companions_none() {
        let files = files(&[
            ("Q8_0/m-Q8_0-00002-of-00002.gguf", 3),
            ("Q8_0/m-Q8_0-00001-of-00002.gguf", 5),
            ("m-Q4_0.gguf", 4),
            ("mmproj-F16.gguf", 1),
            ("mtp-Q8_0.gguf", 1),
            ("imatrix.gguf", 1),
        ]);
        let offered = offered(&files);
        let shown: Vec<_> = offered.iter().map(|c| (c.quantization.label.as_str(), c.size_bytes)).collect();
        assert_eq!(shown, [("Q8_0", 8), ("Q4_0", 4)]);
        assert!(offered[0].files[0].path.as_str().ends_with("00001-of-00002.gguf"));
        assert!(offered[0].quantization.description.ends_with(" (2-part split)"));
    }

    #[test]
    fn the_parts_of_a_cut_file_are_one_choice_in_their_order() {
        let parts: Vec<String> = (1..=12).map(|part| format!("m.Q6_K.gguf.part{part}of12")).collect();
        let mut named: Vec<(&str, u64)> = parts.iter().map(|path| (path.as_str(), 1)).collect();
        named.extend([("m.Q8_0.gguf-split-a", 1), ("m.Q8_0.gguf-split-b", 1), ("m.Q2_K.gguf", 1)]);
        let files = files(&named);
        let offered = offered(&files);
        let shown: Vec<_> = offered.iter().map(|c| (c.quantization.label.as_str(), c.size_bytes)).collect();
        assert_eq!(shown, [("Q8_0", 2), ("Q6_K", 12), ("Q2_K", 1)]);
        let paths: Vec<&str> = offered[1].files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(paths, parts);
        assert_eq!(exact_filter(&offered[1].files, "Q6_K", &files), "Q6_K");
    }

    #[test]
    fn exactly_one_choice_is_recommended() {
        assert_eq!(the_recommended(&[("m-Q4_K_M.gguf", 4), ("m-Q8_0.gguf", 8), ("m-Q2_K.gguf", 2)]), "Q4_K_M");
        assert_eq!(the_recommended(&[("m-UD-Q4_K_M.gguf", 4), ("m-Q8_0.gguf", 8)]), "UD-Q4_K_M");
        assert_eq!(the_recommended(&[("a-Q4_K_M.gguf", 4), ("b-Q4_K_M.gguf", 3)]), "Q4_K_M (b-Q4_K_M)");
        assert_eq!(the_recommended(&[("m-Q5_K_M.gguf", 5), ("m-F16.gguf", 16 << 30)]), "Q5_K_M");
        assert_eq!(the_recommended(&[("m-F16.gguf", 99 << 30), ("m-Q5_K_S.gguf", 30 << 30)]), "Q5_K_S");
        assert_eq!(the_recommended(&[("m-Q2_K.gguf", 2), ("m-Q3_K_S.gguf", 3)]), "Q3_K_S");
    }

    #[test]
    fn each_choices_filter_takes_exactly_its_files() {
        let files = files(&[
            ("m-Q4_K.gguf", 1),
            ("m-Q4_K_M.gguf", 2),
            ("m-UD-Q4_K_M.gguf", 3),
            ("Q6_K/m-Q6_K-00001-of-00002.gguf", 4),
            ("Q6_K/m-Q6_K-00002-of-00002.gguf", 4),
            ("Q6_K_L/m-Q6_K_L.gguf", 5),
            ("mmproj-m-Q4_K.gguf", 6),
            ("BF16/m.gguf", 7),
            ("F16/m.gguf", 8),
            ("m-Q5_0.gguf", 9),
            ("old/m-Q5_0.gguf", 9),
            ("m,x-Q5_1.gguf", 10),
            ("old/m,x-Q5_1.gguf", 10),
        ]);
        for choice in offered(&files) {
            let filter = exact_filter(&choice.files, &choice.quantization.label, &files);
            let filters: Vec<String> = filter.split(',').map(str::to_owned).collect();
            let selection = Selection::new(RepoKind::Model, &filters, &[], false).unwrap();
            let taken: Vec<_> = selection.select(&files).unwrap().iter().map(|taken| taken.file.path.clone()).collect();
            let wanted: Vec<_> = choice.files.iter().map(|file| file.path.clone()).collect();
            assert_eq!(taken, wanted, "{filter}");
        }
    }
}
