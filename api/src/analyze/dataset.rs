use poem_openapi::Object;

use super::Contents;

/// To be filled.
#[derive(Debug, Clone, PartialEq, Object)]
#[oai(rename = "DatasetInfo")]
pub(crate) struct DatasetInfo {
    /// To be filled.
    pub(crate) task: String,
}

pub(super) fn detect(_contents: &Contents) -> Option<DatasetInfo> {
    None
}
