//! Reads a GGUF file's header from the Hub: its first bytes, and more only while the header goes on.

use hfd_shared::hub::{HubClient, HubError, WantedFile};
use hfd_shared::repo::{ByteRange, CommitHash, RepoRef, TreeFile};

use super::header::{Header, HeaderError};

/// What is read first: enough for all but a vocabulary.
const FIRST_BYTES: u64 = 256 << 10;
/// Each further look reads up to this many times as much.
const GROWTH: u64 = 4;
/// The longest header that is read. Vocabularies take up to some 20 MiB.
const MAX_BYTES: u64 = 64 << 20;

/// Why a file's header is not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LoadError {
    /// The Hub did not give it.
    #[error(transparent)]
    Hub(#[from] HubError),
    /// It cannot be read.
    #[error("{path}: {reason}")]
    Header {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: HeaderError,
    },
}

/// Reads a file's header.
pub(crate) async fn header(
    hub: &HubClient,
    repo: &RepoRef,
    commit: CommitHash,
    file: &TreeFile,
) -> Result<Header, LoadError> {
    let location = hub.locate(repo, commit, WantedFile::from(file)).await?;
    let longest = file.size_bytes.min(MAX_BYTES);
    let mut bytes = Vec::new();
    let mut wanted = FIRST_BYTES.min(longest);
    loop {
        if let Some(range) = ByteRange::new(bytes.len() as u64, wanted) {
            let mut part = hub.fetch(&location, Some(range), file.size_bytes).await?;
            while let Some(chunk) = part.chunk().await? {
                bytes.extend_from_slice(&chunk);
            }
        }
        match Header::parse(&bytes) {
            Ok(header) => return Ok(header),
            Err(HeaderError::Incomplete(needed)) if needed <= longest && wanted < longest => {
                wanted = needed.max(wanted * GROWTH).min(longest);
            }
            Err(reason) => return Err(LoadError::Header { path: file.path.to_string(), reason }),
        }
    }
}
