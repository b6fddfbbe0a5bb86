//! What the store keeps in memory only: it changes many times a second, or means nothing to another process.

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use super::changes::Changes;
use super::places::Places;
use super::rows::{Counters, OutboxKey};
use crate::job::{FileIndex, JobId, Progress, Task, TaskKind, WorkerName};
use crate::ports::{Claimed, Extent, FileMark, RATE_AGE_MAX, RING_INTERVAL, Silence};

/// A change of the memory that goes with a transaction; it is made when that is durable.
#[derive(Debug)]
pub(super) enum Mark {
    /// The job changed: subscribers are to hear of it.
    Changed(JobId),
    /// The task shows life now, or will be due after the delay.
    Alive(Task, Duration),
    /// The task was claimed: it is in work from now on.
    Claimed(Task, WorkerName),
    /// The task is no longer open.
    Closed(Task),
    /// The file has changed in a way that nobody needs to hear of.
    Silent,
    /// These files have ended: their bytes are no longer in flight.
    Landed(JobId, Vec<FileIndex>),
    /// This file has ended.
    Ended(JobId, FileIndex),
    /// The task is put off: nobody has it in work.
    PutOff(Task),
    /// The task waits for something.
    Waits(Task, String),
    /// No bytes are in flight any more, and no task waits for anything.
    Reset(JobId),
    /// The files are others now: nothing is in flight, no task waits for anything, and what changed before is void.
    Planned(JobId),
    /// The job is forgotten.
    Gone(JobId),
    /// A job waits at this place.
    Queued(u64),
    /// No job waits at this place any more.
    Dequeued(u64),
    /// The entry of the outbox is gone.
    Acknowledged(OutboxKey),
}

/// Bytes of a file that is being fetched.
#[derive(Debug, Clone, Copy)]
struct InFlight {
    bytes: u64,
    size_bytes: u64,
}

#[derive(Debug)]
struct LiveTask {
    /// The last sign of life; in the future while its entry in the outbox is delayed.
    seen: Instant,
    /// Who has it in work, and his last sign of life.
    work: Option<(WorkerName, Instant)>,
    /// Bytes a second, and when that was reported.
    rate: Option<(u64, Instant)>,
    /// What it waits for.
    waiting: Option<String>,
}

#[derive(Debug, Default)]
struct LiveJob {
    in_flight: HashMap<FileIndex, InFlight>,
    in_flight_bytes: u64,
    changes: Changes,
    tasks: HashMap<TaskKind, LiveTask>,
    tick: u64,
    rung: Option<Instant>,
}

impl LiveJob {
    fn land(&mut self, file: FileIndex) {
        if let Some(in_flight) = self.in_flight.remove(&file) {
            self.in_flight_bytes -= in_flight.bytes;
            self.changes.note(file);
        }
    }

    /// Sets a file's bytes; returns whether that changed anything.
    fn fly(&mut self, file: FileIndex, bytes: u64, size_bytes: u64) -> bool {
        let bytes = bytes.min(size_bytes);
        let before = self.in_flight.insert(file, InFlight { bytes, size_bytes }).map(|in_flight| in_flight.bytes);
        if before != Some(bytes) {
            self.changes.note(file);
        }
        self.in_flight_bytes = self.in_flight_bytes - before.unwrap_or(0) + bytes;
        before.unwrap_or(0) != bytes
    }

    fn see(&mut self, kind: TaskKind, seen: Instant) -> &mut LiveTask {
        let task = self.tasks.entry(kind).or_insert(LiveTask { seen, work: None, rate: None, waiting: None });
        task.seen = seen;
        task
    }
}

/// What is known about the jobs in this process. A job is in it from its first change to its removal.
#[derive(Debug, Default)]
pub(super) struct Live {
    jobs: HashMap<JobId, LiveJob>,
    /// Outbox entries that somebody took, and until when they are his.
    hidden: HashMap<OutboxKey, Instant>,
    waiting: Places,
}

impl Live {
    /// Nothing but what the file says of those that wait.
    pub(super) fn new(waiting: Places) -> Self {
        Self { waiting, ..Self::default() }
    }

