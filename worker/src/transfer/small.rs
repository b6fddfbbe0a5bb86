//! Files in one go: one request, hashed as they come, a temporary file that is renamed when it is right.

use hfd_shared::blocking::blocking;
use hfd_shared::cache::{CacheError, RepoCache, SmallFile};
use hfd_shared::hub::{Fetched, HubError};
use hfd_shared::job::PlannedFile;
use hfd_shared::metrics::Connected;
use hfd_shared::repo::BlobHash;
use hfd_shared::settings::Verify;

use super::budget::Budget;
use super::content_hash::ContentHasher;
use super::pace::{Next, Pace};
use super::{Target, Transfer, TransferError};

const BUFFER_BYTES: usize = 1 << 20;

/// What has arrived of the file.
struct Arrived {
    cache: RepoCache,
    writer: String,
    blob: BlobHash,
    size_bytes: u64,
    /// Begun with the first bytes that are written.
    file: Option<SmallFile>,
    hasher: ContentHasher,
    buffer: Vec<u8>,
    bytes: u64,
}

impl Arrived {
    /// Writes and hashes the buffer; returns the file. Blocks.
    fn write_out(&mut self) -> Result<SmallFile, CacheError> {
        self.hasher.update(&self.buffer);
        let mut file = match self.file.take() {
            Some(file) => file,
            None => self.cache.create_small(&self.blob, self.size_bytes, &self.writer)?,
        };
        file.write(&self.buffer)?;
        self.buffer.clear();
        Ok(file)
    }

    fn flush(mut self) -> Result<Self, CacheError> {
        self.file = Some(self.write_out()?);
        Ok(self)
    }
}

pub(super) async fn fetch(transfer: Transfer<'_>) -> Result<(), TransferError> {
    let (blob, size_bytes) = (transfer.target.file.blob, transfer.target.file.size_bytes);
    let mut arrived = Arrived {
        cache: transfer.cache.clone(),
        writer: transfer.writer.to_owned(),
        blob,
        size_bytes,
        file: None,
        hasher: ContentHasher::like(&blob, size_bytes),
        buffer: Vec::new(),
        bytes: 0,
    };
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
    transfer.turn.end();
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
                    arrived = blocking(move || arrived.flush()).await?;
                }
                transfer.arrived(chunk.len(), transfer.stop).await?;
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
    let verified = blocking(move || {
        let file = arrived.write_out()?;
        let got = arrived.hasher.finish();
        if verify && got != expected {
            file.quarantine()?;
            return Err(TransferError::WrongHash { path, expected, got });
        }
        Ok(file)
    });
    let verified = verified.await?;
    transfer.check_wanted()?;
    Ok(transfer.publisher.join(verified).await?)
}
