//! The analyzer.

use serde_json::json;

use crate::table::row::{Row, get, row};
use crate::table::shape::Shape::{self, Any, Count, Flag, Text, Time, Word};
use crate::table::shape::{is, list, object};
use crate::table::shapes;

/// The documented words.
const SELECTION: &str =
    "This repository exists as both a model and a dataset. Please select which one you want to analyze.";

pub(crate) fn rows() -> Vec<Row> {
    vec![
        row("A model of a determined type", get("/api/analyze/acme/model"))
            .answers(200, gguf_repo())
            .with("/repo", "acme/model")
            .with("/is_dataset", false)
            .with("/type", "gguf")
            .with("/type_description", "GGUF Model")
            .with("/branch", "main")
            .with("/refs/1/name", "main")
            .with("/refs/1/type", "branch")
            .with("/gguf/quantizations/1/name", "Q4_K_M")
            .with("/gguf/quantizations/1/quality_stars", "★★★★☆"),
        row("Another revision", get("/api/analyze/acme/model?revision=fp16"))
            .answers(200, Any)
            .with("/branch", "fp16")
            .with("/type", "generic"),
        row("A model and a dataset of one name", get("/api/analyze/acme/both")).answers(
            200,
            object([
                ("needsSelection", is(true)),
                ("repo", is("acme/both")),
                ("message", is(SELECTION)),
                ("options", is(json!(["model", "dataset"]))),
            ]),
        ),
        row("The dataset of the two", get("/api/analyze/acme/both?dataset=true"))
            .answers(200, Any)
            .with("/type", "dataset")
            .with("/is_dataset", true)
            .with("/dataset/formats/0", "csv"),
        row("The model of the two", get("/api/analyze/acme/both?type=model"))
            .answers(200, Any)
            .with("/is_dataset", false),
        row("A repository without an owner", get("/api/analyze/gpt2")).answers(200, Any).with("/repo", "gpt2"),
        row("No such repository", get("/api/analyze/acme/nothing")).fails(404, "Analysis failed"),
        row("No such revision", get("/api/analyze/acme/model?revision=nothing")).fails(404, "Analysis failed"),
        row("A gated repository", get("/api/analyze/acme/gated")).fails(403, "Analysis failed"),
        row("A name that cannot be", get("/api/analyze/acme/mo..del"))
            .fails(400, "Invalid repo format")
            .with("/details", "Expected owner/name"),
    ]
}

fn gguf_repo() -> Shape {
    object([
        ("repo", Text),
        ("is_dataset", Flag),
        ("type", Text),
        ("type_description", Text),
        ("file_count", Count),
        ("total_size", Count),
        ("total_size_human", Text),
        ("branch", Text),
        ("commit", Text),
        ("refs", list(object([("name", Text), ("type", Word(&["branch", "tag"])), ("commit", Text)]))),
        ("files", list(shapes::repo_file())),
        ("gguf", gguf()),
        ("selectable_items", list(Any)),
        ("related_downloads", list(Any)),
        ("cli_command", Text),
        ("cli_command_full", Text),
        ("analyzed_at", Time),
    ])
}

fn gguf() -> Shape {
    object([
        ("model_name", Text),
        ("context", Count),
        ("notes", list(Text)),
        ("quantizations", list(quantization())),
        ("mmproj_files", list(shapes::repo_file())),
        ("mtp_files", list(shapes::repo_file())),
    ])
    .optional([("parameter_count", Text), ("header", Any)])
}

fn quantization() -> Shape {
    object([
        ("name", Text),
        ("file", shapes::repo_file()),
        ("files", list(shapes::repo_file())),
        ("size", Count),
        ("size_human", Text),
        ("filter", Text),
        ("quality", Count),
        ("quality_stars", Text),
        ("estimated_ram", Count),
        ("estimated_ram_human", Text),
        ("description", Text),
        ("recommended", Flag),
    ])
}
