//! What the store keeps in memory only: it changes many times a second, or means nothing to another process.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::rows::{Counters, OutboxKey};
use crate::job::{FileIndex, JobId, Progress, Task, TaskKind};

/// A rate that was not reported for so long no longer counts.
const RATE_AGE_MAX: Duration = Duration::from_secs(5);

/// Reports ring a job's doorbell at most this often.
const RING_INTERVAL: Duration = Duration::from_millis(250);

/// A change of the memory that goes with a transaction; it is made when that is durable.
#[derive(Debug)]
pub(super) enum Mark {
    /// The job changed: subscribers are to hear of it.
    Changed(JobId),
    /// The task shows life now, or will be due after the delay.
    Alive(Task, Duration),
    /// The task is no longer open.
    Closed(Task),
    /// These files have ended: their bytes are no longer in flight.
    Landed(JobId, Vec<FileIndex>),
    /// The task waits for something.
    Waits(Task, String),
    /// No bytes are in flight any more, and no task waits for anything.
    Reset(JobId),
    /// The job is forgotten.
    Gone(JobId),
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
    /// Bytes a second, and when that was reported.
    rate: Option<(u64, Instant)>,
    /// What it waits for.
    waiting: Option<String>,
}

#[derive(Debug, Default)]
struct LiveJob {
    in_flight: HashMap<FileIndex, InFlight>,
    in_flight_bytes: u64,
    tasks: HashMap<TaskKind, LiveTask>,
    tick: u64,
    rung: Option<Instant>,
}

impl LiveJob {
    fn land(&mut self, file: FileIndex) {
        if let Some(in_flight) = self.in_flight.remove(&file) {
            self.in_flight_bytes -= in_flight.bytes;
        }
    }

    /// Sets a file's bytes; returns whether that changed anything.
    fn fly(&mut self, file: FileIndex, bytes: u64, size_bytes: u64) -> bool {
        let bytes = bytes.min(size_bytes);
        let before = self.in_flight.insert(file, InFlight { bytes, size_bytes }).map(|in_flight| in_flight.bytes);
        self.in_flight_bytes = self.in_flight_bytes - before.unwrap_or(0) + bytes;
        before.unwrap_or(0) != bytes
    }

    fn see(&mut self, kind: TaskKind, seen: Instant) -> &mut LiveTask {
        let task = self.tasks.entry(kind).or_insert(LiveTask { seen, rate: None, waiting: None });
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
}

impl Live {
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
            Mark::Closed(task) => {
                self.jobs.entry(task.job).or_default().tasks.remove(&task.kind);
            }
            Mark::Landed(id, files) => {
                let job = self.jobs.entry(id).or_default();
                for file in files {
                    job.land(file);
                }
            }
            Mark::Waits(task, reason) => {
                if let Some(live) = self.jobs.entry(task.job).or_default().tasks.get_mut(&task.kind) {
                    live.waiting = Some(reason);
                }
            }
            Mark::Reset(id) => self.jobs.entry(id).or_default().forget_progress(),
            Mark::Gone(id) => {
                self.jobs.remove(&id);
                return Some(id);
            }
        }
        None
    }

    /// Takes a report on an open task; returns whether the doorbell is to be rung. Each file comes with its size.
    pub(super) fn report(&mut self, task: &Task, files: &[(FileIndex, u64, u64)], rate: u64, now: Instant) -> bool {
        let job = self.jobs.entry(task.job).or_default();
        let mut moved = false;
        for &(file, bytes, size_bytes) in files {
            moved |= job.fly(file, bytes, size_bytes);
        }
        let live = job.see(task.kind, now);
        live.rate = Some((rate, now));
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
        progress.waiting = job.tasks.values().filter_map(|task| task.waiting.as_ref()).min().cloned();
        (progress, job.tick)
    }

    /// Whether a task showed no sign of life for so long. One that this process never saw showed none at all.
    pub(super) fn is_lost(&self, task: &Task, stale_after: Duration, now: Instant) -> bool {
        let seen = self.jobs.get(&task.job).and_then(|job| job.tasks.get(&task.kind)).map(|task| task.seen);
        seen.is_none_or(|seen| seen <= now && now.saturating_duration_since(seen) >= stale_after)
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

    /// Forgets all bytes in flight: after a failed write the file may hold more than this memory knows of.
    pub(super) fn forget_progress(&mut self) {
        self.jobs.values_mut().for_each(LiveJob::forget_progress);
    }
}

impl LiveJob {
    fn forget_progress(&mut self) {
        self.in_flight.clear();
        self.in_flight_bytes = 0;
        for task in self.tasks.values_mut() {
            (task.rate, task.waiting) = (None, None);
        }
    }
}
