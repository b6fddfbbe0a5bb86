//! Finish: every unit is settled. Writes the listing, then the ref, then ends the job.

use std::sync::Arc;
use std::time::Duration;

use hfd_shared::blocking::blocking;
use hfd_shared::cache::CacheError;
use hfd_shared::job::{FileState, FileStatus, Job};
use hfd_shared::ports::{Claimed, Page, StoreError};
use hfd_shared::repo::CommitHash;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::plan::{ListingError, listing};
use super::{Ending, complete, on_volume, refused};
use crate::environment::Environment;
use crate::fence::Fence;

/// How long the Hub may think about where a branch is.
const HUB_TIMEOUT: Duration = Duration::from_secs(30);

/// How many failed files the job's error names.
const NAMED_FAILURES: usize = 5;

pub(super) async fn perform(
    env: &Environment,
    job: &Job,
    claimed: &Claimed,
    fence: &Fence,
    stop: &CancellationToken,
) -> Result<Ending, StoreError> {
    let files = env.store.files(job.id, Page::ALL).await?;
    if let Some(summary) = failures(&files) {
        return Ok(Ending::Failed(summary));
    }
    let Some(commit) = job.commit else {
        return Ok(Ending::Failed("the job has files but no commit; cancel it and post it again".to_owned()));
    };
    match stop.run_until_cancelled(lost(env, job, commit, files)).await {
        Some(None) => {}
        Some(Some(lost)) => return Ok(lost),
        None => return Ok(Ending::Stopped),
    }
    let published = tokio::select! {
        () = stop.cancelled() => {
            // What blocks goes on by itself, and must write no ref to what is removed next.
            fence.close();
            return Ok(Ending::Stopped);
        }
        published = publish(env, job, commit, fence) => published,
    };
    match published {
        Ok(true) => {}
        Ok(false) => return Ok(Ending::Stopped),
        Err(error) => return error.ending(env, &claimed.task).await,
    }
    complete(env, claimed, None).await
}

/// What becomes of a job of which something is gone that had come: with the volume, or by somebody's hand.
async fn lost(env: &Environment, job: &Job, commit: CommitHash, files: Vec<FileState>) -> Option<Ending> {
    let cache = env.cache.repo(&job.request.repo);
    let files = Arc::new(files);
    let found = on_volume(move || {
        let entries = files.iter().flat_map(|FileState { file, .. }| file.links().map(|path| (path, file.blob)));
        let lost = cache.lost(commit, entries)?;
        Ok::<_, CacheError>(
            lost.first().map(|first| format!("{} files are gone from the cache, such as {first}", lost.len())),
        )
    });
    match found.await {
        Ok(None) => None,
        Ok(Some(lost)) => Some(Ending::Failed(format!("{lost}; retry to fetch them again"))),
        Err(error) => Some(refused(&error)),
    }
}

/// Writes the listing and the ref. Not the ref when the claim may be over: a process that slept would put an old commit in
/// the place of a newer one; so would a job that took long, if a later one was faster.
async fn publish(env: &Environment, job: &Job, commit: CommitHash, fence: &Fence) -> Result<bool, ListingError> {
    // Staged by Plan; asked for again should it be gone.
    listing(env, job, commit).await?;
    let cache = env.cache.repo(&job.request.repo);
    let revision = job.request.revision.clone();
    let is_outrun = is_outrun(env, job, commit).await;
    let fence = fence.clone();
    let published = on_volume(move || {
        // Asked before each step: the repository may be removed as soon as it is closed.
        if !fence.is_open() {
            return Ok(false);
        }
        cache.publish_tree(commit)?;
        if !fence.is_open() {
            return Ok(false);
        }
        if !is_outrun {
            cache.write_ref(&revision, commit)?;
        }
        Ok::<_, CacheError>(true)
    });
    Ok(published.await?)
}

/// Whether the ref has what the Hub says now, and that is another commit than the job's. A Hub that does not say leaves the
/// ref to the job.
async fn is_outrun(env: &Environment, job: &Job, commit: CommitHash) -> bool {
    let (cache, revision) = (env.cache.repo(&job.request.repo), job.request.revision.clone());
    match blocking(move || cache.read_ref(&revision)).await {
        Some(present) if present != commit => {
            let now = env.hub.commit(&job.request.repo, &job.request.revision);
            matches!(timeout(HUB_TIMEOUT, now).await, Ok(Ok(now)) if now == present)
        }
        _ => false,
    }
}

/// Names what failed; none if nothing did.
pub(super) fn failures(files: &[FileState]) -> Option<String> {
    let failed: Vec<String> = files
        .iter()
        .filter(|file| file.status == FileStatus::Failed)
        .map(|file| failure(file.file.path.as_str(), file.error.as_deref().unwrap_or("unknown error")))
        .collect();
    (!failed.is_empty()).then(|| summary(&failed, files.len()))
}

fn failure(path: &str, error: &str) -> String {
    // Most errors begin with what they are about.
    let is_named = error.strip_prefix(path).is_some_and(|rest| rest.starts_with([' ', ':']));
    if is_named { error.to_owned() } else { format!("{path}: {error}") }
}

fn summary(failed: &[String], total: usize) -> String {
    let named = failed[..failed.len().min(NAMED_FAILURES)].join("\n");
    match failed.len() - failed.len().min(NAMED_FAILURES) {
        0 => format!("{} of {total} files failed\n{named}", failed.len()),
        more => format!("{} of {total} files failed\n{named}\nand {more} more", failed.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_names_the_first_failures_and_counts_the_rest() {
        let failed: Vec<String> = (0..7).map(|i| format!("f{i}: broken")).collect();
        assert_eq!(summary(&failed[..1], 9), "1 of 9 files failed\nf0: broken");
        assert!(summary(&failed, 9).ends_with("f4: broken\nand 2 more"));
        assert_eq!(failure("a.bin", "a.bin of o/n: gone"), "a.bin of o/n: gone");
        assert_eq!(failure("c", "cannot write"), "c: cannot write");
    }
}
