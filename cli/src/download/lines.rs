//! Progress where there is no terminal: plain lines for logs, JSON lines for programs.

use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use hfd_shared::job::{FileState, Progress, Snapshot, Status};
use serde_json::{Value, json};

use super::{Display, text};

/// How often a plain line is written.
const INTERVAL: Duration = Duration::from_secs(5);

/// A line every few seconds, to standard error.
pub(super) struct Plain {
    begun: Instant,
    last: Option<(Instant, Progress)>,
}

impl Plain {
    pub(super) fn new() -> Self {
        Self { begun: Instant::now(), last: None }
    }
}

impl Display for Plain {
    fn update(&mut self, snapshot: &Snapshot, _files: &[FileState]) {
        let progress = &snapshot.progress;
        let due = self.last.as_ref().is_none_or(|(at, shown)| at.elapsed() >= INTERVAL && shown != progress);
        if due && let Some(line) = text::line(progress) {
            self.last = Some((Instant::now(), progress.clone()));
            _ = writeln!(io::stderr(), "{line}");
        }
    }

    fn finish(&mut self, snapshot: &Snapshot, _folder: Option<&Path>) {
        if snapshot.job.status == Status::Completed {
            _ = writeln!(io::stderr(), "{}", text::end(&snapshot.progress, self.begun.elapsed()));
        }
    }
}

/// A JSON object for each change, to standard output.
#[derive(Default)]
pub(super) struct Json {
    shown: Option<Value>,
}

impl Json {
    fn show(&mut self, value: Value) {
        if self.shown.as_ref() != Some(&value) {
            _ = writeln!(io::stdout(), "{value}");
            self.shown = Some(value);
        }
    }
}

impl Display for Json {
    fn update(&mut self, snapshot: &Snapshot, files: &[FileState]) {
        let files: Vec<Value> = files
            .iter()
            .map(|file| {
                json!({"path": file.file.path, "totalBytes": file.file.size_bytes, "downloaded": file.downloaded_bytes})
            })
            .collect();
        self.show(object(snapshot, &files, None));
    }

    fn finish(&mut self, snapshot: &Snapshot, folder: Option<&Path>) {
        self.show(object(snapshot, &[], folder));
    }
}

fn object(snapshot: &Snapshot, files: &[Value], folder: Option<&Path>) -> Value {
    let Snapshot { job, progress, .. } = snapshot;
    json!({
        "id": job.id,
        "repo": job.request.repo.id,
        "revision": job.request.revision,
        "commit": job.commit,
        "status": job.status,
        "error": job.error.as_deref().unwrap_or_default(),
        "waitingReason": progress.waiting.as_deref().unwrap_or_default(),
        "progress": {
            "totalFiles": progress.total_files,
            "completedFiles": progress.completed_files,
            "totalBytes": progress.total_bytes,
            "downloadedBytes": progress.downloaded_bytes,
            "bytesPerSecond": progress.bytes_per_second,
            "etaSeconds": progress.eta_seconds(),
        },
        "files": files,
        "folder": folder.map(Path::to_string_lossy),
    })
}
