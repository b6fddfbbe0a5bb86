//! Every metric: its name, type, unit, help and labels.

use ::metrics::Unit;

use super::values::{FileOutcome, HubAnswer, HubPurpose, LeaseKind, RetryReason, TaskOutcome, Transport};

/// A metric.
#[derive(Debug)]
pub struct Metric {
    /// What it is called.
    pub name: &'static str,
    /// What it does.
    pub kind: Kind,
    /// What its numbers count.
    pub unit: Unit,
    /// What it says, in a sentence.
    pub help: &'static str,
    /// Its labels.
    pub labels: &'static [Label],
    /// Who has it.
    pub part: Part,
}

/// What a metric does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// It only grows.
    Counter,
    /// It goes up and down.
    Gauge,
    /// It counts values by these upper bounds.
    Histogram(&'static [f64]),
}

/// A label.
#[derive(Debug)]
pub struct Label {
    /// What it is called.
    pub name: &'static str,
    /// Its values, when they are known beforehand.
    pub values: &'static [&'static str],
}

/// A part of the service; a process is one of them or both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Whatever serves the API.
    Api,
    /// Whatever downloads.
    Worker,
    /// Every process.
    Any,
}

impl Kind {
    /// The word for it in the exposition.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram(_) => "histogram",
        }
    }
}

impl Metric {
    /// Whether a process with these parts has it.
    pub fn is_of(&self, parts: &[Part]) -> bool {
        self.part == Part::Any || parts.contains(&self.part)
    }

    /// All series that are known beforehand: none when a label has values that are not.
    pub(super) fn series(&self) -> Vec<Vec<::metrics::Label>> {
        let mut series = vec![Vec::new()];
        for Label { name, values } in self.labels {
            let longer = |known: &Vec<_>, value| {
                known.iter().cloned().chain([::metrics::Label::from_static_parts(name, value)]).collect::<Vec<_>>()
            };
            series = series.iter().flat_map(|known| values.iter().map(move |value| longer(known, value))).collect();
        }
        series
    }
}

const fn counter(name: &'static str, unit: Unit, part: Part, labels: &'static [Label], help: &'static str) -> Metric {
    Metric { name, kind: Kind::Counter, unit, help, labels, part }
}

const fn gauge(name: &'static str, unit: Unit, part: Part, labels: &'static [Label], help: &'static str) -> Metric {
    Metric { name, kind: Kind::Gauge, unit, help, labels, part }
}

const fn seconds(
    name: &'static str,
    bounds: &'static [f64],
    part: Part,
    labels: &'static [Label],
    help: &'static str,
) -> Metric {
    Metric { name, kind: Kind::Histogram(bounds), unit: Unit::Seconds, help, labels, part }
}

