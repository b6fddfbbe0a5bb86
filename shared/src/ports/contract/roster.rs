//! What a [`Roster`](crate::ports::Roster) promises.

use std::time::Duration;

use super::fixture::now;
use super::{LONG, RosterRig, eventually};
use crate::job::{JobId, TaskKind, UnitIndex};
use crate::ports::{Downloaded, TaskState, WorkerState};
use crate::repo::{RepoKind, RepoRef};

/// Short enough to wait for its end.
const SHORT: Duration = Duration::from_millis(50);

fn worker(name: &str) -> WorkerState {
    WorkerState {
        name: name.parse().unwrap(),
        version: "1.2.3".to_owned(),
        started_at: now(),
        slots: 4,
        draining: false,
        bytes_per_second: 0,
        tasks: Vec::new(),
    }
}

fn task(kind: TaskKind) -> TaskState {
    let repo = RepoRef { kind: RepoKind::Dataset, id: "owner/name".parse().unwrap() };
    TaskState { job: JobId::random().unwrap(), repo, kind, started_at: now() }
}

impl RosterRig {
    async fn beat(&self, worker: &WorkerState, told_bytes: u64, total_bytes: u64) {
        self.roster.beat(worker, Downloaded { told_bytes, total_bytes }, LONG).await.unwrap();
    }

    async fn names(&self) -> Vec<String> {
        let workers = self.roster.attendance().await.unwrap().workers;
        workers.into_iter().map(|seen| seen.state.name.to_string()).collect()
    }

    /// The bytes of the last hour, which a turn of the minute may have put in two places.
    async fn bytes(&self) -> u64 {
        self.roster.attendance().await.unwrap().minutes.iter().sum()
    }
}

/// By name, whoever came first.
pub async fn a_worker_is_seen_as_it_told_last(rig: &RosterRig) {
    assert!(rig.names().await.is_empty());
    let (mut a, b) = (worker("a"), worker("b"));
    rig.beat(&b, 0, 0).await;
    rig.beat(&a, 0, 0).await;
    (a.draining, a.bytes_per_second) = (true, 77);
    a.tasks = vec![task(TaskKind::Fetch(UnitIndex(7))), task(TaskKind::Plan)];
    let before = now();
    rig.beat(&a, 0, 0).await;
    let seen = rig.roster.attendance().await.unwrap().workers;
    assert_eq!(seen.iter().map(|seen| &seen.state).collect::<Vec<_>>(), [&a, &b]);
    assert!(seen[0].seen_at >= before && seen[0].seen_at >= seen[1].seen_at, "{seen:?}");
}

/// As one that was killed is.
pub async fn a_worker_that_is_silent_for_long_is_gone(rig: &RosterRig) {
    rig.beat(&worker("a"), 0, 0).await;
    rig.roster.beat(&worker("b"), Downloaded { told_bytes: 0, total_bytes: 5 }, SHORT).await.unwrap();
    eventually(async || (rig.names().await == ["a"]).then_some(())).await;
    assert_eq!(rig.bytes().await, 5, "what it has downloaded stays");
    rig.beat(&worker("b"), 5, 6).await;
    assert_eq!(rig.names().await, ["a", "b"]);
    assert_eq!(rig.bytes().await, 6);
}

/// One that was never there may leave, too.
pub async fn a_worker_that_leaves_is_gone_at_once(rig: &RosterRig) {
    let (a, b) = (worker("a"), worker("b"));
    rig.beat(&a, 0, 10).await;
    rig.beat(&b, 0, 0).await;
    for _ in 0..2 {
        rig.roster.leave(&a.name).await.unwrap();
        assert_eq!(rig.names().await, ["b"]);
    }
    assert_eq!(rig.bytes().await, 10);
}

/// A worker does not know whether a heartbeat arrived whose answer was lost.
pub async fn bytes_of_all_workers_add_up_and_count_once(rig: &RosterRig) {
    let (a, b) = (worker("a"), worker("b"));
    rig.beat(&a, 0, 100).await;
    rig.beat(&a, 0, 100).await;
    rig.beat(&a, 0, 150).await;
    rig.beat(&b, 0, 1 << 50).await;
    rig.beat(&a, 150, 150).await;
    assert_eq!(rig.bytes().await, 150 + (1 << 50));
    let minutes = rig.roster.attendance().await.unwrap().minutes;
    assert_eq!(minutes[..57], [0; 57], "they came in this minute");
}
