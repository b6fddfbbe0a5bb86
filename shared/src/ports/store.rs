//! The store: jobs, their files and units, open tasks, the outbox, blob leases.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::changes::{FileChanges, FileMark};
use super::listing::{JobPage, JobQuery};
use super::queue::{Lane, Message};
use super::settings::{SettingsCommitted, StoredSettings};
use super::statistics::Statistics;
use crate::job::{
    Effect, FileIndex, FileProgress, FileState, Job, JobId, JobMark, Plan, Snapshot, Task, Unit, UnitIndex, WorkerName,
};
use crate::repo::{BlobHash, RepoRef};

/// Why the store could not do it. Whatever was asked for either happened whole or not at all.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The store cannot be reached or written; trying again later may work.
    #[error("job store unavailable: {0}")]
    Unavailable(String),
    /// The store has no room for more. It can be read, and what makes room is taken: removing jobs that have ended.
    #[error("job store full: {0}")]
    Full(String),
    /// What the store holds cannot be read.
    #[error("job store holds unreadable data at {at}: {reason}")]
    Corrupt {
        /// Where.
        at: String,
        /// Why.
        reason: String,
    },
}

/// What became of a new job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Creation {
    /// It is stored and waits for its turn.
    Created(Job),
    /// A live job asks for the same.
    Duplicate(Job),
    /// A live job of the same repository is in the way: one of the two takes files away
    /// ([`Work::is_exclusive`](crate::job::Work::is_exclusive)).
    Blocked(Job),
}

/// A change of a job that is to be committed.
#[derive(Debug, Clone)]
pub struct Change {
    /// The job as it shall be. Its version is the one that it was made from; the store raises it.
    pub job: Job,
    /// What happens in the same step.
    pub effects: Vec<Effect>,
    /// Commit only if this holds.
    pub condition: Condition,
}

/// What must hold for a change, besides the job's version.
#[derive(Debug, Clone)]
pub enum Condition {
    /// Nothing.
    Always,
    /// Fewer jobs than this are running: for an admission.
    Room {
        /// How many may run.
        max_active: usize,
    },
    /// The task is still open and in this holder's hands: for what a worker makes of a job.
    Held(Claimed),
}

/// What became of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Committed {
    /// It is stored; this is the job with its new version.
    Applied(Box<Job>),
    /// The job has changed since: read it again and decide anew.
    Conflict,
    /// The condition does not hold.
    Unmet,
    /// An ended job cannot come back, for this live job asks for the same.
    Duplicate(JobId),
    /// An ended job cannot come back, for this live job of the same repository is in the way.
    Blocked(JobId),
}

/// The answer to a worker that wants to begin a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// Do it. This is the how-many-eth attempt in a row that did not end in an orderly way, from 1.
    Go {
        /// The job.
        job: Box<Job>,
        /// Attempts so far, this one included.
        attempt: u32,
    },
    /// Somebody else has it in work. It comes again when he is silent for too long: acknowledge it and do nothing.
    Busy,
    /// It is done, void or unknown: acknowledge it and do nothing.
    Void,
}

/// A task in somebody's hands. When it was claimed anew, whatever the earlier holder does with it is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// The task.
    pub task: Task,
    /// Who has claimed it.
    pub holder: Holder,
}

/// Whether work for a task shall go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Go on; a record was taken.
    Go,
    /// The task is done, void or in other hands; nothing was recorded. Stop within two seconds.
    Stop,
}

/// How far a worker is with a task.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Files whose bytes have moved since the last report.
    pub files: Vec<FileProgress>,
    /// Bytes a second that arrive for this task now.
    pub bytes_per_second: u64,
}

/// The end of one file of a unit.
#[derive(Debug, Clone)]
pub struct FileEnd {
    /// Which file.
    pub file: FileIndex,
    /// In the cache, or why not.
    pub result: Result<(), String>,
}

/// Names an entry of the outbox.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OutboxId(pub String);

/// An outbox entry whose time has come.
#[derive(Debug, Clone)]
pub struct Due {
    /// The entry.
    pub id: OutboxId,
    /// The task to publish, with the trace of the request that made its job.
    pub message: Message,
}

/// A part of a long list.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    /// Entries to skip.
    pub offset: usize,
    /// Entries to return at most.
    pub limit: usize,
}

impl Page {
    /// Everything.
    pub const ALL: Self = Self { offset: 0, limit: usize::MAX };
}

