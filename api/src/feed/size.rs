//! Keeps messages below their limit: fewer files first, then fewer jobs.

use hfd_shared::job::Status;
use poem_openapi::types::ToJSON as _;
use serde_json::Value;

use super::message::Message;
use crate::excerpt::MAX_FILES;
use crate::view::{FileStatusView, FileView, JobView};

/// Bytes that a job takes in `init` at least.
pub(super) const MIN_JOB_BYTES: usize = 300;

/// The files worth showing, in the plan's order: those in work, then failed ones, then what is done last and comes next.
pub(super) fn cap_files<T>(files: Vec<T>, max: usize, status: impl Fn(&T) -> FileStatusView) -> Vec<T> {
    if files.len() <= max {
        return files;
    }
    let rank = |(index, file): &(usize, T)| match status(file) {
        FileStatusView::Downloading => (0, *index),
        FileStatusView::Failed => (1, *index),
        FileStatusView::Complete => (2, usize::MAX - index),
        FileStatusView::Pending => (3, *index),
    };
    let mut numbered: Vec<(usize, T)> = files.into_iter().enumerate().collect();
    numbered.sort_by_key(rank);
    numbered.truncate(max);
    numbered.sort_by_key(|(index, _)| *index);
    numbered.into_iter().map(|(_, file)| file).collect()
}

/// Leaves so many files in a job.
fn cap(job: &mut JobView, max: usize) {
    let files = std::mem::take(&mut job.files);
    job.files_truncated |= files.len() > max;
    job.files = cap_files(files, max, |file: &FileView| file.status);
}

/// The `job_update` of a job, with as many files as fit.
pub(super) fn job_update(mut job: JobView) -> Message {
    let mut max = MAX_FILES;
    loop {
        cap(&mut job, max);
        let message = Message::job_update(&job);
        if message.fits() || job.files.is_empty() {
            return message;
        }
        max = job.files.len() / 2;
    }
}

/// The `init` of jobs that are given newest first. To fit, the oldest ended jobs lose their files first, then the oldest
/// live ones; then the oldest ended jobs are left out, and only then live ones.
pub(super) fn init(jobs: Vec<JobView>, limit: usize) -> Message {
    let mut entries: Vec<Entry> = jobs.into_iter().map(Entry::new).collect();
    let envelope = Message::init(&[]).data().len();
    let mut total = envelope + entries.iter().map(Entry::size).sum::<usize>();
    for (terminal, shrink) in [
        (true, Entry::drop_files as fn(&mut Entry)),
        (false, Entry::drop_files),
        (true, Entry::drop_job),
        (false, Entry::drop_job),
    ] {
        for entry in entries.iter_mut().rev().filter(|entry| entry.terminal == terminal) {
            if total <= limit {
                break;
            }
            total -= entry.size();
            shrink(entry);
            total += entry.size();
        }
    }
    let jobs: Vec<Value> = entries.into_iter().filter_map(|entry| entry.job).collect();
    Message::init(&jobs)
}

/// A job on its way into `init`, with its size in bytes.
struct Entry {
    terminal: bool,
    job: Option<Value>,
    bytes: usize,
}

impl Entry {
    fn new(mut job: JobView) -> Self {
        cap(&mut job, MAX_FILES);
        let terminal = Status::from(job.status).is_terminal();
        let job = job.to_json();
        Self { terminal, bytes: length(job.as_ref()), job }
    }

    /// With the comma behind it.
    fn size(&self) -> usize {
        if self.job.is_some() { self.bytes + 1 } else { 0 }
    }

    fn drop_files(&mut self) {
        let Some(job) = &mut self.job else { return };
        if let Some(files) = job.get_mut("files").and_then(Value::as_array_mut)
            && !files.is_empty()
        {
            files.clear();
            job["filesTruncated"] = Value::Bool(true);
        }
        self.bytes = length(self.job.as_ref());
    }

    fn drop_job(&mut self) {
        self.job = None;
    }
}

fn length(job: Option<&Value>) -> usize {
    job.map_or(0, |job| job.to_string().len())
}

#[cfg(test)]
mod tests;
