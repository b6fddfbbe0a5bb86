//! Files in one go: one request, hashed as they come, a temporary file that is renamed when it is right.

use hfd_shared::blocking::blocking;
use hfd_shared::cache::{CacheError, Publication, SmallFile};
use hfd_shared::hub::{Fetched, HubError};
use hfd_shared::job::PlannedFile;
use hfd_shared::metrics::Connected;
use hfd_shared::repo::Content;
use hfd_shared::settings::Verify;

use super::budget::Budget;
use super::content_hash::ContentHasher;
use super::error::Failure;
use super::pace::{Next, Pace};
use super::{Target, Transfer, TransferError};

/// A file that has so much in memory is written out.
const BUFFER_BYTES: usize = 1 << 20;

/// A file up to this is hashed where it arrives and is first written when it is published: both take less than to have it done
/// elsewhere.
const LIGHT_BYTES: usize = 64 << 10;

/// What has arrived of the file.
struct Arrived {
    file: SmallFile,
    hasher: ContentHasher,
    bytes: u64,
}

impl Arrived {
    /// Hashes what has come and writes it out. Blocks.
    fn flush(mut self) -> Result<Self, CacheError> {
        self.hasher.update(self.file.in_memory());
        self.file.write_out()?;
        Ok(self)
    }
}

pub(super) async fn fetch(transfer: Transfer<'_>) -> Result<(), TransferError> {
    let content = transfer.target.file.content();
    let Content { blob, size_bytes } = content;
    let mut arrived = Arrived {
        file: transfer.cache.begin_small(content, transfer.engine.writer.as_str()),
        hasher: ContentHasher::like(&blob, size_bytes),
        bytes: 0,
    };
    let mut budget = Budget::new(transfer.settings.retries);
    while arrived.bytes < size_bytes {
        let begun_at = arrived.bytes;
        let failure;
        (arrived, failure) = stream(transfer, arrived).await?;
        if let Some(error) = failure {
            if arrived.bytes > begun_at {
                budget.refill();
            }
            budget.spend(error, transfer.stop).await?;
        }
    }
    transfer.turn.end();
    publish(transfer, arrived).await
}

/// One response, and how it failed before its end, if it did.
async fn stream(transfer: Transfer<'_>, mut arrived: Arrived) -> Result<(Arrived, Option<HubError>), TransferError> {
    let mut fetched = match request(transfer, arrived.bytes).await {
        Ok(fetched) => fetched,
        Err(Failure::Try(error)) => return Ok((arrived, Some(error))),
        Err(Failure::Transfer(error)) => return Err(error),
    };
    let _connected = Connected::begin();
    let mut pace = Pace::new(&transfer.target.file.path, transfer.settings);
    loop {
        match pace.next(&mut fetched, transfer.stop).await {
            Ok(Next::Chunk(chunk)) => {
                arrived.bytes += chunk.len() as u64;
                arrived.file.push(&chunk);
                transfer.meter.set(arrived.bytes);
                if arrived.file.in_memory().len() >= BUFFER_BYTES {
                    arrived = blocking(move || arrived.flush()).await?;
                }
                transfer.arrived(chunk.len(), transfer.stop).await?;
            }
            Ok(Next::End) => return Ok((arrived, None)),
            Err(Failure::Try(error)) => return Ok((arrived, Some(error))),
            Err(Failure::Transfer(error)) => return Err(error),
        }
    }
}

async fn request(transfer: Transfer<'_>, from_byte: u64) -> Result<Fetched, Failure> {
    let Target { repo, commit, file } = transfer.target;
    tokio::select! {
        biased;
        () = transfer.stop.cancelled() => Err(TransferError::Stopped.into()),
        fetched = transfer.engine.hub.fetch_file(repo, *commit, file.into(), from_byte) => match fetched {
            Err(HubError::Changed { detail, .. }) => {
                Err(TransferError::Changed { path: file.path.clone(), reason: detail }.into())
            }
            fetched => Ok(fetched?),
        },
    }
}

async fn publish(transfer: Transfer<'_>, mut arrived: Arrived) -> Result<(), TransferError> {
    let PlannedFile { path, blob: expected, .. } = transfer.target.file.clone();
    if arrived.bytes > LIGHT_BYTES as u64 {
        arrived = blocking(move || arrived.flush()).await?;
    }
    let Arrived { file, mut hasher, .. } = arrived;
    hasher.update(file.in_memory());
    let got = hasher.finish();
    if transfer.settings.verify == Verify::Sha256 && got != expected {
        blocking(move || file.quarantine()).await?;
        return Err(TransferError::WrongHash { path, expected, got });
    }
    let published = transfer.publisher.join(Publication { file, is_wanted: Box::new(transfer.is_wanted()) }).await;
    if published.is_err() {
        transfer.check_wanted()?;
    }
    Ok(published?)
}
