//! An error and what caused it.

use std::error::Error;
use std::fmt::Write as _;
use std::iter;

/// The error, its cause, the cause of that …
pub fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    iter::successors(Some(error), |&cause| cause.source())
}

/// What they say, in one line. A cause that the error before ends with already is not said again.
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = String::new();
    for message in causes(error).map(ToString::to_string) {
        if text.is_empty() {
            text = message;
        } else if !text.ends_with(&message) {
            _ = write!(text, ": {message}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Failed(&'static str, #[source] io::Error);

    #[test]
    fn each_cause_is_said_once() {
        let chain = |text| chain(&Failed(text, io::Error::other("disk full")));
        assert_eq!(chain("cannot write"), "cannot write: disk full");
        assert_eq!(chain("cannot write: disk full"), "cannot write: disk full");
    }
}