    /// Makes a change that goes with a transaction; returns the job whose doorbell is to be rung.
    pub(super) fn apply(&mut self, mark: Mark, now: Instant) -> Option<JobId> {
        match mark {
            Mark::Changed(id) => {
                let job = self.jobs.entry(id).or_default();
                job.tick += 1;
                job.rung = Some(now);
                return Some(id);
            }
            Mark::Alive(task, delay) => {
                let seen = now.checked_add(delay).unwrap_or(now);
                self.jobs.entry(task.job).or_default().see(task.kind, seen).rate = None;
            }
            Mark::Claimed(task, worker) => {
                self.jobs.entry(task.job).or_default().see(task.kind, now).work = Some((worker, now));
            }
            Mark::Closed(task) => {
                self.jobs.entry(task.job).or_default().tasks.remove(&task.kind);
            }
            Mark::Landed(id, files) => {
                let job = self.jobs.entry(id).or_default();
                for file in files {
                    job.land(file);
                }
            }
            Mark::Ended(id, file) => self.jobs.entry(id).or_default().changes.note(file),
            Mark::PutOff(task) => {
                if let Some(live) = self.jobs.entry(task.job).or_default().tasks.get_mut(&task.kind) {
                    live.work = None;
                }
            }
            Mark::Waits(task, reason) => {
                if let Some(live) = self.jobs.entry(task.job).or_default().tasks.get_mut(&task.kind) {
                    live.waiting = Some(reason);
                }
            }
            Mark::Reset(id) => self.jobs.entry(id).or_default().forget_progress(),
            Mark::Planned(id) => {
                let job = self.jobs.entry(id).or_default();
                job.forget_progress();
                job.changes.forget();
            }
            Mark::Gone(id) => {
                self.jobs.remove(&id);
                return Some(id);
            }
            Mark::Queued(place) => self.waiting.add(place),
            Mark::Dequeued(place) => self.waiting.remove(place),
            Mark::Acknowledged(key) => _ = self.hidden.remove(&key),
            Mark::Silent => {}
        }
        None
    }

    /// Takes a report on an open task; returns whether the doorbell is to be rung. Each file comes with its size.
    pub(super) fn report(
        &mut self,
        claimed: &Claimed,
        files: &[(FileIndex, u64, u64)],
        rate: u64,
        now: Instant,
    ) -> bool {
        let Claimed { task, holder } = claimed;
        let job = self.jobs.entry(task.job).or_default();
        let mut moved = false;
        for &(file, bytes, size_bytes) in files {
            moved |= job.fly(file, bytes, size_bytes);
        }
        let live = job.see(task.kind, now);
        live.rate = Some((rate, now));
        // Also when it was taken for lost: nobody else has claimed it.
        live.work = Some((holder.worker.clone(), now));
        if moved {
            live.waiting = None;
        }
        job.tick += 1;
        let ring = job.rung.is_none_or(|rung| now.saturating_duration_since(rung) >= RING_INTERVAL);
        if ring {
            job.rung = Some(now);
        }
        ring
    }

    /// The size of a file that has been reported on before.
    pub(super) fn size_of(&self, id: JobId, file: FileIndex) -> Option<u64> {
        self.jobs.get(&id)?.in_flight.get(&file).map(|in_flight| in_flight.size_bytes)
    }

    /// The files of a job that have bytes in flight, and how many.
    pub(super) fn in_flight(&self, id: JobId) -> HashMap<FileIndex, u64> {
        let Some(job) = self.jobs.get(&id) else { return HashMap::new() };
        job.in_flight.iter().map(|(&file, in_flight)| (file, in_flight.bytes)).collect()
    }

    /// The bytes of a file that are in flight; none when it is not in work.
    pub(super) fn bytes_of(&self, id: JobId, file: FileIndex) -> Option<u64> {
        self.jobs.get(&id)?.in_flight.get(&file).map(|in_flight| in_flight.bytes)
    }

    /// The files of a job that changed after a mark, at most so many; see
    /// [`JobStore::changed_files`](crate::ports::JobStore::changed_files).
    pub(super) fn changed(
        &self,
        id: JobId,
        since: Option<FileMark>,
        limit: usize,
    ) -> (Vec<FileIndex>, FileMark, Extent) {
        match self.jobs.get(&id) {
            Some(job) => job.changes.since(since, job.in_flight.keys().copied().collect(), limit),
            None => Changes::default().since(since, Vec::new(), limit),
        }
    }

