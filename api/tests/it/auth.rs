//! A password or a token guards everything but the probes.

use hfd_shared::config::{Access, BasicAuth};
use reqwest::{Method, StatusCode};
use serde_json::json;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use crate::harness::{Server, Setup, read};

async fn guarded() -> Server {
    let auth = BasicAuth { user: "admin".into(), password: "secret123".to_owned().into() };
    Server::start_with(Setup { access: Access { basic: Some(auth), ..Access::default() }, ..Setup::default() }).await
}

#[tokio::test]
async fn nothing_answers_without_the_right_user_and_password() {
    let server = guarded().await;
    for (method, path) in [
        (Method::GET, "/api/health"),
        (Method::GET, "/api/jobs"),
        (Method::POST, "/api/download"),
        (Method::GET, "/api/ws"),
        (Method::GET, "/nowhere"),
        (Method::GET, "/"),
        (Method::GET, "/ui/src/main.js"),
        (Method::PUT, "/api/jobs"),
    ] {
        for request in [
            server.request(method.clone(), path),
            server.request(method.clone(), path).basic_auth("admin", Some("wrong")),
            server.request(method.clone(), path).basic_auth("root", Some("secret123")),
            server.request(method.clone(), path).bearer_auth("secret123"),
        ] {
            let response = request.send().await.unwrap();
            let challenge = response.headers()["www-authenticate"].to_str().unwrap().to_owned();
            assert_eq!(challenge, r#"Basic realm="hfdownloader", charset="UTF-8""#);
            let (status, body) = read(response).await;
            assert_eq!((status.as_u16(), body["error"].as_str()), (401, Some("Unauthorized")), "{method} {path}");
        }
    }
    let response =
        server.request(Method::GET, "/api/jobs").basic_auth("admin", Some("secret123")).send().await.unwrap();
    assert_eq!(response.status(), 200);
}

#[tokio::test]
async fn probes_need_no_password() {
    let server = guarded().await;
    assert_eq!(server.get("/healthz").await, (StatusCode::OK, json!({ "status": "ok" })));
    assert_eq!(server.get("/readyz").await, (StatusCode::OK, json!({ "status": "ready" })));
    for beside in ["/healthz/", "/readyz/x", "//healthz"] {
        assert_eq!(server.get(beside).await.0, 401, "{beside}");
    }
}

#[tokio::test]
async fn the_websocket_is_guarded_too() {
    let server = guarded().await;
    let url = format!("ws://{}/api/ws", server.address);
    let Err(Error::Http(refusal)) = connect_async(&url).await else { panic!("must be refused") };
    assert_eq!(refusal.status(), 401);
    let mut request = url.into_client_request().unwrap();
    request.headers_mut().insert("authorization", "Basic YWRtaW46c2VjcmV0MTIz".parse().unwrap());
    connect_async(request).await.unwrap();
}

/// Browsers cannot give a WebSocket a token; the page reads the events by `fetch`.
#[tokio::test]
async fn the_events_are_open_to_the_page_with_the_token_only() {
    let tokens = vec!["first-token-0000".to_owned().into()];
    let access = Access { tokens, ..Access::default() };
    let server = Server::start_with(Setup { access, ..Setup::default() }).await;
    let ask = || {
        let request = server.request(Method::GET, "/api/events").header("Sec-Fetch-Site", "same-origin");
        request.header("Origin", format!("http://{}", server.address)).header("Accept", "text/event-stream")
    };
    let mut stream = ask().bearer_auth("first-token-0000").send().await.unwrap();
    assert_eq!(
        (stream.status().as_u16(), &stream.headers()["content-type"]),
        (200, &"text/event-stream".parse().unwrap())
    );
    let mut head = String::new();
    while !head.contains("event: init") {
        head.push_str(std::str::from_utf8(&stream.chunk().await.unwrap().expect("the stream goes on")).unwrap());
    }
    for refused in [ask(), ask().bearer_auth("first-token-0001")] {
        let response = refused.send().await.unwrap();
        assert_eq!(
            response.headers()["www-authenticate"],
            r#"Bearer realm="hfdownloader""#,
            "no dialog of the browser"
        );
        let (status, body) = read(response).await;
        assert_eq!((status.as_u16(), body["error"].as_str()), (401, Some("Unauthorized")));
    }
}

/// A link brings no token, and a browser asks for none.
#[tokio::test]
async fn the_page_and_the_document_that_it_links_to_are_open_where_only_tokens_let_in() {
    let auth = BasicAuth { user: "admin".into(), password: "secret123".to_owned().into() };
    for (basic, expected) in [(None, 200), (Some(auth), 401)] {
        let tokens = vec!["first-token-0000".to_owned().into()];
        let access = Access { basic, tokens, ..Access::default() };
        let server = Server::start_with(Setup { access, ..Setup::default() }).await;
        for path in ["/", "/ui/src/main.js", "/api/docs", "/api/openapi.json"] {
            assert_eq!(server.request(Method::GET, path).send().await.unwrap().status(), expected, "{path}");
        }
        for beside in ["/api/docs/", "/api/openapi.yaml", "/api/health"] {
            assert_eq!(server.request(Method::GET, beside).send().await.unwrap().status(), 401, "{beside}");
        }
    }
}

#[tokio::test]
async fn a_token_opens_everything_alone_and_beside_a_password() {
    let tokens = vec!["first-token-0000".to_owned().into(), "second-token-000".to_owned().into()];
    let auth = BasicAuth { user: "admin".into(), password: "secret123".to_owned().into() };
    for basic in [None, Some(auth)] {
        let access = Access { basic: basic.clone(), tokens: tokens.clone(), ..Access::default() };
        let server = Server::start_with(Setup { access, ..Setup::default() }).await;
        let get = || server.request(Method::GET, "/api/jobs");
        for token in ["first-token-0000", "second-token-000"] {
            assert_eq!(get().bearer_auth(token).send().await.unwrap().status(), 200);
        }
        for wrong in [get(), get().bearer_auth("third-token-0000"), get().basic_auth("x", Some("first-token-0000"))] {
            let response = wrong.send().await.unwrap();
            let challenges: Vec<_> = response.headers().get_all("www-authenticate").iter().cloned().collect();
            assert_eq!((response.status().as_u16(), challenges.len()), (401, 1 + usize::from(basic.is_some())));
            assert_eq!(challenges.last().unwrap(), r#"Bearer realm="hfdownloader""#);
        }
        let with_password = get().basic_auth("admin", Some("secret123")).send().await.unwrap();
        assert_eq!(with_password.status(), if basic.is_some() { 200 } else { 401 });
        let mut socket = format!("ws://{}/api/ws", server.address).into_client_request().unwrap();
        socket.headers_mut().insert("authorization", "Bearer first-token-0000".parse().unwrap());
        connect_async(socket).await.unwrap();
    }
}
