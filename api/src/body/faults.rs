//! All that is wrong with a request.

use std::fmt::Display;

use crate::error::ApiError;

/// More are only counted.
const MAX_SHOWN: usize = 20;

/// Longer names are cut.
const MAX_NAME_CHARS: usize = 64;

/// What is wrong with the fields of a request.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<String>);

impl Faults {
    /// Something is wrong with a field.
    pub(crate) fn add(&mut self, name: &str, what: impl Display) {
        let name: String = name.chars().take(MAX_NAME_CHARS).collect();
        self.0.push(format!("{}: {what}", name.escape_debug()));
    }

    /// Refuses the request if anything is wrong with it.
    pub(crate) fn check(self, error: &'static str) -> Result<(), ApiError> {
        let Self(mut faults) = self;
        if faults.is_empty() {
            return Ok(());
        }
        let more = faults.len().saturating_sub(MAX_SHOWN);
        faults.truncate(MAX_SHOWN);
        if more > 0 {
            faults.push(format!("and {more} more"));
        }
        Err(ApiError::bad_request(error, faults.join("; ")))
    }
}
