//! Verify: hashes what the cache holds of a repository, and compares it with what it should be.
//!
//! The files of the job are contents, each once: named by the commit of a revision that has it, and the path in it.

use std::io::Read as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use hfd_shared::blocking::blocking;
use hfd_shared::cache::{CacheError, CachedContent, Checkable, Inventory};
use hfd_shared::job::{Job, Outcome, Plan, PlannedFile, UnitIndex};
use hfd_shared::metrics::{self, FileOutcome};
use hfd_shared::ports::{Claimed, FileEnd, Page, StoreError};
use hfd_shared::repo::RepoRef;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::finish::failures;
use super::reporter::{Done, report};
use super::slice::TIME_SLICE;
use super::unit::{self, Wanted};
use super::{Ending, complete, on_volume, refused, without_volume};
use crate::environment::Environment;
use crate::transfer::Meter;
use crate::transfer::content_hash::ContentHasher;

/// What is read at a time.
const BUFFER_BYTES: usize = 1 << 20;

/// What the user can do about a wrong content.
const REMEDY: &str = "remove the revision from the cache and download it again";

/// What is wrong with a content.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error("stopped")]
    Stopped,
    #[error("it is not in the cache: {REMEDY}")]
    Missing,
    #[error("it has {found} bytes instead of {expected}: {REMEDY}")]
    Size { expected: u64, found: u64 },
    #[error("its content has the hash {found} instead of {expected}: {REMEDY}")]
    Hash { expected: String, found: String },
    #[error(transparent)]
    Cache(#[from] CacheError),
}

pub(super) async fn plan(
    env: &Environment,
    job: &Job,
    claimed: &Claimed,
    stop: &CancellationToken,
) -> Result<Ending, StoreError> {
    let (inventory, repo) = (env.cache.inventory(), job.request.repo.clone());
    let listed = tokio::select! {
        () = stop.cancelled() => return Ok(Ending::Stopped),
        listed = on_volume(move || inventory.contents_to_check(&repo)) => listed,
    };
    let contents = match listed {
        Ok(contents) => contents,
        Err(error) => return Ok(refused(&error)),
    };
    // What cannot be looked at is told at the end.
    let Some(Checkable { contents, .. }) = contents else { return Ok(Ending::Failed(gone(job))) };
    let plan = Plan::of_cached(
        contents.into_iter().map(planned).collect(),
        env.settings.in_force().transfer.multipart_threshold.0,
    );
    info!(job = %job.id, files = plan.files.len(), bytes = plan.total_bytes(), "planned");
    env.store.put_plan(claimed, plan).await?;
    Ok(Ending::Settled)
}

fn gone(job: &Job) -> String {
    format!("{} is not in the cache any more", job.request.repo)
}

fn planned(content: CachedContent) -> PlannedFile {
    let CachedContent { path, hash, size_bytes } = content;
    PlannedFile { path, size_bytes, blob: hash, second_path: None, xet: None }
}

pub(super) async fn check(
    env: &Environment,
    job: &Job,
    claimed: &Claimed,
    unit: UnitIndex,
    stop: &CancellationToken,
) -> Result<Ending, StoreError> {
    let Some(files) = unit::wanted(env, job, unit).await? else { return Ok(unit::unknown(unit)) };
    let meters = unit::meters(&files);
    let (received, done) = (Arc::new(AtomicU64::new(0)), Done::default());
    let reading = Reading {
        inventory: env.cache.inventory(),
        repo: job.request.repo.clone(),
        received: Arc::clone(&received),
        stop: stop.clone(),
    };
    let (ends, early) = tokio::select! {
        checked = reading.check_all(env, files, &done) => checked,
        never = report(env, claimed, &meters, &received, &done, stop) => match never {},
    };
    if let Some(early) = early {
        if !ends.is_empty() {
            env.store.checkpoint(claimed, ends).await?;
        }
        return Ok(early);
    }
    env.store.finish_unit(claimed, ends).await?;
    Ok(Ending::Settled)
}

