//! The outbox and what became of the tasks that left it.

use std::time::{Duration, Instant};

use redb::{ReadableDatabase, ReadableTable};

use super::core::Core;
use super::live::Mark;
use super::rows::{JobRow, OutboxKey, TaskRow, decode, get};
use super::step::{Step, now_ms};
use super::tables::{JOBS, OUTBOX, code};
use crate::job::Task;
use crate::ports::{Due, Lane, Message, OutboxId, Silence, StoreError};

/// See [`JobStore::take_due`](crate::ports::JobStore::take_due). The lease is kept in memory: who took the entry lives
/// in this process, so after a start nothing may stay hidden.
pub(super) fn take_due(core: &mut Core, limit: usize, lease: Duration) -> Result<Vec<Due>, StoreError> {
    let now = Instant::now();
    let transaction = core.database()?.begin_read()?;
    let (outbox, jobs) = (transaction.open_table(OUTBOX)?, transaction.open_table(JOBS)?);
    core.live.drop_ended_leases(now);
    let mut due = Vec::new();
    for entry in outbox.range((0, 0)..=(now_ms(), u64::MAX))? {
        if due.len() == limit {
            break;
        }
        let (key, task) = entry?;
        let key = key.value();
        if core.live.hide(key, lease, now) {
            let task: Task = decode(task.value(), || format!("outbox {key:?}"))?;
            let job: Option<JobRow> = get(&jobs, "job", task.job.to_string().as_str())?;
            let message = Message { task, trace: job.and_then(|row| row.job.trace) };
            due.push(Due { id: id_of(key), message });
        }
    }
    Ok(due)
}

/// See [`JobStore::acknowledge_due`](crate::ports::JobStore::acknowledge_due). An id that is gone or unknown is ignored.
pub(super) fn acknowledge_due(step: &mut Step<'_>, id: &OutboxId) -> Result<(), StoreError> {
    let Some(key) = key_of(id) else { return Ok(()) };
    let removed =
        step.tables.outbox.remove(key)?.map(|task| decode::<Task>(task.value(), || format!("outbox {key:?}")));
    let Some(task) = removed.transpose()? else { return Ok(()) };
    step.mark(Mark::Acknowledged(key));
    step.mark(Mark::Alive(task, Duration::ZERO));
    let row: Option<TaskRow> = get(&step.tables.tasks, "task", (task.job.to_string().as_str(), code(task.kind)))?;
    match row {
        Some(row) if row.outbox == Some(key) => step.put_task(&TaskRow { outbox: None, ..row }),
        _ => Ok(()),
    }
}

/// See [`JobStore::emit_lost`](crate::ports::JobStore::emit_lost).
pub(super) fn emit_lost(step: &mut Step<'_>, silence: &Silence) -> Result<usize, StoreError> {
    let mut lost = Vec::new();
    for entry in step.tables.tasks.iter()? {
        let row: TaskRow = decode(entry?.1.value(), || "open tasks".to_owned())?;
        let is_wanted = silence.lane.is_none_or(|lane| lane == Lane::of(&row.task));
        if is_wanted && row.outbox.is_none() && step.live.is_lost(&row.task, silence, step.now) {
            lost.push(row);
        }
    }
    let count = lost.len();
    for row in lost {
        let job = row.task.job;
        step.mark(Mark::PutOff(row.task));
        step.emit_first(row)?;
        step.mark(Mark::Changed(job));
    }
    Ok(count)
}

fn id_of((due_ms, sequence): OutboxKey) -> OutboxId {
    OutboxId(format!("{due_ms}-{sequence}"))
}

fn key_of(OutboxId(id): &OutboxId) -> Option<OutboxKey> {
    let (due_ms, sequence) = id.split_once('-')?;
    Some((due_ms.parse().ok()?, sequence.parse().ok()?))
}
