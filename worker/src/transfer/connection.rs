//! One connection: takes part after part until the file is whole.

use std::time::Duration;

use hfd_shared::hub::Retry;
use hfd_shared::metrics::{self, Connected};
use hfd_shared::repo::ByteRange;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::debug;

use super::budget::Budget;
use super::error::Failure;
use super::large::disk_error;
use super::pace::{self, Pace};
use super::parts::{Helper, Next, Part, Parts};
use super::source::Source;
use super::width::Width;
use super::writer::{PartWriter, Sink};
use super::{Transfer, TransferError};

/// How often a connection without a part looks whether it can help another.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

pub(super) struct Connection<'a> {
    /// Which of the file's connections it is, from 0 on.
    pub(super) number: usize,
    pub(super) width: &'a Width,
    pub(super) transfer: Transfer<'a>,
    pub(super) source: &'a Source<'a>,
    pub(super) parts: &'a Parts,
    pub(super) sink: Sink,
    /// Cancelled when the transfer stops or another connection has failed for good.
    pub(super) halt: &'a CancellationToken,
}

impl Connection<'_> {
    /// Fetches parts until there are none. A failure halts the other connections.
    pub(super) async fn run(self) -> Result<(), TransferError> {
        let mut speed = None;
        loop {
            tokio::select! {
                biased;
                () = self.width.until_wanted(self.number) => {}
                () = self.parts.all_arrived() => return Ok(()),
                () = self.halt.cancelled() => return Ok(()),
            }
            let helper = Helper { speed, is_held_back: self.transfer.engine.throttle.holds_back() };
            match self.parts.next(helper, Instant::now()) {
                Next::Part(part) => {
                    if let Err(error) = self.fetch(&part).await {
                        self.halt.cancel();
                        return Err(error);
                    }
                    speed = part.speed_if_kept(Instant::now());
                }
                Next::Later => tokio::select! {
                    () = self.parts.all_arrived() => return Ok(()),
                    () = self.halt.cancelled() => return Ok(()),
                    () = tokio::time::sleep(LOOK_AGAIN) => {}
                },
                Next::Nothing => return Ok(()),
            }
        }
    }

    /// What has arrived of the part is written also when the rest does not come.
    async fn fetch(&self, part: &Part) -> Result<(), TransferError> {
        let mut writer = PartWriter::new(self.sink.clone(), part.start());
        let filled = self.fill(&mut writer, part).await;
        writer.finish().await.map_err(|error| disk_error(self.transfer, error))?;
        filled
    }

    /// Tries again as long as the file comes closer to its end: a server may refuse one connection for the others that it
    /// has.
    async fn fill(&self, writer: &mut PartWriter, part: &Part) -> Result<(), TransferError> {
        let mut budget = Budget::new(self.transfer.settings.retries);
        let mut seen_bytes = self.transfer.meter.bytes();
        loop {
            let Some(rest) = part.rest() else { return Ok(()) };
            match self.stream(writer, part, rest).await {
                Ok(()) => return Ok(()),
                Err(Failure::Transfer(error)) => return Err(error),
                Err(Failure::Try(error)) => {
                    let bytes = self.transfer.meter.bytes();
                    if writer.position() > rest.start() {
                        budget.refill();
                    } else if bytes > seen_bytes {
                        budget.allow_one_more();
                    }
                    seen_bytes = bytes;
                    self.width.failed();
                    if self.number >= self.width.wanted() && matches!(error.retry(), Retry::Soon | Retry::Resolve) {
                        debug!(%error, connection = self.number, "part given back");
                        metrics::retried((&error).into());
                        self.parts.give_back(part);
                        return Ok(());
                    }
                    tokio::select! {
                        () = part.taken_over() => return Ok(()),
                        spent = budget.spend(error, self.halt) => spent?,
                    }
                }
            }
        }
    }

    /// One response, as far as its bytes belong to the part.
    async fn stream(&self, writer: &mut PartWriter, part: &Part, rest: ByteRange) -> Result<(), Failure> {
        let mut fetched = tokio::select! {
            () = part.taken_over() => return Ok(()),
            fetched = self.source.fetch(rest) => fetched?,
        };
        let _connected = Connected::begin();
        let mut pace = Pace::new(&self.transfer.target.file.path, self.transfer.settings);
        loop {
            let next = tokio::select! {
                () = part.taken_over() => return Ok(()),
                next = pace.next(&mut fetched, self.halt) => next?,
            };
            match next {
                pace::Next::Chunk(mut chunk) => {
                    let bytes = chunk.len();
                    chunk.truncate(part.arrived(bytes, Instant::now()));
                    writer.push(chunk).await.map_err(|error| disk_error(self.transfer, error))?;
                    self.transfer.arrived(bytes, self.halt).await?;
                    // The rest of the answer belongs to others now.
                    if part.rest().is_none() && fetched.remaining_bytes() > 0 {
                        return Ok(());
                    }
                }
                pace::Next::End => return Ok(()),
            }
        }
    }
}
