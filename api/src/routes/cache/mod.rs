//! `/api/cache`: what the cache holds. The API only reads the volume; a worker does what changes it.

mod change;
mod find;
mod list;
mod prune;
mod wait;

use hfd_shared::cache::{Inventory, RepoContents, STALE_AFTER, Space, UnusedKind};
use hfd_shared::repo::{RepoKind, RepoRef};
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};
use tracing::debug;

use self::find::{Place, find, matches};
use self::list::Lists;
use super::Context;
use crate::document::{Failure, Statuses};
use crate::error::ApiError;
use crate::view::{CachedRepoDetails, CachedRepoView, RepoTypeView, VolumeView, human_size};

pub(crate) use change::CacheWorkApi;

/// How the list fails.
struct ListFailures;

impl Statuses for ListFailures {
    const LIST: &'static [(u16, &'static str)] = &[(400, "A parameter is wrong")];
}

/// How showing a repository fails.
struct RepoFailures;

impl Statuses for RepoFailures {
    const LIST: &'static [(u16, &'static str)] =
        &[(400, "A parameter is wrong"), (404, "The cache does not hold the repository or the revision")];
}

/// What the cache holds.
#[derive(Debug, Object)]
#[oai(rename = "CacheList", rename_all = "camelCase")]
struct CacheList {
    /// The repositories, models first, by name.
    repos: Vec<CachedRepoView>,
    /// How many there are.
    count: u64,
    /// Bytes of all their contents.
    total_size: u64,
    /// The same for people.
    total_size_human: String,
    /// The folder of the cache.
    cache_dir: String,
    /// Its volume; null when that cannot be measured, or the API does not see the cache.
    #[oai(nullable)]
    volume: Option<VolumeView>,
}

/// Shows what the cache holds.
pub(crate) struct CacheApi(pub(crate) Context);

#[OpenApi]
impl CacheApi {
    /// List cached repositories
    ///
    /// All models and datasets that have a folder in the cache, whoever has put them there.
    #[oai(path = "/api/cache", method = "get", operation_id = "listCache")]
    async fn list(
        &self,
        /// Only models, or only datasets.
        r#type: Query<Option<RepoTypeView>>,
        /// Only repositories that have this in their name, in upper or lower case.
        search: Query<Option<String>>,
    ) -> Result<Json<CacheList>, Failure<ListFailures>> {
        let wanted = (r#type.0.map(Into::into), search.0.unwrap_or_default());
        let look = self.0.clone().look(wanted.0, wanted.1.clone());
        let Looked { repos, volume } = self.0.cache_lists.make(wanted, look).await?.as_ref().clone();
        let total_size = repos.iter().map(|repo| repo.size).sum();
        Ok(Json(CacheList {
            count: repos.len() as u64,
            repos,
            total_size,
            total_size_human: human_size(total_size),
            cache_dir: self.0.state.config.cache_dir.display().to_string(),
            volume: volume.map(VolumeView::from),
        }))
    }

    /// Get cached repository details
    ///
    /// Of a model and a dataset with the same name, the model, unless `type` says otherwise. The files of a revision are
    /// shown where `revision` asks for them.
    #[oai(path = "/api/cache/:owner/:name", method = "get", operation_id = "getCachedRepo")]
    async fn get(
        &self,
        owner: Path<String>,
        name: Path<String>,
        /// Which of a model and a dataset with the same name.
        r#type: Query<Option<RepoTypeView>>,
        /// Shows only this revision, a ref or a commit, with its files.
        revision: Query<Option<String>>,
        /// Files to skip.
        #[oai(default, validator(minimum(value = "0"), maximum(value = "4294967295")))]
        offset: Query<u32>,
        /// How many files at most.
        #[oai(default = "default_limit", validator(minimum(value = "1"), maximum(value = "10000")))]
        limit: Query<u32>,
    ) -> Result<Json<CachedRepoDetails>, Failure<RepoFailures>> {
        let place = Place::new(&format!("{}/{}", owner.0, name.0), r#type.0, revision.0)?;
        Ok(Json(self.0.details(place, offset.0, limit.0).await?))
    }

    /// Get details of a cached repository without an owner
    ///
    /// Like `/api/cache/{owner}/{name}`, which may also be sent here with `%2F` for the slash.
    #[oai(path = "/api/cache/:name", method = "get", operation_id = "getCachedRepoByName")]
    async fn get_by_name(
        &self,
        name: Path<String>,
        /// Which of a model and a dataset with the same name.
        r#type: Query<Option<RepoTypeView>>,
        /// Shows only this revision, a ref or a commit, with its files.
        revision: Query<Option<String>>,
        /// Files to skip.
        #[oai(default, validator(minimum(value = "0"), maximum(value = "4294967295")))]
        offset: Query<u32>,
        /// How many files at most.
        #[oai(default = "default_limit", validator(minimum(value = "1"), maximum(value = "10000")))]
        limit: Query<u32>,
    ) -> Result<Json<CachedRepoDetails>, Failure<RepoFailures>> {
        let place = Place::new(&name.0, r#type.0, revision.0)?;
        Ok(Json(self.0.details(place, offset.0, limit.0).await?))
    }
}

fn default_limit() -> u32 {
    1_000
}

/// What is wanted of a list: repositories of this kind, with this in their name.
pub(super) type CacheLists = Lists<(Option<RepoKind>, String), Looked>;

/// What a list is made of.
#[derive(Debug, Clone)]
pub(super) struct Looked {
    repos: Vec<CachedRepoView>,
    volume: Option<Space>,
}

impl Context {
    async fn look(self, kind: Option<RepoKind>, search: String) -> Result<Looked, ApiError> {
        let find = move |inventory: &Inventory| {
            let mut repos = inventory.repos()?;
            repos.retain(|repo| matches(repo, kind, &search));
            let volume = inventory.space().inspect_err(|error| debug!(%error, "free space not known"));
            Ok((repos, volume.ok().flatten()))
        };
        let (repos, volume) = self.scan(find).await?;
        let summary = |inventory: &Inventory, repo: &RepoRef| {
            inventory.summary_or_fault(repo).map(|contents| CachedRepoView::from(&contents))
        };
        let repos = self.scan_each(repos, summary).await?.into_iter().flatten().collect();
        Ok(Looked { repos, volume })
    }

    async fn details(&self, place: Place, offset: u32, limit: u32) -> Result<CachedRepoDetails, ApiError> {
        let details = move |inventory: &Inventory| {
            let (repo, commit) = find(inventory, &place)?;
            let contents = inventory.contents(&repo)?.ok_or_else(|| place.unknown_repo())?;
            let mut details = summary(inventory, &contents)?;
            if let Some(commit) = commit {
                let page = inventory.files(&repo, commit, u64::from(offset), limit as usize)?;
                let page = page.ok_or_else(|| place.unknown_revision())?;
                details.only(&commit.to_string(), page, u64::from(offset));
            }
            Ok(details)
        };
        self.scan(details).await
    }
}

fn summary(inventory: &Inventory, contents: &RepoContents) -> Result<CachedRepoDetails, ApiError> {
    let mut unused = inventory.leftovers(&contents.repo)?.found;
    let partials: Vec<_> = unused.iter().filter(|item| item.kind == UnusedKind::Partial).cloned().collect();
    unused.retain(|item| item.is_stale(STALE_AFTER));
    Ok(CachedRepoDetails::new(contents, &unused, &partials))
}
