//! The JSON shapes that several endpoints share, and how they are made.

mod file;
mod job;
mod plan;
mod words;

use poem_openapi::Object;
use time::{OffsetDateTime, UtcOffset};

pub(crate) use file::{FileStatusView, FileView};
pub(crate) use job::JobView;
pub(crate) use plan::PlanView;
pub(crate) use words::{EndedStatusView, KindView, PriorityView, StatusView};

/// A moment as the documented API writes it: UTC, without fractions of a second.
pub(crate) fn whole_seconds(time: OffsetDateTime) -> OffsetDateTime {
    time.to_offset(UtcOffset::UTC).truncate_to_second()
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq, Object)]
pub(crate) struct Done {
    /// Always true.
    success: bool,
    /// In words.
    message: String,
}

impl Done {
    /// This was done.
    pub(crate) fn new(message: &str) -> Self {
        Self { success: true, message: message.to_owned() }
    }
}
