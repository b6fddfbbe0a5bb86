//! Prune: takes out of the cache what no revision needs any more.

use hfd_shared::blocking::blocking;
use hfd_shared::cache::{CacheError, Clearing, RepoCache, STALE_AFTER, Unused, UnusedKind};
use hfd_shared::job::{Event, Job, Outcome as Report};
use hfd_shared::ports::{BlobKey, Claimed, StoreError};

use super::lease::Lease;
use super::{Outcome, end_job};
use crate::environment::Environment;
use crate::fence::Fence;

pub(super) async fn perform(
    env: &Environment,
    job: &Job,
    claimed: &Claimed,
    fence: &Fence,
) -> Result<Outcome, StoreError> {
    let cache = env.cache.repo(&job.request.repo);
    let (inventory, repo) = (env.cache.inventory(), job.request.repo.clone());
    let unused = match blocking(move || inventory.unused(&repo, STALE_AFTER)).await {
        Ok(unused) => unused,
        Err(error) => return Ok(Outcome::Failed(error.to_string())),
    };
    let mut report = Report::default();
    for item in unused.into_iter().filter(|item| item.kind != UnusedKind::Blob) {
        if !fence.is_open() {
            return Ok(Outcome::Stopped);
        }
        remove(env, job, &cache, item, &mut report).await?;
    }
    let (fence, is_open) = (fence.clone(), fence.clone());
    let blobs = blocking(move || {
        let mut gone = |path, freed_bytes| report.remove(path, freed_bytes);
        cache.remove_unlinked_blobs(&mut Clearing { may_go_on: &|| fence.is_open(), gone: &mut gone })?;
        Ok::<_, CacheError>(report)
    });
    match blobs.await {
        Ok(report) if is_open.is_open() => {
            end_job(env, claimed, &Event::Complete { epoch: claimed.task.epoch, outcome: Some(report) }).await?;
            Ok(Outcome::Settled)
        }
        Ok(_) => Ok(Outcome::Stopped),
        Err(error) => Ok(Outcome::Failed(error.to_string())),
    }
}

/// Removes a partial or something temporary, unless somebody is at it.
async fn remove(
    env: &Environment,
    job: &Job,
    cache: &RepoCache,
    item: Unused,
    report: &mut Report,
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
        Ok(true) => report.remove(item.path, item.size_bytes),
        Ok(false) => {}
        Err(error) => report.fail(error.to_string()),
    }
    match lease {
        Some(lease) => lease.release().await,
        None => Ok(()),
    }
}
