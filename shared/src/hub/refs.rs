//! Branches and tags.

use serde::Deserialize;

use super::api::Page;
use super::{HubClient, HubError};
use crate::repo::{CommitHash, RepoRef, Revision};

/// The branches and tags of a repository.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refs {
    /// The branches, in the Hub's order.
    pub branches: Vec<GitRef>,
    /// The tags, in the Hub's order.
    pub tags: Vec<GitRef>,
}

/// A branch or a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitRef {
    /// Its name.
    pub name: Revision,
    /// The commit that it points to.
    pub commit: CommitHash,
}

#[derive(Debug, Deserialize)]
struct RawRefs {
    #[serde(default)]
    branches: Vec<RawRef>,
    #[serde(default)]
    tags: Vec<RawRef>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawRef {
    name: String,
    target_commit: String,
}

impl HubClient {
    /// The branches and tags of a repository. One whose name or commit cannot be used is left out.
    ///
    /// # Errors
    /// When the repository is not there, or the Hub does not answer.
    pub async fn refs(&self, repo: &RepoRef) -> Result<Refs, HubError> {
        let what = format!("{repo}'s refs");
        let page: Page<RawRefs> = self.get_json(&self.inner.urls.refs(repo), &what).await?;
        let usable = |list: Vec<RawRef>| list.into_iter().filter_map(RawRef::check).collect();
        Ok(Refs { branches: usable(page.content.branches), tags: usable(page.content.tags) })
    }
}

impl RawRef {
    fn check(self) -> Option<GitRef> {
        Some(GitRef { name: self.name.parse().ok()?, commit: self.target_commit.parse().ok()? })
    }
}
