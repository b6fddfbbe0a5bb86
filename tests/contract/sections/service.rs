//! Health, probes and the document.

use crate::table::row::{Row, get, row};
use crate::table::shape::Shape::{Text, Time};
use crate::table::shape::{is, object};

pub(crate) fn rows() -> Vec<Row> {
    vec![
        row("The server is up", get("/api/health"))
            .answers(200, object([("status", is("ok")), ("version", Text), ("time", Time)])),
        row("The document", get("/api/openapi.json")).answers_document("application/json"),
        row("The document to look at and try", get("/api/docs")).answers_document("text/html"),
        row("The process is alive", get("/healthz")).answers(200, object([("status", is("ok"))])),
        row("The process can work", get("/readyz")).answers(200, object([("status", is("ready"))])),
    ]
}
