use std::env;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use tokio::net::TcpStream;

use super::RedisServer;
use crate::wait;

#[tokio::test]
async fn a_redis_keeps_its_data_until_it_is_flushed() {
    let mut redis = RedisServer::start().await.unwrap();
    assert_eq!(redis.command("SET key value").await.unwrap(), "+OK");
    redis.kill_9().await.unwrap();
    assert!(redis.command("PING").await.is_err());
    redis.restart().await.unwrap();
    assert_eq!(redis.command("EXISTS key").await.unwrap(), ":1");
    redis.restart().await.unwrap();
    assert_eq!(redis.command("EXISTS key").await.unwrap(), ":1");
    redis.flush().await.unwrap();
    assert_eq!(redis.command("EXISTS key").await.unwrap(), ":0");
}

#[tokio::test]
async fn a_paused_redis_answers_when_it_goes_on() {
    let redis = RedisServer::start().await.unwrap();
    redis.pause().unwrap();
    let silent = tokio::time::timeout(Duration::from_millis(100), redis.command("PING")).await;
    assert!(silent.is_err(), "answered while paused");
    redis.resume().unwrap();
    assert_eq!(redis.command("PING").await.unwrap(), "+PONG");
}

/// Set in the process that is killed.
const KILLED: &str = "HFD_TEST_KILLED";

#[tokio::test]
async fn a_server_does_not_outlive_a_test_that_is_killed() {
    if env::var_os(KILLED).is_some() {
        let redis = RedisServer::start().await.unwrap();
        eprintln!("started {} {}", redis.port(), redis.folder().display());
        tokio::time::sleep(wait::LIMIT).await;
    }
    let mut test = Command::new(env::current_exe().unwrap());
    test.args(["--exact", "services::tests::a_server_does_not_outlive_a_test_that_is_killed", "--nocapture"]);
    let mut test = test.env(KILLED, "yes").stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(test.stderr.take().unwrap()).lines().map(Result::unwrap);
    let started = lines.find_map(|line| line.strip_prefix("started ").map(str::to_owned)).unwrap();
    let (port, folder) = started.split_once(' ').unwrap();
    let address = format!("127.0.0.1:{port}");
    assert!(TcpStream::connect(&address).await.is_ok());
    test.kill().unwrap();
    test.wait().unwrap();
    let gone = async || Ok((TcpStream::connect(&address).await.is_err() && !Path::new(folder).exists()).then_some(()));
    wait::until("server and folder to be gone", wait::LIMIT, gone).await.unwrap();
}
