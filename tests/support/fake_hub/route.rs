//! What a request asks for, read from its raw path: a decoded path could not tell `refs%2Fpr%2F1` from a folder.

use percent_encoding::percent_decode_str;
use poem::http::Method;
use serde::{Deserialize, Serialize};

use super::catalog::RepoKey;
use super::meta::RepoKind;

/// The two servers of the fake Hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The Hub: API, `resolve`, small files.
    Hub,
    /// The CDN: large files behind signed URLs.
    Cdn,
}

/// What a request is about, as far as faults and logs distinguish it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestKind {
    /// The JSON API.
    Api,
    /// `resolve`, which answers with a redirect.
    Resolve,
    /// A file's content, from the Hub or the CDN.
    Data,
    /// Anything else.
    Other,
}

/// HTTP methods the fake Hub distinguishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum HttpMethod {
    /// GET.
    Get,
    /// HEAD.
    Head,
    /// POST.
    Post,
    /// DELETE.
    Delete,
    /// Any other.
    Other,
}

impl From<&Method> for HttpMethod {
    fn from(method: &Method) -> Self {
        match *method {
            Method::GET => Self::Get,
            Method::HEAD => Self::Head,
            Method::POST => Self::Post,
            Method::DELETE => Self::Delete,
            _ => Self::Other,
        }
    }
}

/// A file of a repo at a revision, as a request names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) repo: RepoKey,
    pub(crate) rev: String,
    pub(crate) path: String,
}

/// What the API can be asked about a repo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RepoAction {
    Info { rev: Option<String> },
    Tree { rev: String, path: String },
    PathsInfo { rev: String },
    Refs,
    AuthCheck,
    XetToken { rev: String },
}

/// A request, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Route {
    WhoAmI,
    Repo(RepoKey, RepoAction),
    Resolve(Target),
    ResolveCache(Target),
    Cdn(Target),
    Control(String),
    Unknown,
}

impl Route {
    /// Reads a raw, still percent-encoded path.
    pub(crate) fn parse(origin: Origin, raw_path: &str) -> Self {
        let segments: Vec<String> = raw_path
            .split('/')
            .filter(|segment| !segment.is_empty())
            .map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned())
            .collect();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let route = match (origin, segments.as_slice()) {
            (Origin::Hub, ["__control", rest @ ..]) => Some(Self::Control(rest.join("/"))),
            (Origin::Hub, ["api", "whoami-v2"]) => Some(Self::WhoAmI),
            (Origin::Hub, ["api", "resolve-cache", kind, rest @ ..]) => resolve_cache(kind, rest),
            (Origin::Hub, ["api", kind, rest @ ..]) => repo_api(kind, rest),
            (Origin::Hub, ["datasets", rest @ ..]) => resolve(RepoKind::Dataset, rest).map(Self::Resolve),
            (Origin::Hub, rest) => resolve(RepoKind::Model, rest).map(Self::Resolve),
            (Origin::Cdn, [kind, rest @ ..]) => {
                RepoKind::from_plural(kind).and_then(|kind| resolve(kind, rest)).map(Self::Cdn)
            }
            (Origin::Cdn, []) => None,
        };
        route.unwrap_or(Self::Unknown)
    }

    pub(crate) fn kind(&self) -> RequestKind {
        match self {
            Self::WhoAmI | Self::Repo(..) => RequestKind::Api,
            Self::Resolve(_) => RequestKind::Resolve,
            Self::ResolveCache(_) | Self::Cdn(_) => RequestKind::Data,
            Self::Control(_) | Self::Unknown => RequestKind::Other,
        }
    }

    /// The repo's id and the file's path in it, where the request names them.
    pub(crate) fn names(&self) -> (Option<&RepoKey>, Option<&str>) {
        match self {
            Self::Resolve(target) | Self::ResolveCache(target) | Self::Cdn(target) => {
                (Some(&target.repo), Some(&target.path))
            }
            Self::Repo(repo, _) => (Some(repo), None),
            Self::WhoAmI | Self::Control(_) | Self::Unknown => (None, None),
        }
    }
}

fn key(kind: RepoKind, parts: &[&str]) -> RepoKey {
    RepoKey { kind, id: parts.join("/") }
}

