use poem_openapi::Object;

use super::Contents;

/// To be filled.
#[derive(Debug, Clone, PartialEq, Object)]
#[oai(rename = "AudioInfo")]
pub(crate) struct AudioInfo {
    /// To be filled.
    pub(crate) task: String,
}

pub(super) fn detect(_contents: &Contents) -> Option<AudioInfo> {
    None
}
