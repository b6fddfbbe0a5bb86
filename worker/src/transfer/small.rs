//! Files in one go: one request, hashed as they come, a temporary file that is renamed when it is right.

use hfd_shared::cache::{CacheError, SmallFile};
use hfd_shared::hub::{Fetched, HubError};
use hfd_shared::job::PlannedFile;
use hfd_shared::metrics::Connected;
use hfd_shared::settings::Verify;

use super::budget::Budget;
use super::content_hash::ContentHasher;
use super::pace::{Next, Pace};
use super::{Target, Transfer, TransferError};
use hfd_shared::blocking::blocking;

const BUFFER_BYTES: usize = 1 << 20;

/// What has arrived of the file.
struct Arrived {
    file: SmallFile,
    hasher: ContentHasher,
    buffer: Vec<u8>,
    bytes: u64,
}

impl Arrived {
    /// Writes and hashes the buffer. Blocks.
    fn flush(&mut self) -> Result<(), CacheError> {
        self.hasher.update(&self.buffer);
        self.file.write(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }
}

pub(super) async fn fetch(transfer: Transfer<'_>) -> Result<(), TransferError> {
    let (cache, blob, writer) = (transfer.cache.clone(), transfer.target.file.blob, transfer.writer.to_owned());
    let size_bytes = transfer.target.file.size_bytes;
    let mut arrived = blocking(move || {
        Ok::<_, CacheError>(Arrived {
            file: cache.create_small(&blob, size_bytes, &writer)?,
            hasher: ContentHasher::like(&blob, size_bytes),
            buffer: Vec::new(),
            bytes: 0,
        })
    })
    .await?;
    let mut budget = Budget::new(transfer.settings.retries);
    while arrived.bytes < size_bytes {
        let begun_at = arrived.bytes;
        let tried;
        (arrived, tried) = stream(transfer, arrived).await?;
        if let Err(error) = tried {
            if arrived.bytes > begun_at {
                budget.refill();
            }
            budget.spend(error, transfer.stop).await?;
        }
    }
    publish(transfer, arrived).await
}

/// One response. The outer error ends the transfer, the inner one just this try.
async fn stream(
    transfer: Transfer<'_>,
    mut arrived: Arrived,
) -> Result<(Arrived, Result<(), HubError>), TransferError> {
    let mut fetched = match request(transfer, arrived.bytes).await? {
        Ok(fetched) => fetched,
        Err(error) => return Ok((arrived, Err(error))),
    };
    let _connected = Connected::begin();
    let mut pace = Pace::new(&transfer.target.file.path, transfer.settings);
    loop {
        match pace.next(&mut fetched, transfer.stop).await? {
            Ok(Next::Chunk(chunk)) => {
                arrived.bytes += chunk.len() as u64;
                arrived.buffer.extend_from_slice(&chunk);
                transfer.meter.set(arrived.bytes);
                if arrived.buffer.len() >= BUFFER_BYTES {
                    arrived = blocking(move || arrived.flush().map(|()| arrived)).await?;
                }
                transfer.arrived(chunk.len()).await?;
            }
            Ok(Next::End) => return Ok((arrived, Ok(()))),
            Err(error) => return Ok((arrived, Err(error))),
        }
    }
}

async fn request(transfer: Transfer<'_>, from_byte: u64) -> Result<Result<Fetched, HubError>, TransferError> {
    let Target { repo, commit, file } = transfer.target;
    tokio::select! {
        biased;
        () = transfer.stop.cancelled() => Err(TransferError::Stopped),
        fetched = transfer.hub.fetch_file(repo, *commit, file.into(), from_byte) => match fetched {
            Err(HubError::Changed { detail, .. }) => {
                Err(TransferError::Changed { path: file.path.clone(), reason: detail })
            }
            fetched => Ok(fetched),
        },
    }
}

async fn publish(transfer: Transfer<'_>, mut arrived: Arrived) -> Result<(), TransferError> {
    let PlannedFile { path, blob: expected, .. } = transfer.target.file.clone();
    let verify = transfer.settings.verify == Verify::Sha256;
    blocking(move || {
        arrived.flush()?;
        let got = arrived.hasher.finish();
        if verify && got != expected {
            arrived.file.quarantine()?;
            return Err(TransferError::WrongHash { path, expected, got });
        }
        Ok(arrived.file.publish()?)
    })
    .await
}
