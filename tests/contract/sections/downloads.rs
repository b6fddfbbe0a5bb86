//! `POST /api/download` and `POST /api/plan`

use serde_json::json;

use crate::table::row::{Given, Row, row, send, send_raw};
use crate::table::shape::{is, object};
use crate::table::shapes::{job, plan};

const DOWNLOAD: &str = "/api/download";
const PLAN: &str = "/api/plan";

pub(crate) fn rows() -> Vec<Row> {
    let mut rows = accepted();
    rows.extend(planned());
    rows.extend(refused());
    rows
}

fn new_job() -> Row {
    row("A new job", send(DOWNLOAD, json!({ "repo": "acme/model" })))
        .answers(202, job())
        .with("/repo", "acme/model")
        .with("/revision", "main")
        .with("/isDataset", false)
        .with("/filters", json!([]))
        .with("/excludes", json!([]))
        .with("/outputDir", "{cacheDir}")
        .with("/kind", "download")
        .with("/priority", "normal")
        .with("/transfer", "auto")
        .with("/attempts", 0)
        .with("/error", "")
        .with("/startedAt", json!(null))
        .with("/endedAt", json!(null))
        .with("/files", json!([]))
}

fn accepted() -> Vec<Row> {
    let existing = || object([("job", job()), ("message", is("Download already in progress"))]);
    vec![
        new_job(),
        row("It asks for what a queued job asks for", send(DOWNLOAD, json!({ "repo": "acme/model" })))
            .given(Given::Queued)
            .answers(200, existing())
            .with("/job/id", "{id}"),
        row(
            "It asks for what a running job asks for",
            send(DOWNLOAD, json!({ "repo": "acme/slow", "revision": "main" })),
        )
        .given(Given::Running)
        .answers(200, existing())
        .with("/job/id", "{id}"),
        row("It asks for what a paused job asks for", send(DOWNLOAD, json!({ "repo": "acme/slow" })))
            .given(Given::Paused)
            .answers(200, existing())
            .with("/job/status", "paused"),
        row("It asks for what has ended", send(DOWNLOAD, json!({ "repo": "acme/model" })))
            .given(Given::Completed)
            .answers(202, job()),
        row("Filters in the name", send(DOWNLOAD, json!({ "repo": "acme/model:q4_k_m,q5_k_m" })))
            .answers(202, job())
            .with("/repo", "acme/model")
            .with("/filters", json!(["q4_k_m", "q5_k_m"])),
        row(
            "Filters and excludes",
            send(DOWNLOAD, json!({ "repo": "acme/model", "filters": ["q4_k_m"], "excludes": ["*.md"] })),
        )
        .answers(202, job())
        .with("/filters", json!(["q4_k_m"]))
        .with("/excludes", json!(["*.md"])),
        row("A dataset", send(DOWNLOAD, json!({ "repo": "acme/data", "dataset": true })))
            .answers(202, job())
            .with("/isDataset", true),
        row("Another revision", send(DOWNLOAD, json!({ "repo": "gpt2", "revision": "fp16" })))
            .answers(202, job())
            .with("/revision", "fp16"),
        row("A repository with one name", send(DOWNLOAD, json!({ "repo": "gpt2" })))
            .answers(202, job())
            .with("/repo", "gpt2"),
        row(
            "All fields",
            send(
                DOWNLOAD,
                json!({
                    "repo": "acme/model", "revision": "main", "dataset": false, "filters": [], "excludes": [],
                    "appendFilterSubdir": false, "dryRun": false, "priority": "high",
                    "transfer": "http",
                }),
            ),
        )
        .answers(202, job())
        .with("/priority", "high")
        .with("/transfer", "http"),
    ]
}

fn planned() -> Vec<Row> {
    let whole = json!({ "repo": "acme/model" });
    vec![
        row("A plan", send(PLAN, whole.clone()))
            .answers(200, plan())
            .with("/repo", "acme/model")
            .with("/revision", "main")
            .with("/files/0", json!({ "path": "README.md", "size": 7, "lfs": false }))
            .with("/totalFiles", 4)
            .with("/totalSize", 3_145_737),
        row("A plan with filters", send(PLAN, json!({ "repo": "acme/model", "filters": ["q4_k_m"] })))
            .answers(200, plan())
            .with("/files/2", json!({ "path": "model.Q4_K_M.gguf", "size": 1 << 20, "lfs": true })),
        row("A plan instead of a job", send(DOWNLOAD, json!({ "repo": "acme/model", "dryRun": true })))
            .answers(200, plan()),
        row("A plan of what the Hub does not have", send(PLAN, json!({ "repo": "acme/none" })))
            .fails(404, "Repository not found"),
        row("A plan of a revision that is not there", send(PLAN, json!({ "repo": "acme/model", "revision": "none" })))
            .fails(404, "Revision not found"),
        row("Filters that match nothing", send(PLAN, json!({ "repo": "acme/model", "filters": ["q9"] })))
            .fails(400, "Nothing to download"),
    ]
}

fn refused() -> Vec<Row> {
    let json = "application/json";
    let invalid = "Invalid request body";
    vec![
        row("No owner/name", send(DOWNLOAD, json!({ "repo": "a/b/c" })))
            .fails(400, "Invalid repo format")
            .with("/details", "Expected owner/name"),
        row("No name", send(DOWNLOAD, json!({ "repo": "" }))).fails(400, "Invalid repo format"),
        row("A name that would leave the cache", send(DOWNLOAD, json!({ "repo": "../etc" })))
            .fails(400, "Invalid repo format"),
        row("The same for a plan", send(PLAN, json!({ "repo": "a/b/c" })))
            .fails(400, "Invalid repo format")
            .with("/details", "Expected owner/name"),
        row("A revision that cannot be", send(DOWNLOAD, json!({ "repo": "acme/model", "revision": "a..b" })))
            .fails(400, "Invalid revision"),
        row("No repo", send(DOWNLOAD, json!({}))).fails(400, invalid),
        row("A field of another type", send(DOWNLOAD, json!({ "repo": 1 }))).fails(400, invalid),
        row("An unknown field", send(DOWNLOAD, json!({ "repo": "acme/model", "filter": "q4_k_m" })))
            .fails(400, invalid),
        row("A priority that is none", send(DOWNLOAD, json!({ "repo": "acme/model", "priority": "urgent" })))
            .fails(400, invalid),
        row("A way that is none", send(DOWNLOAD, json!({ "repo": "acme/model", "transfer": "ftp" })))
            .fails(400, invalid),
        row("No JSON", send_raw(DOWNLOAD, json, "{\"repo\": ")).fails(400, invalid),
        row("No object", send_raw(DOWNLOAD, json, "[]")).fails(400, invalid),
        row("No body", send_raw(DOWNLOAD, json, "")).fails(400, invalid),
        row("Another type of body", send_raw(DOWNLOAD, "text/plain", "{\"repo\": \"acme/model\"}"))
            .fails(400, "Invalid content type"),
    ]
}
