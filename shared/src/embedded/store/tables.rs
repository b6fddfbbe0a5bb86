//! The tables of the file.

use std::ops::RangeInclusive;

use redb::{ReadableTable, Table, TableDefinition, WriteTransaction};

use crate::job::TaskKind;
use crate::ports::StoreError;

/// A value that is JSON.
pub(super) type Json = &'static [u8];

/// What this version writes. Raise it when older versions could not read it any more.
const FORMAT: u64 = 1;
const FORMAT_KEY: &str = "format";
const SEQUENCE_KEY: &str = "sequence";

/// Id → job with its places in the indexes.
pub(super) const JOBS: TableDefinition<'_, &str, Json> = TableDefinition::new("jobs");
/// Id → sums over a planned job's files and units.
pub(super) const COUNTERS: TableDefinition<'_, &str, Json> = TableDefinition::new("counters");
/// Sequence of creation → id.
pub(super) const ORDER: TableDefinition<'_, u64, &str> = TableDefinition::new("order");
/// Place among the waiting jobs → id; the lowest is next.
pub(super) const WAITING: TableDefinition<'_, u64, &str> = TableDefinition::new("waiting");
/// Ids of running jobs that take up room.
pub(super) const ACTIVE: TableDefinition<'_, &str, ()> = TableDefinition::new("active");
/// Fingerprint → id of the job that has not ended.
pub(super) const LIVE: TableDefinition<'_, &str, &str> = TableDefinition::new("live");
/// (Repository, id) of each job that has not ended → whether its work is exclusive.
pub(super) const REPOS: TableDefinition<'_, (&str, &str), bool> = TableDefinition::new("repos");
/// (End in milliseconds since 1970, sequence of creation) → id.
pub(super) const ENDED: TableDefinition<'_, (u64, u64), &str> = TableDefinition::new("ended");
/// (Id, file index) → state of the file.
pub(super) const FILES: TableDefinition<'_, (&str, u32), Json> = TableDefinition::new("files");
/// (Id, unit index) → unit.
pub(super) const UNITS: TableDefinition<'_, (&str, u32), Json> = TableDefinition::new("units");
/// (Id, code of the kind) → open task.
pub(super) const TASKS: TableDefinition<'_, (&str, u64), Json> = TableDefinition::new("tasks");
/// (Due in milliseconds since 1970, sequence) → task.
pub(super) const OUTBOX: TableDefinition<'_, (u64, u64), Json> = TableDefinition::new("outbox");
/// One row under an empty key: the settings that all processes share.
pub(super) const SETTINGS: TableDefinition<'_, &str, Json> = TableDefinition::new("settings");
/// No id comes after it.
const LAST_ID: &str = "ffffffffffff";

/// Name → number.
const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");

/// All tables, open for one write transaction.
pub(super) struct Tables<'txn> {
    pub(super) jobs: Table<'txn, &'static str, Json>,
    pub(super) counters: Table<'txn, &'static str, Json>,
    pub(super) order: Table<'txn, u64, &'static str>,
    pub(super) waiting: Table<'txn, u64, &'static str>,
    pub(super) active: Table<'txn, &'static str, ()>,
    pub(super) live: Table<'txn, &'static str, &'static str>,
    pub(super) repos: Table<'txn, (&'static str, &'static str), bool>,
    pub(super) ended: Table<'txn, (u64, u64), &'static str>,
    pub(super) files: Table<'txn, (&'static str, u32), Json>,
    pub(super) units: Table<'txn, (&'static str, u32), Json>,
    pub(super) tasks: Table<'txn, (&'static str, u64), Json>,
    pub(super) outbox: Table<'txn, (u64, u64), Json>,
    pub(super) settings: Table<'txn, &'static str, Json>,
    meta: Table<'txn, &'static str, u64>,
}

impl<'txn> Tables<'txn> {
    /// Opens all tables; those that do not exist yet come into being.
    pub(super) fn open(transaction: &'txn WriteTransaction) -> Result<Self, StoreError> {
        Ok(Self {
            jobs: transaction.open_table(JOBS)?,
            counters: transaction.open_table(COUNTERS)?,
            order: transaction.open_table(ORDER)?,
            waiting: transaction.open_table(WAITING)?,
            active: transaction.open_table(ACTIVE)?,
            live: transaction.open_table(LIVE)?,
            repos: transaction.open_table(REPOS)?,
            ended: transaction.open_table(ENDED)?,
            files: transaction.open_table(FILES)?,
            units: transaction.open_table(UNITS)?,
            tasks: transaction.open_table(TASKS)?,
            outbox: transaction.open_table(OUTBOX)?,
            settings: transaction.open_table(SETTINGS)?,
            meta: transaction.open_table(META)?,
        })
    }

    /// Refuses a file of another format; marks a new one.
    pub(super) fn check_format(&mut self) -> Result<(), StoreError> {
        let found = self.meta.get(FORMAT_KEY)?.map(|number| number.value());
        match found {
            Some(FORMAT) => Ok(()),
            Some(other) => Err(StoreError::Corrupt {
                at: "the embedded store".to_owned(),
                reason: format!(
                    "it has format {other}, this version of hfdownloader reads format {FORMAT}; use the version that \
                     wrote it or choose another --data-dir"
                ),
            }),
            None => {
                self.meta.insert(FORMAT_KEY, FORMAT)?;
                Ok(())
            }
        }
    }

    /// A number that was never given before.
    pub(super) fn next_sequence(&mut self) -> Result<u64, StoreError> {
        let next = self.meta.get(SEQUENCE_KEY)?.map_or(0, |number| number.value()) + 1;
        self.meta.insert(SEQUENCE_KEY, next)?;
        Ok(next)
    }
}

/// The keys in [`REPOS`] of a repository's jobs.
pub(super) fn jobs_of(repo: &str) -> RangeInclusive<(&str, &str)> {
    (repo, "")..=(repo, LAST_ID)
}

/// The second part of a task's key: plan, fetches in the order of their units, finish, clean, callback.
pub(super) fn code(kind: TaskKind) -> u64 {
    match kind {
        TaskKind::Plan => 0,
        TaskKind::Fetch(unit) => (1 << 32) | u64::from(unit.0),
        TaskKind::Finish => 2 << 32,
        TaskKind::Clean => 3 << 32,
        TaskKind::Callback => 4 << 32,
    }
}

/// Marks a database as one of another format.
#[cfg(test)]
pub(super) fn write_format(database: &redb::Database, format: u64) -> Result<(), StoreError> {
    let transaction = database.begin_write()?;
    transaction.open_table(META)?.insert(FORMAT_KEY, format)?;
    transaction.commit()?;
    Ok(())
}
