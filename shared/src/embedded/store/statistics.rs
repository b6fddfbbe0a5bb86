//! The store in numbers.

use std::time::{Duration, Instant};

use redb::{ReadTransaction, ReadableDatabase, ReadableTable, ReadableTableMetadata};

use super::core::Core;
use super::jobs::first_place;
use super::rows::{JobRow, decode, get};
use super::step::now_ms;
use super::tables::{ACTIVE, ENDED, JOBS, LIVE, OUTBOX, WAITING};
use crate::job::{Job, Status, Task};
use crate::ports::{Statistics, StoreError};

/// Entries of the outbox that are looked at: those that are late come first.
const ENTRIES: usize = 200;

/// See [`JobStore::statistics`](crate::ports::JobStore::statistics).
pub(super) fn statistics(core: &mut Core) -> Result<Statistics, StoreError> {
    let transaction = core.database()?.begin_read()?;
    let queued = transaction.open_table(WAITING)?.len()?;
    let (running, paused) = running_and_paused(&transaction, queued)?;
    let outbox = transaction.open_table(OUTBOX)?;
    let mut longest_due = Duration::ZERO;
    for entry in outbox.range((0, 0)..=(now_ms(), u64::MAX))?.take(ENTRIES) {
        let (key, task) = entry?;
        let due_ms = key.value().0;
        let late = if due_ms > 0 {
            Duration::from_millis(now_ms().saturating_sub(due_ms))
        } else {
            // It was put before all others; it has shown no life since.
            let task: Task = decode(task.value(), || format!("outbox {:?}", key.value()))?;
            core.live.silent_for(&task, Instant::now())
        };
        longest_due = longest_due.max(late);
    }
    Ok(Statistics {
        queued,
        running,
        paused,
        ended: transaction.open_table(ENDED)?.len()?,
        longest_wait: longest_wait(&transaction)?,
        outbox: outbox.len()?,
        longest_due,
    })
}

/// Only jobs that are paused or remove files are in no list of their own: without them there is nothing to read.
fn running_and_paused(transaction: &ReadTransaction, queued: u64) -> Result<(u64, u64), StoreError> {
    let active = transaction.open_table(ACTIVE)?.len()?;
    let live = transaction.open_table(LIVE)?;
    if live.len()? <= queued + active {
        return Ok((active, 0));
    }
    let jobs = transaction.open_table(JOBS)?;
    let (mut running, mut paused) = (0, 0);
    for entry in live.iter()? {
        match get::<_, JobRow>(&jobs, "job", entry?.1.value())?.map(|row| row.job.status) {
            Some(Status::Running) => running += 1,
            Some(Status::Paused) => paused += 1,
            _ => {}
        }
    }
    Ok((running, paused))
}

/// The first of each turn has waited longest in it.
fn longest_wait(transaction: &ReadTransaction) -> Result<Duration, StoreError> {
    let (waiting, jobs) = (transaction.open_table(WAITING)?, transaction.open_table(JOBS)?);
    let mut longest = Duration::ZERO;
    for turn in 0..Job::TURNS {
        let Some(first) = waiting.range(first_place(turn)..first_place(turn + 1))?.next() else { continue };
        let row: Option<JobRow> = get(&jobs, "job", first?.1.value())?;
        if let Some(queued_ms) = row.and_then(|row| row.queued_ms) {
            longest = longest.max(Duration::from_millis(now_ms().saturating_sub(queued_ms)));
        }
    }
    Ok(longest)
}
