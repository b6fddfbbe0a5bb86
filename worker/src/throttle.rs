//! Holds the bytes that this process receives to the limits: its own, and that of all processes together.

use std::num::NonZeroU64;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use hfd_shared::control::Settings;
use hfd_shared::embedded::LocalBandwidth;
use hfd_shared::ports::{Bandwidth, StoreError};
use hfd_shared::settings::ByteRate;
use tokio::sync::Mutex;
use tracing::debug;

/// How many reservations a second a process makes that has the line for itself: few enough for the store, many enough for
/// an even flow.
const RESERVATIONS_PER_SECOND: u64 = 20;

/// What one reservation may be.
const QUANTUM_BYTES: RangeInclusive<u64> = 16 << 10..=4 << 20;

/// The limits of a process. A response that is not read on is held back by its sender.
pub(crate) struct Throttle {
    settings: Settings,
    process: Line,
    shared: Line,
}

impl Throttle {
    /// Holds this process to the limits of the settings in force.
    pub(crate) fn new(settings: Settings, bandwidth: Arc<dyn Bandwidth>) -> Self {
        let shared = Arc::new(OrAlone { shared: bandwidth, alone: LocalBandwidth::new() });
        Self { settings, process: Line::new(Arc::new(LocalBandwidth::new())), shared: Line::new(shared) }
    }

    /// Waits until so many bytes may have been received.
    pub(crate) async fn pass(&self, bytes: usize) {
        let settings = self.settings.in_force();
        let bytes = bytes as u64;
        self.process.pass(bytes, settings.transfer.max_process_bytes_per_second).await;
        self.shared.pass(bytes, settings.transfer.max_bytes_per_second).await;
    }
}

/// A line, and what was reserved on it and has not come yet.
struct Line {
    reserved: Mutex<u64>,
    bandwidth: Arc<dyn Bandwidth>,
}

impl Line {
    fn new(bandwidth: Arc<dyn Bandwidth>) -> Self {
        Self { reserved: Mutex::default(), bandwidth }
    }

    /// One connection of the process reserves at a time; the others wait behind it.
    async fn pass(&self, bytes: u64, limit: ByteRate) {
        let Some(rate) = limit.limit() else { return };
        let mut reserved = self.reserved.lock().await;
        while *reserved < bytes {
            let quantum = quantum(rate);
            match self.bandwidth.reserve(quantum, rate).await {
                Ok(wait) => tokio::time::sleep(wait).await,
                Err(error) => debug!(%error, "a limit of the bandwidth could not be kept"),
            }
            *reserved += quantum;
        }
        *reserved -= bytes;
    }
}

fn quantum(rate: NonZeroU64) -> u64 {
    (rate.get() / RESERVATIONS_PER_SECOND).clamp(*QUANTUM_BYTES.start(), *QUANTUM_BYTES.end())
}

/// A line that all share, and while that cannot be asked one as wide for this process alone.
struct OrAlone {
    shared: Arc<dyn Bandwidth>,
    alone: LocalBandwidth,
}

#[async_trait]
impl Bandwidth for OrAlone {
    async fn reserve(&self, bytes: u64, bytes_per_second: NonZeroU64) -> Result<Duration, StoreError> {
        match self.shared.reserve(bytes, bytes_per_second).await {
            Ok(wait) => Ok(wait),
            Err(error) => {
                debug!(%error, "the limit of all processes cannot be shared; this one keeps it alone");
                self.alone.reserve(bytes, bytes_per_second).await
            }
        }
    }
}
