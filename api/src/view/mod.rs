//! The JSON shapes that several endpoints share, and how they are made.

mod cache;
mod file;
mod job;
mod plan;
mod words;

use poem_openapi::Object;

pub(crate) use cache::{CachedRepoDetails, CachedRepoView, UnusedView, VolumeView};
pub(crate) use file::FileView;
pub(crate) use job::JobView;
pub(crate) use plan::PlanView;
pub(crate) use words::{
    EndedStatusView, FileStatusView, KindView, PriorityView, RepoTypeView, StatusView, TransferView, VerifyView,
};

/// A number of bytes for people: `4.2 GiB`.
#[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
pub(crate) fn human_size(bytes: u64) -> String {
    let mut size = bytes as f64;
    for unit in ["B", "KiB", "MiB", "GiB", "TiB"] {
        if size < 1024.0 {
            return if unit == "B" { format!("{bytes} B") } else { format!("{size:.1} {unit}") };
        }
        size /= 1024.0;
    }
    format!("{size:.1} PiB")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_shown_in_the_unit_that_fits() {
        let cases = [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (4_500_000_000, "4.2 GiB"), (1 << 50, "1.0 PiB")];
        for (bytes, shown) in cases {
            assert_eq!(human_size(bytes), shown);
        }
    }
}
