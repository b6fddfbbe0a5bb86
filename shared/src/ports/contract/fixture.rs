//! Jobs and plans to try the ports with.

use std::time::Duration;

use time::OffsetDateTime;

use super::{LONG, StoreRig};
use crate::job::{
    DownloadRequest, Event, FileIndex, FileProgress, Job, JobId, JobRequest, Plan, PlannedFile, Removal, Snapshot,
    Task, TaskKind, Transition, Unit, UnitIndex, Work, transition,
};
use crate::ports::{
    Change, Claim, Claimed, Committed, Condition, Creation, FileEnd, Holder, JobQuery, Report, Silence, Verdict,
};
use crate::repo::BlobHash;

/// A new job for a repository of this name.
pub(super) fn job(name: &str) -> Job {
    let request = DownloadRequest { repo: format!("owner/{name}"), ..DownloadRequest::default() };
    Job::new(JobId::random().unwrap(), JobRequest::parse(&request).unwrap(), now())
}

/// The kinds of work beside a download.
pub(super) const VERIFY: Work = Work::Verify;
pub(super) const REMOVE: Work = Work::Remove(Removal::Repo);
pub(super) const PRUNE: Work = Work::Prune;

/// A new job that does this work.
pub(super) fn job_of(name: &str, work: Work) -> Job {
    let download = job(name);
    let request = JobRequest { work, ..download.request };
    Job { request, ..download }
}

/// The time, as precise as every store keeps it.
pub(super) fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc().replace_nanosecond(0).unwrap()
}

/// A plan: for each unit the sizes of its files.
pub(super) fn plan(units: &[&[u64]]) -> Plan {
    let mut files = Vec::new();
    let mut cut = Vec::new();
    for sizes in units {
        let first = u32::try_from(files.len()).unwrap();
        for (index, &size_bytes) in (first..).zip(*sizes) {
            files.push(file(index, size_bytes));
        }
        let end = u32::try_from(files.len()).unwrap();
        cut.push(Unit { files: (first..end).map(FileIndex).collect() });
    }
    Plan { commit: Some("c1".repeat(20).parse().unwrap()), files, units: cut }
}

/// A plan of so many units, each of one file of 10 bytes.
pub(super) fn plan_of_units(units: usize) -> Plan {
    plan(&vec![&[10][..]; units])
}

fn file(index: u32, size_bytes: u64) -> PlannedFile {
    let path = format!("folder/file-{index}.bin").parse().unwrap();
    let mut hash = [0; 32];
    hash[..4].copy_from_slice(&index.to_be_bytes());
    PlannedFile { path, size_bytes, blob: BlobHash::Sha256(hash), second_path: None, xet: None }
}

/// A task of the job's present epoch.
pub(super) fn task(job: &Job, kind: TaskKind) -> Task {
    Task { job: job.id, epoch: job.epoch, kind }
}

/// The Fetch task of a unit.
pub(super) fn fetch(job: &Job, unit: u32) -> Task {
    task(job, TaskKind::Fetch(UnitIndex(unit)))
}

/// These files are in the cache.
pub(super) fn done(files: impl IntoIterator<Item = u32>) -> Vec<FileEnd> {
    files.into_iter().map(|file| FileEnd { file: FileIndex(file), result: Ok(()) }).collect()
}

/// So many bytes of a file have arrived.
pub(super) fn bytes(file: u32, downloaded_bytes: u64) -> Report {
    Report { files: vec![FileProgress { file: FileIndex(file), downloaded_bytes }], bytes_per_second: 0 }
}

/// An attempt of a worker.
pub(super) fn holder(worker: &str, attempt: u64) -> Holder {
    Holder { worker: worker.parse().unwrap(), attempt }
}

impl StoreRig {
    /// Creates a job.
    pub(super) async fn queued(&self, name: &str) -> Job {
        self.created(job(name)).await
    }

    /// Creates a job that does this work.
    pub(super) async fn queued_work(&self, name: &str, work: Work) -> Job {
        self.created(job_of(name, work)).await
    }

    /// Creates a job whose end is told.
    pub(super) async fn queued_with_callback(&self, name: &str, callback: &str) -> Job {
        let mut job = job(name);
        job.request.callback = Some(callback.parse().unwrap());
        self.created(job).await
    }

