//! Which repository and which revision of the cache a request is about.

use std::sync::Arc;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use hfd_shared::blocking::blocking;
use hfd_shared::cache::Inventory;
use hfd_shared::repo::{CommitHash, RepoId, RepoKind, RepoRef, Revision};
use poem::http::StatusCode;

use super::super::MAX_SCANS;
use super::Context;
use crate::error::ApiError;
use crate::view::RepoTypeView;

/// What a request names.
pub(super) struct Place {
    id: RepoId,
    kind: Option<RepoKind>,
    pub(super) revision: Option<Revision>,
}

impl Place {
    /// Checks the names. One that breaks the Hub's rule cannot be in the cache; nor can an empty revision, which is a slip:
    /// it must not stand for all of a repository.
    pub(super) fn new(repo: &str, kind: Option<RepoTypeView>, revision: Option<String>) -> Result<Self, ApiError> {
        let id = repo.parse().map_err(|_| unknown_repo(&format!("{repo:?} is no repository's name")))?;
        let parse = |text: String| text.parse().map_err(|_| unknown_revision(&format!("{text:?} is no revision")));
        let revision = revision.map(parse).transpose()?;
        Ok(Self { id, kind: kind.map(Into::into), revision })
    }

    pub(super) fn unknown_repo(&self) -> ApiError {
        unknown_repo(&format!("the cache holds no {}", self.id))
    }

    pub(super) fn unknown_revision(&self) -> ApiError {
        let revision = self.revision.as_ref().map(ToString::to_string).unwrap_or_default();
        unknown_revision(&format!("the cache holds {}, but not its revision {revision}", self.id))
    }
}

fn unknown_repo(details: &str) -> ApiError {
    ApiError::not_found("Repository not found in cache", details)
}

fn unknown_revision(details: &str) -> ApiError {
    ApiError::not_found("Revision not found in cache", details)
}

/// The repository, and the commit of the revision if one is named.
pub(super) fn find(inventory: &Inventory, place: &Place) -> Result<(RepoRef, Option<CommitHash>), ApiError> {
    let kinds = place.kind.map_or(vec![RepoKind::Model, RepoKind::Dataset], |kind| vec![kind]);
    for kind in kinds {
        let repo = RepoRef { kind, id: place.id.clone() };
        if !inventory.has(&repo)? {
            continue;
        }
        return match &place.revision {
            None => Ok((repo, None)),
            Some(revision) => match inventory.commit(&repo, revision)? {
                Some(commit) => Ok((repo, Some(commit))),
                None => Err(place.unknown_revision()),
            },
        };
    }
    Err(place.unknown_repo())
}

/// The repository that workers are to do something with. Without a view of the volume, it may be there or not.
pub(super) fn find_for_workers(inventory: &Inventory, place: &Place) -> Result<RepoRef, ApiError> {
    if inventory.is_there()? {
        return find(inventory, place).map(|(repo, _)| repo);
    }
    place.kind.map(|kind| RepoRef { kind, id: place.id.clone() }).ok_or_else(no_view)
}

/// What this process was asked for, only others can see.
pub(super) fn no_view() -> ApiError {
    let details =
        "this process does not see the volume of the cache; name one repository and its type, model or dataset";
    ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "No view of the cache", details)
}

/// Whether a list wants a repository.
pub(super) fn matches(repo: &RepoRef, kind: Option<RepoKind>, search: &str) -> bool {
    kind.is_none_or(|kind| kind == repo.kind) && repo.id.as_str().to_lowercase().contains(&search.trim().to_lowercase())
}

impl Context {
    /// Looks at the volume, on a thread that may block. The look goes on when the client is gone, so it keeps its turn.
    pub(super) async fn scan<T, F>(&self, look: F) -> Result<T, ApiError>
    where
        T: Send + 'static,
        F: FnOnce(&Inventory) -> Result<T, ApiError> + Send + 'static,
    {
        let turn = Arc::clone(&self.scans).acquire_owned().await.map_err(|_| ApiError::internal())?;
        let inventory = Inventory::new(self.state.config.cache_dir.clone());
        blocking(move || {
            let _turn = turn;
            look(&inventory)
        })
        .await
    }

    /// The same for each of these repositories; what is found comes in their order. Each takes a turn of its own, so what
    /// others want comes between, and what nobody waits for any more ends.
    pub(super) async fn scan_each<T, F>(&self, repos: Vec<RepoRef>, look: F) -> Result<Vec<T>, ApiError>
    where
        T: Send + 'static,
        F: Fn(&Inventory, &RepoRef) -> T + Copy + Send + 'static,
    {
        let looks = repos.into_iter().map(|repo| self.scan(move |inventory| Ok(look(inventory, &repo))));
        stream::iter(looks).buffered(MAX_SCANS).try_collect().await
    }
}
