//! Moments as clients are told them.

use time::{OffsetDateTime, UtcOffset};

/// A moment as the documented API writes it: UTC, without fractions of a second.
pub fn whole_seconds(time: OffsetDateTime) -> OffsetDateTime {
    time.to_offset(UtcOffset::UTC).truncate_to_second()
}
