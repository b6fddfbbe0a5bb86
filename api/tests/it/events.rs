//! `GET /api/events`

use std::time::Duration;

use hfd_api::FeedTimes;
use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpSocket;
use tokio::time::timeout;

use crate::harness::{Server, Setup};
use crate::stream::{Event, Stream};

fn is_end(event: &Event) -> bool {
    event.kind == "event"
}

#[tokio::test]
async fn the_events_are_the_messages_of_the_websocket() {
    let server = Server::start().await;
    let mut stream = Stream::open(&server, "", None).await;
    let init = stream.next().await;
    assert_eq!((init.kind.as_str(), &init.data["jobs"]), ("init", &json!([])));
    let id = server.submit("owner/name").await;
    server.plan(id, &[10, 20]).await;
    server.report(id, 0, 5).await;
    let seen = stream.until(|event| event.data["progress"]["downloadedBytes"] == 5).await;
    assert!(seen.iter().all(|event| event.kind == "job_update"));
    assert_eq!(seen.last().unwrap().data, server.get(&format!("/api/jobs/{id}")).await.1);
    server.complete(id).await;
    let end = stream.until(is_end).await.pop().unwrap();
    assert_eq!(end.data, json!({ "event": "download_complete", "jobId": id.to_string() }));
}

#[tokio::test]
async fn a_client_that_comes_back_gets_what_it_missed() {
    let server = Server::start().await;
    let mut steady = Stream::open(&server, "", None).await;
    let mut lost = Stream::open(&server, "", None).await;
    let (_, init) = (steady.next().await, lost.next().await);
    drop(lost);
    let mut told = Vec::new();
    for repo in ["owner/a", "owner/b"] {
        let id = server.submit(repo).await;
        server.complete(id).await;
        told.extend(steady.until(is_end).await);
    }
    // Behind each event exactly the later ones come, were it in the middle of the end of a job.
    for index in 0..told.len() {
        let id = if index == 0 { init.id.clone() } else { told[index - 1].id.clone() };
        let mut back = Stream::open(&server, "", Some(&id)).await;
        for expected in &told[index..] {
            assert_eq!(back.next().await, *expected);
        }
        let id = server.submit(&format!("owner/new-{index}")).await;
        server.jobs.cancel(id).await.unwrap();
        let new = back.until(is_end).await;
        assert_eq!(new, steady.until(is_end).await, "and then the same as for everybody");
        told.extend(new);
    }
}

#[tokio::test]
async fn a_single_client_that_was_away_for_a_few_sweeps_goes_on_where_it_was() {
    let server = Server::start_with(Setup::with_many_sweeps()).await;
    let mut stream = Stream::open(&server, "", None).await;
    let init = stream.next().await;
    drop(stream);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let id = server.submit("owner/name").await;
    server.complete(id).await;
    let mut back = Stream::open(&server, "", Some(&init.id)).await;
    let seen = back.until(is_end).await;
    assert_eq!(
        (seen[0].kind.as_str(), seen.last().unwrap().data["event"].as_str()),
        ("job_update", Some("download_complete"))
    );
}

/// Nobody has followed the jobs in the meantime.
#[tokio::test]
async fn a_single_client_that_was_away_for_long_begins_anew() {
    let mut setup = Setup::with_many_sweeps();
    setup.feed.linger = Duration::from_millis(100);
    let server = Server::start_with(setup).await;
    let init = Stream::open(&server, "", None).await.next().await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let id = server.submit("owner/name").await;
    let anew = Stream::open(&server, "", Some(&init.id)).await.next().await;
    assert_eq!((anew.kind.as_str(), &anew.data["jobs"][0]["id"]), ("init", &json!(id.to_string())));
}

#[tokio::test]
async fn an_id_that_means_nothing_here_begins_anew() {
    let (server, other) = (Server::start().await, Server::start().await);
    let here = Stream::open(&server, "", None).await.next().await.id;
    let elsewhere = Stream::open(&other, "", None).await.next().await.id;
    let ahead = format!("{}-{}", here.split_once('-').unwrap().0, u64::MAX);
    for id in [&*elsewhere, "", "7", "nonsense", &*ahead] {
        assert_eq!(Stream::open(&server, "", Some(id)).await.next().await.kind, "init", "{id}");
    }
}

#[tokio::test]
async fn one_job_is_followed_to_its_removal() {
    let server = Server::start().await;
    let (followed, other) = (server.submit("owner/followed").await, server.submit("owner/other").await);
    let mut stream = Stream::open(&server, &format!("?job={followed}"), None).await;
    let init = stream.next().await;
    assert_eq!(init.data["jobs"].as_array().unwrap().len(), 1);
    server.complete(other).await;
    server.complete(followed).await;
    let seen = stream.until(is_end).await;
    assert!(seen.iter().all(|event| !event.data.to_string().contains(&other.to_string())));
    let again = Stream::open(&server, &format!("?job={followed}"), Some(&init.id)).await.until(is_end).await;
    assert_eq!(again, seen);
    server.jobs.dismiss(followed).await.unwrap();
    assert_eq!(stream.until(is_end).await.pop().unwrap().data["event"], "job_removed");
    assert_eq!(stream.block().await, None, "the stream ends");
    let (status, body) = server.get(&format!("/api/events?job={followed}")).await;
    assert_eq!((status.as_u16(), body["error"].as_str()), (404, Some("Job not found")));
}

#[tokio::test]
async fn a_silent_stream_shows_that_it_lives() {
    let feed = FeedTimes { keep_alive: Duration::from_millis(100), ..FeedTimes::default() };
    let server = Server::start_with(Setup { feed, ..Setup::default() }).await;
    let mut stream = Stream::open(&server, "", None).await;
    stream.next().await;
    assert_eq!(stream.block().await.as_deref(), Some(":"));
}

#[tokio::test]
async fn a_client_that_does_not_read_gets_everything_anew() {
    const JOBS: usize = 700;
    let server = Server::start_with(Setup { max_active: JOBS, ..Setup::default() }).await;
    let jobs = server.planned_jobs(JOBS).await;
    let tcp = TcpSocket::new_v4().unwrap();
    tcp.set_recv_buffer_size(16 << 10).unwrap();
    let mut tcp = tcp.connect(server.address).await.unwrap();
    tcp.write_all(b"GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut received = vec![0; 1];
    tcp.read_exact(&mut received).await.unwrap();
    for id in &jobs {
        server.jobs.cancel(*id).await.unwrap();
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    let inits = |received: &[u8]| received.windows(12).filter(|window| window == b"event: init\n").count();
    let reading = async {
        while inits(&received) < 2 {
            assert!(tcp.read_buf(&mut received).await.unwrap() > 0, "the stream has ended");
        }
    };
    timeout(Duration::from_secs(30), reading).await.unwrap();
}

#[tokio::test]
async fn a_stream_ends_when_the_server_stops() {
    let mut server = Server::start().await;
    let mut stream = Stream::open(&server, "", None).await;
    stream.next().await;
    server.stop.cancel();
    assert_eq!(stream.block().await, None);
    timeout(Duration::from_secs(3), &mut server.serving).await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn asking_for_the_head_only_holds_nothing_open() {
    let server = Server::start().await;
    let response = server.request(Method::HEAD, "/api/events").send().await.unwrap();
    assert_eq!(
        (response.status().as_u16(), &response.headers()["content-type"]),
        (200, &"text/event-stream".parse().unwrap())
    );
}
