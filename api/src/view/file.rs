//! The JSON shape of a job's file.

use hfd_shared::job::FileState;
use poem_openapi::Object;

use super::FileStatusView;

/// A file of a job.
#[derive(Debug, Clone, PartialEq, Eq, Object)]
#[oai(rename = "JobFile", rename_all = "camelCase")]
pub(crate) struct FileView {
    /// Where it lies in the repository.
    pub(crate) path: String,
    /// Its size.
    pub(crate) total_bytes: u64,
    /// Bytes that have arrived.
    pub(crate) downloaded: u64,
    /// Where it is.
    pub(crate) status: FileStatusView,
    /// Why it failed; empty when it did not.
    pub(crate) error: String,
}

impl From<FileState> for FileView {
    fn from(state: FileState) -> Self {
        Self {
            path: state.file.path.to_string(),
            total_bytes: state.file.size_bytes,
            downloaded: state.downloaded_bytes,
            status: state.status.into(),
            error: state.error.unwrap_or_default(),
        }
    }
}
