//! What pages of other sites may do, by method, origin and configuration.

use hfd_shared::config::Access;
use reqwest::Method;
use serde_json::Value;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use crate::harness::{Server, Setup, read};

const TOOLS: &str = "https://tools.example";
const EVIL: &str = "https://evil.example";
const TOKEN: &str = "first-token-0000";
const ALLOW_ORIGIN: &str = "access-control-allow-origin";

async fn configured() -> Server {
    let access = Access { origins: vec![TOOLS.parse().unwrap()], ..Access::default() };
    Server::start_with(Setup { access, ..Setup::default() }).await
}

#[tokio::test]
async fn what_changes_something_is_refused_to_pages_of_sites_that_are_not_configured() {
    let (open, configured) = (Server::start().await, configured().await);
    // What each server answers to a method that it does not refuse, and whom it lets see the answer.
    for (server, origin, allowed, seen_by) in [
        (&open, None, true, Some("*")),
        (&open, Some(EVIL), false, None),
        (&open, Some(TOOLS), false, None),
        (&open, Some("null"), false, None),
        (&open, Some("http://localhost:1"), false, None),
        (&configured, None, true, None),
        (&configured, Some(TOOLS), true, Some(TOOLS)),
        (&configured, Some(EVIL), false, None),
        (&configured, Some("null"), false, None),
    ] {
        let request = |method: Method, path: &str| {
            let request = server.request(method, path);
            if let Some(origin) = origin { request.header("origin", origin) } else { request }
        };
        let case = format!("{origin:?} {seen_by:?}");
        for method in [Method::GET, Method::HEAD] {
            let response = request(method, "/api/jobs").send().await.unwrap();
            assert_eq!(response.status(), 200, "{case}");
            assert_eq!(response.headers().get(ALLOW_ORIGIN).map(|value| value.to_str().unwrap()), seen_by, "{case}");
            assert!(!response.headers().contains_key("access-control-allow-credentials"), "{case}");
        }
        for (method, path, otherwise) in [
            (Method::POST, "/api/download", 400),
            (Method::DELETE, "/api/jobs/a1b2c3d4e5f6", 404),
            (Method::PUT, "/api/jobs", 405),
            (Method::PATCH, "/nowhere", 404),
        ] {
            let response = request(method.clone(), path).send().await.unwrap();
            let (status, body) = read(response).await;
            if allowed {
                assert_eq!(status, otherwise, "{method} {case}");
            } else {
                assert_eq!((status.as_u16(), body["error"].as_str()), (403, Some("Origin not allowed")), "{case}");
            }
        }
    }
}

/// It would read by its user's place in the network, and of the Hub with the server's token.
#[tokio::test]
async fn without_credentials_a_foreign_page_sees_only_what_is_nobodys() {
    let open = Server::start().await;
    let access = Access { tokens: vec![TOKEN.to_owned().into()], ..Access::default() };
    let guarded = Server::start_with(Setup { access, ..Setup::default() }).await;
    for (path, is_public) in [
        ("/", true),
        ("/ui/src/main.js", true),
        ("/api/health", true),
        ("/api/docs", true),
        ("/api/openapi.json", true),
        ("/healthz", true),
        ("/api/analyze/no..name", false),
        ("/api/settings", false),
        ("/api/jobs", false),
        ("/api/jobs/a1b2c3d4e5f6/files", false),
        ("/api/events", false),
        ("/api/cache", false),
        ("/api/cluster", false),
        ("/nowhere", false),
    ] {
        for foreign in [("origin", EVIL), ("origin", "null"), ("sec-fetch-site", "cross-site")] {
            for (server, is_seen) in [(&open, is_public), (&guarded, true)] {
                let request = server.request(Method::GET, path).header(foreign.0, foreign.1).bearer_auth(TOKEN);
                let response = request.send().await.unwrap();
                let seen_by = response.headers().get(ALLOW_ORIGIN).map(|value| value.to_str().unwrap());
                assert_eq!(seen_by, is_seen.then_some("*"), "{path} {foreign:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_page_of_the_server_itself_may_do_everything() {
    let server = Server::start().await;
    let own = format!("http://{}", server.address);
    let response = server.request(Method::DELETE, "/api/jobs/x").header("origin", own).send().await.unwrap();
    assert_eq!(response.status(), 404);
}

#[tokio::test]
async fn a_request_of_another_site_is_known_by_fetch_metadata_too() {
    let server = Server::start().await;
    for (site, status) in [("cross-site", 403), ("same-site", 403), ("same-origin", 404), ("none", 404)] {
        let request = server.request(Method::DELETE, "/api/jobs/x").header("sec-fetch-site", site);
        assert_eq!(request.send().await.unwrap().status(), status, "{site}");
    }
}

#[tokio::test]
async fn a_preflight_has_the_documented_headers_for_every_path_of_the_api() {
    let (open, configured) = (Server::start().await, configured().await);
    for (server, origin, seen_by) in
        [(&open, EVIL, Some("*")), (&configured, TOOLS, Some(TOOLS)), (&configured, EVIL, None)]
    {
        for path in ["/api", "/api/jobs", "/api/nowhere"] {
            let request = server.request(Method::OPTIONS, path).header("origin", origin);
            let response = request.header("access-control-request-method", "POST").send().await.unwrap();
            assert_eq!(response.status(), 204, "{path}");
            let header = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap());
            assert_eq!(header(ALLOW_ORIGIN), seen_by);
            let documented =
                seen_by.map(|_| ("GET, POST, PUT, DELETE, OPTIONS", "Content-Type, Authorization", "86400"));
            let sent = header("access-control-allow-methods")
                .zip(header("access-control-allow-headers"))
                .zip(header("access-control-max-age"))
                .map(|((methods, headers), age)| (methods, headers, age));
            assert_eq!(sent, documented, "{path} {origin}");
        }
    }
    let vary = configured.request(Method::GET, "/api/jobs").send().await.unwrap().headers()["vary"].clone();
    assert_eq!(vary, "Origin");
    assert_eq!(open.request(Method::OPTIONS, "/healthz").send().await.unwrap().status(), 405);
}

#[tokio::test]
async fn only_own_and_configured_pages_open_a_websocket() {
    let (open, configured) = (Server::start().await, configured().await);
    let own = format!("http://{}", open.address);
    for (server, origin, allowed) in [
        (&open, own.as_str(), true),
        (&open, EVIL, false),
        (&open, "null", false),
        (&open, "http://127.0.0.1:1", false),
        (&configured, TOOLS, true),
        (&configured, EVIL, false),
    ] {
        let mut request = format!("ws://{}/api/ws", server.address).into_client_request().unwrap();
        request.headers_mut().insert("origin", origin.parse().unwrap());
        match connect_async(request).await {
            Ok(_) => assert!(allowed, "{origin}"),
            Err(Error::Http(refusal)) => {
                assert_eq!((refusal.status().as_u16(), allowed), (403, false), "{origin}");
                let body: Value = serde_json::from_slice(refusal.body().as_deref().unwrap_or_default()).unwrap();
                assert_eq!(body["error"], "Origin not allowed");
            }
            Err(other) => panic!("{other}"),
        }
    }
}
