//! Clean: removes the partials of a cancelled job, unless another job wants them.

use std::collections::HashSet;
use std::time::Duration;

use hfd_shared::blocking::blocking;
use hfd_shared::job::{FileStatus, Job};
use hfd_shared::ports::{BlobKey, Claimed, Page, StoreError};
use hfd_shared::repo::BlobHash;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::lease::Lease;
use super::{Ending, without_volume};
use crate::environment::Environment;
use crate::fence::Fence;

/// A worker that still writes holds the blob's lease for a moment longer.
const BUSY_DELAY: Duration = Duration::from_millis(500);

/// What a job wants that is not planned yet shows only later.
const UNPLANNED_DELAY: Duration = Duration::from_secs(30);

pub(super) async fn perform(
    env: &Environment,
    job: &Job,
    claimed: &Claimed,
    fence: &Fence,
    stop: &CancellationToken,
) -> Result<Ending, StoreError> {
    let mut unwanted = begun(env, job, unfinished(env, job).await?).await;
    if !unwanted.is_empty() {
        let Some(wanted) = wanted_by_others(env, job).await? else {
            return Ok(Ending::Later { delay: UNPLANNED_DELAY, waiting: None });
        };
        unwanted.retain(|blob| !wanted.contains(blob));
    }
    let mut busy = false;
    for blob in unwanted {
        // The job may have been retried meanwhile, or another be there that wants the same.
        if stop.is_cancelled() || !fence.is_open() {
            return Ok(Ending::Stopped);
        }
        busy |= !remove(env, job, blob).await?;
    }
    if busy {
        return Ok(Ending::Later { delay: BUSY_DELAY, waiting: None });
    }
    if let Some(later) = without_volume(env).await {
        return Ok(later);
    }
    env.store.settle(claimed).await?;
    Ok(Ending::Settled)
}

/// The blobs that the job wanted and did not get.
async fn unfinished(env: &Environment, job: &Job) -> Result<HashSet<BlobHash>, StoreError> {
    let files = env.store.files(job.id, Page::ALL).await?.into_iter();
    Ok(files.filter(|file| file.status != FileStatus::Complete).map(|file| file.file.blob).collect())
}

/// Those that have a partial: each of the others would cost two steps of the store for nothing.
async fn begun(env: &Environment, job: &Job, mut blobs: HashSet<BlobHash>) -> HashSet<BlobHash> {
    let cache = env.cache.repo(&job.request.repo);
    match blocking(move || cache.partials()).await {
        Ok(partials) => blobs.retain(|blob| partials.contains(blob)),
        Err(error) => warn!(job = %job.id, %error, "partials not looked for, so each is tried"),
    }
    blobs
}

/// The blobs that live jobs of the same repository want; unknown while one of them is not planned.
async fn wanted_by_others(env: &Environment, job: &Job) -> Result<Option<HashSet<BlobHash>>, StoreError> {
    let mut wanted = HashSet::new();
    for other in env.store.live_jobs(&job.request.repo).await? {
        if other.progress.total_files == 0 {
            return Ok(None);
        }
        wanted.extend(env.store.files(other.job.id, Page::ALL).await?.into_iter().map(|file| file.file.blob));
    }
    Ok(Some(wanted))
}

async fn remove(env: &Environment, job: &Job, blob: BlobHash) -> Result<bool, StoreError> {
    let key = BlobKey { repo: job.request.repo.clone(), blob };
    let Some(lease) = Lease::acquire(env, key).await? else { return Ok(false) };
    let cache = env.cache.repo(&job.request.repo);
    let removed = blocking(move || {
        // Another process that shares the cache may be at it.
        let lock = cache.lock_blob(&blob)?;
        if lock.is_some() { cache.discard_partial(&blob) } else { Ok(()) }
    });
    if let Err(error) = removed.await {
        warn!(job = %job.id, %error, "partial of a cancelled job not removed");
    }
    lease.release().await?;
    Ok(true)
}
