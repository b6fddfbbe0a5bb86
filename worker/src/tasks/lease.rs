//! The lease of a blob while it is fetched: it keeps two workers from fetching the same, and one that slept from going on.

use std::sync::Arc;
use std::time::Duration;

use hfd_shared::metrics::{self, LeaseKind};
use hfd_shared::ports::{BlobKey, Holder, JobStore, Leased, StoreError};
use tokio::runtime::Handle;
use tokio_util::task::AbortOnDropHandle;
use tracing::warn;

use crate::environment::Environment;
use crate::fence::{Fence, Moment};

/// A lease is renewed so many times before it would end.
const RENEWALS: u32 = 4;

/// Held until released; a holder that dies loses it by time.
pub(super) struct Lease {
    /// A holder before never gave it back: he may still have files open and locked.
    pub(super) lapsed: bool,
    /// Open as long as the lease is known to hold.
    pub(super) fence: Fence,
    held: Option<Held>,
}

struct Held {
    terms: Terms,
    renewal: AbortOnDropHandle<()>,
}

/// Who has what from whom, and for how long.
#[derive(Clone)]
struct Terms {
    store: Arc<dyn JobStore>,
    blob: BlobKey,
    holder: Holder,
    ttl: Duration,
}

impl Lease {
    /// Takes the lease; none while somebody else has it.
    pub(super) async fn acquire(env: &Environment, blob: BlobKey) -> Result<Option<Self>, StoreError> {
        let terms = Terms { store: Arc::clone(&env.store), blob, holder: env.holder(), ttl: env.limits.lease_timeout };
        let asked_at = Moment::now();
        let Leased::Granted { lapsed } = terms.ask().await? else { return Ok(None) };
        let fence = Fence::new(asked_at, terms.ttl);
        let renewal = AbortOnDropHandle::new(tokio::spawn(terms.clone().renew(fence.clone())));
        Ok(Some(Self { lapsed, fence, held: Some(Held { terms, renewal }) }))
    }

    pub(super) async fn release(mut self) -> Result<(), StoreError> {
        match self.held.take() {
            Some(held) => held.give_back().await,
            None => Ok(()),
        }
    }
}

impl Drop for Lease {
    /// A task that panics or is let go gives its lease back, too. What it still has to write must not be written then.
    fn drop(&mut self) {
        self.fence.close();
        if let (Some(held), Ok(runtime)) = (self.held.take(), Handle::try_current()) {
            runtime.spawn(held.give_back());
        }
    }
}

impl Held {
    /// Ends the renewal first, which would take the lease once more.
    async fn give_back(self) -> Result<(), StoreError> {
        self.renewal.abort();
        // It was aborted, if it had not ended.
        _ = self.renewal.await;
        self.terms.store.release_blob(&self.terms.blob, &self.terms.holder).await
    }
}

impl Terms {
    async fn ask(&self) -> Result<Leased, StoreError> {
        self.store.lease_blob(&self.blob, &self.holder, self.ttl).await
    }

    async fn renew(self, fence: Fence) {
        let mut is_over = false;
        loop {
            tokio::time::sleep(self.ttl / RENEWALS).await;
            let asked_at = Moment::now();
            match self.ask().await {
                Ok(Leased::Granted { .. }) => fence.extend(asked_at, self.ttl),
                Ok(Leased::Taken) => {
                    fence.close();
                    if !is_over {
                        metrics::lease_lost(LeaseKind::Blob);
                    }
                    return warn!(blob = %self.blob, "lease lost to another worker");
                }
                Err(error) => {
                    warn!(blob = %self.blob, %error, "lease not renewed");
                    if !fence.is_open() && !is_over {
                        is_over = true;
                        metrics::lease_lost(LeaseKind::Blob);
                    }
                }
            }
        }
    }
}
