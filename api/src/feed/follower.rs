//! The one task of a process that follows the jobs for all its clients.
//!
//! It hears doorbells, reads what changed and tells it, each job at most four times a second and its last state always.
//! Clients join through it, so that many who come at once cost one reading. While there are no clients it does nothing.
//! Doorbells may be lost: every few seconds all jobs are compared with what was told.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hfd_shared::job::{JobId, JobMark, Snapshot, Status, Version};
use hfd_shared::ports::{Extent, FileMark, Heard, RATE_AGE_MAX, StoreError, Subscription};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep_until};
use tracing::warn;

use super::backlog::{About, Backlog};
use super::follow::Init;
use super::message::{Mark, Message};
use super::reader::{self, Update};
use super::relay::Join;
use crate::state::ApiState;

/// The time between two updates of a job.
const UPDATE_EVERY: Duration = Duration::from_millis(250);

/// How long a job that could not be read waits for the next attempt.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// When more jobs than this are gone at once, nobody is told of each: everybody begins anew.
const MAX_REMOVALS: usize = 100;

/// The places among the waiting jobs whose change is told. Each job that leaves a queue of thousands moves all behind it.
const WATCHED_POSITIONS: u64 = 50;

/// Further off than any deadline.
const NEVER: Duration = Duration::from_hours(1);

/// What was told of a job, and when.
#[derive(Default)]
struct Known {
    /// None of a job that only an `init` has shown.
    mark: Option<Mark>,
    at: Option<Instant>,
    /// Its place among the waiting jobs: it changes with other jobs.
    position: Option<u64>,
    /// When a rate was told: without a worker it becomes none by itself.
    rate_told_at: Option<Instant>,
    /// Changes of its files up to here.
    files: Option<FileMark>,
    /// Changes of its files are left over.
    has_more: bool,
}

impl Known {
    fn has_old_rate(&self) -> bool {
        self.rate_told_at.is_some_and(|told_at| told_at.elapsed() >= RATE_AGE_MAX)
    }
}

/// The task.
pub(super) struct Follower {
    state: Arc<ApiState>,
    backlog: Arc<Backlog>,
    last: watch::Sender<u64>,
    clients: Arc<AtomicUsize>,
    /// Nothing is remembered, for there are no clients.
    is_idle: bool,
    /// When a client was last seen.
    visited: Instant,
    told: HashMap<JobId, Known>,
    /// Jobs that have to be told of, and when they may.
    due: HashMap<JobId, Instant>,
}

impl Follower {
    /// The task; it tells into the backlog.
    pub(super) fn new(
        state: Arc<ApiState>,
        backlog: Arc<Backlog>,
        last: watch::Sender<u64>,
        clients: Arc<AtomicUsize>,
    ) -> Self {
        let visited = Instant::now();
        Self { state, backlog, last, clients, is_idle: true, visited, told: HashMap::new(), due: HashMap::new() }
    }

    /// Follows the jobs until nobody can join any more.
    pub(super) async fn run(mut self, mut joining: mpsc::Receiver<Join>) {
        let mut doorbells = Some(self.state.bus.subscribe().await);
        let mut sweep = sweep(self.state.config.feed.sweep_every);
        loop {
            let next_due = self.due.values().min().copied().unwrap_or_else(|| Instant::now() + NEVER);
            tokio::select! {
                heard = hear(&mut doorbells) => match heard {
                    Some(Heard::Changed(job)) => self.changed(job),
                    Some(Heard::Resync) => self.compare().await,
                    None => doorbells = None,
                },
                join = joining.recv() => {
                    let Some(first) = join else { return };
                    let mut joins = vec![first];
                    while let Ok(join) = joining.try_recv() {
                        joins.push(join);
                    }
                    self.answer(joins).await;
                }
                () = sleep_until(next_due) => self.tell_due().await,
                _ = sweep.tick() => {
                    if doorbells.is_none() {
                        doorbells = Some(self.state.bus.subscribe().await);
                    }
                    self.sweep().await;
                }
            }
        }
    }