const fn label(name: &'static str, values: &'static [&'static str]) -> Label {
    Label { name, values }
}

/// The kinds of tasks, as [`TaskKind::name`](crate::job::TaskKind::name) calls them.
const TASK_KIND: Label = label("kind", &["plan", "fetch", "finish", "clean", "callback"]);
/// The kinds of work, as [`WorkKind::as_str`](crate::job::WorkKind::as_str) calls them.
const WORK_KIND: Label = label("kind", &["download", "verify", "remove", "prune"]);
/// The ends of jobs, as [`Status::as_str`](crate::job::Status::as_str) calls them.
const ENDS: Label = label("status", &["completed", "failed", "cancelled"]);
/// Where jobs are: those that have ended are one number, for it costs nothing to know.
const PLACES: Label = label("status", &["queued", "running", "paused", "ended"]);
const METHOD: Label = label("method", &[]);
const ROUTE: Label = label("route", &[]);
const STATUS: Label = label("status", &[]);
const PURPOSE: Label = label("purpose", HubPurpose::ALL);

/// Between a look into memory and a request that waits for the Hub.
const HTTP_BOUNDS: &[f64] = &[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];
/// Between an empty batch and the whole time slice of a task, with what it may take beyond it.
const TASK_BOUNDS: &[f64] = &[0.01, 0.05, 0.25, 1.0, 5.0, 15.0, 60.0, 120.0, 300.0, 600.0, 1500.0];
/// Between a free slot and a queue of an hour.
const QUEUE_BOUNDS: &[f64] = &[0.005, 0.025, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0];
/// Up to the longest window that is ever waited for.
const LIMITER_BOUNDS: &[f64] = &[1.0, 5.0, 15.0, 30.0, 60.0, 120.0, 180.0, 300.0, 600.0];

pub(super) const BUILD_INFO: Metric = gauge(
    "hfd_build_info",
    Unit::Count,
    Part::Any,
    &[label("version", &[]), label("commit", &[])],
    "Always 1; the labels say which build runs.",
);
pub(super) const READY: Metric = gauge(
    "hfd_ready",
    Unit::Count,
    Part::Any,
    &[label("check", &[])],
    "Whether what the process needs answers (1) or not (0).",
);
pub(super) const HTTP_REQUESTS: Metric = counter(
    "hfd_http_requests_total",
    Unit::Count,
    Part::Api,
    &[METHOD, ROUTE, STATUS],
    "Requests to the API that were answered.",
);
pub(super) const HTTP_DURATION: Metric = seconds(
    "hfd_http_request_duration_seconds",
    HTTP_BOUNDS,
    Part::Api,
    &[METHOD, ROUTE],
    "Time to the head of the answer; of a WebSocket or an event stream, to its beginning.",
);
pub(super) const HTTP_IN_FLIGHT: Metric =
    gauge("hfd_http_requests_in_flight", Unit::Count, Part::Api, &[], "Requests to the API without an answer yet.");
pub(super) const EVENT_CLIENTS: Metric = gauge(
    "hfd_event_clients",
    Unit::Count,
    Part::Api,
    &[label("transport", Transport::ALL)],
    "Clients that follow the jobs.",
);
pub(super) const JOBS: Metric =
    gauge("hfd_jobs", Unit::Count, Part::Any, &[PLACES], "Jobs in the store; every process shows the same.");
pub(super) const JOBS_ENDED: Metric = counter(
    "hfd_jobs_ended_total",
    Unit::Count,
    Part::Any,
    &[WORK_KIND, ENDS],
    "Ends of jobs, counted by the process that wrote them down.",
);
pub(super) const OLDEST_WAITING_JOB: Metric = gauge(
    "hfd_oldest_waiting_job_age_seconds",
    Unit::Seconds,
    Part::Any,
    &[],
    "How long the job that has waited longest has been queued; 0 when none waits. Every process shows the same.",
);
pub(super) const OUTBOX: Metric = gauge(
    "hfd_outbox_tasks",
    Unit::Count,
    Part::Any,
    &[],
    "Tasks in the outbox, those that are put off among them. Every process shows the same.",
);
pub(super) const OUTBOX_OLDEST: Metric = gauge(
    "hfd_outbox_oldest_due_age_seconds",
    Unit::Seconds,
    Part::Any,
    &[],
    "For how long the queue should have had the task of the outbox that is due longest; 0 when none is due. Every process \
     shows the same.",
);
pub(super) const TASK_QUEUE: Metric = seconds(
    "hfd_task_queue_seconds",
    QUEUE_BOUNDS,
    Part::Worker,
    &[TASK_KIND],
    "Time from the publication of a task to its claim.",
);
pub(super) const TASK_DURATION: Metric = seconds(
    "hfd_task_duration_seconds",
    TASK_BOUNDS,
    Part::Worker,
    &[TASK_KIND, label("outcome", TaskOutcome::ALL)],
    "Time from the claim of a task to its end in this worker.",
);
pub(super) const TASKS_IN_WORK: Metric =
    gauge("hfd_tasks_in_work", Unit::Count, Part::Worker, &[TASK_KIND], "Tasks that this worker does now.");
pub(super) const TASK_SLOTS: Metric =
    gauge("hfd_task_slots", Unit::Count, Part::Worker, &[], "Fetch tasks that this worker does at a time at most.");
pub(super) const DOWNLOADED: Metric = counter(
    "hfd_downloaded_bytes_total",
    Unit::Bytes,
    Part::Worker,
    &[],
    "Bytes of files that came over the network, those that came twice among them.",
);
pub(super) const FILES_ENDED: Metric = counter(
    "hfd_files_ended_total",
    Unit::Count,
    Part::Worker,
    &[label("outcome", FileOutcome::ALL)],
    "Files of jobs that this worker is done with.",
);
pub(super) const RETRIES: Metric = counter(
    "hfd_retries_total",
    Unit::Count,
    Part::Any,
    &[label("reason", RetryReason::ALL)],
    "Requests and transfers that are tried again, by what was wrong before.",
);
pub(super) const HASH_FAILURES: Metric = counter(
    "hfd_hash_failures_total",
    Unit::Count,
    Part::Worker,
    &[],
    "Contents whose hash is not the expected one, on arrival or when the cache is checked.",
);
pub(super) const LEASES_LOST: Metric = counter(
    "hfd_leases_lost_total",
    Unit::Count,
    Part::Worker,
    &[label("lease", LeaseKind::ALL)],
    "Tasks and blobs that this worker had and could not keep, though their job still wanted them.",
);
pub(super) const CONNECTIONS: Metric = gauge(
    "hfd_transfer_connections",
    Unit::Count,
    Part::Worker,
    &[],
    "Connections over which this worker fetches content now.",
);
pub(super) const HUB_REQUESTS: Metric = counter(
    "hfd_hub_requests_total",
    Unit::Count,
    Part::Any,
    &[PURPOSE, label("status", HubAnswer::ALL)],
    "Requests to the Hub and to its content servers, each redirect one of its own.",
);
pub(super) const HUB_DURATION: Metric = seconds(
    "hfd_hub_request_duration_seconds",
    HTTP_BOUNDS,
    Part::Any,
    &[PURPOSE],
    "Time to the head of an answer of the Hub or of its content servers.",
);
pub(super) const HUB_WAIT: Metric = seconds(
    "hfd_hub_limiter_wait_seconds",
    LIMITER_BOUNDS,
    Part::Any,
    &[],
    "Waits that the limiter asked for, instead of a request that the Hub would refuse.",
);
pub(super) const CACHE_SIZE: Metric = gauge(
    "hfd_cache_size_bytes",
    Unit::Bytes,
    Part::Worker,
    &[],
    "Bytes of the revisions in the cache, each content once a repository; read every ten minutes.",
);
pub(super) const CACHE_REPOS: Metric =
    gauge("hfd_cache_repos", Unit::Count, Part::Worker, &[], "Repositories in the cache; read every ten minutes.");
pub(super) const CACHE_FREE: Metric = gauge(
    "hfd_cache_free_bytes",
    Unit::Bytes,
    Part::Worker,
    &[],
    "Bytes that this process may still write to the cache's volume.",
);
pub(super) const CACHE_CAPACITY: Metric =
    gauge("hfd_cache_capacity_bytes", Unit::Bytes, Part::Worker, &[], "Bytes of the cache's volume.");

/// All of them. The `process_` metrics come from a library, as every Prometheus client has them.
pub const ALL: &[&Metric] = &[
    &BUILD_INFO,
    &READY,
    &HTTP_REQUESTS,
    &HTTP_DURATION,
    &HTTP_IN_FLIGHT,
    &EVENT_CLIENTS,
    &JOBS,
    &JOBS_ENDED,
    &OLDEST_WAITING_JOB,
    &OUTBOX,
    &OUTBOX_OLDEST,
    &TASK_QUEUE,
    &TASK_DURATION,
    &TASKS_IN_WORK,
    &TASK_SLOTS,
    &DOWNLOADED,
    &FILES_ENDED,
    &RETRIES,
    &HASH_FAILURES,
    &LEASES_LOST,
    &CONNECTIONS,
    &HUB_REQUESTS,
    &HUB_DURATION,
    &HUB_WAIT,
    &CACHE_SIZE,
    &CACHE_REPOS,
    &CACHE_FREE,
    &CACHE_CAPACITY,
];

/// The table for people, in Markdown.
#[cfg(test)]
fn markdown() -> String {
    use std::fmt::Write as _;
    let mut table = "| metric | type | labels | of | says |\n|---|---|---|---|---|\n".to_owned();
    for Metric { name, kind, help, labels, part, .. } in ALL {
        let labels: Vec<_> = labels.iter().map(|label| format!("`{}`", label.name)).collect();
        let part = match part {
            Part::Api => "API",
            Part::Worker => "worker",
            Part::Any => "both",
        };
        // Writing to a string cannot fail.
        _ = writeln!(table, "| `{name}` | {} | {} | {part} | {help} |", kind.as_str(), labels.join(", "));
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::{Status, TaskKind, UnitIndex, WorkKind};

    #[test]
    fn names_follow_the_conventions_of_prometheus() {
        for Metric { name, kind, unit, help, labels, .. } in ALL {
            assert!(name.starts_with("hfd_") && help.ends_with('.'), "{name}");
            assert_eq!(*kind == Kind::Counter, name.ends_with("_total"), "{name}");
            let base = name.strip_suffix("_total").unwrap_or(name);
            for (suffix, wanted) in [("_seconds", Unit::Seconds), ("_bytes", Unit::Bytes)] {
                assert_eq!(base.ends_with(suffix), *unit == wanted, "{name}");
            }
            if let Kind::Histogram(bounds) = kind {
                assert!(bounds.is_sorted() && bounds.len() > 5, "{name}");
            }
            for personal in ["repo", "job", "file", "worker", "instance", "le"] {
                assert!(labels.iter().all(|label| label.name != personal), "{name} has the label {personal}");
            }
        }
    }

    #[test]
    fn the_words_of_the_domain_are_the_values_of_its_labels() {
        let kinds =
            [TaskKind::Plan, TaskKind::Fetch(UnitIndex(0)), TaskKind::Finish, TaskKind::Clean, TaskKind::Callback];
        assert_eq!(TASK_KIND.values, kinds.map(TaskKind::name));
        let kinds = [WorkKind::Download, WorkKind::Verify, WorkKind::Remove, WorkKind::Prune];
        assert_eq!(WORK_KIND.values, kinds.map(WorkKind::as_str));
        assert_eq!(ENDS.values, [Status::Completed, Status::Failed, Status::Cancelled].map(Status::as_str));
        let live = [Status::Queued, Status::Running, Status::Paused].map(Status::as_str);
        assert_eq!(PLACES.values[..3], live);
    }

    /// `HFD_WRITE_DOCS` writes it.
    #[test]
    fn the_documented_table_is_current() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/operations.md");
        let page = std::fs::read_to_string(path).unwrap();
        let begin = page.find("| metric |").expect("the page has a table of metrics");
        let end = begin + page[begin..].find("\n\n").unwrap() + 1;
        if std::env::var_os("HFD_WRITE_DOCS").is_some() {
            std::fs::write(path, format!("{}{}{}", &page[..begin], markdown(), &page[end..])).unwrap();
        } else {
            assert_eq!(page[begin..end], markdown(), "docs/operations.md is stale: make docs");
        }
    }

    #[test]
    fn the_known_series_are_all_combinations_of_the_labels() {
        assert_eq!(TASK_DURATION.series().len(), 25);
        assert_eq!(DOWNLOADED.series(), [Vec::new()]);
        assert!(HTTP_REQUESTS.series().is_empty());
    }
}
