//! The Hub's addresses. The quoting is that of Python's `urllib.parse.quote`, which the Hub and its mirrors expect.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

use super::HubError;
use crate::repo::{CommitHash, RepoPath, RepoRef, Revision};
use crate::settings::DEFAULT_ENDPOINT;

/// Quoted in a revision (`safe=''`): all but what never needs it.
const NAME: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
/// Quoted in a path: the same, but `/` separates its names.
const PATH: &AsciiSet = &NAME.remove(b'/');

/// An endpoint as it may be shown.
fn without_secrets(endpoint: &Url) -> String {
    if endpoint.cannot_be_a_base() && endpoint.path().contains('@') {
        // A user and a password before which the scheme was forgotten.
        return format!("{}:…", endpoint.scheme());
    }
    let mut shown = endpoint.clone();
    _ = shown.set_username("").and_then(|()| shown.set_password(None));
    shown.set_query(None);
    shown.set_fragment(None);
    shown.into()
}

/// Builds addresses below one endpoint.
#[derive(Debug)]
pub(super) struct HubUrls {
    endpoint: Url,
    /// The endpoint's own path, for a mirror that does not sit at the root; without a slash at its end.
    prefix: String,
}

impl HubUrls {
    pub(super) fn new(endpoint: &Url) -> Result<Self, HubError> {
        let bad = |detail| HubError::BadEndpoint { endpoint: without_secrets(endpoint), detail };
        if !matches!(endpoint.scheme(), "http" | "https") {
            return Err(bad("it must begin with http:// or https://"));
        }
        if !endpoint.username().is_empty() || endpoint.password().is_some() {
            return Err(bad("it must not hold a user or a password; use a token"));
        }
        if endpoint.query().is_some() || endpoint.fragment().is_some() {
            return Err(bad("it must not hold a query or a fragment"));
        }
        let prefix = endpoint.path().trim_end_matches('/').to_owned();
        Ok(Self { endpoint: endpoint.clone(), prefix })
    }

    pub(super) fn endpoint(&self) -> &Url {
        &self.endpoint
    }

    /// Of a revision's description, which has its commit.
    pub(super) fn revision(&self, repo: &RepoRef, revision: &Revision) -> Url {
        let revision = utf8_percent_encode(revision.as_str(), NAME);
        self.at(&format!("/api/{}/{}/revision/{revision}", repo.kind.plural(), repo.id), None)
    }

    /// Of the list of branches and tags.
    pub(super) fn refs(&self, repo: &RepoRef) -> Url {
        self.at(&format!("/api/{}/{}/refs", repo.kind.plural(), repo.id), None)
    }

    /// Of a folder's listing with all that is below it; of the whole repository's without a folder.
    pub(super) fn tree(&self, repo: &RepoRef, commit: CommitHash, folder: Option<&RepoPath>) -> Url {
        let folder = folder.map(|path| format!("/{}", quote(path))).unwrap_or_default();
        let path = format!("/api/{}/{}/tree/{commit}{folder}", repo.kind.plural(), repo.id);
        self.at(&path, Some("recursive=true&expand=false"))
    }

    /// Of what opens a repository's files in Xet.
    pub(super) fn xet_token(&self, repo: &RepoRef, commit: CommitHash) -> Url {
        self.at(&format!("/api/{}/{}/xet-read-token/{commit}", repo.kind.plural(), repo.id), None)
    }

    /// Of a file's content.
    pub(super) fn resolve(&self, repo: &RepoRef, commit: CommitHash, path: &RepoPath) -> Url {
        self.at(&format!("/{repo}/resolve/{commit}/{}", quote(path)), None)
    }

    /// Mirrors pass on links that point to the Hub itself: takes those back to the mirror.
    pub(super) fn at_home(&self, url: Url) -> Url {
        let at_the_hub = Url::parse(DEFAULT_ENDPOINT).is_ok_and(|hub| hub.origin() == url.origin());
        if !at_the_hub || url.origin() == self.endpoint.origin() {
            return url;
        }
        self.at(url.path(), url.query())
    }

