//! Creating and changing jobs, and the indexes that follow from their status.

use redb::{ReadableTable, ReadableTableMetadata};

use super::live::Mark;
use super::rows::{Counters, JobRow, get, put};
use super::step::Step;
use crate::job::{Effect, FileState, Job, JobId, Status};
use crate::ports::{Change, Committed, Condition, Creation, StoreError};

/// See [`JobStore::create`](crate::ports::JobStore::create).
pub(super) fn create(step: &mut Step<'_>, job: Job) -> Result<Creation, StoreError> {
    let fingerprint = job.request.fingerprint();
    let same = step.tables.live.get(fingerprint.as_str())?.map(|id| id.value().to_owned());
    let existing: Option<JobRow> = get(&step.tables.jobs, "job", same.unwrap_or_else(|| job.id.to_string()).as_str())?;
    if let Some(existing) = existing {
        return Ok(Creation::Duplicate(existing.job));
    }
    let order = step.tables.next_sequence()?;
    step.tables.order.insert(order, job.id.to_string().as_str())?;
    let mut row = JobRow { job, order, waiting: None };
    move_indexes(step, None, &mut row)?;
    step.put_job(&row)?;
    step.mark(Mark::Changed(row.job.id));
    Ok(Creation::Created(row.job))
}

/// See [`JobStore::commit`](crate::ports::JobStore::commit).
pub(super) fn commit(step: &mut Step<'_>, change: Change) -> Result<Committed, StoreError> {
    let id = change.job.id;
    let Some(old) = step.job(id)?.filter(|old| old.job.version == change.job.version) else {
        return Ok(Committed::Conflict);
    };
    let is_met = match &change.condition {
        Condition::Always => true,
        Condition::Room { max_active } => step.tables.active.len()? < *max_active as u64,
        Condition::Held(claimed) => step.held_task(claimed)?.is_some(),
    };
    if !is_met {
        return Ok(Committed::Unmet);
    }
    let mut row = JobRow { job: change.job, ..old };
    row.job.version = row.job.version.next();
    if old.job.status == Status::Running && row.job.status != Status::Running {
        record_in_flight(step, id)?;
    }
    if old.job.epoch != row.job.epoch || row.job.status.is_terminal() {
        step.close_all(id)?;
    }
    move_indexes(step, Some(old.job.status), &mut row)?;
    step.put_job(&row)?;
    for Effect::Enqueue(task) in change.effects {
        step.open(task)?;
    }
    step.mark(Mark::Changed(id));
    Ok(Committed::Applied(Box::new(row.job)))
}

/// Puts a job where its status belongs, and takes it from where it was.
fn move_indexes(step: &mut Step<'_>, from: Option<Status>, row: &mut JobRow) -> Result<(), StoreError> {
    let id = row.job.id.to_string();
    let id = id.as_str();
    let to = row.job.status;
    if to != Status::Queued
        && let Some(place) = row.waiting.take()
    {
        step.tables.waiting.remove(place)?;
    }
    if to == Status::Queued && row.waiting.is_none() {
        let place = step.tables.next_sequence()?;
        step.tables.waiting.insert(place, id)?;
        row.waiting = Some(place);
    }
    if to == Status::Running {
        step.tables.active.insert(id, ())?;
    } else {
        step.tables.active.remove(id)?;
    }
    if to.is_terminal() {
        leave_live(step, &row.job)?;
        if !from.is_some_and(Status::is_terminal) {
            step.tables.ended.insert((row.job.ended_ms(), row.order), id)?;
        }
    } else {
        step.tables.live.insert(row.job.request.fingerprint().as_str(), id)?;
    }
    Ok(())
}

fn leave_live(step: &mut Step<'_>, job: &Job) -> Result<(), StoreError> {
    let fingerprint = job.request.fingerprint();
    let own = step.tables.live.get(fingerprint.as_str())?.is_some_and(|id| id.value() == job.id.to_string());
    if own {
        step.tables.live.remove(fingerprint.as_str())?;
    }
    Ok(())
}

/// Writes the bytes in flight into the rows of their files, so that a job that stops shows how far it came.
fn record_in_flight(step: &mut Step<'_>, id: JobId) -> Result<(), StoreError> {
    let key = id.to_string();
    let in_flight = step.live.in_flight(id);
    let mut recorded_bytes = 0;
    for (file, bytes) in in_flight {
        let key = (key.as_str(), file.0);
        if let Some(state) = get::<_, FileState>(&step.tables.files, "file", key)? {
            recorded_bytes += bytes;
            put(&mut step.tables.files, key, &FileState { downloaded_bytes: bytes, ..state })?;
        }
    }
    if recorded_bytes > 0
        && let Some(mut counters) = get::<_, Counters>(&step.tables.counters, "counters", key.as_str())?
    {
        counters.recorded_bytes += recorded_bytes;
        put(&mut step.tables.counters, key.as_str(), &counters)?;
    }
    step.mark(Mark::Reset(id));
    Ok(())
}
