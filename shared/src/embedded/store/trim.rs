//! Forgetting ended jobs.

use redb::{ReadableTable, ReadableTableMetadata};

use super::live::Mark;
use super::plan::forget_plan;
use super::rows::JobRow;
use super::step::{Step, now_ms};
use crate::job::JobId;
use crate::ports::{Retention, StoreError};

/// See [`JobStore::trim`](crate::ports::JobStore::trim).
pub(super) fn trim(step: &mut Step<'_>, retention: Retention) -> Result<usize, StoreError> {
    let age_ms = u64::try_from(retention.age.as_millis()).unwrap_or(u64::MAX);
    let oldest_ms = now_ms().saturating_sub(age_ms);
    let kept = u64::try_from(retention.jobs).unwrap_or(u64::MAX);
    let surplus = step.tables.ended.len()?.saturating_sub(kept);
    let mut victims = Vec::new();
    for (place, entry) in (0..).zip(step.tables.ended.iter()?) {
        let (key, id) = entry?;
        if place >= surplus && key.value().0 >= oldest_ms {
            break;
        }
        victims.push((key.value(), id.value().to_owned()));
    }
    for (key, id) in &victims {
        step.tables.ended.remove(*key)?;
        step.tables.order.remove(key.1)?;
        let id: JobId = id
            .parse()
            .map_err(|error| StoreError::Corrupt { at: format!("ended {key:?}"), reason: format!("{error}") })?;
        forget(step, id)?;
    }
    Ok(victims.len())
}

/// See [`JobStore::remove`](crate::ports::JobStore::remove).
pub(super) fn remove(step: &mut Step<'_>, jobs: &[JobId]) -> Result<usize, StoreError> {
    let mut removed = 0;
    for &id in jobs {
        let Some(JobRow { job, order, .. }) = step.job(id)? else { continue };
        if job.status.is_terminal() {
            step.tables.ended.remove((job.ended_ms(), order))?;
            step.tables.order.remove(order)?;
            forget(step, id)?;
            removed += 1;
        }
    }
    Ok(removed)
}

fn forget(step: &mut Step<'_>, id: JobId) -> Result<(), StoreError> {
    step.close_all(id)?;
    forget_plan(step, id)?;
    step.tables.jobs.remove(id.to_string().as_str())?;
    step.mark(Mark::Gone(id));
    Ok(())
}
