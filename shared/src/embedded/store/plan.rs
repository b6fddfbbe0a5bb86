//! Writing plans and working them off.

use std::time::Duration;

use super::live::Mark;
use super::rows::{Counters, JobRow, TaskRow, get, put};
use super::step::Step;
use crate::job::{FileState, FileStatus, JobId, Plan, Task, TaskKind, Unit, UnitIndex, WINDOW};
use crate::ports::{Claim, Claimed, FileEnd, StoreError, Verdict};

/// See [`JobStore::put_plan`](crate::ports::JobStore::put_plan).
pub(super) fn put_plan(step: &mut Step<'_>, claimed: &Claimed, plan: Plan) -> Result<Verdict, StoreError> {
    let task = &claimed.task;
    let Some((job, row)) = step.held_task(claimed)?.filter(|_| task.kind == TaskKind::Plan) else {
        return Ok(Verdict::Stop);
    };
    step.close(&row)?;
    forget_plan(step, task.job)?;
    let mut counters = Counters::of(&plan);
    write_plan(step, task.job, plan, job)?;
    open_next(step, task, &mut counters)?;
    put(&mut step.tables.counters, task.job.to_string().as_str(), &counters)?;
    step.mark(Mark::Planned(task.job));
    step.mark(Mark::Changed(task.job));
    Ok(Verdict::Go)
}

fn write_plan(step: &mut Step<'_>, id: JobId, plan: Plan, mut job: JobRow) -> Result<(), StoreError> {
    let key = id.to_string();
    if job.job.commit.is_none() && plan.commit.is_some() {
        job.job.commit = plan.commit;
        job.job.version = job.job.version.next();
        step.put_job(&job)?;
    }
    for (index, file) in (0..).zip(plan.files) {
        let state = FileState { file, status: FileStatus::Pending, downloaded_bytes: 0, error: None };
        put(&mut step.tables.files, (key.as_str(), index), &state)?;
    }
    for (index, unit) in (0..).zip(&plan.units) {
        put(&mut step.tables.units, (key.as_str(), index), unit)?;
    }
    Ok(())
}

/// Removes the files, units and sums of a job.
pub(super) fn forget_plan(step: &mut Step<'_>, id: JobId) -> Result<(), StoreError> {
    let id = id.to_string();
    let all = (id.as_str(), 0)..=(id.as_str(), u32::MAX);
    step.tables.files.retain_in(all.clone(), |_, _| false)?;
    step.tables.units.retain_in(all, |_, _| false)?;
    step.tables.counters.remove(id.as_str())?;
    Ok(())
}

/// Opens Fetch tasks up to the window, or Finish when all units are settled.
fn open_next(step: &mut Step<'_>, of: &Task, counters: &mut Counters) -> Result<(), StoreError> {
    let window = u32::try_from(WINDOW).unwrap_or(u32::MAX);
    while counters.next_unit < counters.units && counters.next_unit - counters.settled_units < window {
        let kind = TaskKind::Fetch(UnitIndex(counters.next_unit));
        step.open(Task { kind, ..*of })?;
        counters.next_unit += 1;
    }
    if counters.settled_units == counters.units {
        step.open(Task { kind: TaskKind::Finish, ..*of })?;
    }
    Ok(())
}

/// See [`JobStore::checkpoint`](crate::ports::JobStore::checkpoint).
pub(super) fn checkpoint(step: &mut Step<'_>, claimed: &Claimed, ends: Vec<FileEnd>) -> Result<Verdict, StoreError> {
    let task = &claimed.task;
    let Some((_, row)) = step.held_task(claimed)?.filter(|_| matches!(task.kind, TaskKind::Fetch(_))) else {
        return Ok(Verdict::Stop);
    };
    if row.attempts > 0 {
        step.put_task(&TaskRow { attempts: 0, ..row })?;
        step.mark(Mark::Alive(*task, Duration::ZERO));
    }
    if ends.is_empty() {
        return Ok(Verdict::Go);
    }
    let files = ends.iter().map(|end| end.file).collect();
    let mut counters = counters_of(step, task)?;
    for end in ends {
        end_file(step, task.job, end, &mut counters)?;
    }
    put(&mut step.tables.counters, task.job.to_string().as_str(), &counters)?;
    step.mark(Mark::Landed(task.job, files));
    step.mark(Mark::Changed(task.job));
    Ok(Verdict::Go)
}

fn counters_of(step: &Step<'_>, task: &Task) -> Result<Counters, StoreError> {
    let counters = get(&step.tables.counters, "counters", task.job.to_string().as_str())?;
    counters.ok_or_else(|| missing(task, "the job's counters are"))
}

