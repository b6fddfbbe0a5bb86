//! Jobs with their progress, one or many.

use std::collections::HashMap;
use std::time::Instant;

use redb::{ReadTransaction, ReadableDatabase, ReadableTable, ReadableTableMetadata};

use super::core::Core;
use super::rows::{Counters, JobRow, get};
use super::tables::{COUNTERS, JOBS, ORDER, WAITING};
use crate::job::{JobId, Snapshot};
use crate::ports::{JobCursor, JobPage, JobQuery, StoreError};

/// See [`JobStore::snapshot`](crate::ports::JobStore::snapshot).
pub(super) fn snapshot(core: &mut Core, id: JobId) -> Result<Option<Snapshot>, StoreError> {
    let transaction = core.database()?.begin_read()?;
    let Some(row) = row_of(&transaction, &id.to_string())? else { return Ok(None) };
    let position = match row.waiting {
        Some(place) => Some(transaction.open_table(WAITING)?.range(..=place)?.count() as u64),
        None => None,
    };
    snapshot_of(core, &transaction, row, position).map(Some)
}

/// See [`JobStore::snapshots`](crate::ports::JobStore::snapshots).
pub(super) fn snapshots(core: &mut Core) -> Result<Vec<Snapshot>, StoreError> {
    Ok(list(core, &JobQuery::default())?.snapshots)
}

/// See [`JobStore::list`](crate::ports::JobStore::list).
pub(super) fn list(core: &mut Core, query: &JobQuery) -> Result<JobPage, StoreError> {
    let transaction = core.database()?.begin_read()?;
    let order = transaction.open_table(ORDER)?;
    let mut wanted = Vec::new();
    for entry in order.iter()?.rev() {
        let (place, id) = entry?;
        let (place, id) = (JobCursor(place.value()), id.value());
        if !query.is_filter() || row_of(&transaction, id)?.is_some_and(|row| query.wants(&row.job)) {
            wanted.push((place, id.to_owned()));
        }
    }
    let total = wanted.len();
    let (page, next) = query.page(wanted);
    let positions = positions(&transaction)?;
    let mut snapshots = Vec::with_capacity(page.len());
    for id in page {
        if let Some(row) = row_of(&transaction, &id)? {
            snapshots.push(snapshot_of(core, &transaction, row, positions.get(&id).copied())?);
        }
    }
    Ok(JobPage { snapshots, total, next })
}

/// The places of the waiting jobs, from 1.
fn positions(transaction: &ReadTransaction) -> Result<HashMap<String, u64>, StoreError> {
    let waiting = transaction.open_table(WAITING)?;
    let mut positions = HashMap::with_capacity(usize::try_from(waiting.len()?).unwrap_or(0));
    for (position, entry) in (1..).zip(waiting.iter()?) {
        positions.insert(entry?.1.value().to_owned(), position);
    }
    Ok(positions)
}

fn row_of(transaction: &ReadTransaction, id: &str) -> Result<Option<JobRow>, StoreError> {
    get(&transaction.open_table(JOBS)?, "job", id)
}

fn snapshot_of(
    core: &Core,
    transaction: &ReadTransaction,
    row: JobRow,
    position: Option<u64>,
) -> Result<Snapshot, StoreError> {
    let job = row.job;
    let counters: Option<Counters> = get(&transaction.open_table(COUNTERS)?, "counters", job.id.to_string().as_str())?;
    let (mut progress, tick) = core.live.progress(job.id, &counters.unwrap_or_default(), Instant::now());
    progress.position = position;
    Ok(Snapshot { job, progress, tick })
}

/// See [`JobStore::next_waiting`](crate::ports::JobStore::next_waiting).
pub(super) fn next_waiting(core: &mut Core) -> Result<Option<JobId>, StoreError> {
    let transaction = core.database()?.begin_read()?;
    let table = transaction.open_table(WAITING)?;
    let Some((_, id)) = table.first()? else { return Ok(None) };
    let corrupt = |error: crate::repo::Invalid| StoreError::Corrupt { at: "waiting".into(), reason: error.to_string() };
    id.value().parse().map(Some).map_err(corrupt)
}
