//! The metrics that an expression of `PromQL` names. That it is one is for Prometheus' own parser to say.

use std::collections::BTreeSet;

/// Words that are followed by a list of labels.
const LISTS: [&str; 6] = ["by", "without", "on", "ignoring", "group_left", "group_right"];
const OPERATORS: [&str; 7] = ["and", "or", "unless", "bool", "offset", "inf", "nan"];

/// A selector: a metric and the labels that it is chosen by.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Selector {
    pub(crate) metric: String,
    pub(crate) labels: BTreeSet<String>,
}

/// All selectors of an expression, and the labels that it groups by.
pub(crate) fn parts(expression: &str) -> (Vec<Selector>, BTreeSet<String>) {
    let (mut selectors, mut grouped) = (Vec::new(), BTreeSet::new());
    let mut rest = expression;
    while let Some(first) = rest.chars().next() {
        if !is_word(first) || first.is_ascii_digit() {
            // Numbers and durations have letters, too; ranges are in brackets.
            let skipped = match first {
                '[' => rest.find(']').map_or(rest.len(), |end| end + 1),
                '"' => string(rest),
                first if first.is_ascii_digit() => rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len()),
                first => first.len_utf8(),
            };
            rest = &rest[skipped..];
            continue;
        }
        let end = rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
        let (word, behind) = rest.split_at(end);
        rest = behind;
        let next = behind.trim_start();
        if LISTS.contains(&word) && next.starts_with('(') {
            let list = &next[1..next.find(')').unwrap_or(next.len())];
            grouped.extend(list.split(',').map(|label| label.trim().to_owned()).filter(|label| !label.is_empty()));
            rest = &next[1 + list.len()..];
        } else if !is_called(next) && !OPERATORS.contains(&word) && !LISTS.contains(&word) {
            let (labels, behind) = if next.starts_with('{') { braces(next) } else { (BTreeSet::new(), behind) };
            selectors.push(Selector { metric: word.to_owned(), labels });
            rest = behind;
        }
    }
    (selectors, grouped)
}

/// Whether what is before this is a function, or an aggregation that says first what it groups by.
fn is_called(next: &str) -> bool {
    let word = next.split(|c: char| !is_word(c)).next().unwrap_or_default();
    next.starts_with('(') || matches!(word, "by" | "without")
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | ':')
}

/// The length of the string at the beginning.
fn string(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '"' if !escaped => return at + 1,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    text.len()
}

/// The names of the labels within the braces at the beginning, and what is behind these.
fn braces(text: &str) -> (BTreeSet<String>, &str) {
    let (mut labels, mut rest) = (BTreeSet::new(), &text[1..]);
    while let Some(first) = rest.chars().next() {
        let skipped = match first {
            '}' => return (labels, &rest[1..]),
            '"' => string(rest),
            first if is_word(first) => {
                let end = rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
                labels.insert(rest[..end].to_owned());
                end
            }
            first => first.len_utf8(),
        };
        rest = &rest[skipped..];
    }
    (labels, "")
}

#[test]
fn metrics_are_told_from_functions_labels_and_numbers() {
    let expression = r#"histogram_quantile(0.95, sum by (route, le) (rate(a_bucket{x=~"b(\"}", y!="c"}[5m])))
        > on (job) group_left () max_over_time(d[1h:30s]) + 6 * 3e2 unless absent(up) and e:f:rate5m"#;
    let (selectors, grouped) = parts(expression);
    let shown: Vec<_> = selectors.iter().map(|selector| selector.metric.as_str()).collect();
    assert_eq!(shown, ["a_bucket", "d", "up", "e:f:rate5m"]);
    assert_eq!(selectors[0].labels, BTreeSet::from(["x".to_owned(), "y".to_owned()]));
    assert_eq!(grouped, ["job", "le", "route"].map(str::to_owned).into());
}
