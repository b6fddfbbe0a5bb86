//! Where the bytes of one file come from: a data URL that is resolved once, shared by all connections, and renewed in time.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use hfd_shared::hub::{Fetched, HubError, Location};
use hfd_shared::lock::lock;
use hfd_shared::repo::ByteRange;
use tokio_util::sync::CancellationToken;

use super::error::Failure;
use super::{Target, Transfer, TransferError};

pub(super) struct Source<'a> {
    transfer: Transfer<'a>,
    halt: &'a CancellationToken,
    location: tokio::sync::Mutex<Option<Arc<Location>>>,
    /// The `ETag` of each host; they may differ for the same content.
    etags: Mutex<HashMap<String, String>>,
    /// Whether a part has come.
    has_given_parts: AtomicBool,
}

impl<'a> Source<'a> {
    pub(super) fn new(transfer: Transfer<'a>, halt: &'a CancellationToken) -> Self {
        Self {
            transfer,
            halt,
            location: tokio::sync::Mutex::default(),
            etags: Mutex::default(),
            has_given_parts: AtomicBool::default(),
        }
    }

    /// Asks for a range.
    pub(super) async fn fetch(&self, range: ByteRange) -> Result<Fetched, Failure> {
        let asked = async {
            let location = self.location().await?;
            let fetched =
                self.transfer.engine.hub.fetch(&location, Some(range), self.transfer.target.file.size_bytes).await;
            if matches!(fetched, Err(HubError::UrlExpired { .. })) {
                self.expire(&location).await;
            }
            fetched
        };
        let asked = tokio::select! {
            biased;
            () = self.halt.cancelled() => return Err(TransferError::Stopped.into()),
            asked = asked => asked,
        };
        match asked {
            Ok(fetched) => {
                let is_part = range.len() < self.transfer.target.file.size_bytes;
                self.has_given_parts.fetch_or(is_part, Ordering::Relaxed);
                self.same_version(&fetched)?;
                Ok(fetched)
            }
            Err(HubError::Changed { detail, .. }) => Err(self.changed(detail).into()),
            // Not a server without ranges, but one that fails: what it gave before is not to be dropped.
            Err(HubError::RangeIgnored { what }) if self.has_given_parts.load(Ordering::Relaxed) => {
                let detail = "the whole file in place of a part".to_owned();
                Err(HubError::Server { what, status: 200, detail }.into())
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn location(&self) -> Result<Arc<Location>, HubError> {
        let mut known = self.location.lock().await;
        if let Some(location) = known.as_ref().filter(|location| location.is_fresh()) {
            return Ok(Arc::clone(location));
        }
        let Target { repo, commit, file } = self.transfer.target;
        let location = Arc::new(self.transfer.engine.hub.locate(repo, *commit, file.into()).await?);
        *known = Some(Arc::clone(&location));
        Ok(location)
    }

    /// Forgets a location that was refused, unless another connection has renewed it already.
    async fn expire(&self, refused: &Arc<Location>) {
        let mut known = self.location.lock().await;
        if known.as_ref().is_some_and(|location| Arc::ptr_eq(location, refused)) {
            *known = None;
        }
    }

    fn same_version(&self, fetched: &Fetched) -> Result<(), TransferError> {
        let Some(etag) = &fetched.etag else { return Ok(()) };
        let mut etags = lock(&self.etags);
        let known = etags.entry(fetched.host.clone()).or_insert_with(|| etag.clone());
        if known == etag { Ok(()) } else { Err(self.changed(format!("ETag {known} became {etag}"))) }
    }

    fn changed(&self, reason: String) -> TransferError {
        TransferError::Changed { path: self.transfer.target.file.path.clone(), reason }
    }
}
