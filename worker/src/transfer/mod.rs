//! The download engine: from the Hub into one blob of the cache.
//!
//! Large files are fetched in parts that are recorded ([`large`]), small ones in one go ([`small`]). Either way
//! each byte is written once, hashed while it is still in memory, and published only when it is whole and right.

mod budget;
mod connection;
pub(crate) mod content_hash;
mod cut;
mod engine;
mod error;
mod frontier;
mod large;
mod pace;
mod parts;
mod small;
mod source;
mod turn;
mod width;
mod writer;
#[cfg(feature = "xet")]
mod xet;
#[cfg(not(feature = "xet"))]
#[path = "no_xet.rs"]
mod xet;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use hfd_shared::blocking::blocking;
use hfd_shared::cache::{CacheError, Publication, RepoCache};
use hfd_shared::job::{PlannedFile, needs_xet};
use hfd_shared::metrics::{self, RetryReason};
use hfd_shared::repo::{CommitHash, RepoRef};
use hfd_shared::settings::TransferSettings;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use cut::Cut;
pub(crate) use engine::Engine;
pub(crate) use error::TransferError;
pub(crate) use turn::Turn;
use xet::Xet;

use crate::fence::Fence;
use crate::together::Together;

/// Halves of parts begin at multiples of this in the file, and writes end there: the largest pages that file systems use.
const PAGE_BYTES: u64 = 64 << 10;

/// Files below this are fetched again from the start when a process ends in the middle of them.
const ONE_GO_BELOW_BYTES: u64 = 4 << 20;

const MAX_WRONG_CONTENTS: u32 = 1;
const MAX_DISK_FAILURES: usize = 3;
/// A server without ranges cannot go on where a connection broke.
const MAX_WHOLE_TRIES: u32 = 3;
const DISK_BACKOFF: Duration = Duration::from_secs(1);

/// The pauses after which a volume that failed is tried again.
pub(crate) fn disk_delays() -> ExponentialBuilder {
    ExponentialBuilder::default().with_min_delay(DISK_BACKOFF).with_max_times(MAX_DISK_FAILURES)
}

/// Counts the bytes of one file that are on disk. Set, not only added to: a partial that is dropped counts from 0 again.
#[derive(Debug, Default, Clone)]
pub(crate) struct Meter(Arc<AtomicU64>);

impl Meter {
    pub(crate) fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn set(&self, bytes: u64) {
        self.0.store(bytes, Ordering::Relaxed);
    }

    fn add(&self, bytes: u64) {
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// Publishes small files.
pub(crate) type Publisher = Together<Publication, Result<(), CacheError>>;

/// The file to fetch.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) repo: RepoRef,
    pub(crate) commit: CommitHash,
    pub(crate) file: PlannedFile,
}

/// One file on its way into the cache.
#[derive(Clone, Copy)]
pub(crate) struct Transfer<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) cache: &'a RepoCache,
    pub(crate) settings: &'a TransferSettings,
    pub(crate) target: &'a Target,
    pub(crate) meter: &'a Meter,
    /// Bytes from the network, for the rate.
    pub(crate) received: &'a AtomicU64,
    /// Set when something of the file has become durable.
    pub(crate) advanced: &'a AtomicBool,
    /// Its place among the files that are fetched at a time.
    pub(crate) turn: &'a Turn,
    /// Publishes it together with others, if it is small.
    pub(crate) publisher: &'a Publisher,
    /// What is written while it is closed may be in other hands.
    pub(crate) fence: &'a Fence,
    /// Cancelled when what can go on later is to end.
    pub(crate) slice_over: &'a CancellationToken,
    /// Cancelled when all is to end.
    pub(crate) stop: &'a CancellationToken,
}

