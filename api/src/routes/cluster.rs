//! `/api/cluster`: who is at work, and how much waits.

use hfd_shared::moment::whole_seconds;
use hfd_shared::ports::{Attendance, Depth, QueueError, TaskState, WorkerSeen};
use poem_openapi::payload::Json;
use poem_openapi::{Enum, Object, OpenApi};
use time::OffsetDateTime;

use super::Context;
use crate::document::{Failure, STORE_AWAY, Statuses};
use crate::state::Mode;

/// How looking at the cluster fails.
struct ClusterFailures;

impl Statuses for ClusterFailures {
    const LIST: &'static [(u16, &'static str)] = &[STORE_AWAY];
}

/// How the service runs.
#[derive(Debug, Clone, Copy, Enum)]
#[oai(rename = "ClusterMode", rename_all = "lowercase")]
enum ModeView {
    /// As one process.
    Single,
    /// As many processes over one store and one broker.
    Cluster,
}

/// What a task does.
#[derive(Debug, Clone, Object)]
#[oai(rename = "WorkerTask", rename_all = "camelCase")]
struct TaskView {
    /// The job that it belongs to.
    job_id: String,
    /// The job's repository, `owner/name`.
    repo: String,
    /// What it does: `plan`, `fetch`, `finish`, `clean` or `callback`.
    kind: String,
    /// When the worker began it.
    started_at: OffsetDateTime,
}

impl From<&TaskState> for TaskView {
    fn from(task: &TaskState) -> Self {
        Self {
            job_id: task.job.to_string(),
            repo: task.repo.id.to_string(),
            kind: task.kind.name().to_owned(),
            started_at: whole_seconds(task.started_at),
        }
    }
}

/// A worker process that lives.
#[derive(Debug, Clone, Object)]
#[oai(rename = "Worker", rename_all = "camelCase")]
struct WorkerView {
    /// Its name, as jobs show it.
    name: String,
    /// Its version.
    version: String,
    /// When it was started.
    started_at: OffsetDateTime,
    /// When it was last heard of.
    seen_at: OffsetDateTime,
    /// How many Fetch tasks it does at a time.
    slots: u64,
    /// Whether it takes no more tasks, for it comes to its end.
    draining: bool,
    /// Bytes a second that it downloads now.
    bytes_per_second: u64,
    /// What it does now, in the order in which it was begun.
    tasks: Vec<TaskView>,
}

impl From<&WorkerSeen> for WorkerView {
    fn from(WorkerSeen { state, seen_at }: &WorkerSeen) -> Self {
        Self {
            name: state.name.to_string(),
            version: state.version.clone(),
            started_at: whole_seconds(state.started_at),
            seen_at: whole_seconds(*seen_at),
            slots: state.slots as u64,
            draining: state.draining,
            bytes_per_second: state.bytes_per_second,
            tasks: state.tasks.iter().map(TaskView::from).collect(),
        }
    }
}

/// Tasks on their way to workers.
#[derive(Debug, Clone, Object)]
#[oai(rename = "QueueDepth", rename_all = "camelCase")]
struct QueueView {
    /// What it is for: `control`, `callback` or `fetch`.
    name: String,
    /// Tasks that wait for a worker.
    ready: u64,
    /// Tasks that workers have taken; null where the broker does not tell.
    #[oai(nullable)]
    unacknowledged: Option<u64>,
}

impl From<&Depth> for QueueView {
    fn from(depth: &Depth) -> Self {
        Self { name: depth.lane.name().to_owned(), ready: depth.ready, unacknowledged: depth.unacknowledged }
    }
}

/// How much all workers have downloaded.
#[derive(Debug, Clone, Object)]
#[oai(rename = "DownloadRate", rename_all = "camelCase")]
struct RateView {
    /// The length of a step in seconds.
    step_seconds: u64,
    /// Bytes of each of the last 60 steps, the oldest first; the last one is not over.
    #[oai(validator(min_items = 60, max_items = 60))]
    bytes: Vec<u64>,
}

/// Who is at work, and how much waits.
#[derive(Debug, Clone, Object)]
#[oai(rename = "Cluster", rename_all = "camelCase")]
struct ClusterView {
    /// How the service runs.
    mode: ModeView,
    /// The workers that live, by name; the process itself where there is just one.
    workers: Vec<WorkerView>,
    /// The queues; none while the broker cannot be asked.
    queues: Vec<QueueView>,
    /// Why there are no queues; empty when there are.
    queues_error: String,
    /// How much all workers have downloaded in the last hour.
    rate: RateView,
}

impl ClusterView {
    fn new(mode: Mode, attendance: &Attendance, depths: &Result<Vec<Depth>, QueueError>) -> Self {
        let (queues, queues_error) = match depths {
            Ok(depths) => (depths.iter().map(QueueView::from).collect(), String::new()),
            Err(error) => (Vec::new(), error.to_string()),
        };
        Self {
            mode: match mode {
                Mode::Single => ModeView::Single,
                Mode::Cluster => ModeView::Cluster,
            },
            workers: attendance.workers.iter().map(WorkerView::from).collect(),
            queues,
            queues_error,
            rate: RateView { step_seconds: 60, bytes: attendance.minutes.to_vec() },
        }
    }
}

/// Shows the cluster.
pub(crate) struct ClusterApi(pub(crate) Context);

#[OpenApi]
impl ClusterApi {
    /// See workers, queues and the rate of the last hour
    ///
    /// A worker shows what it begins and ends a second later at most, its rate every five seconds. One that was killed is gone
    /// after 15 seconds, one that has ended in order at once.
    #[oai(path = "/api/cluster", method = "get", operation_id = "getCluster")]
    async fn get(&self) -> Result<Json<ClusterView>, Failure<ClusterFailures>> {
        let state = &self.0.state;
        let (attendance, depths) = tokio::join!(state.roster.attendance(), state.queue.depths());
        Ok(Json(ClusterView::new(state.config.mode, &attendance?, &depths)))
    }
}
