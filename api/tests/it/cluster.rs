//! `GET /api/cluster`

use std::time::Duration;

use hfd_shared::job::{Epoch, JobId, Task, TaskKind, UnitIndex};
use hfd_shared::ports::{Downloaded, Lane, Message, Roster as _, TaskQueue as _, TaskState, WorkerState};
use hfd_shared::repo::{RepoKind, RepoRef};
use reqwest::StatusCode;
use serde_json::{Value, json};
use time::macros::datetime;

use crate::harness::Server;

fn worker(name: &str, tasks: Vec<TaskState>) -> WorkerState {
    WorkerState {
        name: name.parse().unwrap(),
        version: "1.2.3".to_owned(),
        started_at: datetime!(2026-01-02 03:04:05.6 UTC),
        slots: 4,
        draining: true,
        bytes_per_second: 77,
        tasks,
    }
}

#[tokio::test]
async fn the_cluster_shows_who_does_what_and_what_has_arrived() {
    let server = Server::start().await;
    let job = JobId::random().unwrap();
    let repo = RepoRef { kind: RepoKind::Dataset, id: "owner/name".parse().unwrap() };
    let started_at = datetime!(2026-01-02 03:04:06 UTC);
    let task = TaskState { job, repo, kind: TaskKind::Fetch(UnitIndex(7)), started_at };
    let (told_bytes, total_bytes, ttl) = (20, 120, Duration::from_hours(1));
    for worker in [worker("b", vec![task]), worker("a", Vec::new())] {
        server.roster.beat(&worker, Downloaded { told_bytes, total_bytes }, ttl).await.unwrap();
    }
    let (status, mut body) = server.get("/api/cluster").await;
    assert_eq!(status, StatusCode::OK, "{body}");
    let bytes: Vec<u64> = serde_json::from_value(body["rate"]["bytes"].take()).unwrap();
    assert_eq!((bytes.len(), bytes.iter().sum::<u64>()), (60, 200));
    for worker in body["workers"].as_array_mut().unwrap() {
        assert!(worker["seenAt"].take().as_str().unwrap().ends_with('Z'));
    }
    let worker = |name: &str, tasks: Value| {
        json!({
            "name": name, "version": "1.2.3", "startedAt": "2026-01-02T03:04:05Z", "seenAt": null, "slots": 4,
            "draining": true, "bytesPerSecond": 77, "tasks": tasks,
        })
    };
    let tasks = json!([{ "jobId": job.to_string(), "repo": "owner/name", "kind": "fetch", "startedAt": "2026-01-02T03:04:06Z" }]);
    let queue = |name: &str| json!({ "name": name, "ready": 0, "unacknowledged": 0 });
    let expected = json!({
        "mode": "single",
        "workers": [worker("a", json!([])), worker("b", tasks)],
        "queues": [queue("control"), queue("callback"), queue("fetch")],
        "queuesError": "",
        "rate": { "stepSeconds": 60, "bytes": null },
    });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn the_queues_show_what_waits_and_what_is_taken() {
    let server = Server::start().await;
    let job = JobId::random().unwrap();
    for unit in 0..3 {
        let task = Task { job, epoch: Epoch(0), kind: TaskKind::Fetch(UnitIndex(unit)) };
        server.queue.publish(&Message { task, trace: None }).await.unwrap();
    }
    let mut consumer = server.queue.consume(Lane::Fetch, 1).await.unwrap();
    let delivery = consumer.next().await.unwrap();
    let fetch = async || server.get("/api/cluster").await.1["queues"][2].clone();
    assert_eq!(fetch().await, json!({ "name": "fetch", "ready": 2, "unacknowledged": 1 }));
    delivery.acknowledge().await.unwrap();
    assert_eq!(fetch().await, json!({ "name": "fetch", "ready": 2, "unacknowledged": 0 }));
}
