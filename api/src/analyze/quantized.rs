use poem_openapi::Object;

use super::Contents;

/// To be filled.
#[derive(Debug, Clone, PartialEq, Object)]
#[oai(rename = "QuantizedInfo")]
pub(crate) struct QuantizedInfo {
    /// To be filled.
    pub(crate) method: String,
}

pub(super) fn detect(_contents: &Contents) -> Option<QuantizedInfo> {
    None
}
