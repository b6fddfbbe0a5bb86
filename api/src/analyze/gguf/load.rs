//! Reads a GGUF file's header from the Hub: its first bytes, and more only while the header goes on.

use hfd_shared::hub::HubError;
use hfd_shared::repo::TreeFile;

use super::header::{Header, HeaderError};
use crate::analyze::head::{Head, Source};

/// What is read first: enough for all but a vocabulary.
const FIRST_BYTES: u64 = 256 << 10;
/// Each further look reads at least this many times as much.
const GROWTH: u64 = 2;
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
pub(crate) async fn header(source: &Source<'_>, file: &TreeFile) -> Result<Header, LoadError> {
    let longest = file.size_bytes.min(MAX_BYTES);
    let mut wanted = FIRST_BYTES.min(longest);
    let mut head = Head::new(source, file);
    loop {
        match Header::parse(head.read_to(wanted).await?) {
            Ok(header) => return Ok(header),
            Err(HeaderError::Incomplete(needed)) if needed <= longest && wanted < longest => {
                wanted = needed.max(wanted * GROWTH).min(longest);
            }
            Err(reason) => return Err(LoadError::Header { path: file.path.to_string(), reason }),
        }
    }
}
