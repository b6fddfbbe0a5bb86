//! The first bytes of a file, read from the Hub as far as they are needed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hfd_shared::hub::{HubClient, HubError, Location, Retry, WantedFile};
use hfd_shared::repo::{ByteRange, CommitHash, RepoRef, TreeFile};
use tokio::sync::{Semaphore, SemaphorePermit};

/// How often a read is begun, where trying again may help.
const MAX_TRIES: usize = 3;
const PAUSE: Duration = Duration::from_millis(500);
/// A server that sends nothing for so long is asked anew.
const SILENCE_TIMEOUT: Duration = Duration::from_secs(10);
/// An analysis holds more than this of one file at a time.
const LONG_BYTES: u64 = 1 << 20;

/// The commit that an analysis reads files of.
pub(crate) struct Source<'a> {
    hub: &'a HubClient,
    repo: &'a RepoRef,
    commit: CommitHash,
    long_turn: Semaphore,
    is_hampered: AtomicBool,
}

impl<'a> Source<'a> {
    /// A commit of which nothing is read yet.
    pub(crate) fn new(hub: &'a HubClient, repo: &'a RepoRef, commit: CommitHash) -> Self {
        Self { hub, repo, commit, long_turn: Semaphore::new(1), is_hampered: AtomicBool::new(false) }
    }

    /// Goes on without a file, giving back why.
    ///
    /// # Errors
    /// With the same error, when nothing more can be found out.
    pub(crate) fn leave_out(&self, error: HubError) -> Result<HubError, HubError> {
        if is_of_the_hub(&error) {
            return Err(error);
        }
        tracing::info!(%error, "a file is left out of an analysis");
        if error.retry() != Retry::Never {
            self.is_hampered.store(true, Ordering::Relaxed);
        }
        Ok(error)
    }

    /// Whether a file was left out that may be there at another time.
    pub(crate) fn is_hampered(&self) -> bool {
        self.is_hampered.load(Ordering::Relaxed)
    }
}

/// A file of which so much is read.
pub(crate) struct Head<'a> {
    source: &'a Source<'a>,
    file: &'a TreeFile,
    location: Option<Location>,
    bytes: Vec<u8>,
    long_turn: Option<SemaphorePermit<'a>>,
}

impl<'a> Head<'a> {
    /// A file of which nothing is read yet.
    pub(crate) fn new(source: &'a Source<'a>, file: &'a TreeFile) -> Self {
        Self { source, file, location: None, bytes: Vec::new(), long_turn: None }
    }

    /// The file's first `wanted` bytes, or all of it if it has no more; asks for those only that are not there yet.
    pub(crate) async fn read_to(&mut self, wanted: u64) -> Result<&[u8], HubError> {
        if wanted.min(self.file.size_bytes) > LONG_BYTES && self.long_turn.is_none() {
            // The semaphore is never closed; without a turn the memory would only be unbounded.
            self.long_turn = self.source.long_turn.acquire().await.ok();
        }
        let mut tries = 1;
        while let Err(error) = self.go_on_to(wanted).await {
            let may_help = matches!(error.retry(), Retry::Soon | Retry::Resolve);
            if tries == MAX_TRIES || !may_help {
                return Err(error);
            }
            tries += 1;
            self.location = None;
            tokio::time::sleep(PAUSE).await;
        }
        Ok(&self.bytes)
    }

    async fn go_on_to(&mut self, wanted: u64) -> Result<(), HubError> {
        let end = wanted.min(self.file.size_bytes);
        let Some(range) = ByteRange::new(self.bytes.len() as u64, end) else { return Ok(()) };
        let source = self.source;
        let location = match self.location.take() {
            Some(location) => location,
            None => source.hub.locate(source.repo, source.commit, WantedFile::from(self.file)).await?,
        };
        let mut part = source.hub.fetch(&location, Some(range), self.file.size_bytes).await?;
        self.location = Some(location);
        self.bytes.reserve_exact(usize::try_from(range.len()).unwrap_or_default());
        loop {
            let chunk = tokio::time::timeout(SILENCE_TIMEOUT, part.chunk()).await;
            let chunk = chunk.map_err(|_| HubError::Timeout { what: self.file.path.to_string() })?;
            let Some(chunk) = chunk? else { return Ok(()) };
            self.bytes.extend_from_slice(&chunk);
        }
    }
}

/// Whether an error says that the Hub does not answer us, and not that one file is odd: then nothing more can be found
/// out, while an odd file only leaves its own facts unknown.
fn is_of_the_hub(error: &HubError) -> bool {
    use HubError as E;
    matches!(
        error,
        E::RepoNotFound { .. }
            | E::Gated { .. }
            | E::Disabled { .. }
            | E::BadToken { .. }
            | E::Forbidden { .. }
            | E::RateLimited { .. }
            | E::Server { .. }
            | E::Network { .. }
            | E::Timeout { .. }
            | E::TooSlow { .. }
            | E::Truncated { .. }
    )
}
