//! Tells a connection that is silent or trickles from one that is just slow.

use std::time::Duration;

use bytes::Bytes;
use hfd_shared::hub::{Fetched, HubError};
use hfd_shared::repo::RepoPath;
use hfd_shared::settings::TransferSettings;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::TransferError;
use super::error::Failure;

/// Watches one response.
pub(super) struct Pace<'a> {
    path: &'a RepoPath,
    stall_timeout: Duration,
    min_bytes_per_second: u64,
    waited: Duration,
    bytes: u64,
}

/// What came next.
pub(super) enum Next {
    /// Bytes.
    Chunk(Bytes),
    /// The end that was promised.
    End,
}

impl<'a> Pace<'a> {
    pub(super) fn new(path: &'a RepoPath, settings: &TransferSettings) -> Self {
        Self {
            path,
            stall_timeout: settings.stall_timeout,
            min_bytes_per_second: settings.min_bytes_per_second,
            waited: Duration::ZERO,
            bytes: 0,
        }
    }

    /// The next bytes of the response.
    pub(super) async fn next(&mut self, fetched: &mut Fetched, stop: &CancellationToken) -> Result<Next, Failure> {
        let since = Instant::now();
        let chunk = tokio::select! {
            biased;
            () = stop.cancelled() => return Err(TransferError::Stopped.into()),
            chunk = tokio::time::timeout(self.stall_timeout, fetched.chunk()) => chunk,
        };
        let chunk = chunk.map_err(|_| HubError::Timeout { what: self.path.to_string() })?;
        let Some(chunk) = chunk? else { return Ok(Next::End) };
        self.count(since.elapsed(), chunk.len() as u64)?;
        Ok(Next::Chunk(chunk))
    }

    /// Only the time spent waiting for the network counts, so that a slow disk does not look like a slow Hub.
    fn count(&mut self, waited: Duration, bytes: u64) -> Result<(), HubError> {
        self.waited += waited;
        self.bytes += bytes;
        if self.waited < self.stall_timeout {
            return Ok(());
        }
        let bytes_per_second = self.bytes / self.waited.as_secs().max(1);
        (self.waited, self.bytes) = (Duration::ZERO, 0);
        if bytes_per_second < self.min_bytes_per_second {
            return Err(HubError::TooSlow { what: self.path.to_string(), bytes_per_second });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trickle_is_told_from_a_slow_connection() {
        let path = "model.bin".parse().unwrap();
        let pace = || Pace::new(&path, &TransferSettings::default());
        let second = Duration::from_secs(1);
        let mut slow = pace();
        assert!((0..120).all(|_| slow.count(second, 2048).is_ok()));
        let mut trickle = pace();
        assert!((0..120).any(|_| trickle.count(second, 10).is_err()));
    }
}
