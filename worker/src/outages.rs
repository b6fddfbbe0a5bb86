//! Jobs that get nothing because a server is away: they wait for it, for a time.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use hfd_shared::job::{Epoch, JobId, Progress, Task};
use hfd_shared::lock::lock;

/// When a task of a job that waits is tried again: after a quarter of the time that it has waited.
const SHORTEST_DELAY: Duration = Duration::from_secs(5);
const LONGEST_DELAY: Duration = Duration::from_mins(1);

/// Nothing is remembered of jobs that have not failed for so long.
const FORGOTTEN_AFTER: Duration = Duration::from_hours(24);

/// The outages that jobs meet, as this process sees them.
#[derive(Debug)]
pub(crate) struct Outages {
    /// How long a job waits at most.
    longest: Duration,
    by_job: Mutex<HashMap<(JobId, Epoch), Outage>>,
}

/// An outage that a job meets. It ends when the job comes on, whoever brings it on.
#[derive(Debug)]
struct Outage {
    first_failure: Instant,
    last_failure: Instant,
    completed_files: u64,
    /// The most that was there, in bytes: what is not recorded comes and goes.
    most_bytes: u64,
}

impl Outages {
    pub(crate) fn new(longest: Duration) -> Self {
        Self { longest, by_job: Mutex::default() }
    }

    /// Whether jobs wait at all.
    pub(crate) fn are_waited_for(&self) -> bool {
        !self.longest.is_zero()
    }

    /// Notes that a task failed because a server is away, and how far its job is. Returns when to try again; none if the job has
    /// waited for too long.
    pub(crate) fn try_again(&self, task: &Task, progress: &Progress) -> Option<Duration> {
        self.try_again_at(task, progress, Instant::now())
    }

    /// Notes that a task has come to its end: there is no outage.
    pub(crate) fn are_over(&self, task: &Task) {
        lock(&self.by_job).remove(&(task.job, task.epoch));
    }

    fn try_again_at(&self, task: &Task, progress: &Progress, now: Instant) -> Option<Duration> {
        let (completed_files, bytes) = (progress.completed_files, progress.downloaded_bytes);
        let begins = || Outage { first_failure: now, last_failure: now, completed_files, most_bytes: bytes };
        let mut by_job = lock(&self.by_job);
        by_job.retain(|_, outage| now - outage.last_failure < FORGOTTEN_AFTER);
        let outage = by_job.entry((task.job, task.epoch)).or_insert_with(begins);
        if completed_files > outage.completed_files || bytes > outage.most_bytes {
            *outage = begins();
        }
        outage.last_failure = now;
        let waited = now - outage.first_failure;
        (waited < self.longest).then(|| (waited / 4).clamp(SHORTEST_DELAY, LONGEST_DELAY))
    }
}

#[cfg(test)]
mod tests {
    use hfd_shared::job::TaskKind;

    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    fn task() -> Task {
        Task { job: JobId::random().unwrap(), epoch: Epoch::default(), kind: TaskKind::Plan }
    }

    fn progress(completed_files: u64, downloaded_bytes: u64) -> Progress {
        Progress { completed_files, downloaded_bytes, ..Progress::default() }
    }

    /// Failures at these minutes, with so many bytes there: the seconds until the next try.
    fn delays(outages: &Outages, task: &Task, begin: Instant, failures: &[(u32, u64)]) -> Vec<Option<u64>> {
        let delay = |&(minute, bytes): &_| {
            outages.try_again_at(task, &progress(0, bytes), begin + MINUTE * minute).map(|delay| delay.as_secs())
        };
        failures.iter().map(delay).collect()
    }

    #[test]
    fn a_job_waits_from_its_first_failure_on_and_not_for_ever() {
        let (outages, begin, task) = (Outages::new(30 * MINUTE), Instant::now(), task());
        let failures = [(0, 7), (2, 7), (3, 7), (28, 7), (30, 7), (31, 7)];
        assert_eq!(delays(&outages, &task, begin, &failures), [Some(5), Some(30), Some(45), Some(60), None, None]);
        assert_eq!(delays(&outages, &self::task(), begin, &[(31, 7)]), [Some(5)], "each job has its own time");
        let retried = Task { epoch: task.epoch.next(), ..task };
        assert_eq!(delays(&outages, &retried, begin, &[(31, 7)]), [Some(5)]);
    }

    #[test]
    fn a_job_that_has_come_on_waits_anew() {
        let (outages, begin, task) = (Outages::new(30 * MINUTE), Instant::now(), task());
        assert_eq!(
            delays(&outages, &task, begin, &[(0, 7), (29, 8), (58, 8), (59, 8)]),
            [Some(5), Some(5), Some(60), None]
        );
        assert!(outages.try_again_at(&task, &progress(1, 8), begin + 60 * MINUTE).is_some());
    }

    #[test]
    fn a_task_that_ended_in_between_parts_two_outages() {
        let (outages, begin, task) = (Outages::new(30 * MINUTE), Instant::now(), task());
        assert_eq!(delays(&outages, &task, begin, &[(0, 0)]), [Some(5)]);
        outages.are_over(&task);
        assert_eq!(delays(&outages, &task, begin, &[(160, 0)]), [Some(5)]);
    }

    #[test]
    fn bytes_that_come_and_go_bring_no_job_on() {
        let (outages, begin, task) = (Outages::new(30 * MINUTE), Instant::now(), task());
        assert_eq!(delays(&outages, &task, begin, &[(0, 7), (10, 5), (20, 7), (30, 6)])[3], None);
    }
}
