//! Fetch: the files of one unit, each from nothing to its place in the cache.

use std::collections::HashSet;
use std::iter;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use backon::{BackoffBuilder, ExponentialBackoff};
use futures_util::{FutureExt as _, StreamExt, stream};
use hfd_shared::blocking::blocking;
use hfd_shared::cache::{BlobLock, CacheError, RepoCache};
use hfd_shared::job::{FileIndex, FileState, Job, Unit, UnitIndex};
use hfd_shared::metrics::{self, FileOutcome, RetryReason};
use hfd_shared::ports::{BlobKey, Claimed, FileEnd, Lane, StoreError, TaskQueue};
use hfd_shared::repo::{BlobHash, CommitHash, RepoPath};
use hfd_shared::settings::TransferSettings;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::lease::Lease;
use super::reporter::{Done, report};
use super::slice::{Slice, TIME_SLICE, minutes};
use super::{Ending, during_outage, without_volume};
use crate::environment::Environment;
use crate::together::Together;
use crate::transfer::{self, Meter, Publisher, Target, TransferError, Turn};

/// How long to wait for somebody else who fetches the same content.
const BUSY_DELAY: Duration = Duration::from_secs(1);

/// So many files of a unit may be between the network and their links: each has a few files open.
const WAITING_FOR_DISK: usize = 32;

