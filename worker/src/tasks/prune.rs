//! Prune: takes out of the cache what no revision needs any more.

use hfd_shared::blocking::blocking;
use hfd_shared::cache::{RepoCache, STALE_AFTER, Unused, UnusedKind};
use hfd_shared::job::{Job, Outcome};
use hfd_shared::ports::{BlobKey, Claimed, StoreError};

use super::clearing::clear;
use super::lease::Lease;
use super::{Ending, refused};
use crate::environment::Environment;
use crate::fence::Fence;

pub(super) async fn perform(
    env: &Environment,
    job: &Job,
    claimed: &Claimed,
    fence: &Fence,
) -> Result<Ending, StoreError> {
    let cache = env.cache.repo(&job.request.repo);
    let (inventory, repo) = (env.cache.inventory(), job.request.repo.clone());
    let unused = match blocking(move || inventory.unused(&repo, STALE_AFTER)).await {
        Ok(leftovers) => leftovers.found,
        Err(error) => return Ok(refused(&error)),
    };
    let mut outcome = Outcome::default();
    for item in unused.into_iter().filter(|item| item.kind != UnusedKind::Blob) {
        if !fence.is_open() {
            return Ok(Ending::Stopped);
        }
        remove(env, job, &cache, item, &mut outcome).await?;
    }
    clear(env, claimed, fence, outcome, move |clearing| cache.remove_unlinked_blobs(clearing)).await
}

/// Removes a partial or something temporary, unless somebody is at it.
async fn remove(
    env: &Environment,
    job: &Job,
    cache: &RepoCache,
    item: Unused,
    outcome: &mut Outcome,
) -> Result<(), StoreError> {
    let lease = match item.partial_of() {
        None => None,
        Some(blob) => {
            let key = BlobKey { repo: job.request.repo.clone(), blob };
            let Some(lease) = Lease::acquire(env, key).await? else { return Ok(()) };
            Some(lease)
        }
    };
    let (cache, gone) = (cache.clone(), item.clone());
    match blocking(move || cache.remove_unused(&gone, STALE_AFTER)).await {
        Ok(true) => outcome.remove(item.path, item.size_bytes),
        Ok(false) => {}
        Err(error) => outcome.fail(error.to_string()),
    }
    match lease {
        Some(lease) => lease.release().await,
        None => Ok(()),
    }
}
