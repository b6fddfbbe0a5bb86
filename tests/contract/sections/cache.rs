//! `/api/cache`

use serde_json::json;

use crate::table::row::{Given, Row, delete, get, post, row, send};
use crate::table::shape::Shape::{Count, Flag, Text, Word};
use crate::table::shape::{Shape, is, list, nullable, object};
use crate::table::shapes::{cached_details, cached_repo, job};

const NOT_CACHED: &str = "Repository not found in cache";

pub(crate) fn rows() -> Vec<Row> {
    let mut rows = listed();
    rows.extend(shown());
    rows.extend(changed());
    rows
}

fn listed() -> Vec<Row> {
    let cache = || {
        object([
            ("repos", list(cached_repo())),
            ("count", Count),
            ("totalSize", Count),
            ("totalSizeHuman", Text),
            ("cacheDir", Text),
            ("volume", nullable(object([("totalBytes", Count), ("freeBytes", Count)]))),
        ])
    };
    vec![
        row("All cached repositories", get("/api/cache"))
            .given(Given::Completed)
            .answers(200, cache())
            .with("/cacheDir", "{cacheDir}"),
        row("Models that have something in their name", get("/api/cache?type=model&search=ACME/mod"))
            .given(Given::Completed)
            .answers(200, cache())
            .with("/count", 1)
            .with("/repos/0/repo", "acme/model")
            .with("/repos/0/type", "model")
            .with("/repos/0/path", "{cacheDir}/models--acme--model"),
        row("Datasets of which there are none", get("/api/cache?type=dataset&search=none"))
            .answers(200, cache())
            .with("/repos", json!([]))
            .with("/count", 0)
            .with("/totalSize", 0),
        row("A type that is none", get("/api/cache?type=space")).fails(400, "Invalid parameter"),
    ]
}

fn shown() -> Vec<Row> {
    vec![
        row("A cached repository", get("/api/cache/acme/model"))
            .given(Given::Completed)
            .answers(200, cached_details())
            .with("/repo", "acme/model")
            .with("/type", "model")
            .with("/path", "{cacheDir}/models--acme--model")
            .with("/snapshots/0", "main"),
        row("The same with an encoded slash", get("/api/cache/acme%2Fmodel"))
            .given(Given::Completed)
            .answers(200, cached_details())
            .with("/repo", "acme/model"),
        row("A page of a revision's files", get("/api/cache/acme/model?type=model&revision=main&offset=1&limit=2"))
            .given(Given::Completed)
            .answers(200, cached_details())
            .with("/revisions/0/refs", json!(["main"]))
            .with("/revisions/0/state", "complete")
            .with("/revisions/0/missingFiles", 0)
            .with("/revisions/0/fileCount", 4)
            .with("/revisions/0/files/0/path", "config.json")
            .with("/revisions/0/nextOffset", 3),
        row("A repository that is not cached", get("/api/cache/acme/none")).fails(404, NOT_CACHED),
        row("A name without an owner that is not cached", get("/api/cache/none")).fails(404, NOT_CACHED),
        row("A dataset where only the model is cached", get("/api/cache/acme/model?type=dataset"))
            .given(Given::Completed)
            .fails(404, NOT_CACHED),
        row("A revision that is not cached", get("/api/cache/acme/model?revision=none"))
            .given(Given::Completed)
            .fails(404, "Revision not found in cache"),
        row("A way out of the cache", get("/api/cache/%2e%2e%2fetc")).fails(404, NOT_CACHED),
        row("Another way out of the cache", get("/api/cache/..%2f..%2f/etc")).fails(404, NOT_CACHED),
    ]
}

fn removed() -> Shape {
    object([("success", is(true)), ("message", Text), ("freedBytes", Count), ("removed", list(Text))])
}

fn pruned() -> Shape {
    let unused = object([("path", Text), ("kind", Word(&["blob", "partial", "temporary"])), ("size", Count)]);
    object([
        ("success", Flag),
        ("message", Text),
        ("dryRun", Flag),
        ("freedBytes", Count),
        ("removed", list(Text)),
        ("unused", list(unused)),
        ("failures", list(Text)),
        ("pending", list(Text)),
    ])
}

fn changed() -> Vec<Row> {
    vec![
        row("Verify a cached repository", post("/api/cache/acme/model/verify"))
            .given(Given::Completed)
            .answers(202, job())
            .with("/kind", "verify")
            .with("/repo", "acme/model"),
        row("The same with an encoded slash", post("/api/cache/acme%2Fmodel/verify"))
            .given(Given::Completed)
            .answers(202, job())
            .with("/repo", "acme/model"),
        row("Verify what is not cached", post("/api/cache/acme/none/verify")).fails(404, NOT_CACHED),
        row("Say what a prune would remove", send("/api/cache/prune", json!({ "dryRun": true })))
            .answers(200, pruned())
            .with("/dryRun", true),
        row("Prune a repository", send("/api/cache/prune", json!({ "repo": "acme/model", "type": "model" })))
            .given(Given::Completed)
            .answers(200, pruned())
            .with("/success", true)
            .with("/dryRun", false),
        row("Prune what has no name", send("/api/cache/prune", json!({ "repo": "a/b/c" })))
            .fails(400, "Invalid repo format"),
        row("Remove a repository that a job uses", delete("/api/cache/acme/model"))
            .given(Given::Queued)
            .fails(409, "Repository in use"),
        row("Remove a revision that is not cached", delete("/api/cache/acme/model?revision=none"))
            .given(Given::Completed)
            .fails(404, "Revision not found in cache"),
        row("Remove a revision", delete("/api/cache/acme/model?revision=main"))
            .given(Given::Completed)
            .answers(200, removed()),
        row("Remove a repository", delete("/api/cache/acme/model")).given(Given::Completed).answers(200, removed()),
        row("Remove what is not cached", delete("/api/cache/acme/none")).fails(404, NOT_CACHED),
    ]
}
