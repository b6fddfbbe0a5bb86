//! `POST /api/cache/prune`

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use hfd_shared::cache::{Inventory, Leftovers, STALE_AFTER, Unused};
use hfd_shared::control::Submitted;
use hfd_shared::job::{JobRequest, Priority, RequestError, Snapshot, Status, Work};
use hfd_shared::repo::{RepoId, RepoKind, RepoRef, Revision};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object};
use serde::Deserialize;
use tokio::time::Instant;

use super::Context;
use super::find::{matches, no_view};
use super::wait::{PATIENCE, failure, in_use};
use crate::body::{Fields, FromFields};
use crate::error::ApiError;
use crate::view::{RepoTypeView, UnusedView, human_size};

/// Repositories that one request prunes; each takes a job.
const MAX_REPOS: usize = 100;

/// Unused things that one answer lists.
const MAX_LISTED: usize = 1_000;

/// How many jobs are waited for at a time.
const MAX_WAITS: usize = 16;

/// What to prune.
#[derive(Debug, Object)]
#[oai(rename = "PruneRequest", rename_all = "camelCase")]
pub(super) struct PruneBody {
    /// Only say what would go.
    #[oai(default)]
    dry_run: bool,
    /// Only in this repository, `owner/name`; in all when absent or empty.
    #[oai(default)]
    repo: String,
    /// Only in models, or only in datasets.
    #[oai(rename = "type")]
    kind: Option<RepoTypeView>,
}

impl FromFields for PruneBody {
    fn from_fields(fields: &mut Fields) -> Self {
        #[derive(Deserialize)]
        #[serde(transparent)]
        struct Word(RepoKind);
        Self {
            dry_run: fields.flag("dryRun"),
            repo: fields.text("repo").unwrap_or_default(),
            kind: fields.word::<Word>("type", "model or dataset").map(|word| word.0.into()),
        }
    }
}

/// What went, or with `dryRun` what would go.
#[derive(Debug, Default, Object)]
#[oai(rename = "Pruned", rename_all = "camelCase")]
pub(super) struct Pruned {
    /// Whether everything went that was found.
    success: bool,
    /// In words.
    message: String,
    /// Whether nothing was removed because `dryRun` said so.
    dry_run: bool,
    /// Bytes that are free again, or would be.
    freed_bytes: u64,
    /// What is gone or would go, by its path in the cache; a long list is cut off.
    removed: Vec<String>,
    /// What was found beforehand; a long list is cut off.
    unused: Vec<UnusedView>,
    /// What was left alone or could not be removed, and why.
    failures: Vec<String>,
    /// The jobs that no worker has done so far.
    pending: Vec<String>,
}

/// The answers to a prune.
#[derive(ApiResponse)]
pub(super) enum PruneResponse {
    /// It is done
    #[oai(status = 200)]
    Pruned(Json<Pruned>),
    /// Not all is done so far: `pending` names the jobs that go on
    #[oai(status = 202)]
    Pending(Json<Pruned>),
}

impl Context {
    pub(super) async fn prune(&self, body: PruneBody) -> Result<PruneResponse, ApiError> {
        let named = Some(body.repo.trim()).filter(|text| !text.is_empty());
        let id: Option<RepoId> = named.map(str::parse).transpose().map_err(RequestError::Repo)?;
        let kind = body.kind.map(Into::into);
        let dry_run = body.dry_run;
        let find = move |inventory: &Inventory| match (inventory.is_there()?, id, kind) {
            (true, id, kind) => {
                let mut repos = inventory.repos_and_trash()?;
                repos.retain(|repo| matches(repo, kind, "") && id.as_ref().is_none_or(|id| *id == repo.id));
                Ok(Candidates::Seen(repos))
            }
            (false, Some(id), Some(kind)) if !dry_run => Ok(Candidates::Unseen(RepoRef { kind, id })),
            (false, ..) => Err(no_view()),
        };
        let Found { repos: found, failures } = match self.scan(find).await? {
            Candidates::Seen(repos) => self.unused(repos, dry_run).await?,
            Candidates::Unseen(repo) => Found { repos: vec![(repo, Vec::new())], failures: Vec::new() },
        };

        let all = || found.iter().flat_map(|(_, unused)| unused);
        let mut pruned = Pruned { dry_run: body.dry_run, failures, ..Pruned::default() };
        pruned.unused = all().take(MAX_LISTED).map(UnusedView::from).collect();
        if body.dry_run {
            pruned.freed_bytes = all().map(|unused| unused.size_bytes).sum();
            pruned.removed = all().take(MAX_LISTED).map(|unused| unused.path.clone()).collect();
            pruned.message = format!("{} would be freed", human_size(pruned.freed_bytes));
        } else {
            self.prune_repos(found.into_iter().map(|(repo, _)| repo).collect(), &mut pruned).await?;
        }
        pruned.success = pruned.failures.is_empty() && pruned.pending.is_empty();
        let done = pruned.pending.is_empty();
        Ok(if done { PruneResponse::Pruned(Json(pruned)) } else { PruneResponse::Pending(Json(pruned)) })
    }

