//! What changes the cache or reads all of it: done by a worker, as a job.

use hfd_shared::job::{JobRequest, Removal, Snapshot, Status, Work};
use hfd_shared::repo::Revision;
use poem::http::Uri;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};
use tokio::time::Instant;

use super::Context;
use super::find::{Place, find_for_workers};
use super::prune::{PruneBody, PruneResponse};
use super::wait::{PATIENCE, failure};
use crate::body::Strict;
use crate::document::{Failure, STORE_AWAY, Statuses};
use crate::error::ApiError;
use crate::param::only;
use crate::view::{JobView, RepoTypeView};
use crate::written::Written;

/// The query of a removal. A slip in one of them must not remove more.
const REMOVAL_PARAMETERS: [&str; 2] = ["type", "revision"];

/// How a change fails.
pub(super) struct ChangeFailures;

impl Statuses for ChangeFailures {
    const LIST: &'static [(u16, &'static str)] = &[
        (400, "A parameter is wrong"),
        (404, "The cache does not hold the repository or the revision"),
        (408, "The request did not arrive in time"),
        (409, "A job uses the repository"),
        (413, "The request is too large"),
        STORE_AWAY,
    ];
}

/// What was removed.
#[derive(Debug, Object)]
#[oai(rename = "Removed", rename_all = "camelCase")]
struct Gone {
    /// Always true.
    success: bool,
    /// In words.
    message: String,
    /// Bytes that are free again.
    freed_bytes: u64,
    /// What is gone, by its path in the cache; a long list is cut off.
    removed: Vec<String>,
}

/// The answers to a removal.
#[derive(ApiResponse)]
enum RemovalResponse {
    /// It is gone
    #[oai(status = 200)]
    Removed(Json<Gone>),
    /// No worker has done it so far: the job that does it
    #[oai(status = 202)]
    Pending(Written<JobView>),
}

/// A job, new or not.
#[derive(ApiResponse)]
enum VerifyResponse {
    /// The job that checks the repository, new or still at it
    #[oai(status = 202)]
    Accepted(Written<JobView>),
}

/// Changes and checks the cache.
pub(crate) struct CacheWorkApi(pub(crate) Context);

#[OpenApi]
impl CacheWorkApi {
    /// Remove a repository or a revision from the cache
    ///
    /// With `revision`, a ref or a commit: just that one. Contents that other revisions have stay. A ref's commit goes only
    /// when no other ref stands for it. Without it, everything of the repository goes.
    #[oai(path = "/api/cache/:owner/:name", method = "delete", operation_id = "removeCachedRepo")]
    async fn remove(
        &self,
        uri: &Uri,
        owner: Path<String>,
        name: Path<String>,
        /// Which of a model and a dataset with the same name.
        r#type: Query<Option<RepoTypeView>>,
        /// Removes only this revision.
        revision: Query<Option<String>>,
    ) -> Result<RemovalResponse, Failure<ChangeFailures>> {
        only(&REMOVAL_PARAMETERS, uri)?;
        let place = Place::new(&format!("{}/{}", owner.0, name.0), r#type.0, revision.0)?;
        Ok(self.0.remove(place).await?)
    }

    /// Remove a repository without an owner, or a revision of it, from the cache
    ///
    /// Like `/api/cache/{owner}/{name}`, which may also be sent here with `%2F` for the slash.
    #[oai(path = "/api/cache/:name", method = "delete", operation_id = "removeCachedRepoByName")]
    async fn remove_by_name(
        &self,
        uri: &Uri,
        name: Path<String>,
        /// Which of a model and a dataset with the same name.
        r#type: Query<Option<RepoTypeView>>,
        /// Removes only this revision.
        revision: Query<Option<String>>,
    ) -> Result<RemovalResponse, Failure<ChangeFailures>> {
        only(&REMOVAL_PARAMETERS, uri)?;
        Ok(self.0.remove(Place::new(&name.0, r#type.0, revision.0)?).await?)
    }

    /// Verify a cached repository
    ///
    /// Starts a job that hashes all contents of the repository. It fails if one is wrong, and names it.
    #[oai(path = "/api/cache/:owner/:name/verify", method = "post", operation_id = "verifyCachedRepo")]
    async fn verify(
        &self,
        owner: Path<String>,
        name: Path<String>,
        /// Which of a model and a dataset with the same name.
        r#type: Query<Option<RepoTypeView>>,
    ) -> Result<VerifyResponse, Failure<ChangeFailures>> {
        Ok(self.0.verify(Place::new(&format!("{}/{}", owner.0, name.0), r#type.0, None)?).await?)
    }

    /// Verify a cached repository without an owner
    ///
    /// Like `/api/cache/{owner}/{name}/verify`, which may also be sent here with `%2F` for the slash.
    #[oai(path = "/api/cache/:name/verify", method = "post", operation_id = "verifyCachedRepoByName")]
    async fn verify_by_name(
        &self,
        name: Path<String>,
        /// Which of a model and a dataset with the same name.
        r#type: Query<Option<RepoTypeView>>,
    ) -> Result<VerifyResponse, Failure<ChangeFailures>> {
        Ok(self.0.verify(Place::new(&name.0, r#type.0, None)?).await?)
    }

    /// Remove what no revision needs
    ///
    /// Contents that no revision has, and contents that were begun and not touched for a day. Repositories that a job uses
    /// are left alone.
    #[oai(path = "/api/cache/prune", method = "post", operation_id = "pruneCache")]
    async fn prune(&self, body: Strict<PruneBody>) -> Result<PruneResponse, Failure<ChangeFailures>> {
        Ok(self.0.prune(body.0).await?)
    }
}

impl Context {
    async fn remove(&self, place: Place) -> Result<RemovalResponse, ApiError> {
        let found = move |inventory: &_| find_for_workers(inventory, &place).map(|repo| (repo, place.revision));
        let (repo, revision) = self.scan(found).await?;
        let (removal, message) = match &revision {
            None => (Removal::Repo, format!("{} removed from the cache", repo.id)),
            Some(revision) => (Removal::Revision, format!("{} of {} removed from the cache", revision, repo.id)),
        };
        let request = JobRequest::of_cache(Work::Remove(removal), repo, revision.unwrap_or_default());
        let snapshot = self.submitted(request).await?;
        let snapshot = self.ended(snapshot, Instant::now() + PATIENCE).await?;
        if let Some(error) = failure(&snapshot, "Removal failed") {
            return Err(error);
        }
        if snapshot.job.status != Status::Completed {
            return Ok(RemovalResponse::Pending(self.job(&snapshot).await?));
        }
        let outcome = snapshot.job.outcome.unwrap_or_default();
        let (freed_bytes, removed) = (outcome.freed_bytes, outcome.removed);
        Ok(RemovalResponse::Removed(Json(Gone { success: true, message, freed_bytes, removed })))
    }

    async fn verify(&self, place: Place) -> Result<VerifyResponse, ApiError> {
        let repo = self.scan(move |inventory| find_for_workers(inventory, &place)).await?;
        let request = JobRequest::of_cache(Work::Verify, repo, Revision::default());
        let snapshot: Snapshot = self.submitted(request).await?;
        Ok(VerifyResponse::Accepted(self.job(&snapshot).await?))
    }
}
