//! What the downloads of a process share.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize};

use hfd_shared::hub::HubClient;
use hfd_shared::job::WorkerName;

use super::{Xet, width};
use crate::throttle::Throttle;

/// What the downloads of a process share.
pub(crate) struct Engine {
    pub(super) hub: HubClient,
    pub(super) xet: Xet,
    /// Holds what is received to the limits.
    pub(super) throttle: Throttle,
    /// Names this process among all that write to the cache.
    pub(super) writer: WorkerName,
    /// Bytes from the network since the start.
    pub(crate) received: AtomicU64,
    /// How many connections the next large file begins with: as many as the last one ended with.
    pub(super) width: AtomicUsize,
    /// Parts that are being written.
    pub(super) part_writers: Arc<AtomicUsize>,
}

impl Engine {
    /// An engine that has fetched nothing yet. `idle_folder` is for what the crate for Xet makes on disk, which is folders alone.
    pub(crate) fn new(hub: HubClient, throttle: Throttle, writer: WorkerName, idle_folder: PathBuf) -> Self {
        Self {
            hub,
            xet: Xet::new(idle_folder),
            throttle,
            writer,
            received: AtomicU64::default(),
            width: AtomicUsize::new(width::FIRST),
            part_writers: Arc::default(),
        }
    }
}