    /// Notes that a job is to be told of as soon as it may.
    fn changed(&mut self, job: JobId) {
        if self.is_idle {
            return;
        }
        let now = Instant::now();
        let last = self.told.get(&job).and_then(|told| told.at);
        let at = last.map_or(now, |last| now.max(last + UPDATE_EVERY));
        let due = self.due.entry(job).or_insert(at);
        *due = at.min(*due);
    }

    async fn sweep(&mut self) {
        if self.clients.load(Ordering::Relaxed) > 0 {
            self.visited = Instant::now();
        }
        if !self.is_idle && self.visited.elapsed() > self.state.config.feed.linger {
            self.is_idle = true;
            self.told.clear();
            self.due.clear();
            self.restart();
        }
        self.compare().await;
    }

    /// Finds the changes whose doorbell was not heard.
    async fn compare(&mut self) {
        if self.is_idle {
            return;
        }
        match self.state.store.marks().await {
            Ok(jobs) => self.note(&jobs),
            Err(error) => warn!(%error, "jobs not compared"),
        }
    }

    fn note(&mut self, jobs: &[JobMark]) {
        let present: HashSet<JobId> = jobs.iter().map(|job| job.id).collect();
        let gone: Vec<JobId> = self.told.keys().filter(|job| !present.contains(job)).copied().collect();
        // A store that was restored from an older copy of itself shows what was before.
        let back: Vec<JobId> = jobs.iter().filter(|job| self.is_older(job)).map(|job| job.id).collect();
        if gone.len() > MAX_REMOVALS || !back.is_empty() {
            for job in gone.iter().chain(&back) {
                self.told.remove(job);
            }
            self.restart();
        } else {
            for job in gone {
                self.remove(job);
            }
        }
        for job in jobs {
            if self.is_news(job) {
                self.changed(job.id);
            }
        }
    }

    fn is_older(&self, job: &JobMark) -> bool {
        let told = self.told.get(&job.id).and_then(|told| told.mark);
        told.is_some_and(|told| Mark::of(job).order < told.order)
    }

    fn is_news(&self, job: &JobMark) -> bool {
        let Some((told, mark)) = self.told.get(&job.id).and_then(|told| Some((told, told.mark?))) else {
            return true;
        };
        Mark::of(job).order > mark.order || told.position != watched_position(job) || told.has_old_rate()
    }

    /// Lets everybody begin anew.
    fn restart(&self) {
        self.last.send_replace(self.backlog.clear());
    }

    fn tell(&self, job: JobId, about: About, message: Message) {
        self.last.send_replace(self.backlog.add(job, about, message));
    }

    /// Tells that a job is gone, if anybody knew it.
    fn remove(&mut self, job: JobId) {
        if self.told.remove(&job).is_some() {
            self.tell(job, About::Removal, Message::job_removed(job));
        }
    }

    async fn tell_due(&mut self) {
        let now = Instant::now();
        let due: Vec<JobId> = self.due.extract_if(|_, at| *at <= now).map(|(job, _)| job).collect();
        for job in due {
            if let Err(error) = self.tell_state(job).await {
                warn!(%job, %error, "job not read");
                self.due.insert(job, Instant::now() + RETRY_AFTER);
            }
        }
    }

