//! One atomic step: a write transaction, and the changes of the memory that go with it.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use redb::ReadableTable;

use super::live::{Live, Mark};
use super::rows::{JobRow, OutboxKey, TaskRow, get, put};
use super::tables::{Json, Tables, code};
use crate::job::{JobId, Status, Task};
use crate::ports::{Claimed, StoreError};

/// What a step works on. A step that leaves no mark has changed nothing and is not committed.
pub(super) struct Step<'a> {
    pub(super) tables: Tables<'a>,
    /// The memory as it was before the step.
    pub(super) live: &'a Live,
    pub(super) marks: Vec<Mark>,
    pub(super) now: Instant,
    now_ms: u64,
}

impl<'a> Step<'a> {
    pub(super) fn new(tables: Tables<'a>, live: &'a Live) -> Self {
        Self { tables, live, marks: Vec::new(), now: Instant::now(), now_ms: now_ms() }
    }

    pub(super) fn mark(&mut self, mark: Mark) {
        self.marks.push(mark);
    }

    pub(super) fn job(&self, id: JobId) -> Result<Option<JobRow>, StoreError> {
        get(&self.tables.jobs, "job", id.to_string().as_str())
    }

    pub(super) fn put_job(&mut self, row: &JobRow) -> Result<(), StoreError> {
        put(&mut self.tables.jobs, row.job.id.to_string().as_str(), row)
    }

    /// The rows of a task that may be worked on; see [`open_task`].
    pub(super) fn open_task(&self, task: &Task) -> Result<Option<(JobRow, TaskRow)>, StoreError> {
        open_task(&self.tables.jobs, &self.tables.tasks, task)
    }

    /// The same for a task that is in this holder's hands; see [`held_task`].
    pub(super) fn held_task(&self, claimed: &Claimed) -> Result<Option<(JobRow, TaskRow)>, StoreError> {
        held_task(&self.tables.jobs, &self.tables.tasks, claimed)
    }

    pub(super) fn put_task(&mut self, row: &TaskRow) -> Result<(), StoreError> {
        put(&mut self.tables.tasks, (row.task.job.to_string().as_str(), code(row.task.kind)), row)
    }

    /// Opens a task: from now on it can be claimed, and the outbox holds it.
    pub(super) fn open(&mut self, task: Task) -> Result<(), StoreError> {
        self.emit(TaskRow::new(task), Duration::ZERO)
    }

    /// Puts an open task into the outbox, in place of the entry that it may have there.
    pub(super) fn emit(&mut self, row: TaskRow, delay: Duration) -> Result<(), StoreError> {
        let delay_ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
        self.emit_at(row, self.now_ms.saturating_add(delay_ms), delay)
    }

    /// Puts an open task before all others in the outbox: it was there before them.
    pub(super) fn emit_first(&mut self, row: TaskRow) -> Result<(), StoreError> {
        self.emit_at(row, 0, Duration::ZERO)
    }

    fn emit_at(&mut self, row: TaskRow, due_ms: u64, delay: Duration) -> Result<(), StoreError> {
        self.mark(Mark::Alive(row.task, delay));
        self.put_entry(row, due_ms)
    }

    /// Lets a task that is in other hands come again after a delay; in place of an entry that is just being acknowledged,
    /// too, for the delivery that asks was the last.
    pub(super) fn ask_again(&mut self, row: TaskRow, delay: Duration) -> Result<(), StoreError> {
        let delay_ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
        self.mark(Mark::Silent);
        self.put_entry(row, self.now_ms.saturating_add(delay_ms))
    }

    fn put_entry(&mut self, mut row: TaskRow, due_ms: u64) -> Result<(), StoreError> {
        if let Some(old) = row.outbox {
            self.tables.outbox.remove(old)?;
        }
        let key: OutboxKey = (due_ms, self.tables.next_sequence()?);
        put(&mut self.tables.outbox, key, &row.task)?;
        row.outbox = Some(key);
        self.put_task(&row)
    }

    /// Closes a task: whatever still refers to it is void.
    pub(super) fn close(&mut self, row: &TaskRow) -> Result<(), StoreError> {
        if let Some(entry) = row.outbox {
            self.tables.outbox.remove(entry)?;
        }
        self.tables.tasks.remove((row.task.job.to_string().as_str(), code(row.task.kind)))?;
        self.mark(Mark::Closed(row.task));
        Ok(())
    }

    /// Closes all tasks of a job.
    pub(super) fn close_all(&mut self, id: JobId) -> Result<(), StoreError> {
        let id = id.to_string();
        let mut rows: Vec<TaskRow> = Vec::new();
        for row in self.tables.tasks.range((id.as_str(), 0)..=(id.as_str(), u64::MAX))? {
            rows.push(super::rows::decode(row?.1.value(), || format!("tasks of job {id}"))?);
        }
        rows.iter().try_for_each(|row| self.close(row))
    }
}

/// The rows of a task that may be worked on: it is open, belongs to the job's present epoch, and the job runs (or is to
/// be cleaned up after).
pub(super) fn open_task(
    jobs: &impl ReadableTable<&'static str, Json>,
    tasks: &impl ReadableTable<(&'static str, u64), Json>,
    task: &Task,
) -> Result<Option<(JobRow, TaskRow)>, StoreError> {
    let id = task.job.to_string();
    let Some(row) = get::<_, TaskRow>(tasks, "task", (id.as_str(), code(task.kind)))? else { return Ok(None) };
    let Some(job) = get::<_, JobRow>(jobs, "job", id.as_str())? else { return Ok(None) };
    let runs = job.job.status == Status::Running || task.kind.follows_end();
    Ok((row.task == *task && job.job.epoch == task.epoch && runs).then_some((job, row)))
}

/// The same for a task that is in this holder's hands, or that nobody has claimed yet.
pub(super) fn held_task(
    jobs: &impl ReadableTable<&'static str, Json>,
    tasks: &impl ReadableTable<(&'static str, u64), Json>,
    claimed: &Claimed,
) -> Result<Option<(JobRow, TaskRow)>, StoreError> {
    let rows = open_task(jobs, tasks, &claimed.task)?;
    Ok(rows.filter(|(_, row)| row.holder.as_ref().is_none_or(|holder| *holder == claimed.holder)))
}

/// Milliseconds since 1970: the clock of the outbox, which outlives the process.
pub(super) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
