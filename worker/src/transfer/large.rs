//! Files that can be continued: positional writes of one or several connections into one file, hashed in order behind
//! the write frontier, recorded when synced, published when right.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use hfd_shared::blocking::blocking;
use hfd_shared::cache::{CacheError, Partial};
use hfd_shared::job::PlannedFile;
use hfd_shared::repo::BlobHash;
use hfd_shared::settings::Verify;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio_util::sync::CancellationToken;

use super::connection::Connection;
use super::cut::{Cut, missing_parts};
use super::frontier::{Frontier, hash_behind};
use super::parts::Parts;
use super::source::Source;
use super::width::Width;
use super::writer::Sink;
use super::xet::{self, Xet};
use super::{Transfer, TransferError};

/// The time between two records: what a killed process has to fetch again. Short at first, for a process that is killed
/// again and again must come closer to the end each time; longer later, so that syncs cost little.
const SHORTEST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Fetches the file; over Xet as far as that goes, if it is to come on that way.
pub(super) async fn fetch(mut transfer: Transfer<'_>, xet: Option<&Xet>, cut: Cut) -> Result<(), TransferError> {
    let advanced = AtomicBool::new(false);
    if cut == Cut::Unranged {
        // What is there of it when the connection breaks cannot be used.
        transfer.advanced = &advanced;
    }
    let file = &transfer.target.file;
    let (partial, reader) = open(transfer).await?;
    let hashing = Hashing::start(transfer, &partial, reader);
    transfer.meter.set(partial.recorded().iter().map(|range| range.len()).sum());
    let (cache, expected) = (transfer.cache.clone(), file.blob);
    match fetch_and_hash(transfer, xet, cut, partial, hashing).await {
        Ok(partial) => {
            transfer.check_wanted()?;
            Ok(blocking(move || partial.publish()).await?)
        }
        // The partial may be in other hands.
        Err(_) if !transfer.fence.is_open() => Err(TransferError::Stopped),
        Err(error) => {
            match error {
                TransferError::Changed { .. } | TransferError::NoRanges { .. } => {
                    blocking(move || cache.discard_partial(&expected)).await?;
                }
                TransferError::WrongHash { .. } => blocking(move || cache.quarantine(&expected)).await?,
                _ => {}
            }
            Err(error)
        }
    }
}

async fn fetch_and_hash(
    transfer: Transfer<'_>,
    xet: Option<&Xet>,
    cut: Cut,
    partial: Partial,
    mut hashing: Hashing,
) -> Result<Partial, TransferError> {
    let partial = match xet {
        Some(xet) => xet::fetch_parts(transfer, xet, partial, &hashing.frontier).await?,
        None => partial,
    };
    let partial = fetch_parts(transfer, cut, partial, &hashing.frontier).await?;
    if let Some(got) = hashing.finish(transfer).await?
        && got != transfer.target.file.blob
    {
        let PlannedFile { path, blob: expected, .. } = transfer.target.file.clone();
        return Err(TransferError::WrongHash { path, expected, got });
    }
    Ok(partial)
}

/// The hasher's thread. It ends with this value, whatever becomes of the transfer.
struct Hashing {
    frontier: Arc<Frontier>,
    thread: Option<JoinHandle<io::Result<Option<BlobHash>>>>,
}

impl Hashing {
    fn start(transfer: Transfer<'_>, partial: &Partial, reader: File) -> Self {
        let frontier = Arc::new(Frontier::new(partial.recorded()));
        let thread = match transfer.settings.verify {
            Verify::None | Verify::Size => None,
            Verify::Sha256 => {
                let frontier = Arc::clone(&frontier);
                let (size_bytes, expected) = (transfer.target.file.size_bytes, transfer.target.file.blob);
                let recorded = partial.recorded().to_vec();
                Some(spawn_blocking(move || hash_behind(&frontier, &reader, &recorded, size_bytes, &expected)))
            }
        };
        Self { frontier, thread }
    }

    /// The hash of the whole file; none when content is not verified.
    async fn finish(&mut self, transfer: Transfer<'_>) -> Result<Option<BlobHash>, TransferError> {
        let Some(thread) = &mut self.thread else { return Ok(None) };
        let hashed = tokio::select! {
            biased;
            () = transfer.stop.cancelled() => return Err(TransferError::Stopped),
            hashed = thread => hashed,
        };
        match hashed.map_err(io::Error::other).flatten() {
            Ok(Some(hash)) => Ok(Some(hash)),
            Ok(None) => Err(TransferError::Stopped),
            Err(error) => Err(disk_error(transfer, error)),
        }
    }
}