pub(super) async fn finish(env: &Environment, job: &Job, claimed: &Claimed) -> Result<Ending, StoreError> {
    let files = env.store.files(job.id, Page::ALL).await?;
    if let Some(summary) = failures(&files) {
        return Ok(Ending::Failed(summary));
    }
    let (inventory, repo) = (env.cache.inventory(), job.request.repo.clone());
    match on_volume(move || inventory.contents_to_check(&repo)).await {
        Ok(Some(Checkable { unseen: None, .. })) => complete(env, claimed, Some(Outcome::default())).await,
        Ok(Some(Checkable { unseen: Some(error), .. })) => {
            Ok(Ending::Failed(format!("what was checked is right, but {error}")))
        }
        Ok(None) => Ok(Ending::Failed(gone(job))),
        Err(error) => Ok(refused(&error)),
    }
}

/// What is needed to read contents on a thread that may block.
#[derive(Clone)]
struct Reading {
    inventory: Inventory,
    repo: RepoRef,
    /// Bytes read, for the rate.
    received: Arc<AtomicU64>,
    stop: CancellationToken,
}

impl Reading {
    /// Checks one file after the other; says what became of each, and how it ended if that was before the last. A new turn
    /// begins where the time slice is over, but not in the middle of a file. Without the volume no file is wrong.
    async fn check_all(&self, env: &Environment, files: Vec<Wanted>, done: &Done) -> (Vec<FileEnd>, Option<Ending>) {
        let begun = Instant::now();
        let mut ends = Vec::new();
        for Wanted { index, file: planned, meter } in files {
            if begun.elapsed() > TIME_SLICE {
                return (ends, Some(Ending::Stopped));
            }
            let path = planned.path.clone();
            let check = async || {
                let (reading, planned, meter) = (self.clone(), planned.clone(), meter.clone());
                blocking(move || reading.check(planned, &meter)).await
            };
            let mut checked = check().await;
            if let Err(Fault::Missing | Fault::Cache(_)) = checked {
                if let Some(later) = without_volume(env).await {
                    return (ends, Some(later));
                }
                // It may have been away.
                checked = check().await;
            }
            let result = match checked {
                Err(Fault::Stopped) => return (ends, Some(Ending::Stopped)),
                Ok(()) => {
                    done.add(index);
                    metrics::file_ended(FileOutcome::Verified, 1);
                    Ok(())
                }
                Err(fault) => {
                    warn!(repo = %self.repo, %path, %fault, "content is wrong");
                    metrics::file_ended(FileOutcome::Wrong, 1);
                    if let Fault::Hash { .. } = fault {
                        metrics::hash_failed();
                    }
                    Err(fault.to_string())
                }
            };
            ends.push(FileEnd { file: index, result });
        }
        (ends, None)
    }

    fn check(&self, planned: PlannedFile, meter: &Meter) -> Result<(), Fault> {
        let content = CachedContent { path: planned.path, hash: planned.blob, size_bytes: planned.size_bytes };
        let mut file = self.inventory.open_content(&self.repo, &content)?.ok_or(Fault::Missing)?;
        let path = self.inventory.root().join(content.path.as_str());
        let failed = |error| CacheError::reading(&path, error);
        let found = file.metadata().map_err(failed)?.len();
        if found != content.size_bytes {
            return Err(Fault::Size { expected: content.size_bytes, found });
        }
        let mut hasher = ContentHasher::like(&content.hash, found);
        let mut buffer = vec![0; BUFFER_BYTES];
        let mut total = 0;
        loop {
            if self.stop.is_cancelled() {
                return Err(Fault::Stopped);
            }
            let read = file.read(&mut buffer).map_err(failed)?;
            if read == 0 {
                break;
            }
            hasher.update(&buffer[..read]);
            total += read as u64;
            meter.set(total);
            self.received.fetch_add(read as u64, Ordering::Relaxed);
        }
        let hash = hasher.finish();
        if hash == content.hash {
            return Ok(());
        }
        Err(Fault::Hash { expected: content.hash.to_string(), found: hash.to_string() })
    }
}