    async fn created(&self, job: Job) -> Job {
        match self.store.create(job).await.unwrap() {
            Creation::Created(job) => job,
            other => panic!("not created: {other:?}"),
        }
    }

    /// Creates a job and lets it run.
    pub(super) async fn running(&self, name: &str) -> Job {
        let job = self.queued(name).await;
        self.apply(job.id, &Event::Admit).await
    }

    /// Creates a job, lets it run and plans it; its Fetch tasks have left the outbox.
    pub(super) async fn planned(&self, name: &str, plan: Plan) -> Job {
        let job = self.running(name).await;
        assert_eq!(self.store.put_plan(&self.by(task(&job, TaskKind::Plan)), plan).await.unwrap(), Verdict::Go);
        self.drain().await;
        self.store.job(job.id).await.unwrap().unwrap()
    }

    /// Applies an event to a job.
    pub(super) async fn apply(&self, id: JobId, event: &Event) -> Job {
        match self.try_apply(id, event, Condition::Always).await {
            Committed::Applied(job) => *job,
            other => panic!("{event:?} not applied: {other:?}"),
        }
    }

    /// Reads a job, applies an event and commits.
    pub(super) async fn try_apply(&self, id: JobId, event: &Event, condition: Condition) -> Committed {
        let job = self.store.job(id).await.unwrap().unwrap();
        let Transition { job, effects } = transition(&job, event, now()).unwrap();
        self.store.commit(Change { job, effects, condition }).await.unwrap()
    }

    /// Pauses, resumes and admits: the job runs in a later epoch.
    pub(super) async fn restarted(&self, id: JobId) -> Job {
        self.apply(id, &Event::Pause).await;
        self.apply(id, &Event::Resume).await;
        self.apply(id, &Event::Admit).await
    }

    /// Takes all that is due from the outbox, in its order.
    pub(super) async fn drain(&self) -> Vec<Task> {
        let mut tasks = Vec::new();
        for due in self.store.take_due(1000, LONG).await.unwrap() {
            self.store.acknowledge_due(&due.id).await.unwrap();
            tasks.push(due.message.task);
        }
        tasks
    }

    /// Emits tasks again that have been silent for so long.
    pub(super) async fn emit_lost(&self, silent_for: Duration) -> usize {
        let silence = Silence { held: silent_for, waiting: silent_for, lane: None };
        self.store.emit_lost(silence).await.unwrap()
    }

    /// All jobs, newest first.
    pub(super) async fn all(&self) -> Vec<Snapshot> {
        self.store.list(JobQuery::default()).await.unwrap().snapshots
    }

    pub(super) async fn snapshot(&self, id: JobId) -> Snapshot {
        self.store.snapshot(id).await.unwrap().unwrap()
    }

    /// Claims a task anew, whoever has it; returns which attempt that is.
    pub(super) async fn claim(&self, task: &Task) -> Option<u32> {
        *self.claims.lock().unwrap().entry(*task).or_default() += 1;
        match self.store.claim(&self.by(*task), Duration::ZERO).await.unwrap() {
            Claim::Go { job, attempt } => {
                assert_eq!(job.id, task.job);
                Some(attempt)
            }
            Claim::Void => None,
            Claim::Busy => panic!("{task} is busy, though nobody is waited for"),
        }
    }

    /// A task in the hands of who has claimed it last.
    pub(super) fn by(&self, task: Task) -> Claimed {
        Claimed { task, holder: holder("tester", self.claims.lock().unwrap().get(&task).copied().unwrap_or(0)) }
    }

    pub(super) async fn report(&self, task: &Task, report: Report) {
        assert_eq!(self.store.report(&self.by(*task), report).await.unwrap(), Verdict::Go);
    }

    /// Settles a unit whose files are all in the cache.
    pub(super) async fn finish(&self, job: &Job, unit: u32, files: impl IntoIterator<Item = u32>) {
        assert_eq!(self.store.finish_unit(&self.by(fetch(job, unit)), done(files)).await.unwrap(), Verdict::Go);
    }
}
