//! Health, probes and the document.

use crate::table::row::{Given, Row, get, row};
use crate::table::shape::Shape::{Text, Time};
use crate::table::shape::{is, object};
use crate::table::shapes;

pub(crate) fn rows() -> Vec<Row> {
    vec![
        row("The server is up", get("/api/health"))
            .answers(200, object([("status", is("ok")), ("version", Text), ("time", Time)])),
        row("The document", get("/api/openapi.json")).answers_document("application/json"),
        row("The document to look at and try", get("/api/docs")).answers_document("text/html"),
        row("Who is at work, and how much waits", get("/api/cluster"))
            .given(Given::Running)
            .answers(200, shapes::cluster())
            .with("/workers/0/slots", 4)
            .with("/queuesError", "")
            .with("/rate/stepSeconds", 60),
        row("The page for people", get("/")).answers_document("text/html"),
        row("The process is alive", get("/healthz")).answers(200, object([("status", is("ok"))])),
        row("The process can work", get("/readyz")).answers(200, object([("status", is("ready"))])),
    ]
}
