//! Fetch: the files of one unit, each from nothing to its place in the cache.

mod content;
mod rounds;
mod settle;

use std::collections::HashSet;
use std::iter;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use futures_util::{FutureExt as _, StreamExt, stream};
use hfd_shared::blocking::blocking;
use hfd_shared::cache::RepoCache;
use hfd_shared::job::{Job, UnitIndex};
use hfd_shared::ports::{Claimed, Lane, StoreError, TaskQueue};
use hfd_shared::repo::{CommitHash, Content};
use hfd_shared::settings::TransferSettings;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::Ending;
use super::reporter::{Done, report};
use super::slice::{Slice, TIME_SLICE, minutes};
use super::unit::{self, Wanted};
use crate::environment::Environment;
use rounds::Rounds;
use settle::{Ended, FetchError, settle};

/// So many files of a unit may be between the network and their links: each has files open, or bytes in memory.
const WAITING_FOR_DISK: usize = 32;

/// Files of the unit with one content.
struct Group {
    first: Wanted,
    others: Vec<Wanted>,
}

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
    rounds: Rounds,
    slice: Slice,
}

pub(super) async fn perform(
    env: &Environment,
    job: &Job,
    claimed: &Claimed,
    unit: UnitIndex,
    stop: &CancellationToken,
) -> Result<Ending, StoreError> {
    let Some(files) = unit::wanted(env, job, unit).await? else { return Ok(unit::unknown(unit)) };
    let Some(commit) = job.commit else { return Ok(Ending::Failed("the job has units but no commit".to_owned())) };
    if !cfg!(feature = "xet") && files.iter().any(|wanted| wanted.file.xet.is_some()) {
        warn!(task = %claimed.task, "this program is built without Xet: files come over plain HTTP instead");
    }
    let meters = unit::meters(&files);
    let groups = groups(files);
    let context = Context::new(env, job, claimed, commit, stop);
    let ended = tokio::select! {
        ended = context.fetch_all(groups) => ended,
        never = report(env, claimed, &meters, &context.received, &context.done, &context.slice.stop) => match never {},
    };
    settle(env, claimed, ended).await
}

/// Files by content.
fn groups(files: Vec<Wanted>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for wanted in files {
        match groups.last_mut() {
            Some(group) if group.content() == wanted.file.content() => group.others.push(wanted),
            _ => groups.push(Group { first: wanted, others: Vec::new() }),
        }
    }
    groups
}

impl Group {
    fn content(&self) -> Content {
        self.first.file.content()
    }

    fn files(&self) -> impl Iterator<Item = &Wanted> {
        iter::once(&self.first).chain(&self.others)
    }
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
        Self {
            env,
            job,
            claimed,
            commit,
            rounds: Rounds::new(&cache, commit),
            cache,
            received: AtomicU64::new(0),
            done: Done::default(),
            turns: Arc::new(Semaphore::new(settings.connections)),
            settings,
            slice: Slice::new(stop),
        }
    }

    async fn fetch_all(&self, groups: Vec<Group>) -> Ended {
        let present = &self.present(&groups).await;
        let work = stream::iter(groups)
            .map(|group| async move {
                let files = group.files().map(|file| file.index).collect();
                let is_present = present.contains(&group.content());
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
        let silent = || FetchError::Unanswered(format!("nothing arrived for {}", minutes(TIME_SLICE)));
        let give_up = |result| if matches!(result, Err(FetchError::Stopped)) { Err(silent()) } else { result };
        ended.into_iter().map(|(files, result)| (files, give_up(result))).collect()
    }

    /// The contents that are in the cache already. One that cannot be looked at is not: that is found out again, and said.
    async fn present(&self, groups: &[Group]) -> HashSet<Content> {
        let cache = self.cache.clone();
        let wanted: Vec<_> = groups.iter().map(Group::content).collect();
        let is_there = move |content: &Content| cache.has_blob(*content).unwrap_or(false);
        blocking(move || wanted.into_iter().filter(is_there).collect()).await
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
}

/// Whether a Fetch that began then may stay for another slice.
async fn may_be_kept(queue: &dyn TaskQueue, begun: Instant) -> bool {
    if queue.delivery_timeout().is_some_and(|timeout| begun.elapsed() + TIME_SLICE >= timeout) {
        return false;
    }
    let depths = queue.depths().await.unwrap_or_default();
    depths.iter().any(|depth| depth.lane == Lane::Fetch && depth.ready == 0)
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
