//! Errors that any request may give, CORS and authentication.

use reqwest::Method;
use serde_json::json;

use crate::table::row::{Request, Row, get, row, send};
use crate::table::shape::Shape::{Any, Text};
use crate::table::shape::object;

const ORIGIN: (&str, &str) = ("Origin", "https://app.example");

pub(crate) fn rows() -> Vec<Row> {
    let mut rows = vec![
        row("No such path", get("/api/nothing")).fails(404, "Not found"),
        row("Nothing but the API", get("/nothing")).fails(404, "Not found"),
        row("Another method", Request::new(Method::PUT, "/api/jobs"))
            .fails(405, "Method not allowed")
            .header("Allow", "GET, HEAD, DELETE"),
        row("Every answer", get("/api/health"))
            .answers(200, Any)
            .header("Content-Type", "application/json; charset=utf-8")
            .header("Cache-Control", "no-store")
            .header("X-Content-Type-Options", "nosniff"),
        row("A request that has a name", get("/api/health"))
            .answers(200, Any)
            .sending("X-Request-Id", "abc-123")
            .header("X-Request-Id", "abc-123"),
    ];
    rows.extend(cors());
    rows.extend(authentication());
    rows
}

fn preflight(path: &'static str) -> Request {
    let mut request = Request::new(Method::OPTIONS, path);
    request.headers = vec![ORIGIN, ("Access-Control-Request-Method", "POST")];
    request
}

fn cors() -> Vec<Row> {
    let allowed = |row: Row, origin| {
        row.header("Access-Control-Allow-Origin", origin)
            .header("Access-Control-Allow-Methods", "GET, POST, PUT, DELETE, OPTIONS")
            .header("Access-Control-Allow-Headers", "Content-Type, Authorization")
            .header("Access-Control-Max-Age", "86400")
    };
    vec![
        allowed(row("CORS preflight", preflight("/api/download")).answers_nothing(204), "*"),
        row("No other page sees what is somebody's where no credentials are wanted", get("/api/jobs"))
            .answers(200, Any)
            .sending(ORIGIN.0, ORIGIN.1)
            .without_header("Access-Control-Allow-Origin"),
        row("Any page may read what is nobody's", get("/api/health"))
            .answers(200, Any)
            .sending(ORIGIN.0, ORIGIN.1)
            .header("Access-Control-Allow-Origin", "*"),
        row("A foreign page may change nothing", send("/api/download", json!({ "repo": "acme/model" })))
            .fails(403, "Origin not allowed")
            .sending(ORIGIN.0, ORIGIN.1),
        allowed(
            row("CORS preflight of a configured origin", preflight("/api/download")).answers_nothing(204).guarded(),
            ORIGIN.1,
        ),
        row("A configured origin may change", send("/api/settings", json!({})))
            .answers(200, Any)
            .guarded()
            .sending(ORIGIN.0, ORIGIN.1)
            .sending("Authorization", "Basic YWRtaW46c2VjcmV0MTIz")
            .header("Access-Control-Allow-Origin", ORIGIN.1),
        row("Another origin than the configured one", get("/api/health"))
            .answers(200, Any)
            .guarded()
            .sending("Origin", "https://other.example")
            .sending("Authorization", "Basic YWRtaW46c2VjcmV0MTIz")
            .without_header("Access-Control-Allow-Origin"),
    ]
}

fn authentication() -> Vec<Row> {
    let ask = |says| row(says, get("/api/health")).guarded();
    let status = || object([("status", Text), ("version", Text), ("time", Text)]);
    vec![
        ask("User and password").sending("Authorization", "Basic YWRtaW46c2VjcmV0MTIz").answers(200, status()),
        ask("An API token").sending("Authorization", "Bearer contract-token-0123456789").answers(200, status()),
        ask("Neither").fails(401, "Unauthorized"),
        ask("A wrong password").sending("Authorization", "Basic YWRtaW46d3Jvbmc=").fails(401, "Unauthorized"),
        ask("A wrong token").sending("Authorization", "Bearer contract-token-9876543210").fails(401, "Unauthorized"),
        row("What is not there is not told", get("/api/nothing")).guarded().fails(401, "Unauthorized"),
        row("The probes need neither", get("/healthz")).guarded().answers(200, Any),
    ]
}