    async fn unused(&self, repos: Vec<RepoRef>, dry_run: bool) -> Result<Found, ApiError> {
        let look = |inventory: &Inventory, repo: &RepoRef| (repo.clone(), inventory.unused(repo, STALE_AFTER));
        let mut found = Found { repos: Vec::new(), failures: Vec::new() };
        for (repo, unused) in self.scan_each(repos, look).await? {
            let Leftovers { found: unused, unseen } = match unused {
                Ok(leftovers) => leftovers,
                Err(error) => {
                    found.failures.push(format!("{repo}: {error}"));
                    continue;
                }
            };
            // Otherwise its job says so.
            if let Some(error) = unseen.filter(|_| dry_run || unused.is_empty()) {
                found.failures.push(format!("{repo}: unneeded contents stay: {error}"));
            }
            if !unused.is_empty() {
                found.repos.push((repo, unused));
            }
        }
        Ok(found)
    }

    async fn prune_repos(&self, mut repos: Vec<RepoRef>, pruned: &mut Pruned) -> Result<(), ApiError> {
        let deadline = Instant::now() + PATIENCE;
        if repos.len() > MAX_REPOS {
            let more = repos.len() - MAX_REPOS;
            pruned.failures.push(format!("{more} more repositories have something to prune; send the request again"));
            repos.truncate(MAX_REPOS);
        }
        let mut jobs = Vec::new();
        for repo in repos {
            let request = JobRequest::of_cache(Work::Prune, repo.clone(), Revision::default());
            match self.state.jobs.submit(request, Priority::default()).await? {
                Submitted::Created(snapshot) | Submitted::Existing(snapshot) => jobs.push(snapshot),
                Submitted::Blocked(other) => pruned.failures.push(format!("{repo}: {}", in_use(&other))),
            }
        }
        let ended = stream::iter(jobs).map(|job| self.ended(job, deadline)).buffered(MAX_WAITS);
        for snapshot in ended.try_collect::<Vec<_>>().await? {
            pruned.add(snapshot);
        }
        // Not how many: lists that were cut off do not tell.
        pruned.message = format!("{} freed", human_size(pruned.freed_bytes));
        Ok(())
    }
}

impl Pruned {
    fn add(&mut self, snapshot: Snapshot) {
        if let Some(error) = failure(&snapshot, "Prune failed") {
            self.failures.push(format!("{}: {error}", snapshot.job.request.repo));
        } else if snapshot.job.status == Status::Completed {
            let outcome = snapshot.job.outcome.unwrap_or_default();
            self.freed_bytes += outcome.freed_bytes;
            self.removed.extend(outcome.removed);
            self.removed.truncate(MAX_LISTED);
            self.failures.extend(outcome.failures);
        } else {
            self.pending.push(snapshot.job.id.to_string());
        }
    }
}

/// Which repositories may have something that can go.
enum Candidates {
    /// To be looked at.
    Seen(Vec<RepoRef>),
    /// The one that was named, which only workers can look at.
    Unseen(RepoRef),
}

/// What can go.
struct Found {
    /// By repository; those that have nothing are left out.
    repos: Vec<(RepoRef, Vec<Unused>)>,
    /// Why some could not be looked at, such as another user's.
    failures: Vec<String>,
}
