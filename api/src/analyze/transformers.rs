use poem_openapi::Object;

use super::Contents;

/// To be filled.
#[derive(Debug, Clone, PartialEq, Object)]
#[oai(rename = "TransformersInfo")]
pub(crate) struct TransformersInfo {
    /// To be filled.
    pub(crate) task: String,
}

pub(super) fn detect(_contents: &Contents) -> Option<TransformersInfo> {
    None
}
