//! The card of a repository: the YAML between `---` lines at the head of `README.md`.

use serde_json::Value;

use super::Contents;
use super::fields::Fields;

/// The card as JSON; none when there is none or it cannot be read.
pub(super) fn front_matter(contents: &Contents) -> Option<Value> {
    let text = &contents.documents.get("README.md")?.text;
    let rest = text.trim_start_matches('\u{feff}').trim_start().strip_prefix("---")?;
    let (line, rest) = rest.split_once('\n')?;
    let end = rest.match_indices("\n---").map(|(at, _)| at).next()?;
    if !line.trim().is_empty() {
        return None;
    }
    serde_saphyr::from_str::<Value>(&rest[..end]).ok().filter(Value::is_object)
}

/// The model that this one was made from; the first, where there are several.
pub(super) fn base_model(card: &Value) -> Option<String> {
    Fields(card).texts("base_model").first().filter(|name| !name.is_empty()).map(|name| (*name).to_owned())
}

#[cfg(test)]
mod tests {
    use hfd_shared::repo::RepoKind;

    use super::*;
    use crate::analyze::testing::contents;

    fn card(readme: &str) -> Option<Value> {
        front_matter(&contents(RepoKind::Model, &["README.md"], &[("README.md", readme)]))
    }

    #[test]
    fn the_card_is_read_and_a_readme_without_one_is_none() {
        let read = card("---\r\nlicense: mit\r\nbase_model:\r\n- a/b\r\n- c/d\r\n---\r\n# Title").unwrap();
        assert_eq!(base_model(&read).as_deref(), Some("a/b"));
        assert_eq!(base_model(&card("---\nbase_model: x/y\n---\n").unwrap()).as_deref(), Some("x/y"));
        for none in ["# Title\n---\na: b\n---\n", "---\nnever closed", "---\n- a list\n---\n", "---\na: [\n---\n", ""] {
            assert_eq!(card(none), None, "{none:?}");
        }
    }

    #[test]
    fn a_card_that_grows_when_it_is_read_is_refused() {
        let level =
            |level: usize| format!("a{level}: &a{level} [{}]\n", vec![format!("*a{}", level - 1); 10].join(", "));
        let bomb: String = (1..12).map(level).collect();
        assert_eq!(card(&format!("---\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n{bomb}\n---\n")), None);
    }
}
