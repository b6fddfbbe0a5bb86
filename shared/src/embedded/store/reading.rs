//! What changes nothing in the file: a job, its files, reports.

use std::collections::HashMap;
use std::time::Instant;

use redb::{ReadTransaction, ReadableDatabase};

use super::core::Core;
use super::rows::{JobRow, decode, get};
use super::step::held_task;
use super::tables::{FILES, JOBS, TASKS, UNITS};
use crate::job::{FileIndex, FileState, FileStatus, Job, JobId, Unit, UnitIndex};
use crate::ports::{Claimed, FileChanges, FileMark, Page, Report, StoreError};

/// See [`JobStore::job`](crate::ports::JobStore::job).
pub(super) fn job(core: &mut Core, id: JobId) -> Result<Option<Job>, StoreError> {
    let transaction = core.database()?.begin_read()?;
    let row: Option<JobRow> = get(&transaction.open_table(JOBS)?, "job", id.to_string().as_str())?;
    Ok(row.map(|row| row.job))
}

/// See [`JobStore::changed_files`](crate::ports::JobStore::changed_files).
pub(super) fn changed_files(
    core: &mut Core,
    id: JobId,
    since: Option<FileMark>,
    limit: usize,
) -> Result<FileChanges, StoreError> {
    let transaction = core.database()?.begin_read()?;
    let table = transaction.open_table(FILES)?;
    let key = id.to_string();
    let (indices, mark, extent) = core.live.changed(id, since, limit);
    let mut files = Vec::with_capacity(indices.len());
    for file in indices {
        let state = get::<_, FileState>(&table, "file", (key.as_str(), file.0))?;
        files.extend(state.map(|state| (file, over(core.live.bytes_of(id, file), state))));
    }
    Ok(FileChanges { files, mark, extent })
}

/// See [`JobStore::unit`](crate::ports::JobStore::unit).
pub(super) fn unit(core: &mut Core, id: JobId, index: UnitIndex) -> Result<Option<(Unit, Vec<FileState>)>, StoreError> {
    let transaction = core.database()?.begin_read()?;
    let key = id.to_string();
    let Some(unit) = get::<_, Unit>(&transaction.open_table(UNITS)?, "unit", (key.as_str(), index.0))? else {
        return Ok(None);
    };
    let table = transaction.open_table(FILES)?;
    let mut files = Vec::with_capacity(unit.files.len());
    for &file in &unit.files {
        let state = get::<_, FileState>(&table, "file", (key.as_str(), file.0))?;
        let missing = || StoreError::Corrupt { at: format!("file {} of job {id}", file.0), reason: "missing".into() };
        files.push(over(core.live.bytes_of(id, file), state.ok_or_else(missing)?));
    }
    Ok(Some((unit, files)))
}

/// What is needed to list files once the lock is given back: a long list takes a while to read.
pub(super) struct Listing {
    transaction: ReadTransaction,
    in_flight: HashMap<FileIndex, u64>,
    id: String,
}

impl Listing {
    pub(super) fn new(core: &mut Core, id: JobId) -> Result<Self, StoreError> {
        let transaction = core.database()?.begin_read()?;
        Ok(Self { transaction, in_flight: core.live.in_flight(id), id: id.to_string() })
    }

    /// See [`JobStore::files`](crate::ports::JobStore::files).
    pub(super) fn read(self, page: Page) -> Result<Vec<FileState>, StoreError> {
        let Ok(offset) = u32::try_from(page.offset) else { return Ok(Vec::new()) };
        let table = self.transaction.open_table(FILES)?;
        let mut files = Vec::new();
        for entry in table.range((self.id.as_str(), offset)..=(self.id.as_str(), u32::MAX))?.take(page.limit) {
            let (key, state) = entry?;
            let file = FileIndex(key.value().1);
            let state = decode(state.value(), || format!("file {} of job {}", file.0, self.id))?;
            files.push(over(self.in_flight.get(&file).copied(), state));
        }
        Ok(files)
    }
}

/// Lays the bytes in flight over what the file holds.
fn over(in_flight: Option<u64>, state: FileState) -> FileState {
    match in_flight {
        Some(downloaded_bytes) if state.status == FileStatus::Pending => {
            FileState { status: FileStatus::Downloading, downloaded_bytes, ..state }
        }
        _ => state,
    }
}

/// See [`JobStore::report`](crate::ports::JobStore::report). `None` when the task is not open, otherwise whether the
/// doorbell is to be rung. The work depends on the length of the report alone.
pub(super) fn report(core: &mut Core, claimed: &Claimed, report: &Report) -> Result<Option<bool>, StoreError> {
    let task = &claimed.task;
    let transaction = core.database()?.begin_read()?;
    let held = held_task(&transaction.open_table(JOBS)?, &transaction.open_table(TASKS)?, claimed)?;
    // The last report before it was put off may come after.
    if held.is_none_or(|(_, task)| task.put_off) {
        return Ok(None);
    }
    let table = transaction.open_table(FILES)?;
    let id = task.job.to_string();
    let mut files = Vec::with_capacity(report.files.len());
    for progress in &report.files {
        let size_bytes = match core.live.size_of(task.job, progress.file) {
            Some(size_bytes) => Some(size_bytes),
            None => get::<_, FileState>(&table, "file", (id.as_str(), progress.file.0))?
                .filter(|state| state.status == FileStatus::Pending)
                .map(|state| state.file.size_bytes),
        };
        files.extend(size_bytes.map(|size_bytes| (progress.file, progress.downloaded_bytes, size_bytes)));
    }
    Ok(Some(core.live.report(claimed, &files, report.bytes_per_second, Instant::now())))
}
