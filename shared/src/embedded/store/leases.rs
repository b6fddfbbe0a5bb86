//! Leases of blobs. They keep apart workers of one process, so they live in memory and end with it.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::ports::{BlobKey, Holder};

/// Who holds which blob, and until when.
#[derive(Debug, Default)]
pub(super) struct Leases {
    held: Mutex<HashMap<BlobKey, (Holder, Instant)>>,
}

impl Leases {
    /// See [`JobStore::lease_blob`](crate::ports::JobStore::lease_blob).
    pub(super) fn lease(&self, blob: &BlobKey, holder: &Holder, ttl: Duration) -> bool {
        let now = Instant::now();
        let mut held = self.lock();
        held.retain(|_, (_, until)| now < *until);
        if held.get(blob).is_some_and(|(other, _)| other != holder) {
            return false;
        }
        held.insert(blob.clone(), (holder.clone(), now.checked_add(ttl).unwrap_or(now)));
        true
    }

    /// See [`JobStore::release_blob`](crate::ports::JobStore::release_blob).
    pub(super) fn release(&self, blob: &BlobKey, holder: &Holder) {
        let mut held = self.lock();
        if held.get(blob).is_some_and(|(other, _)| other == holder) {
            held.remove(blob);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<BlobKey, (Holder, Instant)>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
