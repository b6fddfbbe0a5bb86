//! Repositories that keep each quantization in a branch of its own: `4.0bpw`, `6_5`, `8.0bpw_h8`.

use super::super::info::{RefInfo, RefType, SelectableItem};

/// The bits that most people want where there is a choice.
const USUAL_BITS: f64 = 4.0;

/// A branch that holds one quantization.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct QuantBranch {
    /// Its name.
    pub(crate) name: String,
    /// Average bits of a weight.
    pub(crate) bits_per_weight: f64,
    /// Bits of a weight of the output layer, when the name tells.
    pub(crate) head_bits: Option<u64>,
}

/// The branches of a repository that are named by bits, fewest bits first.
pub(crate) fn branches(repo: &str, refs: &[RefInfo]) -> Vec<QuantBranch> {
    let is_exl = repo.to_ascii_lowercase().contains("exl");
    let named = refs.iter().filter(|named| named.kind == RefType::Branch);
    let mut found: Vec<_> = named.filter_map(|named| parse(&named.name, is_exl)).collect();
    found.sort_by(|a, b| a.bits_per_weight.total_cmp(&b.bits_per_weight).then_with(|| a.name.cmp(&b.name)));
    found
}

/// `4.0bpw`, `turbo-6.5bpw_h8`; in a repository of EXL quantizations also `4_0`.
fn parse(name: &str, is_exl: bool) -> Option<QuantBranch> {
    let found = |bits: &str, head: Option<u64>| {
        let bits_per_weight: f64 = bits.parse().ok().filter(|bits| (0.5..=64.0).contains(bits))?;
        Some(QuantBranch { name: name.to_owned(), bits_per_weight, head_bits: head })
    };
    if let Some((before, after)) = name.to_ascii_lowercase().split_once("bpw") {
        let bits = before.trim_start_matches(|c: char| !c.is_ascii_digit());
        let bits = bits.rsplit(['-', '_']).next().unwrap_or(bits);
        let front = before.strip_suffix(bits)?;
        let delimited = front.is_empty() || front.ends_with(['-', '_']);
        let head = after.strip_prefix("_h").or_else(|| after.strip_prefix("-h")).and_then(|head| head.parse().ok());
        return if delimited { found(bits, head) } else { None };
    }
    let (whole, fraction) = name.split_once('_').filter(|_| is_exl)?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits(whole) && digits(fraction) { found(&format!("{whole}.{fraction}"), None) } else { None }
}

/// One item a branch; the one closest to four bits is recommended.
pub(crate) fn branch_items(branches: &[QuantBranch]) -> Vec<SelectableItem> {
    let distance = |branch: &QuantBranch| (branch.bits_per_weight - USUAL_BITS).abs();
    let best = branches
        .iter()
        .min_by(|a, b| distance(a).total_cmp(&distance(b)).then_with(|| a.name.len().cmp(&b.name.len())))
        .map(|branch| branch.name.as_str());
    let item = |branch: &QuantBranch| SelectableItem {
        id: format!("branch:{}", branch.name),
        label: format!("{} bits per weight", branch.bits_per_weight),
        description: Some(match branch.head_bits {
            Some(bits) => format!("branch {}, output layer of {bits} bits", branch.name),
            None => format!("branch {}", branch.name),
        }),
        recommended: best == Some(branch.name.as_str()),
        category: "branch".to_owned(),
        revision: Some(branch.name.clone()),
        ..SelectableItem::default()
    };
    branches.iter().map(item).collect()
}