impl Transfer<'_> {
    /// Fetches, verifies and publishes the file. Content that is wrong or changes on the way is dropped and fetched once
    /// more, on a full volume in place of what was wrong; from a server that gives no parts the file is taken as a whole;
    /// what the volume may do better the next time is tried again.
    ///
    /// # Errors
    /// See [`TransferError`]; nothing is published then.
    pub(crate) async fn run(self) -> Result<(), TransferError> {
        let (mut wrong_contents, mut whole_tries) = (0, 0);
        let mut disk_delays = disk_delays().build();
        let mut has_made_room = false;
        let mut cut = self.cut();
        loop {
            let error = match self.attempt(cut).await {
                Ok(()) => {
                    self.advanced.store(true, Ordering::Relaxed);
                    return Ok(());
                }
                Err(error) => error,
            };
            if let TransferError::WrongHash { .. } = error {
                metrics::hash_failed();
            }
            let mut delay = Duration::ZERO;
            match &error {
                error if error.is_wrong_content() && wrong_contents < MAX_WRONG_CONTENTS => wrong_contents += 1,
                TransferError::Cache(failure @ CacheError::Superseded { .. }) if self.is_repo_gone().await => {
                    warn!(path = %self.target.file.path, %error, "not fetched anew before it is known to be wanted");
                    return Err(TransferError::Later { delay: DISK_BACKOFF, reason: failure.to_string() });
                }
                TransferError::Cache(failure) if failure.is_transient() => match disk_delays.next() {
                    Some(next) => delay = next,
                    None => return Err(error),
                },
                TransferError::Cache(failure) if failure.is_no_space() && !has_made_room => {
                    has_made_room = true;
                    if !self.empty_quarantine().await? {
                        return Err(error);
                    }
                }
                TransferError::NoRanges { .. } if whole_tries < MAX_WHOLE_TRIES => {
                    (cut, whole_tries) = (Cut::Unranged, whole_tries + 1);
                }
                _ => return Err(error),
            }
            metrics::retried(match error {
                TransferError::Cache(_) => RetryReason::Disk,
                TransferError::NoRanges { .. } => RetryReason::NoRanges,
                _ => RetryReason::WrongContent,
            });
            warn!(path = %self.target.file.path, %error, "fetching the file anew");
            // Somebody else may have published it: that is one way for a partial to vanish.
            if self.is_published().await.unwrap_or(false) {
                return Ok(());
            }
            tokio::select! {
                () = self.stop.cancelled() => return Err(TransferError::Stopped),
                () = tokio::time::sleep(delay) => {}
            }
        }
    }

    /// Whether all of the repository was removed. The job may have been cancelled before that, of which a worker without its store
    /// hears late: whether the file is still wanted is for the next claim of the task to say.
    async fn is_repo_gone(self) -> bool {
        let cache = self.cache.clone();
        blocking(move || cache.is_there()).await.is_ok_and(|is_there| !is_there)
    }

    /// Notes that bytes came over the network, and waits until more may come, unless the transfer halts.
    async fn arrived(self, bytes: usize, halt: &CancellationToken) -> Result<(), TransferError> {
        self.received.fetch_add(bytes as u64, Ordering::Relaxed);
        self.engine.received.fetch_add(bytes as u64, Ordering::Relaxed);
        metrics::downloaded(bytes as u64);
        tokio::select! {
            biased;
            () = self.engine.throttle.pass(bytes) => Ok(()),
            () = halt.cancelled() => Err(TransferError::Stopped),
        }
    }

    /// Whether the file is to be published still: who was told to stop meanwhile puts nothing into a cache that may just have been
    /// cleared.
    fn is_wanted(self) -> impl Fn() -> bool + Send + use<> {
        let (stop, fence) = (self.stop.clone(), self.fence.clone());
        move || !stop.is_cancelled() && fence.is_open()
    }

    fn check_wanted(self) -> Result<(), TransferError> {
        self.is_wanted()().then_some(()).ok_or(TransferError::Stopped)
    }

    async fn attempt(self, cut: Cut) -> Result<(), TransferError> {
        self.meter.set(0);
        tokio::select! {
            biased;
            () = self.turn.begin() => {}
            () = self.slice_over.cancelled() => return Err(TransferError::Stopped),
        }
        let in_one_go = ONE_GO_BELOW_BYTES.min(self.settings.multipart_threshold.0);
        let xet = self.may_come_over_xet().await?.then_some(&self.engine.xet);
        if xet.is_some() || self.target.file.size_bytes >= in_one_go.max(1) {
            large::fetch(self, xet, cut).await
        } else {
            small::fetch(self).await
        }
    }

    /// What has hashed wrong comes over plain HTTP, if it can: the crate for Xet checks no content.
    async fn may_come_over_xet(self) -> Result<bool, CacheError> {
        let file = &self.target.file;
        if file.xet.is_none() || !self.engine.xet.is_open_to(self) {
            return Ok(false);
        }
        let (cache, blob) = (self.cache.clone(), file.blob);
        Ok(needs_xet(file.size_bytes) || !blocking(move || cache.is_quarantined(&blob)).await?)
    }

    /// Below the threshold one request is enough: other files of the batch use the other connections.
    fn cut(self) -> Cut {
        let is_large = self.target.file.size_bytes >= self.settings.multipart_threshold.0;
        if is_large { Cut::Parts { connections: self.settings.connections } } else { Cut::Whole }
    }

    /// What was wrong before may have the room that the file needs now.
    async fn empty_quarantine(self) -> Result<bool, CacheError> {
        let (cache, blob) = (self.cache.clone(), self.target.file.blob);
        blocking(move || cache.empty_quarantine(&blob)).await
    }

    async fn is_published(self) -> Result<bool, CacheError> {
        let (cache, content) = (self.cache.clone(), self.target.file.content());
        blocking(move || cache.has_blob(content)).await
    }
}