fn missing(task: &Task, what: &str) -> StoreError {
    StoreError::Corrupt { at: task.to_string(), reason: format!("{what} missing") }
}

/// See [`JobStore::finish_unit`](crate::ports::JobStore::finish_unit).
pub(super) fn finish_unit(step: &mut Step<'_>, claimed: &Claimed, ends: Vec<FileEnd>) -> Result<Verdict, StoreError> {
    let task = &claimed.task;
    let TaskKind::Fetch(index) = task.kind else { return Ok(Verdict::Stop) };
    let Some((_, row)) = step.held_task(claimed)? else { return Ok(Verdict::Stop) };
    let key = task.job.to_string();
    let unit: Unit =
        get(&step.tables.units, "unit", (key.as_str(), index.0))?.ok_or_else(|| missing(task, "its unit is"))?;
    let mut counters = counters_of(step, task)?;
    for end in ends {
        end_file(step, task.job, end, &mut counters)?;
    }
    step.close(&row)?;
    counters.settled_units += 1;
    open_next(step, task, &mut counters)?;
    put(&mut step.tables.counters, key.as_str(), &counters)?;
    step.mark(Mark::Landed(task.job, unit.files));
    step.mark(Mark::Changed(task.job));
    Ok(Verdict::Go)
}

/// Records the end of a file; one that is complete stays so and counts once.
fn end_file(step: &mut Step<'_>, id: JobId, end: FileEnd, counters: &mut Counters) -> Result<(), StoreError> {
    let id_text = id.to_string();
    let key = (id_text.as_str(), end.file.0);
    let Some(mut state) = get::<_, FileState>(&step.tables.files, "file", key)? else { return Ok(()) };
    if state.status != FileStatus::Pending {
        return Ok(());
    }
    match end.result {
        Ok(()) => {
            state.status = FileStatus::Complete;
            state.downloaded_bytes = state.file.size_bytes;
            counters.completed_files += 1;
        }
        Err(error) => {
            state.status = FileStatus::Failed;
            state.downloaded_bytes = step.live.bytes_of(id, end.file).unwrap_or(0);
            state.error = Some(error);
        }
    }
    counters.recorded_bytes += state.downloaded_bytes;
    step.mark(Mark::Ended(id, end.file));
    put(&mut step.tables.files, key, &state)
}

/// See [`JobStore::claim`](crate::ports::JobStore::claim).
pub(super) fn claim(step: &mut Step<'_>, claimed: &Claimed, patience: Duration) -> Result<Claim, StoreError> {
    let task = &claimed.task;
    let Some((job, mut row)) = step.open_task(task)? else { return Ok(Claim::Void) };
    if row.holder.as_ref() == Some(&claimed.holder) {
        return Ok(Claim::Go { job: Box::new(job.job), attempt: row.attempts });
    }
    if let Some(seen) = step.live.in_work_since(task)
        && let left = patience.saturating_sub(step.now.saturating_duration_since(seen))
        && !left.is_zero()
    {
        step.ask_again(row, left)?;
        return Ok(Claim::Busy);
    }
    row.attempts = row.attempts.saturating_add(1);
    (row.holder, row.put_off) = (Some(claimed.holder.clone()), false);
    step.put_task(&row)?;
    step.mark(Mark::Claimed(*task, claimed.holder.worker.clone()));
    Ok(Claim::Go { job: Box::new(job.job), attempt: row.attempts })
}

/// See [`JobStore::put_off`](crate::ports::JobStore::put_off).
pub(super) fn put_off(
    step: &mut Step<'_>,
    claimed: &Claimed,
    delay: Duration,
    waiting: Option<String>,
) -> Result<Verdict, StoreError> {
    let task = &claimed.task;
    let Some((_, row)) = step.held_task(claimed)? else { return Ok(Verdict::Stop) };
    step.mark(Mark::PutOff(*task));
    // Not once more when it is put off a second time.
    let attempts = row.attempts.saturating_sub(u32::from(!row.put_off));
    step.emit(TaskRow { attempts, put_off: true, ..row }, delay)?;
    if let Some(reason) = waiting {
        step.mark(Mark::Waits(*task, reason));
    }
    step.mark(Mark::Changed(task.job));
    Ok(Verdict::Go)
}

/// See [`JobStore::settle`](crate::ports::JobStore::settle).
pub(super) fn settle(step: &mut Step<'_>, claimed: &Claimed) -> Result<Verdict, StoreError> {
    let Some((_, row)) = step.held_task(claimed)? else { return Ok(Verdict::Stop) };
    step.close(&row)?;
    step.mark(Mark::Changed(claimed.task.job));
    Ok(Verdict::Go)
}
