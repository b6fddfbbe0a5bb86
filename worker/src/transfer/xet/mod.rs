//! The way over Xet, where the Hub keeps most large files: in chunks, of which a server tells where to fetch them. The crate
//! `hf-xet` does that. What it gives goes the way of all parts: into the partial, behind the frontier, into the records. It
//! checks no content, so that the hash of the whole counts here as everywhere.
//!
//! What does not come over Xet is left to plain HTTP.

mod access;
mod part;
mod session;

use std::future::ready;
use std::sync::Arc;

use futures_util::{StreamExt as _, stream};
use hfd_shared::cache::Partial;
use hfd_shared::hub::Retry;
use hfd_shared::job::needs_xet;
use hfd_shared::metrics::{self, RetryReason};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::budget::Budget;
use super::cut::missing_pieces;
use super::frontier::Frontier;
use super::large::{record_while, sink, worse};
use super::{Transfer, TransferError};

pub(super) use access::Xet;

/// Parts under way in this process. Each is held in memory as a whole, and once more while it is unpacked.
const PARTS: usize = 6;

/// The size of a part. Larger ones would cost fewer questions to the server and more memory.
const PART_BYTES: u64 = 8 << 20;

/// Fetches what is missing of a file over Xet, as far as that goes.
///
/// # Errors
/// When the transfer is to stop or to wait, or the volume fails; not when Xet does.
pub(super) async fn fetch_parts(
    transfer: Transfer<'_>,
    xet: &Xet,
    partial: Partial,
    frontier: &Arc<Frontier>,
) -> Result<Partial, TransferError> {
    let Some(hash) = transfer.target.file.xet else { return Ok(partial) };
    let parts = missing_pieces(transfer.target.file.size_bytes, partial.recorded(), PART_BYTES);
    if parts.is_empty() {
        return Ok(partial);
    }
    if let Err(error) = ask_for_access(transfer, xet).await {
        return leave(transfer, error).map(|()| partial);
    }
    let (halt, failed) = (transfer.slice_over.child_token(), CancellationToken::new());
    let sink = sink(transfer, &partial, frontier);
    let source = part::Source { transfer, xet, hash, sink, halt: &halt, failed: &failed };
    let at_a_time = transfer.settings.connections.clamp(1, PARTS);
    let fetching = stream::iter(parts).map(|part| source.fetch(part)).buffer_unordered(at_a_time);
    let fetching = fetching.fold(Ok(()), |ended, part| {
        ready(match (ended, part) {
            (Err(first), Err(second)) => Err(worse(first, second)),
            (ended, part) => ended.and(part),
        })
    });
    let (partial, ended) = record_while(transfer, partial, frontier, &halt, fetching).await?;
    if let Err(error) = ended {
        leave(transfer, error)?;
        xet.avoid(transfer);
    }
    Ok(partial)
}

/// Asks for access; again only for a file that comes on no other way.
async fn ask_for_access(transfer: Transfer<'_>, xet: &Xet) -> Result<(), TransferError> {
    let is_only_way = needs_xet(transfer.target.file.size_bytes);
    let mut budget = Budget::new(transfer.settings.retries);
    loop {
        let asked = tokio::select! {
            biased;
            () = transfer.slice_over.cancelled() => return Err(TransferError::Stopped),
            asked = xet.group(transfer) => asked,
        };
        match asked {
            Ok(_) => return Ok(()),
            Err(error) if !is_only_way && !matches!(error.retry(), Retry::After(_)) => {
                return Err(TransferError::Hub(error));
            }
            Err(error) => budget.spend(error, transfer.slice_over).await?,
        }
    }
}

/// Tells that the file goes another way, unless it is to stop or to wait, or the volume has failed.
fn leave(transfer: Transfer<'_>, error: TransferError) -> Result<(), TransferError> {
    if let TransferError::Stopped | TransferError::Later { .. } | TransferError::Cache(_) = error {
        return Err(error);
    }
    metrics::retried(RetryReason::Xet);
    warn!(path = %transfer.target.file.path, %error, "what is missing of the file comes over plain HTTP");
    Ok(())
}
