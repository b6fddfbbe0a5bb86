//! One connection: takes part after part from the shared list until it is empty.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use hfd_shared::hub::HubError;
use hfd_shared::metrics::Connected;
use hfd_shared::repo::ByteRange;
use tokio_util::sync::CancellationToken;

use super::budget::Budget;
use super::large::disk_error;
use super::pace::{Next, Pace};
use super::source::Source;
use super::writer::{PartWriter, Sink};
use super::{Transfer, TransferError};

pub(super) struct Connection<'a> {
    pub(super) transfer: Transfer<'a>,
    pub(super) source: &'a Source<'a>,
    pub(super) parts: &'a Mutex<VecDeque<ByteRange>>,
    pub(super) sink: Sink,
    /// Cancelled when the transfer stops or another connection has failed for good.
    pub(super) halt: &'a CancellationToken,
}

impl Connection<'_> {
    /// Fetches parts until there are none. A failure halts the other connections.
    pub(super) async fn run(self) -> Result<(), TransferError> {
        while let Some(part) = self.next_part() {
            if let Err(error) = self.fetch(part).await {
                self.halt.cancel();
                return Err(error);
            }
        }
        Ok(())
    }

    fn next_part(&self) -> Option<ByteRange> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    /// What has arrived of the part is written also when the rest does not come.
    async fn fetch(&self, part: ByteRange) -> Result<(), TransferError> {
        let mut writer = PartWriter::new(self.sink.clone(), part.start());
        let filled = self.fill(&mut writer, part).await;
        writer.finish().await.map_err(|error| disk_error(self.transfer, error))?;
        filled
    }

    async fn fill(&self, writer: &mut PartWriter, part: ByteRange) -> Result<(), TransferError> {
        let mut budget = Budget::new(self.transfer.settings.retries);
        loop {
            let begun_at = writer.position();
            let Some(rest) = part.skip(begun_at - part.start()) else { return Ok(()) };
            match self.stream(writer, rest).await? {
                Ok(()) => return Ok(()),
                Err(error) => {
                    if writer.position() > begun_at {
                        budget.refill();
                    }
                    budget.spend(error, self.halt).await?;
                }
            }
        }
    }

    /// One response. The outer error ends the transfer, the inner one just this try.
    async fn stream(&self, writer: &mut PartWriter, rest: ByteRange) -> Result<Result<(), HubError>, TransferError> {
        let mut fetched = match self.source.fetch(rest).await? {
            Ok(fetched) => fetched,
            Err(error) => return Ok(Err(error)),
        };
        let _connected = Connected::begin();
        let mut pace = Pace::new(&self.transfer.target.file.path, self.transfer.settings);
        loop {
            match pace.next(&mut fetched, self.halt).await? {
                Ok(Next::Chunk(chunk)) => {
                    let bytes = chunk.len();
                    writer.push(chunk).await.map_err(|error| disk_error(self.transfer, error))?;
                    self.transfer.arrived(bytes).await?;
                }
                Ok(Next::End) => return Ok(Ok(())),
                Err(error) => return Ok(Err(error)),
            }
        }
    }
}
