//! The stream that sends a body: read in pieces, counted, paced, and broken where a fault says so.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::try_unfold;
use tokio::time::Instant;

use super::log::Progress;

/// Bytes read and handed over at a time.
const CHUNK_BYTES: u64 = 512 << 10;

/// Pieces a throttled second is cut into.
const PIECES_PER_S: u64 = 20;

/// Time the connection gets to pass on what it holds before a body is broken off: an error makes it drop its buffer.
const DRAIN: Duration = Duration::from_millis(50);

/// What goes wrong with a body.
#[derive(Debug, Default, Clone)]
pub(crate) struct BodyFaults {
    pub(crate) rate_bytes_per_s: Option<u64>,
    pub(crate) drops: Option<Drops>,
    pub(crate) stop: Option<Stop>,
    /// Offset in the file of a byte to invert.
    pub(crate) flip: Option<u64>,
}

/// A trickle.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Drops {
    pub(crate) after: u64,
    pub(crate) bytes: u64,
    pub(crate) every: Duration,
}

/// An end before the end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stop {
    pub(crate) at: u64,
    pub(crate) how: StopHow,
}

/// How a body stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StopHow {
    Reset,
    Silence,
    End,
}

impl BodyFaults {
    /// Lowers the rate to this one, if it is not lower already.
    pub(crate) fn throttle(&mut self, bytes_per_s: u64) {
        let rate = bytes_per_s.max(1);
        self.rate_bytes_per_s = Some(self.rate_bytes_per_s.map_or(rate, |lower| lower.min(rate)));
    }
}

/// Where a body's bytes come from.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    Memory(Bytes),
    /// A file, from an offset on.
    File(Arc<File>, u64),
}

/// A body about to be sent.
#[derive(Debug)]
pub(crate) struct Sending {
    pub(crate) source: Source,
    pub(crate) length: u64,
    pub(crate) faults: BodyFaults,
    pub(crate) progress: EndMark,
    /// Set to have the connection reset instead of closed.
    pub(crate) reset: Arc<AtomicBool>,
}

/// Marks the request as ended when its body is dropped, whether it was sent or not.
#[derive(Debug)]
pub(crate) struct EndMark(pub(crate) Arc<Progress>);

impl Drop for EndMark {
    fn drop(&mut self) {
        self.0.ended.store(true, Ordering::Relaxed);
    }
}

struct Position {
    sending: Sending,
    sent: u64,
    started: Instant,
}

impl Sending {
    pub(crate) fn into_body(self) -> poem::Body {
        let start = Position { sending: self, sent: 0, started: Instant::now() };
        poem::Body::from_bytes_stream(try_unfold(start, Position::next))
    }
}

impl Position {
    async fn next(mut self) -> io::Result<Option<(Bytes, Self)>> {
        if let Some(stop) = self.sending.faults.stop
            && self.sent >= stop.at
        {
            return self.stop(stop.how).await.map(|()| None);
        }
        if self.sent >= self.sending.length {
            return Ok(None);
        }
        let want = self.piece();
        self.pace().await;
        let bytes = self.read(want).await?;
        self.sent += bytes.len() as u64;
        self.sending.progress.0.bytes_sent.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        Ok(Some((bytes, self)))
    }

    async fn stop(&self, how: StopHow) -> io::Result<()> {
        match how {
            StopHow::Silence => std::future::pending().await,
            StopHow::End => {
                tokio::time::sleep(DRAIN).await;
                Ok(())
            }
            StopHow::Reset => {
                tokio::time::sleep(DRAIN).await;
                self.sending.reset.store(true, Ordering::Relaxed);
                Err(io::Error::new(io::ErrorKind::ConnectionReset, "reset by an injected fault"))
            }
        }
    }

    /// How much to send next.
    fn piece(&self) -> u64 {
        let faults = &self.sending.faults;
        let mut want = CHUNK_BYTES.min(self.sending.length - self.sent);
        if let Some(rate) = faults.rate_bytes_per_s {
            want = want.min((rate / PIECES_PER_S).max(1));
        }
        if let Some(drops) = faults.drops {
            want = want.min(if self.sent < drops.after { drops.after - self.sent } else { drops.bytes });
        }
        if let Some(stop) = faults.stop {
            want = want.min(stop.at - self.sent);
        }
        want
    }

    async fn pace(&self) {
        let faults = &self.sending.faults;
        if let Some(rate) = faults.rate_bytes_per_s {
            let micros = u128::from(self.sent) * 1_000_000 / u128::from(rate);
            let due = Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX));
            tokio::time::sleep_until(self.started + due).await;
        }
        if let Some(drops) = faults.drops.filter(|drops| self.sent >= drops.after) {
            tokio::time::sleep(drops.every).await;
        }
    }

    async fn read(&self, want: u64) -> io::Result<Bytes> {
        let to_usize = |n: u64| usize::try_from(n).map_err(io::Error::other);
        match &self.sending.source {
            Source::Memory(all) => {
                let (from, to) = (to_usize(self.sent)?, to_usize(self.sent + want)?);
                Ok(flipped(all.slice(from..to), self.sent, self.sending.faults.flip))
            }
            Source::File(file, start) => {
                let (file, at, length) = (Arc::clone(file), start + self.sent, to_usize(want)?);
                let read = move || {
                    let mut buffer = vec![0; length];
                    file.read_exact_at(&mut buffer, at).map(|()| Bytes::from(buffer))
                };
                let bytes = tokio::task::spawn_blocking(read).await.map_err(io::Error::other)??;
                Ok(flipped(bytes, at, self.sending.faults.flip))
            }
        }
    }
}

/// The bytes that begin at `at`, with the one at `flip` inverted.
fn flipped(bytes: Bytes, at: u64, flip: Option<u64>) -> Bytes {
    let index = flip.and_then(|offset| offset.checked_sub(at)).and_then(|index| usize::try_from(index).ok());
    match index {
        Some(index) if index < bytes.len() => {
            let mut changed = Vec::from(bytes);
            changed[index] ^= 0xff;
            changed.into()
        }
        _ => bytes,
    }
}
