//! How many files of a unit use the network at a time.

use std::sync::{Arc, Mutex, MutexGuard};

use hfd_shared::lock::lock;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// One file's place among those that use the network. It gives the place up while it waits for the disk alone.
pub(crate) struct Turn {
    turns: Arc<Semaphore>,
    held: Mutex<Option<OwnedSemaphorePermit>>,
}

impl Turn {
    /// None yet.
    pub(crate) fn new(turns: &Arc<Semaphore>) -> Self {
        Self { turns: Arc::clone(turns), held: Mutex::default() }
    }

    /// Waits for its turn, unless it has it.
    pub(crate) async fn begin(&self) {
        if self.held().is_none() {
            // Nobody closes it.
            let turn = Arc::clone(&self.turns).acquire_owned().await.ok();
            *self.held() = turn;
        }
    }

    /// Lets others have it.
    pub(super) fn end(&self) {
        self.held().take();
    }

    fn held(&self) -> MutexGuard<'_, Option<OwnedSemaphorePermit>> {
        lock(&self.held)
    }
}
