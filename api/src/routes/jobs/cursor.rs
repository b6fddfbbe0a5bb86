//! Where the next page of a list begins, as clients see it: a text that they only hand back.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hfd_shared::ports::JobCursor;

use crate::error::ApiError;

/// The cursor as text.
pub(super) fn encode(JobCursor(place): JobCursor) -> String {
    URL_SAFE_NO_PAD.encode(place.to_be_bytes())
}

/// Reads what [`encode`] has written.
pub(super) fn decode(text: &str) -> Result<JobCursor, ApiError> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| <[u8; 8]>::try_from(bytes).ok());
    bytes.map(|bytes| JobCursor(u64::from_be_bytes(bytes))).ok_or_else(|| {
        let details = format!("{text:?} is no cursor; hand back the nextCursor of the page before as it is");
        ApiError::bad_request("Invalid cursor", details)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_is_written() {
        for place in [0, 1, u64::MAX] {
            assert_eq!(decode(&encode(JobCursor(place))), Ok(JobCursor(place)));
        }
        for bad in ["", "x", "AAAAAAAAAA", "AAAAAAAAAAAA", "AAAAAAAAAA=", "ä"] {
            assert!(decode(bad).is_err(), "{bad:?}");
        }
    }
}
