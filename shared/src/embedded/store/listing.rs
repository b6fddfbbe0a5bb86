//! Jobs with their progress, one or many.

use std::cmp::Reverse;
use std::time::Instant;

use redb::{ReadTransaction, ReadableDatabase, ReadableTable, ReadableTableMetadata};
use serde::Deserialize;

use super::Shared;
use super::core::Core;
use super::rows::{Counters, JobRow, get};
use super::tables::{COUNTERS, JOBS, LIVE, ORDER, REPOS, WAITING, jobs_of};
use crate::job::{JobId, JobMark, Snapshot, Status, Version};
use crate::ports::{JobCursor, JobPage, JobQuery, StoreError};

/// Jobs that are read in one step: few enough that others do not wait.
const JOBS_AT_ONCE: usize = 500;

/// See [`JobStore::snapshot`](crate::ports::JobStore::snapshot).
pub(super) fn snapshot(core: &mut Core, id: JobId) -> Result<Option<Snapshot>, StoreError> {
    Ok(snapshots_of(core, &[id])?.pop())
}

/// See [`JobStore::snapshots`](crate::ports::JobStore::snapshots).
pub(super) fn snapshots(shared: &Shared, ids: &[JobId]) -> Result<Vec<Snapshot>, StoreError> {
    let mut snapshots = Vec::with_capacity(ids.len());
    for ids in ids.chunks(JOBS_AT_ONCE) {
        snapshots.extend(snapshots_of(&mut shared.core(), ids)?);
    }
    Ok(snapshots)
}

fn snapshots_of(core: &mut Core, ids: &[JobId]) -> Result<Vec<Snapshot>, StoreError> {
    let transaction = core.database()?.begin_read()?;
    let (jobs, counters) = (transaction.open_table(JOBS)?, transaction.open_table(COUNTERS)?);
    let now = Instant::now();
    let mut snapshots = Vec::with_capacity(ids.len());
    for id in ids {
        let id = id.to_string();
        let Some(JobRow { job, waiting, .. }) = get(&jobs, "job", id.as_str())? else { continue };
        let sums: Option<Counters> = get(&counters, "counters", id.as_str())?;
        let (mut progress, tick) = core.live.progress(job.id, &sums.unwrap_or_default(), now);
        progress.position = waiting.and_then(|place| core.live.position(place));
        snapshots.push(Snapshot { job, progress, tick });
    }
    Ok(snapshots)
}

/// See [`JobStore::live_jobs`](crate::ports::JobStore::live_jobs).
pub(super) fn live_jobs(core: &mut Core, repo: &str) -> Result<Vec<Snapshot>, StoreError> {
    let mut ids = Vec::new();
    for entry in core.database()?.begin_read()?.open_table(REPOS)?.range(jobs_of(repo))? {
        ids.push(id_of(entry?.0.value().1)?);
    }
    snapshots_of(core, &ids)
}

/// See [`JobStore::list`](crate::ports::JobStore::list). The lock is given back between the steps: a long list takes a while.
pub(super) fn list(shared: &Shared, query: &JobQuery) -> Result<JobPage, StoreError> {
    let transaction = shared.core().database()?.begin_read()?;
    let (ids, total, next) = page(&transaction, query)?;
    let mut snapshots = snapshots(shared, &ids)?;
    // A job may have changed in the meantime.
    snapshots.retain(|snapshot| query.wants(&snapshot.job));
    Ok(JobPage { snapshots, total, next })
}

/// The jobs of a page, how many the query wants on all pages together, and where the next page begins.
fn page(transaction: &ReadTransaction, query: &JobQuery) -> Result<(Vec<JobId>, usize, Option<JobCursor>), StoreError> {
    let order = transaction.open_table(ORDER)?;
    if query.is_filter() {
        let wanted = filter(transaction, query)?;
        let total = wanted.len();
        let (ids, next) = query.page(wanted);
        return Ok((ids, total, next));
    }
    let before = query.after.map_or(u64::MAX, |JobCursor(place)| place);
    let mut places = Vec::new();
    for entry in order.range(..before)?.rev().take(query.look()) {
        let (place, id) = entry?;
        places.push((JobCursor(place.value()), id_of(id.value())?));
    }
    let (ids, next) = query.page(places);
    Ok((ids, usize::try_from(order.len()?).unwrap_or(usize::MAX), next))
}

/// The jobs that the query wants, newest first.
fn filter(transaction: &ReadTransaction, query: &JobQuery) -> Result<Vec<(JobCursor, JobId)>, StoreError> {
    let jobs = transaction.open_table(JOBS)?;
    let mut wanted = Vec::new();
    let mut look = |id: &str| -> Result<(), StoreError> {
        let row: Option<JobRow> = get(&jobs, "job", id)?;
        wanted.extend(row.filter(|row| query.wants(&row.job)).map(|row| (JobCursor(row.order), row.job.id)));
        Ok(())
    };
    if query.is_of_live_jobs() {
        transaction.open_table(LIVE)?.iter()?.try_for_each(|entry| look(entry?.1.value()))?;
    } else {
        transaction.open_table(ORDER)?.iter()?.try_for_each(|entry| look(entry?.1.value()))?;
    }
    wanted.sort_unstable_by_key(|(place, _)| Reverse(*place));
    Ok(wanted)
}

/// What a mark needs of a [`JobRow`]: the rest is not read, which takes most of the time.
#[derive(Deserialize)]
struct Head {
    job: JobHead,
    waiting: Option<u64>,
}

#[derive(Deserialize)]
struct JobHead {
    id: JobId,
    version: Version,
    status: Status,
}

/// See [`JobStore::marks`](crate::ports::JobStore::marks). The lock is given back before the rows are read.
pub(super) fn marks(shared: &Shared) -> Result<Vec<JobMark>, StoreError> {
    let (transaction, ticks, places) = {
        let mut core = shared.core();
        (core.database()?.begin_read()?, core.live.ticks(), core.live.places().clone())
    };
    let jobs = transaction.open_table(JOBS)?;
    let mut marks = Vec::new();
    for entry in transaction.open_table(ORDER)?.iter()?.rev() {
        let Some(Head { job, waiting }) = get(&jobs, "job", entry?.1.value())? else { continue };
        marks.push(JobMark {
            id: job.id,
            version: job.version,
            tick: ticks.get(&job.id).copied().unwrap_or(0),
            status: job.status,
            position: waiting.and_then(|place| places.position(place)),
        });
    }
    Ok(marks)
}

/// See [`JobStore::next_waiting`](crate::ports::JobStore::next_waiting).
pub(super) fn next_waiting(core: &mut Core) -> Result<Option<JobId>, StoreError> {
    let transaction = core.database()?.begin_read()?;
    let table = transaction.open_table(WAITING)?;
    let Some((_, id)) = table.first()? else { return Ok(None) };
    id_of(id.value()).map(Some)
}

fn id_of(text: &str) -> Result<JobId, StoreError> {
    let corrupt = |error: crate::repo::Invalid| StoreError::Corrupt { at: "an id".into(), reason: error.to_string() };
    text.parse().map_err(corrupt)
}