impl Drop for Hashing {
    fn drop(&mut self) {
        self.frontier.abort();
    }
}

async fn open(transfer: Transfer<'_>) -> Result<(Partial, File), CacheError> {
    let (cache, content) = (transfer.cache.clone(), transfer.target.file.content());
    let writer = transfer.engine.writer.clone();
    blocking(move || {
        let partial = cache.open_partial(content, writer.as_str())?;
        partial.preallocate()?;
        let reader = partial.reader()?;
        Ok((partial, reader))
    })
    .await
}

async fn fetch_parts(
    transfer: Transfer<'_>,
    cut: Cut,
    partial: Partial,
    frontier: &Arc<Frontier>,
) -> Result<Partial, TransferError> {
    let parts = missing_parts(transfer.target.file.size_bytes, partial.recorded(), cut);
    let connections = parts.len().min(cut.connections());
    let parts = Parts::new(parts);
    let sink = sink(transfer, &partial, frontier);
    let halt = if cut == Cut::Unranged { transfer.stop } else { transfer.slice_over }.child_token();
    let source = Source::new(transfer, &halt);
    let width = Width::new(connections, transfer.engine.width.load(Ordering::Relaxed));
    let connection = |number| {
        let sink = sink.clone();
        Connection { number, width: &width, transfer, source: &source, parts: &parts, sink, halt: &halt }.run()
    };
    let fetching = async {
        tokio::select! {
            ended = join_all((0..connections).map(connection)) => ended,
            never = width.follow(transfer.received) => match never {},
        }
    };
    let (partial, ended) = record_while(transfer, partial, frontier, &halt, fetching).await?;
    if connections > 1 {
        transfer.engine.width.store(width.wanted(), Ordering::Relaxed);
    }
    match ended.into_iter().filter_map(Result::err).reduce(worse) {
        Some(error) => Err(error),
        None if !missing_parts(transfer.target.file.size_bytes, partial.recorded(), cut).is_empty() => {
            Err(TransferError::Stopped)
        }
        None => Ok(partial),
    }
}

/// Where all parts of the file go.
pub(super) fn sink(transfer: Transfer<'_>, partial: &Partial, frontier: &Arc<Frontier>) -> Sink {
    Sink {
        file: partial.data(),
        frontier: Arc::clone(frontier),
        meter: transfer.meter.clone(),
        fence: transfer.fence.clone(),
        writes: Arc::default(),
        writers: Arc::clone(&transfer.engine.part_writers),
    }
}

/// Records what is written as long as the work goes on, and all of it at the end. A failure to do so halts the work.
pub(super) async fn record_while<T>(
    transfer: Transfer<'_>,
    partial: Partial,
    frontier: &Frontier,
    halt: &CancellationToken,
    work: impl Future<Output = T>,
) -> Result<(Partial, T), CacheError> {
    let all_written = CancellationToken::new();
    let (ended, recorded) = tokio::join!(
        async {
            let ended = work.await;
            all_written.cancel();
            ended
        },
        async {
            let recorded = record(transfer, partial, frontier, &all_written).await;
            if recorded.is_err() {
                halt.cancel();
            }
            recorded
        }
    );
    Ok((recorded?, ended))
}

/// The connection that failed explains more than those that were halted because of it.
pub(super) fn worse(first: TransferError, second: TransferError) -> TransferError {
    if matches!(first, TransferError::Stopped) { second } else { first }
}

/// Records from time to time what is written, each time after a sync, and all of it at the end.
async fn record(
    transfer: Transfer<'_>,
    mut partial: Partial,
    frontier: &Frontier,
    all_written: &CancellationToken,
) -> Result<Partial, CacheError> {
    let begun = Instant::now();
    loop {
        let pause = (begun.elapsed() / 10).clamp(SHORTEST_PAUSE, LONGEST_PAUSE);
        let is_last = tokio::time::timeout(pause, all_written.cancelled()).await.is_ok();
        let written = frontier.take_unrecorded();
        if !written.is_empty() {
            partial = blocking(move || partial.record(&written).map(|()| partial)).await?;
            transfer.advanced.store(true, Ordering::Relaxed);
        }
        if is_last {
            return Ok(partial);
        }
    }
}

/// A failed write or read of the partial; behind a closed fence it is none.
pub(super) fn disk_error(transfer: Transfer<'_>, error: io::Error) -> TransferError {
    if !transfer.fence.is_open() {
        return TransferError::Stopped;
    }
    CacheError::partial(transfer.target.file.path.as_str(), error).into()
}
