//! One part of a file over Xet.

use std::time::Duration;

use bytes::Bytes;
use hfd_shared::hub::HubError;
use hfd_shared::job::needs_xet;
use hfd_shared::metrics::Connected;
use hfd_shared::repo::{ByteRange, XetHash};
use tokio_util::sync::CancellationToken;
use xet::xet_session::{XetDownloadStream, XetFileInfo};

use super::access::failed;
use super::session::{RETRIES, describe};
use super::{TransferError, Xet};
use crate::transfer::Transfer;
use crate::transfer::budget::Budget;
use crate::transfer::error::Failure;
use crate::transfer::large::disk_error;
use crate::transfer::writer::{PartWriter, Sink};

/// Where plain HTTP stands by, little is tried again.
const MAX_RETRIES: usize = 1;

/// The crate gives nothing of a part before it has the whole, so that movement cannot be seen: a part that is slower than that,
/// in bytes a second, counts as stalled.
const SLOWEST: u64 = 64 << 10;

/// What comes at once may be a whole part: it passes the limits of the bandwidth in steps.
const STEP_BYTES: usize = 1 << 20;

pub(super) struct Source<'a> {
    pub(super) transfer: Transfer<'a>,
    pub(super) xet: &'a Xet,
    pub(super) hash: XetHash,
    pub(super) sink: Sink,
    /// Cancelled when the transfer stops.
    pub(super) halt: &'a CancellationToken,
    /// Cancelled when a part has failed for good: those under way come to their end, for others plain HTTP is there.
    pub(super) failed: &'a CancellationToken,
}

impl Source<'_> {
    /// Fetches a part, unless another one has failed. What has arrived of it is written also when the rest does not come.
    pub(super) async fn fetch(&self, part: ByteRange) -> Result<(), TransferError> {
        let room = tokio::select! {
            biased;
            () = self.halt.cancelled() => return Err(TransferError::Stopped),
            () = self.failed.cancelled() => return Ok(()),
            room = self.xet.room() => room,
        };
        let mut writer = PartWriter::new(self.sink.clone(), part.start());
        let filled = self.fill(&mut writer, part).await;
        let written = writer.finish().await.map_err(|error| disk_error(self.transfer, error));
        drop(room);
        let ended = written.and(filled);
        if ended.is_err() {
            self.failed.cancel();
        }
        ended
    }

    async fn fill(&self, writer: &mut PartWriter, part: ByteRange) -> Result<(), TransferError> {
        let retries = self.transfer.settings.retries;
        let is_only_way = needs_xet(self.transfer.target.file.size_bytes);
        let mut budget = Budget::new(if is_only_way { retries } else { retries.min(MAX_RETRIES) });
        loop {
            let Some(rest) = ByteRange::new(writer.position(), part.end()) else { return Ok(()) };
            match self.stream(writer, rest).await {
                Ok(()) => {}
                Err(Failure::Transfer(error)) => return Err(error),
                Err(Failure::Try(error)) => {
                    if writer.position() > rest.start() {
                        budget.refill();
                    }
                    budget.spend(error, self.halt).await?;
                }
            }
        }
    }

    /// One answer.
    async fn stream(&self, writer: &mut PartWriter, rest: ByteRange) -> Result<(), Failure> {
        let mut stream = self.in_time(Duration::ZERO, self.open(rest)).await?;
        let _connected = Connected::begin();
        while writer.position() < rest.end() {
            let mut bytes = self.in_time(time_for(rest), self.next(&mut stream)).await?;
            let missing_bytes = rest.end() - writer.position();
            if bytes.is_empty() {
                return Err(HubError::Truncated { what: self.what(), missing_bytes }.into());
            }
            if bytes.len() as u64 > missing_bytes {
                return Err(HubError::TooLong { what: self.what() }.into());
            }
            while !bytes.is_empty() {
                let step = bytes.split_to(bytes.len().min(STEP_BYTES));
                let arrived = step.len();
                writer.push(step).await.map_err(|error| disk_error(self.transfer, error))?;
                self.transfer.arrived(arrived, self.halt).await?;
            }
        }
        Ok(())
    }

    async fn open(&self, rest: ByteRange) -> Result<XetDownloadStream, HubError> {
        let group = self.xet.group(self.transfer).await?;
        let file = XetFileInfo::new(self.hash.to_string(), self.transfer.target.file.size_bytes);
        let opened = group.download_stream(file, Some(rest.start()..rest.end())).await;
        opened.map_err(|error| failed(self.transfer, describe(&error)))
    }

    /// The next bytes; empty at the end.
    async fn next(&self, stream: &mut XetDownloadStream) -> Result<Bytes, HubError> {
        let next = stream.next().await.map(Option::unwrap_or_default);
        next.map_err(|error| failed(self.transfer, describe(&error)))
    }

    /// The crate is told the stall timeout, too; this holds where it waits for something else.
    async fn in_time<T>(
        &self,
        work_time: Duration,
        work: impl Future<Output = Result<T, HubError>>,
    ) -> Result<T, Failure> {
        let limit = self.transfer.settings.stall_timeout * (RETRIES + 2) + work_time;
        tokio::select! {
            biased;
            () = self.halt.cancelled() => Err(TransferError::Stopped.into()),
            done = tokio::time::timeout(limit, work) => {
                Ok(done.map_err(|_| HubError::Timeout { what: self.what() }).flatten()?)
            }
        }
    }

    fn what(&self) -> String {
        self.transfer.target.file.path.to_string()
    }
}

/// How long a part may take that comes at the slowest rate.
fn time_for(part: ByteRange) -> Duration {
    Duration::from_secs(part.len() / SLOWEST)
}
