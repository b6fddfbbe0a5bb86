//! Progress bars on a terminal: one for the job, one for each file in work.

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, Instant};

use hfd_shared::job::{FileState, Snapshot, Status};
use hfd_shared::repo::RepoPath;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::{Display, text};

/// More bars than this say less.
const MAX_FILE_BARS: usize = 8;

/// What is done before anything is known of the job.
const ASKING: &str = "asking the Hub …";

const SPINNER_TICK: Duration = Duration::from_millis(120);

/// The bars.
pub(super) struct Bars {
    all: MultiProgress,
    total: ProgressBar,
    files: HashMap<RepoPath, ProgressBar>,
    begun: Instant,
}

impl Bars {
    pub(super) fn new() -> Self {
        let all = MultiProgress::new();
        let total = all.add(ProgressBar::no_length().with_style(style("{spinner} {msg}")));
        total.set_message(ASKING);
        total.enable_steady_tick(SPINNER_TICK);
        Self { all, total, files: HashMap::new(), begun: Instant::now() }
    }

    fn drop_finished(&mut self, files: &[FileState]) {
        self.files.retain(|path, bar| {
            let in_work = files.iter().any(|file| file.file.path == *path);
            if !in_work {
                bar.finish_and_clear();
            }
            in_work
        });
    }
}

impl Display for Bars {
    fn update(&mut self, snapshot: &Snapshot, files: &[FileState]) {
        let progress = &snapshot.progress;
        if progress.total_files == 0 {
            self.total.set_message(text::line(progress).unwrap_or_else(|| ASKING.to_owned()));
            return;
        }
        if self.total.length().is_none() {
            self.total.set_style(style("{wide_bar} {msg}"));
        }
        self.total.set_length(progress.total_bytes);
        self.total.set_position(progress.downloaded_bytes);
        self.total.set_message(text::summary(progress));
        self.drop_finished(files);
        for file in files {
            if !self.files.contains_key(&file.file.path) && self.files.len() == MAX_FILE_BARS {
                continue;
            }
            let bar = self.files.entry(file.file.path.clone()).or_insert_with(|| {
                // Added first: a bar that stands alone draws itself.
                let bar = self.all.add(ProgressBar::new(file.file.size_bytes));
                bar.set_style(style("  {bar:24} {percent:>3}%  {bytes} of {total_bytes}  {wide_msg}"));
                bar.set_message(file.file.path.to_string());
                bar
            });
            bar.set_position(file.downloaded_bytes);
        }
    }

    fn interrupt(&mut self) {
        self.drop_finished(&[]);
        self.total.disable_steady_tick();
        self.total.abandon_with_message("stopping; what has arrived is kept (Ctrl-C again to stop at once)");
    }

    fn finish(&mut self, snapshot: &Snapshot, _folder: Option<&Path>) {
        self.drop_finished(&[]);
        if snapshot.job.status == Status::Completed {
            self.total.set_position(snapshot.progress.downloaded_bytes);
            self.total.abandon_with_message(text::end(&snapshot.progress, self.begun.elapsed()));
        } else {
            self.total.finish_and_clear();
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
