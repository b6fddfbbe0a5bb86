//! What nobody needs any more: partials of jobs that never came back, and what killed processes left behind.

use std::time::{Duration, SystemTime};

use super::dir::{Dir, TMP, is_folder, modified};
use super::error::CacheError;
use super::probe;
use super::repo::{QUARANTINE, RepoCache, TRASH, discard};
use super::tree::TREES;
use crate::repo::BlobHash;

/// No probe takes this long.
const PROBE_AGE: Duration = Duration::from_hours(1);

impl RepoCache {
    /// Removes partials, quarantined bytes, listings and temporary files that nobody has written to for `older_than`. Returns
    /// how many things went.
    pub fn remove_stale_partials(&self, older_than: Duration) -> Result<usize, CacheError> {
        let Some(scratch) = self.existing_scratch()? else { return Ok(0) };
        let mut removed = 0;
        for name in scratch.names()? {
            let gone = match name.parse::<BlobHash>() {
                Ok(_) => remove_if_stale(&scratch, &name, older_than, &scratch)?,
                // Whoever was removing it has stopped or is at it.
                Err(_) if name.ends_with(TRASH) => scratch.remove_folder(&name).is_ok(),
                Err(_) if name.ends_with(TMP) => remove_if_stale(&scratch, &name, older_than, &scratch)?,
                Err(_) => false,
            };
            removed += usize::from(gone);
        }
        for folder in [QUARANTINE, TREES] {
            let Some(folder) = scratch.child(folder)? else { continue };
            for name in folder.names()? {
                removed += usize::from(remove_if_stale(&folder, &name, older_than, &scratch)?);
            }
        }
        Ok(removed)
    }
}

fn remove_if_stale(parent: &Dir, name: &str, older_than: Duration, scratch: &Dir) -> Result<bool, CacheError> {
    let Some(stat) = parent.stat(name)? else { return Ok(false) };
    if !is_folder(&stat) {
        let stale = is_old(modified(&stat), older_than);
        return if stale { parent.remove_file(name).map(|()| true) } else { Ok(false) };
    }
    let Some(folder) = parent.child(name)? else { return Ok(false) };
    let mut last_change = modified(&stat);
    for entry in folder.names()? {
        if let Some(stat) = folder.stat(&entry)? {
            last_change = last_change.max(modified(&stat));
        }
    }
    if is_old(last_change, older_than) { discard(parent, name, scratch).map(|()| true) } else { Ok(false) }
}

/// A time in the future, by another machine's clock, is not old.
pub(super) fn is_old(time: SystemTime, older_than: Duration) -> bool {
    SystemTime::now().duration_since(time).is_ok_and(|age| age >= older_than)
}

/// Removes what killed processes left of their probes. Failing is no harm.
pub(super) fn remove_old_probes(locks: &Dir) {
    for name in locks.names().unwrap_or_default() {
        let stat = if name.starts_with(probe::FOLDER) { locks.stat(&name).ok().flatten() } else { None };
        if stat.is_some_and(|stat| is_old(modified(&stat), PROBE_AGE)) && locks.remove_folder(&name).is_err() {
            tracing::debug!(name, "an old probe folder stays");
        }
    }
}
