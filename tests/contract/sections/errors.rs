//! Errors that any request may give, and authentication.

use reqwest::Method;

use crate::table::row::{Request, Row, get, row};
use crate::table::shape::Shape::{Any, Text};
use crate::table::shape::object;

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
    ];
    rows.extend(authentication());
    rows
}

fn authentication() -> Vec<Row> {
    let ask = |says| row(says, get("/api/health")).guarded();
    let status = || object([("status", Text), ("version", Text), ("time", Text)]);
    vec![
        ask("User and password").sending("Authorization", "Basic YWRtaW46c2VjcmV0MTIz").answers(200, status()),
        ask("Neither").fails(401, "Unauthorized"),
        ask("A wrong password").sending("Authorization", "Basic YWRtaW46d3Jvbmc=").fails(401, "Unauthorized"),
        row("What is not there is not told", get("/api/nothing")).guarded().fails(401, "Unauthorized"),
        row("The probes need neither", get("/healthz")).guarded().answers(200, Any),
    ]
}
