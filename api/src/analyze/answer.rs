//! Makes the answer of what is known of a commit and what was asked.

use hfd_shared::hub::Refs;
use hfd_shared::moment::whole_seconds;
use hfd_shared::repo::{RepoKind, RepoRef, Revision};
use time::OffsetDateTime;

use super::contents::Contents;
use super::detect::describe;
use super::gguf::{self, Facts};
use super::info::{FileInfo, RefInfo, RefType, RepoInfo, RepoType, Sections, SelectableItem, human_size};
use super::quantized::{branch_items, branches};
use super::transformers::weight_bytes;

/// More weights than this in `main` are a model of their own.
const MAX_MAIN_BYTES: u64 = 50 << 20;

/// What is known of a commit, whoever asks.
#[derive(Debug)]
pub(super) struct Findings {
    /// Without its documents, which have done their service.
    pub(super) contents: Contents,
    pub(super) kind: RepoType,
    pub(super) sections: Sections,
    /// What the headers of GGUF files say, or why that is not known; none where there are no such files.
    pub(super) gguf: Option<Result<Facts, String>>,
    /// Whether a file was left out that may be there at another time.
    pub(super) is_hampered: bool,
}

/// The answer. `context` is in tokens.
pub(super) fn repo_info(findings: &Findings, refs: &Refs, revision: &Revision, context: Option<u64>) -> RepoInfo {
    let Findings { contents, kind, sections, gguf, .. } = findings;
    let (gguf, mut items) = match gguf {
        Some(facts) => {
            let (info, items) = gguf::describe(contents, facts, context);
            (Some(info), items)
        }
        None => (None, Vec::new()),
    };
    let refs = ref_infos(refs);
    let sections = sections.clone();
    let mut kind = *kind;
    let branches = quantizations_in_branches(contents, kind, revision, &refs);
    if branches.is_empty() {
        // Beside quantizations, formats of weights would only confuse.
        items.extend(sections.items.into_iter().filter(|_| gguf.is_none()));
    } else {
        kind = RepoType::Quantized;
        items.extend(branches);
    }
    let total_size = contents.files.iter().map(|file| file.size_bytes).sum();
    let of_type = |wanted| sections.quantized.clone().filter(|_| kind == wanted);
    RepoInfo {
        repo: contents.repo.id.to_string(),
        is_dataset: contents.repo.kind == RepoKind::Dataset,
        kind,
        type_description: describe(kind).to_owned(),
        file_count: contents.files.len() as u64,
        total_size,
        total_size_human: human_size(total_size),
        branch: revision.to_string(),
        commit: contents.commit.to_string(),
        refs,
        files: contents.files.iter().map(FileInfo::from).collect(),
        gguf,
        transformers: sections.transformers,
        diffusers: sections.diffusers,
        lora: sections.lora,
        gptq: of_type(RepoType::Gptq),
        awq: of_type(RepoType::Awq),
        quantized: sections.quantized,
        onnx: sections.onnx,
        audio: sections.audio,
        vision: sections.vision,
        multimodal: sections.multimodal,
        dataset: sections.dataset,
        cli_command: command(&contents.repo, revision, None),
        cli_command_full: command(&contents.repo, revision, recommended(&items).as_ref()),
        selectable_items: items,
        related_downloads: sections.related,
        analyzed_at: whole_seconds(OffsetDateTime::now_utc()),
    }
}

/// The choices of a repository that keeps its quantizations in branches and next to nothing in `main`.
fn quantizations_in_branches(
    contents: &Contents,
    kind: RepoType,
    revision: &Revision,
    refs: &[RefInfo],
) -> Vec<SelectableItem> {
    let may_be = matches!(kind, RepoType::Generic | RepoType::Transformers | RepoType::Quantized);
    if !may_be || *revision != Revision::default() || weight_bytes(contents) >= MAX_MAIN_BYTES {
        return Vec::new();
    }
    branch_items(&branches(contents.repo.id.as_str(), refs))
}

fn ref_infos(refs: &Refs) -> Vec<RefInfo> {
    let branches = refs.branches.iter().map(|found| (found, RefType::Branch));
    let tags = refs.tags.iter().map(|found| (found, RefType::Tag));
    branches
        .chain(tags)
        .map(|(found, kind)| RefInfo { name: found.name.to_string(), kind, commit: found.commit.to_string() })
        .collect()
}

/// What is recommended, as one: a model with its encoder, all components of a pipeline; a branch alone.
fn recommended(items: &[SelectableItem]) -> Option<SelectableItem> {
    let first = items.iter().find(|item| item.recommended)?;
    let together = items.iter().filter(|item| item.recommended && item.revision == first.revision);
    let filters: Vec<&str> = together.map(|item| item.filter_value.as_str()).collect();
    Some(SelectableItem { filter_value: filters.join(","), ..first.clone() })
}

/// A command line for our own program.
fn command(repo: &RepoRef, revision: &Revision, item: Option<&SelectableItem>) -> String {
    let mut words = vec!["hfdownloader".to_owned(), "download".to_owned(), repo.id.to_string()];
    if repo.kind == RepoKind::Dataset {
        words.push("--dataset".to_owned());
    }
    let revision = item.and_then(|item| item.revision.clone()).unwrap_or_else(|| revision.to_string());
    if revision != Revision::default().as_str() {
        words.extend(["--revision".to_owned(), quote(&revision)]);
    }
    if let Some(item) = item.filter(|item| !item.filter_value.is_empty()) {
        words.extend(["--filter".to_owned(), quote(&item.filter_value)]);
    }
    words.join(" ")
}

/// A word as a shell takes it.
fn quote(word: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./,:+@".contains(&byte);
    if !word.is_empty() && word.bytes().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encoder_is_recommended_with_its_model_and_a_branch_alone() {
        let item = |filter: &str, category: &str, recommended, revision: Option<&str>| SelectableItem {
            filter_value: filter.to_owned(),
            category: category.to_owned(),
            recommended,
            revision: revision.map(str::to_owned),
            ..SelectableItem::default()
        };
        let model = [
            item("q8_0", "quantization", false, None),
            item("q4_k_m", "quantization", true, None),
            item("mmproj-f16", "vision_encoder", true, None),
            item("", "branch", true, Some("4.0bpw")),
        ];
        assert_eq!(recommended(&model).unwrap().filter_value, "q4_k_m,mmproj-f16");
        let branch = recommended(&model[3..]).unwrap();
        assert_eq!((branch.filter_value.as_str(), branch.revision.as_deref()), ("", Some("4.0bpw")));
    }

    #[test]
    fn a_command_names_what_it_downloads() {
        let repo = |kind| RepoRef { kind, id: "a/b".parse().unwrap() };
        let main = Revision::default();
        assert_eq!(command(&repo(RepoKind::Model), &main, None), "hfdownloader download a/b");
        let branch = "it's".parse().unwrap();
        assert_eq!(
            command(&repo(RepoKind::Dataset), &branch, None),
            r"hfdownloader download a/b --dataset --revision 'it'\''s'"
        );
        let item = SelectableItem { filter_value: "*q4_k_m*.gguf".to_owned(), ..SelectableItem::default() };
        assert_eq!(
            command(&repo(RepoKind::Model), &main, Some(&item)),
            "hfdownloader download a/b --filter '*q4_k_m*.gguf'"
        );
        let item = SelectableItem { revision: Some("4.0bpw".to_owned()), ..SelectableItem::default() };
        assert_eq!(command(&repo(RepoKind::Model), &main, Some(&item)), "hfdownloader download a/b --revision 4.0bpw");
    }
}