/// Splits `{repo}/{word}/…` where the repo has one or two parts.
fn split_at_word<'a, 'b>(
    segments: &'a [&'b str],
    is_word: impl Fn(&str) -> bool,
) -> Option<(&'a [&'b str], &'b str, &'a [&'b str])> {
    let at = (1..=2).find(|at| segments.get(*at).is_some_and(|word| is_word(word)))?;
    Some((&segments[..at], segments[at], &segments[at + 1..]))
}

/// Takes a revision off the front; `refs/pr/1` is also understood when its slashes came unescaped.
fn split_rev<'a>(segments: &'a [&'a str]) -> Option<(String, &'a [&'a str])> {
    match segments {
        ["refs", group @ ("pr" | "convert"), name, rest @ ..] => Some((format!("refs/{group}/{name}"), rest)),
        [rev, rest @ ..] => Some(((*rev).to_owned(), rest)),
        [] => None,
    }
}

fn resolve(kind: RepoKind, segments: &[&str]) -> Option<Target> {
    let (repo, _, rest) = split_at_word(segments, |word| word == "resolve")?;
    let (rev, path) = split_rev(rest)?;
    Some(Target { repo: key(kind, repo), rev, path: path.join("/") }).filter(|target| !target.path.is_empty())
}

fn resolve_cache(kind: &str, segments: &[&str]) -> Option<Route> {
    let kind = RepoKind::from_plural(kind)?;
    let is_commit = |word: &str| word.len() == 40 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let (repo, commit, path) = split_at_word(segments, is_commit)?;
    Some(Route::ResolveCache(Target { repo: key(kind, repo), rev: commit.to_owned(), path: path.join("/") }))
}

fn repo_api(kind: &str, segments: &[&str]) -> Option<Route> {
    let kind = RepoKind::from_plural(kind)?;
    let is_action =
        |word: &str| matches!(word, "revision" | "tree" | "paths-info" | "refs" | "auth-check" | "xet-read-token");
    let Some((repo, action, rest)) = split_at_word(segments, is_action) else {
        let known = (1..=2).contains(&segments.len());
        return known.then(|| Route::Repo(key(kind, segments), RepoAction::Info { rev: None }));
    };
    let action = match (action, split_rev(rest)) {
        ("refs", None) => RepoAction::Refs,
        ("auth-check", None) => RepoAction::AuthCheck,
        ("xet-read-token", Some((rev, []))) => RepoAction::XetToken { rev },
        ("revision", Some((rev, []))) => RepoAction::Info { rev: Some(rev) },
        ("paths-info", Some((rev, []))) => RepoAction::PathsInfo { rev },
        ("tree", Some((rev, path))) => RepoAction::Tree { rev, path: path.join("/") },
        _ => return None,
    };
    Some(Route::Repo(key(kind, repo), action))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(id: &str) -> RepoKey {
        RepoKey { kind: RepoKind::Model, id: id.to_owned() }
    }

    #[test]
    fn an_escaped_revision_stays_one_segment() {
        let route = Route::parse(Origin::Hub, "/o/n/resolve/refs%2Fpr%2F1/sub%20dir/x%20%231%25.txt");
        let path = "sub dir/x #1%.txt".to_owned();
        assert_eq!(route, Route::Resolve(Target { repo: model("o/n"), rev: "refs/pr/1".to_owned(), path }));
    }

    #[test]
    fn repos_have_one_part_or_two() {
        let info = RepoAction::Info { rev: None };
        assert_eq!(Route::parse(Origin::Hub, "/api/models/gpt2"), Route::Repo(model("gpt2"), info.clone()));
        assert_eq!(Route::parse(Origin::Hub, "/api/models/o/n"), Route::Repo(model("o/n"), info));
        let tree = RepoAction::Tree { rev: "main".to_owned(), path: "a/b".to_owned() };
        assert_eq!(Route::parse(Origin::Hub, "/api/models/gpt2/tree/main/a/b"), Route::Repo(model("gpt2"), tree));
        assert_eq!(Route::parse(Origin::Hub, "/api/models/o/n/refs"), Route::Repo(model("o/n"), RepoAction::Refs));
    }

    #[test]
    fn a_cached_file_is_found_by_its_commit() {
        let commit = "a".repeat(40);
        let route = Route::parse(Origin::Hub, &format!("/api/resolve-cache/models/gpt2/{commit}/config.json"));
        let target = Target { repo: model("gpt2"), rev: commit, path: "config.json".to_owned() };
        assert_eq!(route, Route::ResolveCache(target));
    }
}
