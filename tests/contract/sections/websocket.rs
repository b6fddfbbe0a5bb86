//! `GET /api/ws`

use serde_json::json;

use crate::table::row::{Given, Row, delete, get, message, post, row, send};
use crate::table::shape::Shape::Text;
use crate::table::shape::{list, object};
use crate::table::shapes::job;

pub(crate) fn rows() -> Vec<Row> {
    let event = || object([("event", Text), ("jobId", Text)]);
    let quick = || send("/api/download", json!({ "repo": "acme/model", "excludes": ["*.txt"] }));
    vec![
        message("The first message", None, "init", object([("jobs", list(job())), ("version", Text)]))
            .given(Given::Running)
            .with("/jobs/0/id", "{id}")
            .with("/version", "{version}"),
        message("A job has changed", Some(post("/api/jobs/{id}/pause")), "job_update", job())
            .given(Given::Running)
            .with("/id", "{id}"),
        message("A job has completed", Some(quick()), "event", event()).with("/event", "download_complete"),
        message("A job has been cancelled", Some(delete("/api/jobs/{id}")), "event", event())
            .given(Given::Running)
            .with("/event", "download_cancelled")
            .with("/jobId", "{id}"),
        message("A job has failed", Some(send("/api/download", json!({ "repo": "acme/none" }))), "event", event())
            .with("/event", "download_failed"),
        row("No WebSocket", get("/api/ws")).fails(400, "WebSocket required"),
    ]
}
