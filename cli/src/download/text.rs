//! Numbers for people.

use std::time::Duration;

use hfd_shared::job::Progress;
use indicatif::{HumanBytes, HumanDuration};

/// What is to be said of a job: how far it is or, before that is known, what it waits for, if anything.
pub(super) fn line(progress: &Progress) -> Option<String> {
    if progress.total_files > 0 {
        return Some(summary(progress));
    }
    progress.waiting.as_ref().map(|waiting| format!("waiting: {waiting}"))
}

/// One line that says what has become of a job that is complete.
pub(super) fn end(progress: &Progress, took: Duration) -> String {
    format!("100%  {}  in {}", amounts(progress), HumanDuration(took))
}

/// One line that says how far a job is.
pub(super) fn summary(progress: &Progress) -> String {
    let percent = (progress.downloaded_bytes * 100).checked_div(progress.total_bytes).unwrap_or(0);
    let mut line = format!("{percent:>3}%  {}  {}/s", amounts(progress), HumanBytes(progress.bytes_per_second));
    if let Some(seconds) = progress.eta_seconds() {
        line = format!("{line}  {} left", HumanDuration(Duration::from_secs(seconds)));
    }
    if let Some(waiting) = &progress.waiting {
        line = format!("{line}  (waiting: {waiting})");
    }
    line
}

fn amounts(progress: &Progress) -> String {
    format!(
        "{} of {}  {}/{} files",
        HumanBytes(progress.downloaded_bytes),
        HumanBytes(progress.total_bytes),
        progress.completed_files,
        progress.total_files,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_says_how_far_how_fast_and_how_long() {
        let progress = Progress {
            total_files: 4,
            completed_files: 1,
            total_bytes: 4 << 20,
            downloaded_bytes: 1 << 20,
            bytes_per_second: 1 << 20,
            waiting: None,
            workers: Vec::new(),
            position: None,
        };
        assert_eq!(summary(&progress), " 25%  1.00 MiB of 4.00 MiB  1/4 files  1.00 MiB/s  3 seconds left");
        assert!(summary(&Progress::default()).starts_with("  0%"));
        let empty = Progress { total_files: 1, completed_files: 1, ..Progress::default() };
        assert_eq!(end(&empty, Duration::from_secs(90)), "100%  0 B of 0 B  1/1 files  in 2 minutes");
    }
}
