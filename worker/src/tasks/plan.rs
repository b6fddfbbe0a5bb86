//! Plan: revision → commit, listing, selection, free space, units.

use std::sync::Arc;
use std::time::Duration;

use hfd_shared::blocking::blocking;
use hfd_shared::cache::CacheError;
use hfd_shared::hub::{HubClient, HubError, Listing, Retry};
use hfd_shared::job::{Job, Plan, PlannedFile, SelectionError, Task};
use hfd_shared::metrics;
use hfd_shared::ports::{Claimed, StoreError};
use hfd_shared::repo::{CommitHash, RepoRef, Tree};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use tracing::{field, info};

use super::slice::TIME_SLICE;
use super::{Ending, during_outage, refused};
use crate::environment::Environment;

/// After so long, a task that reads a listing makes room for others; it goes on where it was.
const LISTING_SLICE: Duration = TIME_SLICE.checked_div(2).unwrap();

/// How long the Hub may take for an answer, all tries together.
const ANSWER_TIMEOUT: Duration = Duration::from_mins(2);

/// Space that stays free on the volume whatever is downloaded.
const RESERVE_BYTES: u64 = 64 << 20;

/// Why there is no listing.
#[derive(Debug, thiserror::Error)]
pub(super) enum ListingError {
    #[error(transparent)]
    Hub(#[from] HubError),
    #[error(transparent)]
    Cache(#[from] CacheError),
    #[error("the listing is long: {files} files so far")]
    Unfinished { files: usize },
}

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Listing(#[from] ListingError),
    #[error(transparent)]
    Selection(#[from] SelectionError),
    #[error(
        "not enough space on the cache volume: {:.2} GiB more needed, {:.2} GiB free; free some or select fewer files",
        gib(*.needed), gib(*.free)
    )]
    NoSpace { needed: u64, free: u64 },
}

impl ListingError {
    /// Whether the listing can be gone on with.
    fn may_pass(&self) -> bool {
        match self {
            Self::Hub(error) => matches!(error.retry(), Retry::Soon | Retry::After(_)),
            Self::Cache(_) | Self::Unfinished { .. } => true,
        }
    }

    /// What becomes of a task that wanted it. A Hub that asks to wait is waited for, and so is one that is away; it has been asked
    /// often enough about everything else.
    pub(super) async fn ending(&self, env: &Environment, task: &Task) -> Result<Ending, StoreError> {
        Ok(match self {
            Self::Hub(error) if let Retry::After(delay) = error.retry() => {
                metrics::retried(error.into());
                Ending::Later { delay, waiting: Some(self.to_string()) }
            }
            Self::Hub(error) if error.is_outage() => {
                metrics::retried(error.into());
                during_outage(env, task, self.to_string()).await?
            }
            Self::Cache(error) => refused(error),
            Self::Unfinished { .. } => Ending::Later { delay: Duration::ZERO, waiting: Some(self.to_string()) },
            Self::Hub(_) => Ending::Failed(self.to_string()),
        })
    }
}

pub(super) async fn perform(
    env: &Environment,
    job: &Job,
    claimed: &Claimed,
    stop: &CancellationToken,
) -> Result<Ending, StoreError> {
    let planned = tokio::select! {
        () = stop.cancelled() => return Ok(Ending::Stopped),
        planned = plan(env, job) => planned,
    };
    match planned {
        Ok(plan) => {
            info!(job = %job.id, commit = plan.commit.map(field::display), files = plan.files.len(), bytes = plan.total_bytes(), "planned");
            env.store.put_plan(claimed, plan).await?;
            Ok(Ending::Settled)
        }
        Err(Error::Listing(error)) => error.ending(env, &claimed.task).await,
        Err(error) => Ok(Ending::Failed(error.to_string())),
    }
}

async fn plan(env: &Environment, job: &Job) -> Result<Plan, Error> {
    let commit = match job.commit {
        Some(commit) => commit,
        None => answered(&job.request.repo, env.hub.commit(&job.request.repo, &job.request.revision)).await?,
    };
    let tree = listing(env, job, commit).await?;
    let cache = env.cache.repo(&job.request.repo);
    let (request, large_from_bytes) = (job.request.clone(), env.settings.in_force().transfer.multipart_threshold.0);
    let volume = Arc::clone(&env.cache);
    blocking(move || {
        let plan = Plan::new(&tree, &request, large_from_bytes)?;
        cache.forget_removal(commit).map_err(ListingError::from)?;
        let contents = plan.files.iter().map(PlannedFile::content);
        let needed = cache.missing_bytes(contents).map_err(ListingError::from)?;
        let free = volume.space().map_err(ListingError::from)?.free_bytes;
        check_space(needed, free)?;
        Ok(plan)
    })
    .await
}

/// The tree at a commit never changes: it is asked for once and kept beside the partials until the job's end.
pub(super) async fn listing(env: &Environment, job: &Job, commit: CommitHash) -> Result<Tree, ListingError> {
    let cache = env.cache.repo(&job.request.repo);
    let begun = env.listings.of(&job.request.repo, commit);
    let until = Instant::now() + LISTING_SLICE;
    let Ok(mut listing) = timeout_at(until, begun.lock()).await else {
        return Err(ListingError::Unfinished { files: 0 });
    };
    // Whoever had it before may have staged the whole.
    let known = cache.clone();
    let tree = if let Some(tree) = blocking(move || known.read_tree(commit)).await {
        tree
    } else {
        if let Err(error) = read(&mut listing, &job.request.repo, &env.hub, until).await {
            // What will not do better is not remembered, or it would spoil the next job's, too.
            if !error.may_pass() {
                env.listings.forget(&job.request.repo, commit);
            }
            return Err(error);
        }
        let whole = std::mem::replace(&mut *listing, Listing::new(job.request.repo.clone(), commit)).into_tree();
        blocking(move || cache.stage_tree(&whole).map(|()| whole)).await?
    };
    env.listings.forget(&job.request.repo, commit);
    Ok(tree)
}

/// Reads what is left of a listing.
async fn read(listing: &mut Listing, repo: &RepoRef, hub: &HubClient, until: Instant) -> Result<(), ListingError> {
    while !listing.is_whole() {
        if Instant::now() > until {
            return Err(ListingError::Unfinished { files: listing.len() });
        }
        answered(repo, listing.read_page(hub)).await?;
    }
    Ok(())
}

/// The answer of the Hub, in the time that it has. Without one, tries of a silent Hub may add up to longer than a task may take.
async fn answered<T>(repo: &RepoRef, asking: impl Future<Output = Result<T, HubError>>) -> Result<T, ListingError> {
    let answer = timeout(ANSWER_TIMEOUT, asking).await;
    Ok(answer.unwrap_or_else(|_| Err(HubError::Timeout { what: repo.to_string() }))?)
}

fn check_space(needed: u64, free: u64) -> Result<(), Error> {
    let fits = needed == 0 || needed.saturating_add(RESERVE_BYTES) <= free;
    if fits { Ok(()) } else { Err(Error::NoSpace { needed, free }) }
}

#[expect(clippy::cast_precision_loss, reason = "two decimals are shown")]
fn gib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 30)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_that_does_not_fit_is_refused_with_both_numbers() {
        let gib = 1 << 30;
        assert!(check_space(gib, 2 * gib).is_ok());
        assert!(check_space(0, 0).is_ok(), "what is there already needs no space");
        assert!(check_space(2 * gib, 2 * gib).is_err(), "the reserve stays free");
        let error = check_space(3 * gib, gib).unwrap_err().to_string();
        assert!(error.contains("3.00 GiB") && error.contains("1.00 GiB"), "{error}");
    }
}
