//! Fetch: the files of one unit, each from nothing to its place in the cache.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;
use hfd_shared::cache::{BlobLock, CacheError, RepoCache};
use hfd_shared::job::{FileIndex, FileState, Job, Unit, UnitIndex};
use hfd_shared::metrics::{self, FileOutcome};
use hfd_shared::ports::{BlobKey, Claimed, FileEnd, StoreError};
use hfd_shared::repo::CommitHash;
use hfd_shared::settings::TransferSettings;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::Outcome;
use super::alive::TIME_SLICE;
use super::lease::Lease;
use super::reporter::{Done, report};
use crate::environment::Environment;
use crate::transfer::{self, Meter, Target, TransferError};
use hfd_shared::blocking::blocking;

/// How long to wait for somebody else who fetches the same content.
const BUSY_DELAY: Duration = Duration::from_secs(1);

/// Why a file of the unit is not in the cache.
#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error("stopped")]
    Stopped,
    #[error("not now")]
    Later { delay: Duration, waiting: String },
    #[error("{0}")]
    Failed(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<CacheError> for FetchError {
    fn from(error: CacheError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<TransferError> for FetchError {
    fn from(error: TransferError) -> Self {
        match error {
            TransferError::Stopped => Self::Stopped,
            TransferError::Later { delay, reason } => Self::Later { delay, waiting: reason },
            error => Self::Failed(error.to_string()),
        }
    }
}

/// Files of the unit with one content.
type Group = Vec<(FileIndex, FileState, Meter)>;

/// What all files of a task share.
struct Context<'a> {
    env: &'a Environment,
    job: &'a Job,
    claimed: &'a Claimed,
    commit: CommitHash,
    cache: RepoCache,
    /// As they were when the task began.
    settings: TransferSettings,
    received: AtomicU64,
    done: Done,
    stop: CancellationToken,
}

pub(super) async fn perform(
    env: &Environment,
    job: &Job,
    claimed: &Claimed,
    unit: UnitIndex,
    stop: &CancellationToken,
) -> Result<Outcome, StoreError> {
    let Some((unit, files)) = env.store.unit(job.id, unit).await? else {
        return Ok(Outcome::Failed(format!("unit {unit} is not in the job's plan")));
    };
    let Some(commit) = job.commit else { return Ok(Outcome::Failed("the job has units but no commit".to_owned())) };
    let groups = groups(&unit, files);
    let meters: Vec<_> = groups.iter().flatten().map(|(file, _, meter)| (*file, meter.clone())).collect();
    let context = Context {
        env,
        job,
        claimed,
        commit,
        cache: env.cache.repo(&job.request.repo),
        settings: env.settings.in_force().transfer.clone(),
        received: AtomicU64::new(0),
        done: Done::default(),
        stop: stop.child_token(),
    };
    let ended = tokio::select! {
        ended = context.fetch_all(groups) => ended,
        never = report(env, claimed, &meters, &context.received, &context.done, &context.stop) => match never {},
    };
    settle(env, claimed, ended).await
}

/// What became of each group: its files and the result that they share.
type Ended = Vec<(Vec<FileIndex>, Result<(), FetchError>)>;

async fn settle(env: &Environment, claimed: &Claimed, ended: Ended) -> Result<Outcome, StoreError> {
    let mut ends = Vec::new();
    let mut later: Option<(Duration, String)> = None;
    let mut stopped = false;
    for (files, result) in ended {
        let result = match result {
            Ok(()) => Ok(()),
            Err(FetchError::Failed(error)) => {
                warn!(task = %claimed.task, error, "file failed");
                metrics::file_ended(FileOutcome::Failed, files.len());
                Err(error)
            }
            Err(FetchError::Stopped) => {
                stopped = true;
                continue;
            }
            Err(FetchError::Later { delay, waiting }) => {
                if later.as_ref().is_none_or(|(longest, _)| *longest < delay) {
                    later = Some((delay, waiting));
                }
                continue;
            }
            Err(FetchError::Store(error)) => return Err(error),
        };
        ends.extend(files.into_iter().map(|file| FileEnd { file, result: result.clone() }));
    }
    if stopped || later.is_some() {
        if !ends.is_empty() {
            env.store.checkpoint(claimed, ends).await?;
        }
        return Ok(match later {
            Some((delay, waiting)) if !stopped => Outcome::Later { delay, waiting: Some(waiting) },
            _ => Outcome::Stopped,
        });
    }
    env.store.finish_unit(claimed, ends).await?;
    Ok(Outcome::Settled)
}

/// The files that are not done yet, by content.
fn groups(unit: &Unit, files: Vec<FileState>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (index, state) in unit.files.iter().copied().zip(files) {
        if state.status.is_terminal() {
            continue;
        }
        let entry = (index, state, Meter::default());
        match groups.last_mut() {
            Some(group) if group[0].1.file.blob == entry.1.file.blob => group.push(entry),
            _ => groups.push(vec![entry]),
        }
    }
    groups
}

impl Context<'_> {
    async fn fetch_all(&self, groups: Vec<Group>) -> Ended {
        // What is not done by then goes on in a new turn.
        let slice = tokio::time::sleep(TIME_SLICE);
        let work = stream::iter(groups)
            .map(|group| async move {
                let files = group.iter().map(|(file, ..)| *file).collect();
                (files, self.fetch(&group).await)
            })
            .buffer_unordered(self.settings.connections)
            .collect();
        tokio::pin!(work, slice);
        tokio::select! {
            ended = &mut work => return ended,
            () = &mut slice => {}
        }
        debug!(task = %self.claimed.task, "time slice over");
        self.stop.cancel();
        let ended: Ended = work.await;
        // Without a limit here, a Hub that is silent for longer than the retries of one slice would be asked for ever.
        if self.received.load(Ordering::Relaxed) == 0 {
            let silent = || FetchError::Failed(format!("nothing arrived for {} minutes", TIME_SLICE.as_secs() / 60));
            let give_up = |result| if matches!(result, Err(FetchError::Stopped)) { Err(silent()) } else { result };
            return ended.into_iter().map(|(files, result)| (files, give_up(result))).collect();
        }
        ended
    }

    async fn fetch(&self, group: &[(FileIndex, FileState, Meter)]) -> Result<(), FetchError> {
        if self.stop.is_cancelled() {
            return Err(FetchError::Stopped);
        }
        let (_, first, meter) = &group[0];
        if self.has_blob(first).await? {
            return self.link_all(group, FileOutcome::Present).await;
        }
        let key = BlobKey { repo: self.job.request.repo.clone(), blob: first.file.blob };
        let Some(lease) = Lease::acquire(self.env, key).await? else {
            return Err(busy(first, "another job"));
        };
        let ended = match self.fetch_locked(first, meter, &lease).await {
            // Locked until the links are there: whoever removes what nothing links to leaves what is locked alone.
            Ok((lock, outcome)) => {
                let linked = self.link_all(group, outcome).await;
                drop(lock);
                linked
            }
            Err(error) => Err(error),
        };
        lease.release().await?;
        ended
    }

    async fn link_all(&self, group: &[(FileIndex, FileState, Meter)], outcome: FileOutcome) -> Result<(), FetchError> {
        for (file, state, meter) in group {
            self.link(state).await?;
            meter.set(state.file.size_bytes);
            self.done.add(*file);
        }
        metrics::file_ended(outcome, group.len());
        Ok(())
    }

    /// Fetches a content, unless it is there by now; returns its lock, unless another program was waited for long enough.
    async fn fetch_locked(
        &self,
        file: &FileState,
        meter: &Meter,
        lease: &Lease,
    ) -> Result<(Option<BlobLock>, FileOutcome), FetchError> {
        let (cache, blob) = (self.cache.clone(), file.file.blob);
        let lock = blocking(move || cache.lock_blob(&blob)).await?;
        let key = BlobKey { repo: self.job.request.repo.clone(), blob };
        // A worker of ours that sleeps may have the lock still: the lease says that it is not its turn.
        if !lease.lapsed && self.env.patience.is_left(&key, lock.is_some()) {
            return Err(busy(file, "another program"));
        }
        // Whoever had the lease or the lock before may have just published it.
        if self.has_blob(file).await? {
            return Ok((lock, FileOutcome::Present));
        }
        let target = Target { repo: self.job.request.repo.clone(), commit: self.commit, file: file.file.clone() };
        let transfer = transfer::Transfer {
            hub: &self.env.hub,
            cache: &self.cache,
            settings: &self.settings,
            throttle: &self.env.throttle,
            writer: self.env.name.as_str(),
            target: &target,
            meter,
            received: &self.received,
            received_by_all: &self.env.presence.received,
            advanced: &self.done.advanced,
            fence: &lease.fence,
            stop: &self.stop,
        };
        transfer.run().await?;
        Ok((lock, FileOutcome::Downloaded))
    }

    async fn has_blob(&self, file: &FileState) -> Result<bool, FetchError> {
        let (cache, blob, size_bytes) = (self.cache.clone(), file.file.blob, file.file.size_bytes);
        Ok(blocking(move || cache.has_blob(&blob, size_bytes)).await?)
    }

    async fn link(&self, state: &FileState) -> Result<(), FetchError> {
        let (cache, commit, file) = (self.cache.clone(), self.commit, state.file.clone());
        blocking(move || {
            cache.link(commit, &file.path, &file.blob)?;
            file.second_path.map_or(Ok(()), |path| cache.link(commit, &path, &file.blob))
        })
        .await
        .map_err(FetchError::from)
    }
}

fn busy(file: &FileState, who: &str) -> FetchError {
    FetchError::Later { delay: BUSY_DELAY, waiting: format!("{who} is fetching {}", file.file.path) }
}
