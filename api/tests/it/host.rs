//! An open server answers only under names that no page can have.

use hfd_shared::config::Access;
use reqwest::{Method, StatusCode};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use url::Host;

use crate::harness::{Server, Setup, read};

#[tokio::test]
async fn a_name_that_is_not_of_this_machine_is_refused() {
    let access = Access { hosts: vec![Host::parse("cache.example").unwrap()], ..Access::default() };
    let server = Server::start_with(Setup { access, ..Setup::default() }).await;
    for (host, status) in [
        ("localhost", 200),
        ("LocalHost:8080", 200),
        ("127.0.0.1:1", 200),
        ("127.9.9.9", 200),
        ("[::1]:8080", 200),
        ("cache.example:8080", 200),
        ("evil.example", 403),
        ("localhost.evil.example", 403),
        ("sub.cache.example", 403),
        ("10.0.0.1", 403),
        ("a b", 400),
        ("localhost/@evil.example", 400),
    ] {
        let response = server.request(Method::GET, "/api/jobs").header("host", host).send().await.unwrap();
        let (answered, body) = read(response).await;
        assert_eq!(answered, status, "{host}: {body}");
        if status == 403 {
            assert_eq!(body["error"], "Host not allowed");
        }
        let probe = server.request(Method::GET, "/healthz").header("host", host).send().await.unwrap();
        assert_eq!(probe.status(), 200, "{host}");
    }
}

#[tokio::test]
async fn where_others_reach_an_open_server_names_of_the_public_internet_are_refused() {
    let access = Access { hosts: vec![Host::parse("cache.example").unwrap()], ..Access::default() };
    let server = Server::start_with(Setup { access, bind: "0.0.0.0:0", ..Setup::default() }).await;
    for (host, status) in [
        ("localhost", 200),
        ("10.0.0.1:8080", 200),
        ("[2001:db8::1]", 200),
        ("hfdownloader:8080", 200),
        ("api.models.svc", 200),
        ("api.models.svc.cluster.local.", 200),
        ("gpu.lan.internal", 200),
        ("cache.example:8080", 200),
        ("evil.example", 403),
        ("cache.example.", 200),
        ("evil.example.", 403),
        ("local.evil.example", 403),
        ("notlocal", 200),
        ("evil.notlocal", 403),
    ] {
        let response = server.request(Method::GET, "/api/jobs").header("host", host).send().await.unwrap();
        let (answered, body) = read(response).await;
        assert_eq!(answered, status, "{host}: {body}");
    }
}

#[tokio::test]
async fn a_request_without_a_host_is_refused() {
    let server = Server::start().await;
    for (request, status) in [
        ("GET /api/jobs HTTP/1.1\r\nConnection: close\r\n\r\n", 400),
        ("GET /api/jobs HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\nConnection: close\r\n\r\n", 400),
        ("GET http://evil.example/api/jobs HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 403),
    ] {
        let mut socket = TcpStream::connect(server.address).await.unwrap();
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{request}: {answer}");
        assert!(answer.contains("\"error\""), "{answer}");
    }
}

#[tokio::test]
async fn a_guarded_server_answers_under_any_name() {
    let access = Access { tokens: vec!["a-token-of-a-test".to_owned().into()], ..Access::default() };
    let server = Server::start_with(Setup { access, ..Setup::default() }).await;
    let request = server.request(Method::GET, "/api/jobs").bearer_auth("a-token-of-a-test");
    let response = request.header("host", "hub.example").send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
}