    fn at(&self, quoted_path: &str, query: Option<&str>) -> Url {
        let mut url = self.endpoint.clone();
        url.set_path(&format!("{}{quoted_path}", self.prefix));
        url.set_query(query);
        url
    }
}

fn quote(path: &RepoPath) -> String {
    utf8_percent_encode(path.as_str(), PATH).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repo::RepoKind;

    fn urls(endpoint: &str) -> HubUrls {
        HubUrls::new(&endpoint.parse().unwrap()).unwrap()
    }

    fn model() -> RepoRef {
        RepoRef { kind: RepoKind::Model, id: "owner/na.me".parse().unwrap() }
    }

    fn dataset() -> RepoRef {
        RepoRef { kind: RepoKind::Dataset, id: "squad".parse().unwrap() }
    }

    fn commit() -> CommitHash {
        "a1".repeat(20).parse().unwrap()
    }

    #[test]
    fn a_revision_is_quoted_with_its_slashes() {
        let hub = urls("https://huggingface.co");
        let url = hub.revision(&model(), &"refs/pr/1".parse().unwrap());
        assert_eq!(url.as_str(), "https://huggingface.co/api/models/owner/na.me/revision/refs%2Fpr%2F1");
        let url = hub.revision(&dataset(), &"v1+ü#%20".parse().unwrap());
        assert_eq!(url.as_str(), "https://huggingface.co/api/datasets/squad/revision/v1%2B%C3%BC%23%2520");
    }

    #[test]
    fn a_path_is_quoted_but_for_its_slashes() {
        let hub = urls("https://huggingface.co/");
        for (path, quoted) in [
            ("sub dir/x #1.txt", "sub%20dir/x%20%231.txt"),
            ("100%.txt", "100%25.txt"),
            ("%2e%2e/a", "%252e%252e/a"),
            ("[x]?&=+.txt", "%5Bx%5D%3F%26%3D%2B.txt"),
            ("ünï/…~-_.json", "%C3%BCn%C3%AF/%E2%80%A6~-_.json"),
        ] {
            let url = hub.resolve(&dataset(), commit(), &path.parse().unwrap());
            let expected = format!("https://huggingface.co/datasets/squad/resolve/{}/{quoted}", commit());
            assert_eq!(url.as_str(), expected);
        }
    }

    #[test]
    fn a_mirror_may_sit_below_a_path() {
        let mirror = urls("http://mirror:8080/hf/");
        assert_eq!(
            mirror.tree(&model(), commit(), Some(&"a b".parse().unwrap())).as_str(),
            format!("http://mirror:8080/hf/api/models/owner/na.me/tree/{}/a%20b?recursive=true&expand=false", commit())
        );
    }

    #[test]
    fn only_links_to_the_hub_itself_are_taken_to_the_mirror() {
        let mirror = urls("http://mirror/hf");
        let taken = |url: &str| mirror.at_home(url.parse().unwrap()).to_string();
        assert_eq!(taken("https://huggingface.co/api/x?cursor=a%2Fb"), "http://mirror/hf/api/x?cursor=a%2Fb");
        for kept in ["https://evil.example/api/x", "http://huggingface.co/api/x", "http://mirror/hf/api/x"] {
            assert_eq!(taken(kept), kept);
        }
    }

    #[test]
    fn an_endpoint_with_secrets_or_extras_is_refused() {
        for bad in [
            "ftp://hub",
            "ftp://user:pass@hub",
            "user:pass@hub",
            "https://user:pass@hub",
            "https://hub/?a=b",
            "https://hub/#x",
            "data:x",
        ] {
            let error = HubUrls::new(&bad.parse().unwrap()).unwrap_err();
            assert!(matches!(error, HubError::BadEndpoint { .. }), "{bad}");
            assert!(!error.to_string().contains("pass@"), "{error}");
        }
        let error = HubUrls::new(&"localhost:8080".parse().unwrap()).unwrap_err().to_string();
        assert!(error.contains("localhost:8080") && error.contains("http://"), "{error}");
    }
}
