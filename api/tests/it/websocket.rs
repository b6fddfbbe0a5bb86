//! `GET /api/ws`

use std::collections::HashSet;
use std::time::Duration;

use hfd_shared::job::Work;
use serde_json::{Value, json};

use crate::harness::{Server, Setup};
use crate::socket::Socket;

fn is_event(message: &Value) -> bool {
    message["type"] == "event"
}

fn is_status(status: &'static str) -> impl Fn(&Value) -> bool {
    move |message| message["type"] == "job_update" && message["data"]["status"] == status
}

#[tokio::test]
async fn init_holds_all_jobs_and_the_version() {
    let server = Server::start().await;
    let (_, empty) = Socket::connect(&server).await;
    assert_eq!(empty, json!({ "jobs": [], "version": env!("CARGO_PKG_VERSION") }));
    let old = server.submit("owner/old").await;
    server.plan(old, &[1, 2]).await;
    let new = server.submit("owner/new").await;
    let (_, init) = Socket::connect(&server).await;
    let (_, list) = server.get("/api/jobs").await;
    assert_eq!(init["jobs"], list["jobs"], "the same shape and order as in the list");
    assert_eq!(init["jobs"][0]["id"], new.to_string());
    assert_eq!(init["jobs"][1]["files"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_job_is_followed_from_its_creation_to_its_end() {
    let server = Server::start().await;
    let (mut socket, _) = Socket::connect(&server).await;
    let id = server.submit("owner/name").await;
    socket.until(is_status("running")).await;
    server.plan(id, &[10, 20]).await;
    server.report(id, 0, 5).await;
    let seen = socket.until(|message| message["data"]["progress"]["downloadedBytes"] == 5).await;
    let update = &seen.last().unwrap()["data"];
    assert_eq!(update["id"], id.to_string());
    assert_eq!(update["progress"]["totalBytes"], 30);
    assert_eq!(update["files"][0]["status"], "downloading");
    assert_eq!(update, &server.get(&format!("/api/jobs/{id}")).await.1);
    server.finish(id, 0, Ok(())).await;
    server.finish(id, 1, Ok(())).await;
    server.complete(id).await;
    let seen = socket.until(is_event).await;
    let last = &seen[seen.len() - 2..];
    assert!(is_status("completed")(&last[0]), "the update of the end comes right before: {last:?}");
    let seq = last[0]["seq"].as_u64().unwrap() + 1;
    let data = json!({ "event": "download_complete", "jobId": id.to_string() });
    assert_eq!(last[1], json!({ "type": "event", "seq": seq, "data": data }));
    assert_eq!(socket.during(Duration::from_secs(6)).await, Vec::<Value>::new(), "the end is told once");
}

#[tokio::test]
async fn a_rate_that_is_old_is_told_to_be_none() {
    // A report right behind the plan rings no doorbell, and nobody reports again here.
    let server = Server::start_with(Setup::with_many_sweeps()).await;
    let (mut socket, _) = Socket::connect(&server).await;
    let id = server.submit("owner/name").await;
    server.plan(id, &[10]).await;
    server.report(id, 0, 5).await;
    let is_rate = |rate: u64| move |message: &Value| message["data"]["progress"]["bytesPerSecond"] == rate;
    socket.until(is_rate(50)).await;
    let (_, init) = Socket::connect(&server).await;
    assert_eq!(init["jobs"][0]["progress"]["bytesPerSecond"], 50);
    let seen = socket.until(is_rate(0)).await;
    assert_eq!(seen.last().unwrap()["data"]["etaSeconds"], Value::Null);
}

#[tokio::test]
async fn each_kind_of_end_has_its_event() {
    let server = Server::start().await;
    let (mut socket, _) = Socket::connect(&server).await;
    let failed = server.submit("owner/failed").await;
    server.fail(failed, "disk full").await;
    let seen = socket.until(is_event).await;
    assert_eq!(seen.last().unwrap()["data"], json!({ "event": "download_failed", "jobId": failed.to_string() }));
    assert_eq!(seen[seen.len() - 2]["data"]["error"], "disk full");
    let cancelled = server.submit("owner/cancelled").await;
    server.jobs.cancel(cancelled).await.unwrap();
    let seen = socket.until(is_event).await;
    assert_eq!(seen.last().unwrap()["data"], json!({ "event": "download_cancelled", "jobId": cancelled.to_string() }));
}

#[tokio::test]
async fn an_end_is_named_after_the_kind_of_work() {
    let server = Server::start().await;
    let (mut socket, _) = Socket::connect(&server).await;
    for (work, event) in [(Work::Verify, "verify_complete"), (Work::Prune, "prune_complete")] {
        let id = server.submit_work("owner/name", work).await;
        server.complete(id).await;
        let seen = socket.until(is_event).await;
        assert_eq!(seen.last().unwrap()["data"], json!({ "event": event, "jobId": id.to_string() }));
    }
}

#[tokio::test]
async fn all_are_told_that_a_job_is_gone() {
    let server = Server::start_with(Setup::with_many_sweeps()).await;
    let old = server.submit("owner/old").await;
    server.complete(old).await;
    let (mut socket, init) = Socket::connect(&server).await;
    assert_eq!(init["jobs"].as_array().unwrap().len(), 1);
    server.jobs.dismiss(old).await.unwrap();
    let seen = socket.until(is_event).await;
    assert_eq!(seen.last().unwrap()["data"], json!({ "event": "job_removed", "jobId": old.to_string() }));
    assert_eq!(socket.during(Duration::from_secs(1)).await, Vec::<Value>::new(), "it is told once");
}

#[tokio::test]
async fn a_waiting_job_sees_its_place_change() {
    let server = Server::start_with(Setup { max_active: 1, ..Setup::default() }).await;
    let running = server.submit("owner/running").await;
    let (next, last) = (server.submit("owner/next").await, server.submit("owner/last").await);
    let (mut socket, init) = Socket::connect_to(&server, &format!("?job={last}")).await;
    assert_eq!(init["jobs"][0]["position"], 2);
    server.complete(running).await;
    assert_eq!(server.snapshot(next).await.job.status.as_str(), "running");
    assert_eq!(socket.next().await["data"]["position"], 1);
}

#[tokio::test]
async fn messages_are_numbered_for_each_client() {
    let server = Server::start().await;
    let (mut first, _) = Socket::connect(&server).await;
    for (number, repo) in ["owner/a", "owner/b"].into_iter().enumerate() {
        let id = server.submit(repo).await;
        server.complete(id).await;
        let seen = first.until(is_event).await;
        let seqs: Vec<u64> = seen.iter().map(|message| message["seq"].as_u64().unwrap()).collect();
        assert!(seqs.windows(2).all(|pair| pair[1] == pair[0] + 1), "{seqs:?}");
        assert!(number > 0 || seqs[0] == 2, "init has the number 1: {seqs:?}");
    }
    let (mut second, _) = Socket::connect(&server).await;
    server.submit("owner/c").await;
    assert_eq!(
        (second.next().await["seq"].as_u64(), first.next().await["type"].as_str()),
        (Some(2), Some("job_update"))
    );
}

#[tokio::test]
async fn a_job_that_had_ended_before_init_has_no_event_but_one_that_ends_after_it_has() {
    let server = Server::start().await;
    let (mut early, _) = Socket::connect(&server).await;
    let ended = server.submit("owner/ended").await;
    let live = server.submit("owner/live").await;
    server.complete(ended).await;
    // The end may still be on its way to the early client when this one joins.
    let (mut late, init) = Socket::connect(&server).await;
    assert_eq!(init["jobs"].as_array().unwrap().iter().filter(|job| job["status"] == "completed").count(), 1);
    server.complete(live).await;
    let ids = |messages: &[Value]| -> Vec<String> {
        messages.iter().filter(|message| is_event(message)).map(|event| event["data"]["jobId"].to_string()).collect()
    };
    let quoted = |id: hfd_shared::job::JobId| format!("\"{id}\"");
    let seen = late.during(Duration::from_secs(2)).await;
    assert_eq!(ids(&seen), [quoted(live)], "{seen:?}");
    let mut early_ids = ids(&early.during(Duration::from_millis(200)).await);
    early_ids.sort();
    let mut both = [quoted(ended), quoted(live)];
    both.sort();
    assert_eq!(early_ids, both);
}

#[tokio::test]
async fn updates_are_at_most_four_a_second_and_never_go_back() {
    let server = Server::start().await;
    let (mut socket, _) = Socket::connect(&server).await;
    let id = server.submit("owner/name").await;
    server.plan(id, &[1_000_000]).await;
    let reporting = async {
        for bytes in 1..=200 {
            server.report(id, 0, bytes).await;
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let begun = tokio::time::Instant::now();
    let (seen, ()) = tokio::join!(socket.until(|message| message["data"]["files"][0]["downloaded"] == 200), reporting);
    let allowed = begun.elapsed().as_millis() / 250 + 2;
    assert!(seen.len() as u128 <= allowed, "{} updates where {allowed} are allowed", seen.len());
    assert!(seen.len() >= 4, "{} updates", seen.len());
    let bytes: Vec<u64> =
        seen.iter().filter_map(|message| message["data"]["files"][0]["downloaded"].as_u64()).collect();
    assert!(bytes.is_sorted(), "{bytes:?}");
}

#[tokio::test]
async fn what_no_doorbell_told_is_found_within_seconds() {
    let server = Server::start_with(Setup { deaf: true, ..Setup::default() }).await;
    let known = server.submit("owner/known").await;
    let (mut socket, _) = Socket::connect(&server).await;
    server.complete(known).await;
    let new = server.submit("owner/new").await;
    server.jobs.cancel(new).await.unwrap();
    let mut ends = Vec::new();
    while ends.len() < 2 {
        let seen = socket.until(is_event).await;
        ends.extend(seen.last().and_then(|event| event["data"]["event"].as_str()).map(str::to_owned));
    }
    ends.sort_unstable();
    assert_eq!(ends, ["download_cancelled", "download_complete"]);
}

#[tokio::test]
async fn a_client_that_is_far_behind_gets_everything_anew() {
    const JOBS: usize = 700;
    let server = Server::start_with(Setup { max_active: JOBS, ..Setup::default() }).await;
    let jobs = server.planned_jobs(JOBS).await;
    let mut socket = Socket::connect_with_small_buffer(&server).await;
    // The client does not read while far more comes than the buffers on the way can hold.
    for id in &jobs {
        server.jobs.cancel(*id).await.unwrap();
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    let (mut inits, mut told, mut ended) = (0, HashSet::new(), HashSet::new());
    let mut seq = 1;
    while ended.len() < JOBS {
        let message = socket.next().await;
        let data = &message["data"];
        let has_gap = message["seq"].as_u64().unwrap() > seq + 1;
        assert_eq!(message["type"] == "init", has_gap, "an init comes after a gap, and only there");
        seq = message["seq"].as_u64().unwrap();
        match message["type"].as_str() {
            Some("init") => {
                inits += 1;
                let jobs = data["jobs"].as_array().unwrap();
                ended.extend(jobs.iter().filter(|job| job["status"] == "cancelled").map(|job| job["id"].to_string()));
            }
            Some("event") => {
                assert!(told.insert(data["jobId"].to_string()), "the end of a job is told once");
                ended.insert(data["jobId"].to_string());
            }
            _ => {}
        }
    }
    assert!(inits > 0 && told.len() < JOBS, "{inits} times anew, {} events", told.len());
    assert_eq!(socket.during(Duration::from_secs(1)).await, Vec::<Value>::new());
}
