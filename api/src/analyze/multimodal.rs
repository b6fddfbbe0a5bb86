use poem_openapi::Object;

use super::Contents;

/// To be filled.
#[derive(Debug, Clone, PartialEq, Object)]
#[oai(rename = "MultimodalInfo")]
pub(crate) struct MultimodalInfo {
    /// To be filled.
    pub(crate) task: String,
}

pub(super) fn detect(_contents: &Contents) -> Option<MultimodalInfo> {
    None
}
