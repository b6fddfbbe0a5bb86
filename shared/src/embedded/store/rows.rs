//! What the rows of the store hold: JSON, so that a newer version can read what an older one wrote.

use std::borrow::Borrow;

use redb::{Key, ReadableTable, Table};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::tables::Json;
use crate::job::{Job, Plan, Task};
use crate::ports::{Holder, StoreError};

/// A job with its places in the indexes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct JobRow {
    pub(super) job: Job,
    /// Its place in the list of all jobs.
    pub(super) order: u64,
    /// Its place among the waiting jobs, while it waits: its turn, then the order in which it came.
    pub(super) waiting: Option<u64>,
    /// When it was queued last, in milliseconds since 1970.
    #[serde(default)]
    pub(super) queued_ms: Option<u64>,
}

/// The sums over a planned job's files and units.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub(super) struct Counters {
    pub(super) total_files: u64,
    pub(super) completed_files: u64,
    pub(super) total_bytes: u64,
    /// Bytes that are recorded in the rows of the files; those in flight come on top.
    pub(super) recorded_bytes: u64,
    pub(super) units: u32,
    pub(super) next_unit: u32,
    pub(super) settled_units: u32,
}

impl Counters {
    pub(super) fn of(plan: &Plan) -> Self {
        Self {
            total_files: plan.files.len() as u64,
            total_bytes: plan.total_bytes(),
            units: u32::try_from(plan.units.len()).unwrap_or(u32::MAX),
            ..Self::default()
        }
    }
}

/// The key of an outbox entry: when it is due, in milliseconds since 1970, and a number that no other entry ever has.
pub(super) type OutboxKey = (u64, u64);

/// An open task.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct TaskRow {
    pub(super) task: Task,
    pub(super) attempts: u32,
    /// Its only entry in the outbox, if it has one.
    pub(super) outbox: Option<OutboxKey>,
    /// Who has claimed it last.
    #[serde(default)]
    pub(super) holder: Option<Holder>,
    /// Whether that one has put it off.
    #[serde(default)]
    pub(super) put_off: bool,
}

impl TaskRow {
    pub(super) fn new(task: Task) -> Self {
        Self { task, attempts: 0, outbox: None, holder: None, put_off: false }
    }
}

/// Reads a row.
pub(super) fn get<'k, K: Key + 'static, T: DeserializeOwned>(
    table: &impl ReadableTable<K, Json>,
    name: &str,
    key: impl Borrow<K::SelfType<'k>>,
) -> Result<Option<T>, StoreError> {
    match table.get(key.borrow())? {
        Some(row) => decode(row.value(), || format!("{name} {:?}", key.borrow())).map(Some),
        None => Ok(None),
    }
}

/// Writes a row.
pub(super) fn put<'k, K: Key + 'static, T: Serialize>(
    table: &mut Table<'_, K, Json>,
    key: impl Borrow<K::SelfType<'k>>,
    value: &T,
) -> Result<(), StoreError> {
    let json = serde_json::to_vec(value).map_err(|error| StoreError::Unavailable(error.to_string()))?;
    table.insert(key, json.as_slice())?;
    Ok(())
}

/// Reads JSON that lies at a place.
pub(super) fn decode<T: DeserializeOwned>(json: &[u8], at: impl FnOnce() -> String) -> Result<T, StoreError> {
    serde_json::from_slice(json).map_err(|error| StoreError::Corrupt { at: at(), reason: error.to_string() })
}