/// After how long without a sign of life an open task counts as lost.
#[derive(Debug, Clone, Copy)]
pub struct Silence {
    /// For one that somebody has in work: he reports all the time.
    pub held: Duration,
    /// For one that waits in the queue.
    pub waiting: Duration,
    /// Only tasks of this lane; of all when absent.
    pub lane: Option<Lane>,
}

/// Reports ring a job's doorbell at most this often.
pub const RING_INTERVAL: Duration = Duration::from_millis(250);

/// A rate that was not reported for so long no longer counts.
pub const RATE_AGE_MAX: Duration = Duration::from_secs(5);

/// How long it is remembered that a lease was never given back.
pub const LAPSE_REMEMBERED: Duration = Duration::from_hours(1);

/// How long ended jobs are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// At most so many ended jobs.
    pub jobs: usize,
    /// None that ended longer ago.
    pub age: Duration,
}

/// One blob in one repository's folder: what a lease is for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BlobKey {
    /// The repository.
    pub repo: RepoRef,
    /// The content.
    pub blob: BlobHash,
}

impl fmt::Display for BlobKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}@{}", self.repo, self.blob)
    }
}

/// Who holds a task or a blob: one attempt of one worker.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Holder {
    /// The worker.
    pub worker: WorkerName,
    /// Tells its attempts apart.
    pub attempt: u64,
}

impl fmt::Display for Holder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}#{}", self.worker, self.attempt)
    }
}

/// What became of the wish for a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leased {
    /// It is the holder's now.
    Granted {
        /// The holder before, within the last hour, never gave it back: he died, or he sleeps and still has files open
        /// and locked.
        lapsed: bool,
    },
    /// Somebody else has it.
    Taken,
}

/// Holds everything that must outlive a process. Every method is one atomic step that may be repeated safely; every
/// change rings the job's doorbell.
///
/// A task is *open* from the step that emits it to the step that settles it. Only an open task of the job's present
/// epoch can be claimed, reported on or settled, and only while the job runs (Clean and Callback: also after its end). Once it is
/// claimed, only its last holder can. So whatever comes late changes nothing.
#[async_trait]
pub trait JobStore: Send + Sync {
    /// Stores a new queued job, unless a live one (queued, running or paused) has the same fingerprint or is in the way.
    /// The same job created again is a duplicate of itself.
    async fn create(&self, job: Job) -> Result<Creation, StoreError>;

    /// One job.
    async fn job(&self, id: JobId) -> Result<Option<Job>, StoreError>;

    /// One job with its progress.
    async fn snapshot(&self, id: JobId) -> Result<Option<Snapshot>, StoreError>;

    /// Those of these jobs that are there, with their progress.
    async fn snapshots(&self, ids: &[JobId]) -> Result<Vec<Snapshot>, StoreError>;

    /// All jobs at a glance, newest first.
    async fn marks(&self) -> Result<Vec<JobMark>, StoreError>;

    /// The jobs that the query wants, with their progress. The cost of a page depends on its length; that of a query which
    /// leaves jobs out, on all jobs, or on those that have not ended when it wants no others.
    async fn list(&self, query: JobQuery) -> Result<JobPage, StoreError>;

    /// The jobs of a repository that have not ended, with their progress, in no order. The cost depends on them alone.
    async fn live_jobs(&self, repo: &RepoRef) -> Result<Vec<Snapshot>, StoreError>;

    /// The files of a job in the plan's order; none before it is planned or when it is unknown.
    async fn files(&self, id: JobId, page: Page) -> Result<Vec<FileState>, StoreError>;

    /// At most `limit` files of a job that have changed after a mark; up to half of them are those in work, and the other
    /// changes come in their order, so that whoever asks again and again hears of each. The cost depends on the files that
    /// are told and those in work, not on the job's files. Nothing is told of an unknown job.
    async fn changed_files(&self, id: JobId, since: Option<FileMark>, limit: usize) -> Result<FileChanges, StoreError>;

    /// Compare-and-set on the job's version, together with the moves between the indexes that follow from its status.
    /// A change of epoch or the end of the job voids all its open tasks; the effects open new ones. A job that stops
    /// running keeps the bytes that were in flight as downloaded, until it is planned anew. An unknown job is a conflict.
    ///
    /// An ended job becomes live again only where it could be created; its plan is forgotten.
    async fn commit(&self, change: Change) -> Result<Committed, StoreError>;

    /// The queued job whose turn it is: exclusive work first, then by priority, then the one that has waited longest.
    async fn next_waiting(&self) -> Result<Option<JobId>, StoreError>;

