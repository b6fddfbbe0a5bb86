//! Where things are when nobody says: by the rules of Python's `huggingface_hub.constants`.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::{Captures, Regex};
use secrecy::SecretString;

/// A variable in a path: `$NAME` or `${NAME}`.
#[expect(clippy::unwrap_used, reason = "a constant pattern, compiled by the tests")]
static REFERENCE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\$([A-Za-z0-9_]+|\{[^}]*\})").unwrap());

/// Reads an environment variable; one that is empty counts as absent.
type Variable<'a> = &'a dyn Fn(&str) -> Option<PathBuf>;

/// The process's own environment.
pub(super) fn environment(name: &str) -> Option<PathBuf> {
    env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// The hub folder: `HF_HUB_CACHE`, `HUGGINGFACE_HUB_CACHE`, `HF_HOME/hub` or `~/.cache/huggingface/hub`.
pub(super) fn cache_dir(variable: Variable<'_>) -> Option<PathBuf> {
    let named = variable("HF_HUB_CACHE").or_else(|| variable("HUGGINGFACE_HUB_CACHE"));
    named.map(|path| expand(path, variable)).or_else(|| Some(hf_home(variable)?.join("hub")))
}

/// The folder for the list of jobs: `XDG_DATA_HOME/hfdownloader` or `~/.local/share/hfdownloader`.
pub(super) fn data_dir(variable: Variable<'_>) -> Option<PathBuf> {
    let base = variable("XDG_DATA_HOME").or_else(|| Some(variable("HOME")?.join(".local/share")))?;
    Some(base.join("hfdownloader"))
}

/// A variable that is text; one of blanks counts as absent.
pub(super) fn text(variable: Variable<'_>, name: &str) -> Option<String> {
    let text = variable(name)?.into_os_string().into_string().ok()?;
    Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// The token that huggingface_hub would use when none is named: `HF_TOKEN` (`HUGGING_FACE_HUB_TOKEN` before), or the one that is
/// stored; none where `HF_HUB_DISABLE_IMPLICIT_TOKEN` is set.
pub(super) fn token(variable: Variable<'_>) -> Option<SecretString> {
    let is_refused = text(variable, "HF_HUB_DISABLE_IMPLICIT_TOKEN")
        .is_some_and(|value| ["1", "ON", "YES", "TRUE"].contains(&value.to_uppercase().as_str()));
    if is_refused {
        return None;
    }
    let named = text(variable, "HF_TOKEN").or_else(|| text(variable, "HUGGING_FACE_HUB_TOKEN"));
    named.map(SecretString::from).or_else(|| stored_token(variable))
}

/// The token that `hf auth login` left: in the file `HF_TOKEN_PATH` or `HF_HOME/token`.
fn stored_token(variable: Variable<'_>) -> Option<SecretString> {
    let path = match variable("HF_TOKEN_PATH") {
        Some(path) => expand(path, variable),
        None => hf_home(variable)?.join("token"),
    };
    let token = fs::read_to_string(path).ok()?;
    Some(token.trim()).filter(|token| !token.is_empty()).map(SecretString::from)
}

fn hf_home(variable: Variable<'_>) -> Option<PathBuf> {
    let by_default = || {
        let cache = variable("XDG_CACHE_HOME").or_else(|| Some(variable("HOME")?.join(".cache")))?;
        Some(cache.join("huggingface"))
    };
    variable("HF_HOME").or_else(by_default).map(|home| expand(home, variable))
}

/// As Python's `expanduser`, then `expandvars`: a variable that is not set stays as it is written.
fn expand(path: PathBuf, variable: Variable<'_>) -> PathBuf {
    let path = match (path.strip_prefix("~"), variable("HOME")) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path,
    };
    let Some(text) = path.to_str() else { return path };
    let value = |reference: &Captures<'_>| {
        let value = variable(reference[1].trim_matches(['{', '}']));
        value.and_then(|value| value.into_os_string().into_string().ok()).unwrap_or_else(|| reference[0].to_owned())
    };
    REFERENCE.replace_all(text, value).into_owned().into()
}

/// An absolute path, so that logs and answers mean the same from everywhere.
pub(super) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    fn among(variables: &[(&str, &str)]) -> impl Fn(&str) -> Option<PathBuf> {
        |name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into())
    }

    fn cache_with(variables: &[(&str, &str)]) -> Option<PathBuf> {
        cache_dir(&among(variables))
    }

    #[test]
    fn the_cache_is_where_python_has_it() {
        assert_eq!(cache_with(&[("HOME", "/h")]), Some("/h/.cache/huggingface/hub".into()));
        assert_eq!(cache_with(&[("HOME", "/h"), ("XDG_CACHE_HOME", "/x")]), Some("/x/huggingface/hub".into()));
        assert_eq!(cache_with(&[("HOME", "/h"), ("HF_HOME", "~/hf")]), Some("/h/hf/hub".into()));
        assert_eq!(cache_with(&[("HF_HOME", "/hf"), ("HF_HUB_CACHE", "/c")]), Some("/c".into()));
        assert_eq!(cache_with(&[("A", "/a"), ("XDG_CACHE_HOME", "$A/x")]), Some("/a/x/huggingface/hub".into()));
        let parts = [("A", "/a"), ("B_2", "b"), ("HF_HUB_CACHE", "$A/${B_2}/$B/$")];
        assert_eq!(cache_with(&parts), Some("/a/b/$B/$".into()));
        assert_eq!(cache_with(&[]), None);
    }

    #[test]
    fn the_token_is_the_one_that_python_would_send_by_itself() {
        let token =
            |variables: &[(&str, &str)]| super::token(&among(variables)).map(|token| token.expose_secret().to_owned());
        let old = ("HUGGING_FACE_HUB_TOKEN", "hf_old");
        assert_eq!(token(&[old]).as_deref(), Some("hf_old"));
        assert_eq!(token(&[old, ("HF_TOKEN", " hf_new\n")]).as_deref(), Some("hf_new"));
        assert_eq!(token(&[old, ("HF_HUB_DISABLE_IMPLICIT_TOKEN", "0")]).as_deref(), Some("hf_old"));
        assert_eq!(token(&[old, ("HF_HUB_DISABLE_IMPLICIT_TOKEN", "Yes")]), None);
    }

    #[test]
    fn a_stored_token_is_trimmed_and_an_empty_one_is_none() {
        let home = tempfile::tempdir().unwrap();
        let token = || {
            let variable = |name: &str| (name == "HF_HOME").then(|| home.path().to_owned());
            stored_token(&variable).map(|token| token.expose_secret().to_owned())
        };
        assert_eq!(token(), None);
        fs::write(home.path().join("token"), " hf_abc\n").unwrap();
        assert_eq!(token().as_deref(), Some("hf_abc"));
        fs::write(home.path().join("token"), "\n").unwrap();
        assert_eq!(token(), None);
    }
}
