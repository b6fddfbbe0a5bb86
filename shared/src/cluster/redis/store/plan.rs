//! Writing plans and working them off.

use std::time::Duration;

use redis::pipe;
use serde::Serialize;

use super::steps::{add_claimed, verdict};
use super::{RedisStore, millis, rows};
use crate::job::{Plan, WINDOW};
use crate::ports::{Claimed, FileEnd, RING_INTERVAL, Report, StoreError, Verdict};

/// Rows that are sent in one step: small enough that others do not wait.
const ROWS_AT_ONCE: usize = 2_000;

/// What was staged for a plan that never came goes by itself.
const STAGED_FOR: Duration = Duration::from_mins(10);

/// See [`JobStore::put_plan`](crate::ports::JobStore::put_plan). A plan may be long, so it is brought in pieces to a place of
/// its own first, and put in force in one step.
pub(super) async fn put_plan(store: &RedisStore, claimed: &Claimed, plan: Plan) -> Result<Verdict, StoreError> {
    let staged = format!("staged:{}:{}", claimed.task.job, claimed.holder);
    let (files, units) = (store.client.key(&format!("{staged}:files")), store.client.key(&format!("{staged}:units")));
    stage(store, &files, &plan.files).await?;
    stage(store, &units, &plan.units).await?;
    let put = store.client.run(&store.scripts.put_plan, |script| {
        script.key(&files).key(&units);
        add_claimed(script, claimed);
        script.arg(plan.commit.map(|commit| commit.to_string()).unwrap_or_default());
        script.arg(plan.files.len()).arg(plan.total_bytes());
        script.arg(plan.units.len()).arg(WINDOW);
    });
    put.await.and_then(verdict)
}

async fn stage<T: Serialize>(store: &RedisStore, key: &str, rows: &[T]) -> Result<(), StoreError> {
    for (chunk, rows) in rows.chunks(ROWS_AT_ONCE).enumerate() {
        let mut commands = pipe();
        // Whoever is killed in the middle leaves nothing that never ends.
        let command = commands.atomic().cmd("HSET").arg(key);
        for (index, row) in (chunk * ROWS_AT_ONCE..).zip(rows) {
            command.arg(index).arg(rows::encode(row)?);
        }
        commands.ignore().cmd("PEXPIRE").arg(key).arg(millis(STAGED_FOR)).ignore();
        store.client.query::<()>(&commands).await?;
    }
    Ok(())
}

/// See [`JobStore::report`](crate::ports::JobStore::report).
pub(super) async fn report(store: &RedisStore, claimed: &Claimed, report: &Report) -> Result<Verdict, StoreError> {
    let reported = store.client.run(&store.scripts.report, |script| {
        add_claimed(script, claimed);
        script.arg(report.bytes_per_second).arg(millis(RING_INTERVAL));
        for progress in &report.files {
            script.arg(progress.file.0).arg(progress.downloaded_bytes);
        }
    });
    reported.await.and_then(verdict)
}

/// See [`JobStore::checkpoint`](crate::ports::JobStore::checkpoint).
pub(super) async fn checkpoint(store: &RedisStore, claimed: &Claimed, ends: &[FileEnd]) -> Result<Verdict, StoreError> {
    let recorded = store.client.run(&store.scripts.checkpoint, |script| {
        add_claimed(script, claimed);
        add_ends(script, ends);
    });
    recorded.await.and_then(verdict)
}

/// See [`JobStore::finish_unit`](crate::ports::JobStore::finish_unit).
pub(super) async fn finish_unit(
    store: &RedisStore,
    claimed: &Claimed,
    ends: &[FileEnd],
) -> Result<Verdict, StoreError> {
    let finished = store.client.run(&store.scripts.finish_unit, |script| {
        add_claimed(script, claimed);
        script.arg(WINDOW);
        add_ends(script, ends);
    });
    finished.await.and_then(verdict)
}

/// A file and its error, which is empty when it is complete.
fn add_ends(script: &mut redis::ScriptInvocation<'_>, ends: &[FileEnd]) {
    for end in ends {
        let error = match &end.result {
            Ok(()) => "",
            Err(error) if error.is_empty() => "unknown error",
            Err(error) => error,
        };
        script.arg(end.file.0).arg(error);
    }
}
