//! The shapes that several answers share.

use super::shape::Shape::{self, Count, Flag, List, Named, Text, Time, Word};
use super::shape::{is, list, nullable, object};

/// All that have a name.
pub(crate) fn all() -> Vec<Shape> {
    vec![
        error(),
        job(),
        progress(),
        outcome(),
        file(),
        plan(),
        cached_repo(),
        cached_details(),
        cached_revision(),
        repo_file(),
        cluster(),
        worker(),
    ]
}

/// Every error.
pub(crate) fn error() -> Shape {
    Named("Error", || object([("error", Text), ("details", Text)]))
}

/// What was done, in these words.
pub(crate) fn done(message: &'static str) -> Shape {
    object([("success", is(true)), ("message", is(message))])
}

/// A job.
pub(crate) fn job() -> Shape {
    Named("Job", || {
        object([
            ("id", Text),
            ("kind", Word(&["download", "verify", "remove", "prune"])),
            ("repo", Text),
            ("revision", Text),
            ("isDataset", Flag),
            ("filters", list(Text)),
            ("excludes", list(Text)),
            ("outputDir", Text),
            ("status", Word(&["queued", "running", "paused", "completed", "failed", "cancelled"])),
            ("priority", Word(&["low", "normal", "high"])),
            ("position", nullable(Count)),
            ("attempts", Count),
            ("progress", progress()),
            ("etaSeconds", nullable(Count)),
            ("error", Text),
            ("outcome", nullable(outcome())),
            ("waitingReason", Text),
            ("workers", list(Text)),
            ("commit", nullable(Text)),
            ("callbackUrl", Text),
            ("transfer", Word(&["auto", "http", "xet"])),
            ("createdAt", Time),
            ("startedAt", nullable(Time)),
            ("endedAt", nullable(Time)),
            ("files", List(Box::new(file()))),
            ("filesTruncated", Flag),
        ])
    })
}

/// What a job did to the cache.
pub(crate) fn outcome() -> Shape {
    Named("Outcome", || object([("freedBytes", Count), ("removed", list(Text)), ("failures", list(Text))]))
}

/// The sums over the files of a job.
pub(crate) fn progress() -> Shape {
    Named("Progress", || {
        object([
            ("totalFiles", Count),
            ("completedFiles", Count),
            ("totalBytes", Count),
            ("downloadedBytes", Count),
            ("bytesPerSecond", Count),
        ])
    })
}

/// A file of a job.
pub(crate) fn file() -> Shape {
    Named("JobFile", || {
        object([
            ("path", Text),
            ("totalBytes", Count),
            ("downloaded", Count),
            ("status", Word(&["pending", "downloading", "complete", "failed"])),
            ("error", Text),
        ])
    })
}

/// What a job would download.
pub(crate) fn plan() -> Shape {
    Named("Plan", || {
        let file = object([("path", Text), ("size", Count), ("lfs", Flag)]);
        object([("repo", Text), ("revision", Text), ("files", list(file)), ("totalSize", Count), ("totalFiles", Count)])
    })
}

/// A repository in the cache.
pub(crate) fn cached_repo() -> Shape {
    Named("CachedRepo", || {
        object([
            ("repo", Text),
            ("type", Word(&["model", "dataset"])),
            ("path", Text),
            ("size", Count),
            ("sizeHuman", Text),
            ("files", Count),
            ("snapshots", Count),
            ("lastUsed", Time),
            ("lastModified", Time),
            ("warnings", list(Text)),
        ])
    })
}

/// Everything about a repository in the cache.
pub(crate) fn cached_details() -> Shape {
    Named("CachedRepoDetails", || {
        object([
            ("repo", Text),
            ("type", Word(&["model", "dataset"])),
            ("path", Text),
            ("snapshots", list(Text)),
            ("revisions", list(cached_revision())),
            ("size", Count),
            ("sizeHuman", Text),
            ("files", Count),
            ("lastUsed", Time),
            ("lastModified", Time),
            ("partials", Count),
            ("partialSize", Count),
            ("prunableSize", Count),
            ("warnings", list(Text)),
        ])
    })
}

/// A revision in the cache.
pub(crate) fn cached_revision() -> Shape {
    Named("CachedRevision", || {
        let file = object([("path", Text), ("size", Count), ("blob", Text)]);
        object([
            ("commit", Text),
            ("refs", list(Text)),
            ("size", Count),
            ("sizeHuman", Text),
            ("fileCount", Count),
            ("state", Word(&["complete", "partial", "unknown"])),
            ("missingFiles", nullable(Count)),
            ("lastModified", Time),
            ("files", list(file)),
            ("nextOffset", nullable(Count)),
        ])
    })
}

/// Who is at work, and how much waits.
pub(crate) fn cluster() -> Shape {
    Named("Cluster", || {
        let queue = object([
            ("name", Word(&["control", "callback", "fetch"])),
            ("ready", Count),
            ("unacknowledged", nullable(Count)),
        ]);
        object([
            ("mode", Word(&["single", "cluster"])),
            ("workers", list(worker())),
            ("queues", list(queue)),
            ("queuesError", Text),
            ("rate", object([("stepSeconds", Count), ("bytes", list(Count))])),
        ])
    })
}

/// A worker that lives.
pub(crate) fn worker() -> Shape {
    Named("Worker", || {
        let task = object([
            ("jobId", Text),
            ("repo", Text),
            ("kind", Word(&["plan", "fetch", "finish", "clean", "callback"])),
            ("startedAt", Time),
        ]);
        object([
            ("name", Text),
            ("version", Text),
            ("startedAt", Time),
            ("seenAt", Time),
            ("slots", Count),
            ("draining", Flag),
            ("bytesPerSecond", Count),
            ("tasks", list(task)),
        ])
    })
}

/// A file of a repository.
pub(crate) fn repo_file() -> Shape {
    Named("FileInfo", || {
        object([
            ("name", Text),
            ("path", Text),
            ("directory", Text),
            ("size", Count),
            ("size_human", Text),
            ("lfs", Flag),
            ("is_lfs", Flag),
        ])
        .optional([("sha256", Text)])
    })
}