/// Why a file of the unit is not in the cache.
#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error("stopped")]
    Stopped,
    #[error("not now")]
    Later { delay: Duration, waiting: String },
    #[error("{0}")]
    Failed(String),
    /// A server that may just be away.
    #[error("{0}")]
    Unanswered(String),
    #[error(transparent)]
    Cache(#[from] CacheError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<TransferError> for FetchError {
    fn from(error: TransferError) -> Self {
        match error {
            TransferError::Stopped => Self::Stopped,
            TransferError::Later { delay, reason } => Self::Later { delay, waiting: reason },
            TransferError::GaveUp { is_outage: true, .. } => Self::Unanswered(error.to_string()),
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
    /// Files that use the network at a time.
    turns: Arc<Semaphore>,
    publisher: Publisher,
    links: Together<Link, Result<(), CacheError>>,
    slice: Slice,
}

/// An entry of the snapshot.
type Link = (RepoPath, BlobHash);

pub(super) async fn perform(
    env: &Environment,
    job: &Job,
    claimed: &Claimed,
    unit: UnitIndex,
    stop: &CancellationToken,
) -> Result<Ending, StoreError> {
    let Some((unit, files)) = env.store.unit(job.id, unit).await? else {
        return Ok(Ending::Failed(format!("unit {unit} is not in the job's plan")));
    };
    let Some(commit) = job.commit else { return Ok(Ending::Failed("the job has units but no commit".to_owned())) };
    if !cfg!(feature = "xet") && files.iter().any(|state| state.file.xet.is_some()) {
        warn!(task = %claimed.task, "this program is built without Xet: files come over plain HTTP instead");
    }
    let groups = groups(&unit, files);
    let meters: Vec<_> = groups.iter().flatten().map(|(file, _, meter)| (*file, meter.clone())).collect();
    let context = Context::new(env, job, claimed, commit, stop);
    let ended = tokio::select! {
        ended = context.fetch_all(groups) => ended,
        never = report(env, claimed, &meters, &context.received, &context.done, &context.slice.stop) => match never {},
    };
    settle(env, claimed, ended).await
}

/// What became of each group: its files and the result that they share.
type Ended = Vec<(Vec<FileIndex>, Result<(), FetchError>)>;

async fn settle(env: &Environment, claimed: &Claimed, ended: Ended) -> Result<Ending, StoreError> {
    let mut ends = Vec::new();
    let mut later: Option<(Duration, String)> = None;
    let mut unanswered = None;
    let mut stopped = false;
    // What came or failed without the volume counts for nothing.
    if let Some(later) = without_volume(env).await {
        return Ok(later);
    }
    for (files, result) in ended {
        let result = match result {
            Ok(()) => Ok(()),
            Err(FetchError::Unanswered(error)) if env.outages.are_waited_for() => {
                unanswered = Some(error);
                continue;
            }
            Err(error @ (FetchError::Failed(_) | FetchError::Unanswered(_) | FetchError::Cache(_))) => {
                warn!(task = %claimed.task, %error, "file failed");
                metrics::file_ended(FileOutcome::Failed, files.len());
                Err(error.to_string())
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
    if stopped || later.is_some() || unanswered.is_some() {
        if !ends.is_empty() {
            env.store.checkpoint(claimed, ends).await?;
        }
        return match (later, unanswered) {
            (Some((delay, waiting)), _) if !stopped => Ok(Ending::Later { delay, waiting: Some(waiting) }),
            (None, Some(error)) if !stopped => during_outage(env, &claimed.task, error).await,
            _ => Ok(Ending::Stopped),
        };
    }
    env.store.finish_unit(claimed, ends).await?;
    Ok(Ending::Settled)
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

impl<'a> Context<'a> {
    fn new(
        env: &'a Environment,
        job: &'a Job,
        claimed: &'a Claimed,
        commit: CommitHash,
        stop: &CancellationToken,
    ) -> Self {
        let cache = env.cache.repo(&job.request.repo);
        let settings = env.settings.in_force().transfer.clone();
        let (publishing, linking) = (cache.clone(), cache.clone());
        Self {
            env,
            job,
            claimed,
            commit,
            cache,
            received: AtomicU64::new(0),
            done: Done::default(),
            turns: Arc::new(Semaphore::new(settings.connections)),
            publisher: Together::new(move |files: Vec<_>| publishing.publish_small(&files)),
            links: Together::new(move |links: Vec<_>| make_links(&linking, commit, &links)),
            settings,
            slice: Slice::new(stop),
        }
    }

    async fn fetch_all(&self, groups: Vec<Group>) -> Ended {
        let present = &self.present(&groups).await;
        let work = stream::iter(groups)
            .map(|group| async move {
                let files = group.iter().map(|(file, ..)| *file).collect();
                let is_present = present.contains(&group[0].1.file.blob);
                (files, self.fetch(&group, is_present).await)
            })
            .buffer_unordered(self.settings.connections + WAITING_FOR_DISK)
            .collect();
        let before = AtomicU64::new(0);
        let begun = Instant::now();
        let ended: Ended = self.slice.run(work, || self.may_go_on(begun, &before).boxed()).await;
        if !self.slice.is_over() {
            return ended;
        }
        debug!(task = %self.claimed.task, "time slice over");
        // Without a limit here, what comes to nothing in one slice would be tried for ever.
        if self.has_more_than(&before) || ended.iter().any(|(_, result)| result.is_ok()) {
            return ended;
        }
        let silent = || FetchError::Unanswered(format!("nothing arrived for {}", minutes()));
        let give_up = |result| if matches!(result, Err(FetchError::Stopped)) { Err(silent()) } else { result };
        ended.into_iter().map(|(files, result)| (files, give_up(result))).collect()
    }

    /// Whether there is as much time again: something came, the settings are as they were, and the queue leaves the task here, for
    /// as long and with nobody who waits.
    async fn may_go_on(&self, begun: Instant, before: &AtomicU64) -> bool {
        let is_changed = self.env.settings.in_force().transfer != self.settings;
        let goes_on = self.has_more_than(before) && !is_changed && may_be_kept(self.env.queue.as_ref(), begun).await;
        if goes_on {
            before.store(self.received.load(Ordering::Relaxed), Ordering::Relaxed);
        }
        goes_on
    }

    fn has_more_than(&self, before: &AtomicU64) -> bool {
        self.received.load(Ordering::Relaxed) > before.load(Ordering::Relaxed)
    }

    async fn fetch(&self, group: &[(FileIndex, FileState, Meter)], is_present: bool) -> Result<(), FetchError> {
        if self.slice.over.is_cancelled() {
            return Err(FetchError::Stopped);
        }
        if is_present {
            if self.link_present(group).await? {
                self.note(group, FileOutcome::Present);
                return Ok(());
            }
            debug!(blob = %group[0].1.file.blob, "removed since it was looked for");
        }
        let turn = Turn::new(&self.turns);
        if self.slice.over.run_until_cancelled(turn.begin()).await.is_none() {
            return Err(FetchError::Stopped);
        }
        let (_, first, meter) = &group[0];
        let key = BlobKey { repo: self.job.request.repo.clone(), blob: first.file.blob };
        let Some(lease) = Lease::acquire(self.env, key).await? else {
            return Err(busy(first, "another job"));
        };
        let ended = match self.fetch_locked(first, meter, &lease, &turn).await {
            // Locked until the links are there: whoever removes what nothing links to leaves what is locked alone.
            Ok((lock, outcome)) => {
                let linked = self.link_all(group).await;
                drop(lock);
                linked.map(|()| self.note(group, outcome))
            }
            Err(error) => Err(error),
        };
        lease.release().await?;
        ended
    }

    /// Links a content that was there, without its lock; returns whether it is there now. Whoever removes what nothing links
    /// to puts it aside, looks for links once more, and puts it back if there are some.
    async fn link_present(&self, group: &[(FileIndex, FileState, Meter)]) -> Result<bool, FetchError> {
        match self.link_all(group).await {
            Err(FetchError::Cache(error)) if error.is_not_found() => return Ok(false),
            linked => linked?,
        }
        let (cache, file) = (self.cache.clone(), &group[0].1.file);
        let (blob, size_bytes) = (file.blob, file.size_bytes);
        // One that cannot be looked at is looked for once more, with its lock.
        Ok(blocking(move || cache.has_blob(&blob, size_bytes)).await.unwrap_or(false))
    }

    async fn link_all(&self, group: &[(FileIndex, FileState, Meter)]) -> Result<(), FetchError> {
        for (_, state, _) in group {
            // What was told to stop may be followed by a removal, which is not to be undone.
            if self.slice.stop.is_cancelled() {
                return Err(FetchError::Stopped);
            }
            for path in iter::once(&state.file.path).chain(&state.file.second_path) {
                self.link((path.clone(), state.file.blob)).await?;
            }
        }
        Ok(())
    }

    /// Notes that all files of a group are there.
    fn note(&self, group: &[(FileIndex, FileState, Meter)], outcome: FileOutcome) {
        for (file, state, meter) in group {
            meter.set(state.file.size_bytes);
            self.done.add(*file);
        }
        metrics::file_ended(outcome, group.len());
    }

    /// Fetches a content, unless it is there by now; returns its lock, unless another program was waited for long enough.
    async fn fetch_locked(
        &self,
        file: &FileState,
        meter: &Meter,
        lease: &Lease,
        turn: &Turn,
    ) -> Result<(Option<BlobLock>, FileOutcome), FetchError> {
        let (cache, blob, size_bytes) = (self.cache.clone(), file.file.blob, file.file.size_bytes);
        let look = move || {
            let lock = cache.lock_blob(&blob)?;
            let begun_bytes = if lock.is_some() { 0 } else { cache.begun_bytes(&blob, size_bytes) };
            Ok((lock, begun_bytes, cache.has_blob(&blob, size_bytes)?))
        };
        let mut delays = transfer::disk_delays().build();
        let (lock, begun_bytes, is_present) = loop {
            match blocking(look.clone()).await {
                Ok(found) => break found,
                Err(error) => self.wait_for_disk(error, &mut delays).await?,
            }
        };
        let key = BlobKey { repo: self.job.request.repo.clone(), blob };
        // A worker of ours that sleeps may have the lock still: the lease says that it is not its turn.
        match &lock {
            Some(_) => self.env.patience.forget(&key),
            None if !lease.lapsed && self.env.patience.lasts(&key, begun_bytes) => {
                return Err(busy(file, "another program"));
            }
            None => {}
        }
        // Whoever had the lease or the lock before may have just published it.
        if is_present {
            return Ok((lock, FileOutcome::Present));
        }
        let target = Target { repo: self.job.request.repo.clone(), commit: self.commit, file: file.file.clone() };
        let transfer = transfer::Transfer {
            hub: &self.env.hub,
            xet: Some(&self.env.xet),
            cache: &self.cache,
            settings: &self.settings,
            throttle: &self.env.throttle,
            writer: self.env.name.as_str(),
            target: &target,
            meter,
            received: &self.received,
            received_by_all: &self.env.presence.received,
            width: &self.env.width,
            advanced: &self.done.advanced,
            turn,
            publisher: &self.publisher,
            fence: &lease.fence,
            slice_over: &self.slice.over,
            stop: &self.slice.stop,
        };
        transfer.run().await?;
        Ok((lock, FileOutcome::Downloaded))
    }

    async fn link(&self, link: Link) -> Result<(), FetchError> {
        let mut delays = transfer::disk_delays().build();
        loop {
            match self.links.join(link.clone()).await {
                Ok(()) => return Ok(()),
                Err(error) => self.wait_for_disk(error, &mut delays).await?,
            }
        }
    }

    /// Waits for what the volume may do better the next time, network volumes above all.
    async fn wait_for_disk(&self, error: CacheError, delays: &mut ExponentialBackoff) -> Result<(), FetchError> {
        // What is not there now will not be there a second later.
        let may_help = error.is_transient() && !error.is_not_found();
        let Some(delay) = delays.next().filter(|_| may_help) else { return Err(error.into()) };
        metrics::retried(RetryReason::Disk);
        warn!(task = %self.claimed.task, %error, ?delay, "trying again");
        let waited = self.slice.stop.run_until_cancelled(tokio::time::sleep(delay)).await;
        waited.ok_or(FetchError::Stopped)
    }

    /// The contents that are in the cache already. One that cannot be looked at is not: that is found out again, and said.
    async fn present(&self, groups: &[Group]) -> HashSet<BlobHash> {
        let cache = self.cache.clone();
        let wanted: Vec<_> = groups.iter().map(|group| (group[0].1.file.blob, group[0].1.file.size_bytes)).collect();
        let is_there = move |&(blob, size_bytes): &(_, u64)| cache.has_blob(&blob, size_bytes).unwrap_or(false);
        blocking(move || wanted.into_iter().filter(is_there).map(|(blob, _)| blob).collect()).await
    }
}

/// Whether a Fetch that began then may stay for another slice.
async fn may_be_kept(queue: &dyn TaskQueue, begun: Instant) -> bool {
    if queue.delivery_timeout().is_some_and(|timeout| begun.elapsed() + TIME_SLICE >= timeout) {
        return false;
    }
    let depths = queue.depths().await.unwrap_or_default();
    depths.iter().any(|depth| depth.lane == Lane::Fetch && depth.ready == 0)
}

/// Makes entries of a snapshot, whose folder is opened once; what became of each, in their order.
fn make_links(cache: &RepoCache, commit: CommitHash, links: &[Link]) -> Vec<Result<(), CacheError>> {
    let mut snapshot = None;
    let link = |(path, blob): &Link| {
        let snapshot = match &mut snapshot {
            Some(snapshot) => snapshot,
            None => snapshot.insert(cache.snapshot(commit)?),
        };
        snapshot.link(path, blob)
    };
    links.iter().map(link).collect()
}

fn busy(file: &FileState, who: &str) -> FetchError {
    FetchError::Later { delay: BUSY_DELAY, waiting: format!("{who} is fetching {}", file.file.path) }
}

#[cfg(test)]
mod tests {
    use hfd_shared::embedded::MemoryQueue;
    use hfd_shared::job::{Epoch, JobId, Task, TaskKind};
    use hfd_shared::ports::Message;

    use super::*;

    #[tokio::test]
    async fn a_fetch_is_kept_as_long_as_no_other_one_waits() {
        let queue = MemoryQueue::new();
        let job = JobId::random().unwrap();
        let publish = async |kind| {
            let task = Task { job, epoch: Epoch::default(), kind };
            queue.publish(&Message { task, trace: None }).await.unwrap();
        };
        publish(TaskKind::Finish).await;
        assert!(may_be_kept(&queue, Instant::now()).await);
        publish(TaskKind::Fetch(UnitIndex(0))).await;
        assert!(!may_be_kept(&queue, Instant::now()).await);
    }
}
