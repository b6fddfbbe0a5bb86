//! Lists of jobs: which, and how many at a time.

use crate::job::{Job, Snapshot, Status, WorkKind};
use crate::repo::RepoId;

/// Which jobs are wanted. The default wants all.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct JobQuery {
    /// In one of these states; in any when empty.
    pub statuses: Vec<Status>,
    /// For this repository, be it a model or a dataset.
    pub repo: Option<RepoId>,
    /// Of this kind.
    pub kind: Option<WorkKind>,
    /// Behind the last job of an earlier page.
    pub after: Option<JobCursor>,
    /// At most so many.
    pub limit: Option<usize>,
}

/// A job's place in the list of all jobs: it never changes, whatever comes and goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct JobCursor(pub u64);

/// A part of a list of jobs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobPage {
    /// The jobs, newest first.
    pub snapshots: Vec<Snapshot>,
    /// How many jobs the query wants, on all pages together.
    pub total: usize,
    /// Where the next page begins; none after the last.
    pub next: Option<JobCursor>,
}

impl JobQuery {
    /// Whether all jobs may be looked at for it: those that have not ended are found without the others.
    pub fn looks_at_all(&self) -> bool {
        self.limit.is_none() || (self.is_filter() && !self.is_of_live_jobs())
    }

    /// Whether it leaves any job out.
    pub(crate) fn is_filter(&self) -> bool {
        !self.statuses.is_empty() || self.repo.is_some() || self.kind.is_some()
    }

    /// Whether it wants only jobs that have not ended.
    pub(crate) fn is_of_live_jobs(&self) -> bool {
        !self.statuses.is_empty() && !self.statuses.iter().any(|status| status.is_terminal())
    }

    /// How many jobs are to be looked at for a page: one more than it holds shows whether there is another.
    pub(crate) fn look(&self) -> usize {
        self.limit.map_or(usize::MAX, |limit| limit.saturating_add(1))
    }

    /// Whether it wants this job.
    pub(crate) fn wants(&self, job: &Job) -> bool {
        (self.statuses.is_empty() || self.statuses.contains(&job.status))
            && self.repo.as_ref().is_none_or(|repo| *repo == job.request.repo.id)
            && self.kind.is_none_or(|kind| kind == job.request.work.kind())
    }

    /// Takes the page out of the places of the jobs that it wants, which are given newest first.
    pub(crate) fn page<T>(&self, wanted: Vec<(JobCursor, T)>) -> (Vec<T>, Option<JobCursor>) {
        let limit = self.limit.unwrap_or(usize::MAX);
        let rest = wanted.into_iter().filter(|(place, _)| self.after.is_none_or(|after| *place < after));
        let mut page: Vec<(JobCursor, T)> = rest.take(self.look()).collect();
        let has_more = page.len() > limit;
        page.truncate(limit);
        let next = page.last().filter(|_| has_more).map(|(place, _)| *place);
        (page.into_iter().map(|(_, job)| job).collect(), next)
    }
}
