//! The only place that chooses the adapters of the ports.

use std::path::PathBuf;
use std::sync::Arc;

use crate::cluster::{RabbitQueue, RedisBandwidth, RedisBus, RedisClient, RedisLimiter, RedisRoster, RedisStore};
use crate::config::ClusterConfig;
use crate::embedded::{EmbeddedStore, LocalBandwidth, LocalBus, LocalLimiter, LocalRoster, MemoryQueue};
use crate::ports::{Bandwidth, EventBus, HubLimiter, JobStore, Roster, StoreError, TaskQueue};

/// Which adapters to use.
#[derive(Debug, Clone)]
pub enum BackendConfig {
    /// One process; jobs are kept in a file and survive it.
    File(PathBuf),
    /// One process and one run; jobs are gone afterwards, what was downloaded is not.
    Memory,
    /// Many processes over one Redis and one RabbitMQ.
    Cluster(Box<ClusterConfig>),
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
    /// What the Hub still answers.
    pub limiter: Arc<dyn HubLimiter>,
    /// The line that all processes share.
    pub bandwidth: Arc<dyn Bandwidth>,
    /// Who is at work.
    pub roster: Arc<dyn Roster>,
}

impl Backend {
    /// Opens the adapters.
    ///
    /// # Errors
    /// When the store's file cannot be opened, is of another version, or is in use by another process; when the services
    /// of a cluster cannot be used.
    pub fn open(config: &BackendConfig) -> Result<Self, StoreError> {
        match config {
            BackendConfig::File(path) => {
                let bus: Arc<dyn EventBus> = Arc::new(LocalBus::new());
                Ok(Self::embedded(EmbeddedStore::open(path, Arc::clone(&bus))?, bus))
            }
            BackendConfig::Memory => {
                let bus: Arc<dyn EventBus> = Arc::new(LocalBus::new());
                Ok(Self::embedded(EmbeddedStore::in_memory(Arc::clone(&bus))?, bus))
            }
            BackendConfig::Cluster(cluster) => Self::cluster(cluster),
        }
    }

    fn embedded(store: EmbeddedStore, bus: Arc<dyn EventBus>) -> Self {
        let (queue, limiter) = (Arc::new(MemoryQueue::new()), Arc::new(LocalLimiter::new()));
        let (bandwidth, roster) = (Arc::new(LocalBandwidth::new()), Arc::new(LocalRoster::new()));
        Self { store: Arc::new(store), queue, bus, limiter, bandwidth, roster }
    }

    fn cluster(config: &ClusterConfig) -> Result<Self, StoreError> {
        let ClusterConfig { state, broker, prefix } = config;
        let client = RedisClient::new(state, prefix)?;
        Ok(Self {
            store: Arc::new(RedisStore::new(client.clone())),
            queue: Arc::new(RabbitQueue::new(broker, prefix)),
            bus: Arc::new(RedisBus::new(client.clone())),
            limiter: Arc::new(RedisLimiter::new(client.clone())),
            bandwidth: Arc::new(RedisBandwidth::new(client.clone())),
            roster: Arc::new(RedisRoster::new(client)),
        })
    }
}
