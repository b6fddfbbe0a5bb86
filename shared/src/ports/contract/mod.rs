//! The contract suites: each port's promises, one function a behaviour, for every adapter.
//!
//! An adapter's tests make a fresh rig for each case and let a macro expand to one test a behaviour:
//!
//! ```text
//! mod embedded_on_file {
//!     async fn make() -> StoreRig { … }
//!     hfd_shared::job_store_contract!(make);
//! }
//! ```
#![expect(clippy::unwrap_used, reason = "this is test code; it is no `cfg(test)` so that other crates can run it")]
#![expect(clippy::missing_panics_doc, reason = "a case panics when the adapter breaks its promise")]

pub mod bandwidth;
pub mod bus;
mod cases;
mod fixture;
pub mod limiter;
pub mod queue;
pub mod roster;
pub mod store;

use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;

use super::{Bandwidth, EventBus, HubLimiter, JobStore, Roster, TaskQueue};
use crate::job::Task;

/// How long a case waits for what must happen.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a case waits for what must not happen.
const MOMENT: Duration = Duration::from_millis(100);

/// Long enough not to pass during a case.
const LONG: Duration = Duration::from_hours(1);

/// A store that nobody else uses, with the bus that it rings on.
pub struct StoreRig {
    store: Arc<dyn JobStore>,
    bus: Arc<dyn EventBus>,
    /// How often each task was claimed.
    claims: Mutex<HashMap<Task, u64>>,
    meter: Option<Box<dyn Meter>>,
    _keep: Box<dyn Any + Send + Sync>,
}

/// Counts what a store does.
#[async_trait]
pub trait Meter: Send + Sync {
    /// How much it has done so far, in whatever is read and written in it one by one.
    async fn work(&self) -> u64;
}

impl StoreRig {
    /// A rig; `keep` is dropped after the case, such as a folder or a server.
    pub fn new(store: Arc<dyn JobStore>, bus: Arc<dyn EventBus>, keep: impl Any + Send + Sync) -> Self {
        Self { store, bus, claims: Mutex::default(), meter: None, _keep: Box::new(keep) }
    }

    /// The same with a meter, for the cases that count.
    #[must_use]
    pub fn with_meter(self, meter: impl Meter + 'static) -> Self {
        Self { meter: Some(Box::new(meter)), ..self }
    }
}

/// A queue that nobody else uses.
pub struct QueueRig {
    queue: Arc<dyn TaskQueue>,
    _keep: Box<dyn Any + Send + Sync>,
}

impl QueueRig {
    /// A rig; `keep` is dropped after the case.
    pub fn new(queue: Arc<dyn TaskQueue>, keep: impl Any + Send + Sync) -> Self {
        Self { queue, _keep: Box::new(keep) }
    }
}

/// A bus that nobody else uses.
pub struct BusRig {
    bus: Arc<dyn EventBus>,
    _keep: Box<dyn Any + Send + Sync>,
}

impl BusRig {
    /// A rig; `keep` is dropped after the case.
    pub fn new(bus: Arc<dyn EventBus>, keep: impl Any + Send + Sync) -> Self {
        Self { bus, _keep: Box::new(keep) }
    }
}

/// A limiter that nobody else uses.
pub struct LimiterRig {
    limiter: Arc<dyn HubLimiter>,
    _keep: Box<dyn Any + Send + Sync>,
}

impl LimiterRig {
    /// A rig; `keep` is dropped after the case.
    pub fn new(limiter: Arc<dyn HubLimiter>, keep: impl Any + Send + Sync) -> Self {
        Self { limiter, _keep: Box::new(keep) }
    }
}

/// A roster that nobody else uses.
pub struct RosterRig {
    roster: Arc<dyn Roster>,
    _keep: Box<dyn Any + Send + Sync>,
}

impl RosterRig {
    /// A rig; `keep` is dropped after the case.
    pub fn new(roster: Arc<dyn Roster>, keep: impl Any + Send + Sync) -> Self {
        Self { roster, _keep: Box::new(keep) }
    }
}

/// A line that nobody else uses.
pub struct BandwidthRig {
    line: Arc<dyn Bandwidth>,
}

impl BandwidthRig {
    /// A rig.
    pub fn new(line: Arc<dyn Bandwidth>) -> Self {
        Self { line }
    }
}

/// Tries until there is a result; panics when there is none for too long.
async fn eventually<T, F: Future<Output = Option<T>>>(mut attempt: impl FnMut() -> F) -> T {
    let polling = async {
        loop {
            if let Some(result) = attempt().await {
                return result;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, polling).await.unwrap()
}
