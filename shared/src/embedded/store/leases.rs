//! Leases of blobs. They keep apart workers of one process, so they live in memory and end with it.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use crate::lock::lock;
use crate::ports::{BlobKey, Holder, LAPSE_REMEMBERED, Leased};

/// Who holds which blob, and until when.
#[derive(Debug, Default)]
pub(super) struct Leases {
    held: Mutex<HashMap<BlobKey, Lease>>,
}

#[derive(Debug)]
struct Lease {
    /// None when it was given back.
    holder: Option<Holder>,
    until: Instant,
    /// When a holder last lost it by time.
    lapsed: Option<Instant>,
}

impl Lease {
    fn is_remembered(&self, now: Instant) -> bool {
        self.holder.is_some() || self.lapsed.is_some_and(|at| now.saturating_duration_since(at) < LAPSE_REMEMBERED)
    }
}

impl Leases {
    /// See [`JobStore::lease_blob`](crate::ports::JobStore::lease_blob).
    pub(super) fn lease(&self, blob: &BlobKey, holder: &Holder, ttl: Duration) -> Leased {
        let now = Instant::now();
        let until = now.checked_add(ttl).unwrap_or(now);
        let mut held = self.lock();
        held.retain(|_, lease| lease.is_remembered(now));
        let lease = held.entry(blob.clone()).or_insert(Lease { holder: None, until, lapsed: None });
        if lease.holder.as_ref().is_some_and(|other| other != holder) {
            if now < lease.until {
                return Leased::Taken;
            }
            lease.lapsed = Some(now);
        }
        (lease.holder, lease.until) = (Some(holder.clone()), until);
        Leased::Granted { lapsed: lease.lapsed.is_some() }
    }

    /// See [`JobStore::release_blob`](crate::ports::JobStore::release_blob).
    pub(super) fn release(&self, blob: &BlobKey, holder: &Holder) {
        let mut held = self.lock();
        if let Some(lease) = held.get_mut(blob).filter(|lease| lease.holder.as_ref() == Some(holder)) {
            lease.holder = None;
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<BlobKey, Lease>> {
        lock(&self.held)
    }
}
