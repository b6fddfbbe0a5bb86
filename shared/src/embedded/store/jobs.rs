//! Creating and changing jobs, and the indexes that follow from their status.

use redb::{ReadableTable, ReadableTableMetadata};

use super::live::Mark;
use super::plan::forget_plan;
use super::rows::{Counters, JobRow, get, put};
use super::step::{Step, now_ms};
use super::tables::jobs_of;
use crate::job::{Effect, FileState, Job, JobId, Status};
use crate::ports::{Change, Committed, Condition, Creation, StoreError};

/// In the number of a job's place in the queue, its turn stands above the order in which it came.
const TURN_SHIFT: u32 = 56;

/// Before all places of the turn, and behind those of the turns before it.
pub(super) fn first_place(turn: u8) -> u64 {
    u64::from(turn) << TURN_SHIFT
}

/// See [`JobStore::create`](crate::ports::JobStore::create).
pub(super) fn create(step: &mut Step<'_>, job: Job) -> Result<Creation, StoreError> {
    if let Some(same) = step.job(job.id)? {
        return Ok(Creation::Duplicate(same.job));
    }
    match obstacle(step, &job)? {
        Some(Obstacle::Duplicate(other)) => return Ok(Creation::Duplicate(other)),
        Some(Obstacle::Blocked(other)) => return Ok(Creation::Blocked(other)),
        None => {}
    }
    let order = step.tables.next_sequence()?;
    step.tables.order.insert(order, job.id.to_string().as_str())?;
    let mut row = JobRow { job, order, waiting: None, queued_ms: None };
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
    if old.job.status.is_terminal() && !change.job.status.is_terminal() {
        match obstacle(step, &change.job)? {
            Some(Obstacle::Duplicate(other)) => return Ok(Committed::Duplicate(other.id)),
            Some(Obstacle::Blocked(other)) => return Ok(Committed::Blocked(other.id)),
            None => {}
        }
        step.tables.ended.remove((old.job.ended_ms(), old.order))?;
        forget_plan(step, id)?;
        step.mark(Mark::Planned(id));
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

/// What keeps a job from becoming live.
enum Obstacle {
    /// This live job asks for the same.
    Duplicate(Job),
    /// This live job of the same repository, for one of the two takes files away.
    Blocked(Job),
}

fn obstacle(step: &Step<'_>, job: &Job) -> Result<Option<Obstacle>, StoreError> {
    let read = |id: &str| get::<_, JobRow>(&step.tables.jobs, "job", id);
    if let Some(id) = step.tables.live.get(job.request.fingerprint().as_str())?
        && let Some(same) = read(id.value())?
    {
        return Ok(Some(Obstacle::Duplicate(same.job)));
    }
    let repo = job.request.repo.to_string();
    // An exclusive job lives alone, so any one tells of what kind they all are.
    let Some(any) = step.tables.repos.range(jobs_of(&repo))?.next() else { return Ok(None) };
    let (key, is_exclusive) = any?;
    if !is_exclusive.value() && !job.request.work.is_exclusive() {
        return Ok(None);
    }
    Ok(read(key.value().1)?.map(|other| Obstacle::Blocked(other.job)))
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
        step.mark(Mark::Dequeued(place));
    }
    if to == Status::Queued && row.waiting.is_none() {
        let place = first_place(row.job.turn()) | step.tables.next_sequence()?;
        step.tables.waiting.insert(place, id)?;
        step.mark(Mark::Queued(place));
        (row.waiting, row.queued_ms) = (Some(place), Some(now_ms()));
    }
    let is_exclusive = row.job.request.work.is_exclusive();
    if to == Status::Running && !is_exclusive {
        step.tables.active.insert(id, ())?;
    } else {
        step.tables.active.remove(id)?;
    }
    let repo = row.job.request.repo.to_string();
    if to.is_terminal() {
        leave_live(step, &row.job)?;
        step.tables.repos.remove((repo.as_str(), id))?;
        if !from.is_some_and(Status::is_terminal) {
            step.tables.ended.insert((row.job.ended_ms(), row.order), id)?;
        }
    } else {
        step.tables.live.insert(row.job.request.fingerprint().as_str(), id)?;
        step.tables.repos.insert((repo.as_str(), id), is_exclusive)?;
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