    /// Begins a task: counts the attempt before the work, so that a task that kills its worker is found out. A task in
    /// other hands is refused as busy, until its holder has shown no sign of life for `patience`; it is then due again.
    async fn claim(&self, claimed: &Claimed, patience: Duration) -> Result<Claim, StoreError>;

    /// Settles a Plan task: writes files and units in place of those of an earlier plan, sets the job's commit if it has
    /// none yet, and opens the first [`WINDOW`](crate::job::WINDOW) Fetch tasks (or Finish, if there are none).
    async fn put_plan(&self, claimed: &Claimed, plan: Plan) -> Result<Verdict, StoreError>;

    /// A unit of a planned job, with the state of its files.
    async fn unit(&self, id: JobId, unit: UnitIndex) -> Result<Option<(Unit, Vec<FileState>)>, StoreError>;

    /// Sets progress and marks the task as alive. Bytes beyond a file's size are cut off; files that have ended or are
    /// not in the plan are ignored.
    ///
    /// Rings at most every 250 ms a job. What did not ring is heard with the next report or the end of the task, so a
    /// worker goes on reporting as long as it holds the task, whether bytes move or not.
    async fn report(&self, claimed: &Claimed, report: Report) -> Result<Verdict, StoreError>;

    /// Records what an open Fetch task has durably done so far: the files that have ended, if any. Its attempts count
    /// from zero again, for the work advances.
    async fn checkpoint(&self, claimed: &Claimed, ends: Vec<FileEnd>) -> Result<Verdict, StoreError>;

    /// Settles a Fetch task and opens the next one, or Finish after the last. Each file counts once.
    async fn finish_unit(&self, claimed: &Claimed, ends: Vec<FileEnd>) -> Result<Verdict, StoreError>;

    /// Puts an open task back into the outbox, due after `delay`: it could not be done now, and `waiting` says why.
    /// Nothing is reported on it until it is claimed again. The attempt that put it off does not count. The reason is shown
    /// until bytes of this task move or it is settled or void; `None` keeps an earlier one.
    async fn put_off(&self, claimed: &Claimed, delay: Duration, waiting: Option<String>)
    -> Result<Verdict, StoreError>;

    /// Settles a task that has no result of its own (Clean, Callback).
    async fn settle(&self, claimed: &Claimed) -> Result<Verdict, StoreError>;

    /// Takes entries of the outbox that are due, in the order of their time, and hides them from others for `lease`.
    async fn take_due(&self, limit: usize, lease: Duration) -> Result<Vec<Due>, StoreError>;

    /// Removes an entry that the queue has confirmed. A task that was put off in the meantime has another entry, which
    /// stays; an entry that is gone is ignored.
    async fn acknowledge_due(&self, id: &OutboxId) -> Result<(), StoreError>;

    /// Puts open tasks into the outbox again that are not in it and have been silent for too long; returns how many. They
    /// come before what waits there, for they were begun before. Signs of life are to be published, claimed and reported
    /// on. A store that keeps them in memory has seen none when it starts, so its first call emits all open tasks: that
    /// fills a queue that was kept in memory too.
    async fn emit_lost(&self, silence: Silence) -> Result<usize, StoreError>;

    /// Takes or renews the lease of a blob.
    async fn lease_blob(&self, blob: &BlobKey, holder: &Holder, ttl: Duration) -> Result<Leased, StoreError>;

    /// Gives a lease back; nothing happens when it is somebody else's by now.
    async fn release_blob(&self, blob: &BlobKey, holder: &Holder) -> Result<(), StoreError>;

    /// Forgets those of these jobs that have ended; returns how many. Their open tasks are void.
    async fn remove(&self, jobs: &[JobId]) -> Result<usize, StoreError>;

    /// Forgets ended jobs beyond the limits, those that ended first; returns how many. Their open tasks are void.
    async fn trim(&self, retention: Retention) -> Result<usize, StoreError>;

    /// Whether the store can be used now: for readiness, and for who waits until it is there again.
    async fn ready(&self) -> Result<(), StoreError>;

    /// How much the store holds. The cost depends on the jobs that have not ended, not on those that have.
    async fn statistics(&self) -> Result<Statistics, StoreError>;

    /// The settings that all processes share; the default when nothing was ever set.
    async fn settings(&self) -> Result<StoredSettings, StoreError>;

    /// Compare-and-set on the settings' version: it is the one that the change was made from, and the store raises it.
    /// No doorbell rings.
    async fn put_settings(&self, settings: StoredSettings) -> Result<SettingsCommitted, StoreError>;
}