    /// A job's progress and tick.
    pub(super) fn progress(&self, id: JobId, counters: &Counters, now: Instant) -> (Progress, u64) {
        let mut progress = Progress {
            total_files: counters.total_files,
            completed_files: counters.completed_files,
            total_bytes: counters.total_bytes,
            downloaded_bytes: counters.recorded_bytes,
            ..Progress::default()
        };
        let Some(job) = self.jobs.get(&id) else { return (progress, 0) };
        let fresh = |(_, at): &(u64, Instant)| now.saturating_duration_since(*at) < RATE_AGE_MAX;
        let rates = job.tasks.values().filter_map(|task| task.rate).filter(fresh);
        progress.downloaded_bytes = counters.total_bytes.min(counters.recorded_bytes + job.in_flight_bytes);
        progress.bytes_per_second = rates.map(|(rate, _)| rate).sum();
        let workers = job.tasks.values().filter_map(|task| task.work.as_ref()).map(|(worker, _)| worker.clone());
        progress.workers = workers.collect::<BTreeSet<_>>().into_iter().collect();
        progress.waiting = job.tasks.values().filter_map(|task| task.waiting.as_ref()).min().cloned();
        (progress, job.tick)
    }

    /// Whether a task has been silent for too long. One that this process never saw showed no sign of life at all.
    pub(super) fn is_lost(&self, task: &Task, silence: &Silence, now: Instant) -> bool {
        let live = self.jobs.get(&task.job).and_then(|job| job.tasks.get(&task.kind));
        live.is_none_or(|live| {
            let longest = if live.work.is_some() { silence.held } else { silence.waiting };
            live.seen <= now && now.saturating_duration_since(live.seen) >= longest
        })
    }

    /// How long a task has shown no sign of life; nothing of one that is not known.
    pub(super) fn silent_for(&self, task: &Task, now: Instant) -> Duration {
        let live = self.jobs.get(&task.job).and_then(|job| job.tasks.get(&task.kind));
        live.map(|live| now.saturating_duration_since(live.seen)).unwrap_or_default()
    }

    /// When a task's holder was last known to be at work; nobody is known to be after a start.
    pub(super) fn in_work_since(&self, task: &Task) -> Option<Instant> {
        self.jobs.get(&task.job)?.tasks.get(&task.kind)?.work.as_ref().map(|(_, seen)| *seen)
    }

    /// Hides an outbox entry from others, unless it is hidden already; returns whether that was so.
    pub(super) fn hide(&mut self, key: OutboxKey, lease: Duration, now: Instant) -> bool {
        if self.hidden.get(&key).is_some_and(|until| now < *until) {
            return false;
        }
        self.hidden.insert(key, now.checked_add(lease).unwrap_or(now));
        true
    }

    /// Drops leases that have ended, so that they do not pile up.
    pub(super) fn drop_ended_leases(&mut self, now: Instant) {
        self.hidden.retain(|_, until| now < *until);
    }

    /// A waiting job's place in the order, from 1.
    pub(super) fn position(&self, place: u64) -> Option<u64> {
        self.waiting.position(place)
    }

    /// The order of the waiting jobs.
    pub(super) fn places(&self) -> &Places {
        &self.waiting
    }

    /// The ticks of all jobs that have any.
    pub(super) fn ticks(&self) -> HashMap<JobId, u64> {
        self.jobs.iter().map(|(id, job)| (*id, job.tick)).collect()
    }

    /// Forgets all bytes in flight, and the order of the waiting jobs for that of the file: after a failed write it may hold more
    /// than this memory knows of.
    pub(super) fn begin_anew(&mut self, waiting: Places) {
        self.waiting = waiting;
        for job in self.jobs.values_mut() {
            job.forget_progress();
            job.changes.forget();
        }
    }
}

impl LiveJob {
    fn forget_progress(&mut self) {
        for (file, _) in self.in_flight.drain() {
            self.changes.note(file);
        }
        self.in_flight_bytes = 0;
        for task in self.tasks.values_mut() {
            (task.rate, task.waiting) = (None, None);
        }
    }
}
