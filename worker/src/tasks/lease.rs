//! The lease of a blob while it is fetched. It saves bandwidth; correctness does not rest on it.

use std::sync::Arc;
use std::time::Duration;

use hfd_shared::job::Task;
use hfd_shared::ports::{BlobKey, Holder, JobStore, StoreError};
use tokio::runtime::Handle;
use tokio_util::task::AbortOnDropHandle;
use tracing::warn;

use crate::environment::Environment;

const TTL: Duration = Duration::from_secs(30);
const RENEW: Duration = Duration::from_secs(10);

/// Held until released; a holder that dies loses it by time.
pub(super) struct Lease {
    held: Option<Held>,
}

struct Held {
    store: Arc<dyn JobStore>,
    blob: BlobKey,
    holder: Holder,
    _renewal: AbortOnDropHandle<()>,
}

impl Lease {
    /// Takes the lease; none while somebody else has it.
    pub(super) async fn acquire(env: &Environment, blob: BlobKey, task: &Task) -> Result<Option<Self>, StoreError> {
        let holder = Holder(format!("{}:{task}:{}", env.name, env.next_number()));
        let store = Arc::clone(&env.store);
        if !store.lease_blob(&blob, &holder, TTL).await? {
            return Ok(None);
        }
        let renewal = AbortOnDropHandle::new(tokio::spawn(renew(Arc::clone(&store), blob.clone(), holder.clone())));
        Ok(Some(Self { held: Some(Held { store, blob, holder, _renewal: renewal }) }))
    }

    pub(super) async fn release(mut self) -> Result<(), StoreError> {
        match self.held.take() {
            Some(held) => held.store.release_blob(&held.blob, &held.holder).await,
            None => Ok(()),
        }
    }
}

impl Drop for Lease {
    /// A task that panics gives its lease back, too.
    fn drop(&mut self) {
        if let (Some(held), Ok(runtime)) = (self.held.take(), Handle::try_current()) {
            runtime.spawn(async move { held.store.release_blob(&held.blob, &held.holder).await });
        }
    }
}

async fn renew(store: Arc<dyn JobStore>, blob: BlobKey, holder: Holder) {
    loop {
        tokio::time::sleep(RENEW).await;
        match store.lease_blob(&blob, &holder, TTL).await {
            Ok(true) => {}
            Ok(false) => warn!(%blob, "lease lost; the blob may be fetched twice"),
            Err(error) => warn!(%blob, %error, "lease not renewed"),
        }
    }
}
