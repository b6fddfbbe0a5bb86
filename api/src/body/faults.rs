//! All that is wrong with a request.

use std::fmt::Display;

use crate::error::ApiError;

/// More are only counted: a body of a mebibyte can have a hundred thousand unknown fields.
const MAX_SHOWN: usize = 20;

/// Longer names are cut.
const MAX_NAME_CHARS: usize = 64;

/// What is wrong with the fields of a request.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    shown: Vec<String>,
    more: usize,
}

impl Faults {
    /// Something is wrong with a field.
    pub(crate) fn add(&mut self, name: &str, what: impl Display) {
        if self.shown.len() == MAX_SHOWN {
            self.more += 1;
            return;
        }
        let name: String = name.chars().take(MAX_NAME_CHARS).collect();
        self.shown.push(format!("{}: {what}", name.escape_debug()));
    }

    /// Refuses the request if anything is wrong with it.
    pub(crate) fn check(self, error: &'static str) -> Result<(), ApiError> {
        let Self { mut shown, more } = self;
        if shown.is_empty() {
            return Ok(());
        }
        if more > 0 {
            shown.push(format!("and {more} more"));
        }
        Err(ApiError::bad_request(error, shown.join("; ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_faults_the_first_are_kept_and_the_others_counted() {
        let mut faults = Faults::default();
        for number in 0..100_000 {
            faults.add("x", number);
        }
        assert_eq!(faults.shown.len(), MAX_SHOWN);
        let error = faults.check("Invalid").unwrap_err();
        assert!(error.to_string().ends_with("; x: 19; and 99980 more"), "{error}");
    }
}
