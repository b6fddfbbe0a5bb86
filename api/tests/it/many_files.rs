//! Jobs with very many files, live.

use std::collections::BTreeMap;

use hfd_shared::job::JobId;
use serde_json::Value;

use crate::harness::Server;
use crate::socket::Socket;

/// Bytes of the longest message.
const LIMIT: usize = 512 << 10;

fn files_of(job: &Value) -> &Vec<Value> {
    job["files"].as_array().unwrap()
}

fn name_of(file: &Value) -> String {
    file["path"].as_str().unwrap().to_owned()
}

fn is_update(message: &Value) -> bool {
    message["type"] == "job_update"
}

fn is_lost(message: &Value) -> bool {
    message["data"]["event"] == "files_changed"
}

/// What a client does that wants to know of every file: it reads all when it is told to, and follows the updates.
#[derive(Default)]
struct Mirror {
    files: BTreeMap<String, Value>,
}

impl Mirror {
    async fn read(&mut self, server: &Server, id: JobId) {
        let (_, job) = server.get(&format!("/api/jobs/{id}")).await;
        self.take(&job);
    }

    fn take(&mut self, job: &Value) {
        self.files.extend(files_of(job).iter().map(|file| (name_of(file), file.clone())));
    }
}

#[tokio::test]
async fn an_update_holds_what_has_changed() {
    let server = Server::start().await;
    let id = server.submit("owner/name").await;
    server.plan_batches(id, 1000).await;
    let (mut socket, init) = Socket::connect(&server).await;
    let job = &init["jobs"][0];
    assert_eq!((files_of(job).len(), &job["filesTruncated"]), (200, &Value::Bool(true)));
    server.report_of(id, 3, 400, 5).await;
    let seen = socket.until(is_update).await;
    let update = &seen.last().unwrap()["data"];
    assert_eq!(files_of(update).iter().map(name_of).collect::<Vec<_>>(), ["file-0400.bin"]);
    assert_eq!((&update["files"][0]["downloaded"], &update["filesTruncated"]), (&Value::from(5), &Value::Bool(true)));
    assert_eq!(update["progress"]["totalFiles"], 1000);
    let (_, init) = Socket::connect(&server).await;
    let names: Vec<String> = files_of(&init["jobs"][0]).iter().map(name_of).collect();
    assert!(names.len() == 200 && names[0] == "file-0000.bin", "the first files are shown");
    assert_eq!(names[199], "file-0400.bin", "and those in work, in the plan's order");
}

#[tokio::test]
async fn a_job_with_few_files_shows_them_all() {
    let server = Server::start().await;
    let id = server.submit("owner/name").await;
    server.plan(id, &[10; 200]).await;
    let (mut socket, init) = Socket::connect(&server).await;
    assert_eq!((files_of(&init["jobs"][0]).len(), &init["jobs"][0]["filesTruncated"]), (200, &Value::Bool(false)));
    server.report(id, 7, 5).await;
    let update = &socket.until(is_update).await.pop().unwrap()["data"];
    assert_eq!((files_of(update).len(), &update["filesTruncated"]), (200, &Value::Bool(false)));
}

#[tokio::test]
async fn who_follows_knows_every_file_in_the_end() {
    let server = Server::start().await;
    let (mut socket, _) = Socket::connect(&server).await;
    let id = server.submit("owner/name").await;
    server.plan_batches(id, 1500).await;
    let mut mirror = Mirror::default();
    let work = async {
        for unit in 0..12 {
            server.report_of(id, unit, unit * 128, 3).await;
            server.finish_batch(id, unit).await;
        }
        server.complete(id).await;
    };
    let follow = async {
        socket.until(is_lost).await;
        mirror.read(&server, id).await;
        while mirror.files.values().any(|file| file["status"] != "complete") {
            let message = socket.next().await;
            assert!(!is_lost(&message), "so much is remembered");
            if is_update(&message) {
                assert!(files_of(&message["data"]).len() <= 200);
                mirror.take(&message["data"]);
            }
        }
    };
    tokio::join!(work, follow);
    assert_eq!(mirror.files.len(), 1500);
}

#[tokio::test]
async fn messages_of_a_job_with_70_000_files_keep_to_the_limit() {
    const FILES: usize = 70_000;
    let server = Server::start().await;
    let (mut early, _) = Socket::connect(&server).await;
    let id = server.submit("owner/name").await;
    server.plan_batches(id, FILES).await;
    early.until(is_lost).await;
    let mut mirror = Mirror::default();
    mirror.read(&server, id).await;
    assert_eq!(mirror.files.len(), FILES);
    let (mut late, init) = Socket::connect(&server).await;
    assert!(init.to_string().len() <= LIMIT && files_of(&init["jobs"][0]).len() == 200);
    let work = async {
        for unit in 0..60 {
            server.finish_batch(id, unit).await;
        }
    };
    let follow = async {
        let mut seen = 0;
        while mirror.files.values().filter(|file| file["status"] == "complete").count() < 60 * 128 {
            let message = late.next().await;
            assert!(message.to_string().len() <= LIMIT);
            assert!(!is_lost(&message));
            mirror.take(&message["data"]);
            seen += 1;
        }
        seen
    };
    let ((), seen) = tokio::join!(work, follow);
    assert!(seen >= 60 * 128 / 200, "{seen} updates of 200 files");
}

#[tokio::test]
async fn a_client_is_told_to_read_the_files_when_they_are_others() {
    let server = Server::start().await;
    let id = server.submit("owner/name").await;
    server.plan_batches(id, 300).await;
    server.finish_batch(id, 0).await;
    let (mut socket, _) = Socket::connect(&server).await;
    server.jobs.pause(id).await.unwrap();
    server.jobs.resume(id).await.unwrap();
    server.jobs.admit().await.unwrap();
    server.plan_batches(id, 300).await;
    let seen = socket.until(is_lost).await;
    let update = &seen[seen.len() - 2]["data"];
    assert!(files_of(update).iter().all(|file| file["status"] == "pending"), "the files are begun again");
}
