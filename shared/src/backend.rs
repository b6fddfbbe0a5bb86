//! The only place that chooses the adapters of the ports.

use std::path::PathBuf;
use std::sync::Arc;

use crate::embedded::{EmbeddedStore, LocalBus, MemoryQueue};
use crate::ports::{EventBus, JobStore, StoreError, TaskQueue};

/// Which adapters to use.
#[derive(Debug, Clone)]
pub enum BackendConfig {
    /// One process; jobs are kept in a file and survive it.
    File(PathBuf),
    /// One process and one run; jobs are gone afterwards, what was downloaded is not.
    Memory,
}

/// The ports of a process.
#[derive(Clone)]
pub struct Backend {
    /// The truth about jobs.
    pub store: Arc<dyn JobStore>,
    /// Tasks on their way to workers.
    pub queue: Arc<dyn TaskQueue>,
    /// Doorbells.
    pub bus: Arc<dyn EventBus>,
}

impl Backend {
    /// Opens the adapters.
    ///
    /// # Errors
    /// When the store's file cannot be opened, is of another version, or is in use by another process.
    pub fn open(config: &BackendConfig) -> Result<Self, StoreError> {
        let bus: Arc<dyn EventBus> = Arc::new(LocalBus::new());
        let store = match config {
            BackendConfig::File(path) => EmbeddedStore::open(path, Arc::clone(&bus))?,
            BackendConfig::Memory => EmbeddedStore::in_memory(Arc::clone(&bus))?,
        };
        Ok(Self { store: Arc::new(store), queue: Arc::new(MemoryQueue::new()), bus })
    }
}
