//! What a job has done to the cache.

use serde::{Deserialize, Serialize};

/// Entries that a list of an [`Outcome`] holds at most.
pub const OUTCOME_MAX_ENTRIES: usize = 1_000;

/// What a job that looks after the cache has done.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// Bytes that are free again.
    pub freed_bytes: u64,
    /// What is gone, by its path in the cache; at most [`OUTCOME_MAX_ENTRIES`].
    pub removed: Vec<String>,
    /// What could not be done, and why; at most [`OUTCOME_MAX_ENTRIES`].
    pub failures: Vec<String>,
}

impl Outcome {
    /// Notes that something is gone.
    pub fn remove(&mut self, path: String, freed_bytes: u64) {
        self.freed_bytes += freed_bytes;
        push(&mut self.removed, path);
    }

    /// Notes what could not be done.
    pub fn fail(&mut self, failure: String) {
        push(&mut self.failures, failure);
    }
}

fn push(list: &mut Vec<String>, entry: String) {
    if list.len() < OUTCOME_MAX_ENTRIES {
        list.push(entry);
    }
}