    async fn tell_state(&mut self, job: JobId) -> Result<(), StoreError> {
        let Some(snapshot) = self.state.store.snapshot(job).await? else {
            self.remove(job);
            return Ok(());
        };
        let told = self.told.get(&job);
        let seen = snapshot.mark();
        if !self.is_news(&seen) && !told.is_some_and(|told| told.has_more) {
            return Ok(());
        }
        let (known, last_end) = told.map_or((None, None), |told| (told.files, told.mark.and_then(|mark| mark.end)));
        let Update { message, mark: files, extent } = reader::update(&self.state, &snapshot, known).await?;
        let mark = Mark::of(&seen);
        self.tell(job, About::State, message);
        if extent == Extent::Lost {
            self.tell(job, About::State, Message::files_changed(job));
        }
        if let Some(version) = mark.end
            && mark.end != last_end
            && let Some(message) = Message::end(&snapshot.job)
        {
            self.tell(job, About::End(version), message);
        }
        let (now, has_more) = (Instant::now(), extent == Extent::Part);
        let position = watched_position(&seen);
        let rate_told_at = (snapshot.progress.bytes_per_second > 0).then_some(now);
        self.told.insert(job, Known { mark: Some(mark), at: Some(now), position, rate_told_at, files, has_more });
        if has_more {
            self.due.entry(job).or_insert(now + UPDATE_EVERY);
        } else if rate_told_at.is_some() {
            self.due.entry(job).or_insert(now + RATE_AGE_MAX);
        }
        Ok(())
    }

    /// Gives the jobs to those who join; without an answer they are turned away.
    async fn answer(&mut self, joins: Vec<Join>) {
        self.visited = Instant::now();
        if let Err(error) = self.try_answer(joins).await {
            warn!(%error, "jobs not read for those who join");
        }
    }

    async fn try_answer(&mut self, joins: Vec<Join>) -> Result<(), StoreError> {
        let jobs = self.state.store.marks().await?;
        let was_idle = std::mem::replace(&mut self.is_idle, false);
        if !was_idle {
            self.note(&jobs);
        }
        for job in &jobs {
            // Nobody else follows: what those who join now get is what was told.
            let (mark, position) = (was_idle.then(|| Mark::of(job)), watched_position(job));
            let rate_told_at = (job.status == Status::Running).then(Instant::now);
            self.told.entry(job.id).or_insert(Known { mark, position, rate_told_at, ..Known::default() });
        }
        let mut inits: HashMap<Option<JobId>, Arc<Init>> = HashMap::new();
        for join in joins {
            let init = match inits.get(&join.job) {
                Some(init) => Arc::clone(init),
                None => Arc::new(self.init(&jobs, join.job, was_idle).await?),
            };
            inits.insert(join.job, Arc::clone(&init));
            // Fails only when the client has gone.
            let _ = join.reply.send(init);
        }
        Ok(())
    }

    async fn init(&mut self, jobs: &[JobMark], job: Option<JobId>, was_idle: bool) -> Result<Init, StoreError> {
        let wanted: Vec<JobMark> = jobs.iter().filter(|mark| job.is_none_or(|job| job == mark.id)).copied().collect();
        let snapshots = self.state.store.snapshots(&reader::those_that_may_fit(&wanted)).await?;
        let (message, marks) = reader::init(&self.state, &snapshots).await?;
        for (job, files) in marks.into_iter().filter(|_| was_idle) {
            // Of several who join now, the first knows least.
            self.told.entry(job).or_default().files.get_or_insert(files);
        }
        // What is in the message is the newest that is known.
        let known = wanted.iter().copied().chain(snapshots.iter().map(Snapshot::mark));
        let end = |job: JobMark| (job.id, Mark::of(&job).end);
        let ends: HashMap<JobId, Option<Version>> = known.map(end).collect();
        Ok(Init {
            message,
            number: self.backlog.last(),
            ended: Arc::new(ends.into_iter().filter_map(|(job, end)| Some((job, end?))).collect()),
            is_empty: wanted.is_empty(),
        })
    }
}

fn watched_position(job: &JobMark) -> Option<u64> {
    job.position.filter(|position| *position <= WATCHED_POSITIONS)
}

/// Waits for the next doorbell; for ever without a bus.
async fn hear(doorbells: &mut Option<Box<dyn Subscription>>) -> Option<Heard> {
    match doorbells {
        Some(doorbells) => doorbells.next().await,
        None => std::future::pending().await,
    }
}

fn sweep(every: Duration) -> Interval {
    let mut sweep = interval(every);
    sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
    sweep
}
