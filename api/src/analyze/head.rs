//! The first bytes of a file, read from the Hub as far as they are needed.

use std::time::Duration;

use hfd_shared::hub::{HubClient, HubError, Location, Retry, WantedFile};
use hfd_shared::repo::{ByteRange, CommitHash, RepoRef, TreeFile};

/// How often a read is begun, where trying again may help.
const MAX_TRIES: usize = 3;
const PAUSE: Duration = Duration::from_millis(500);

/// A file of which so much is read.
pub(crate) struct Head<'a> {
    hub: &'a HubClient,
    repo: &'a RepoRef,
    commit: CommitHash,
    file: &'a TreeFile,
    location: Option<Location>,
    bytes: Vec<u8>,
}

impl<'a> Head<'a> {
    /// A file of which nothing is read yet.
    pub(crate) fn new(hub: &'a HubClient, repo: &'a RepoRef, commit: CommitHash, file: &'a TreeFile) -> Self {
        Self { hub, repo, commit, file, location: None, bytes: Vec::new() }
    }

    /// The file's first `wanted` bytes, or all of it if it has no more; asks for those only that are not there yet.
    pub(crate) async fn read_to(&mut self, wanted: u64) -> Result<&[u8], HubError> {
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
        let location = match self.location.take() {
            Some(location) => location,
            None => self.hub.locate(self.repo, self.commit, WantedFile::from(self.file)).await?,
        };
        let mut part = self.hub.fetch(&location, Some(range), self.file.size_bytes).await?;
        self.location = Some(location);
        while let Some(chunk) = part.chunk().await? {
            self.bytes.extend_from_slice(&chunk);
        }
        Ok(())
    }
}

/// Whether an error says that the Hub does not answer us, and not that one file is odd: then nothing more can be found
/// out, while an odd file only leaves its own facts unknown.
pub(crate) fn is_of_the_hub(error: &HubError) -> bool {
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
