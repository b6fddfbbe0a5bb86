//! `/api/jobs`

use serde_json::json;

use crate::table::row::{Given, Row, delete, get, post, row};
use crate::table::shape::Shape::{Count, Text};
use crate::table::shape::{is, list, nullable, object};
use crate::table::shapes::{done, file, job};

pub(crate) fn rows() -> Vec<Row> {
    let mut rows = listed();
    rows.extend(shown());
    rows.extend(cancelled());
    rows.extend(paused_and_resumed());
    rows.extend(retried());
    rows.extend(dismissed());
    rows
}

fn listed() -> Vec<Row> {
    let jobs = || object([("jobs", list(job())), ("count", Count), ("total", Count), ("nextCursor", nullable(Text))]);
    vec![
        row("All jobs, newest first", get("/api/jobs"))
            .given(Given::Running)
            .answers(200, jobs())
            .with("/jobs/0/id", "{id}")
            .with("/nextCursor", json!(null)),
        row("Jobs of some statuses", get("/api/jobs?status=running,paused"))
            .given(Given::Running)
            .answers(200, jobs())
            .with("/count", 1)
            .with("/jobs/0/id", "{id}"),
        row("Jobs of a repository", get("/api/jobs?repo=acme/slow&limit=1"))
            .given(Given::Running)
            .answers(200, jobs())
            .with("/count", 1)
            .with("/jobs/0/repo", "acme/slow"),
        row("Jobs of a kind", get("/api/jobs?kind=prune")).answers(200, jobs()).with("/count", 0).with("/total", 0),
        row("A status that is none", get("/api/jobs?status=sleeping")).fails(400, "Invalid parameter"),
        row("A cursor that is none", get("/api/jobs?limit=1&cursor=x")).fails(400, "Invalid cursor"),
    ]
}

fn shown() -> Vec<Row> {
    let files =
        || object([("files", list(file())), ("count", Count), ("total", Count), ("nextOffset", nullable(Count))]);
    vec![
        row("A queued job", get("/api/jobs/{id}"))
            .given(Given::Queued)
            .answers(200, job())
            .with("/status", "queued")
            .with("/position", 1)
            .with("/startedAt", json!(null)),
        row("A running job", get("/api/jobs/{id}"))
            .given(Given::Running)
            .answers(200, job())
            .with("/id", "{id}")
            .with("/status", "running")
            .with("/position", json!(null))
            .with("/files/0/path", "slow.bin")
            .with("/files/0/status", "downloading")
            .with("/endedAt", json!(null)),
        row("A paused job", get("/api/jobs/{id}")).given(Given::Paused).answers(200, job()).with("/status", "paused"),
        row("A completed job", get("/api/jobs/{id}"))
            .given(Given::Completed)
            .answers(200, job())
            .with("/status", "completed")
            .with("/files/0/status", "complete")
            .with("/progress/completedFiles", 4)
            .with("/progress/downloadedBytes", 3_145_737)
            .with("/error", ""),
        row("A failed job", get("/api/jobs/{id}")).given(Given::Failed).answers(200, job()).with("/status", "failed"),
        row("A cancelled job", get("/api/jobs/{id}"))
            .given(Given::Cancelled)
            .answers(200, job())
            .with("/status", "cancelled"),
        row("No such job", get("/api/jobs/a1b2c3d4e5f6")).fails(404, "Job not found"),
        row("No job's name", get("/api/jobs/no-id")).fails(404, "Job not found"),
        row("A page of a job's files", get("/api/jobs/{id}/files?limit=2"))
            .given(Given::Completed)
            .answers(200, files())
            .with("/count", 2)
            .with("/total", 4)
            .with("/nextOffset", 2),
        row("A job's files that are not complete", get("/api/jobs/{id}/files?status=pending,downloading,failed"))
            .given(Given::Completed)
            .answers(200, files())
            .with("/files", json!([]))
            .with("/nextOffset", json!(null)),
        row("Files of no job", get("/api/jobs/a1b2c3d4e5f6/files")).fails(404, "Job not found"),
    ]
}

fn cancelled() -> Vec<Row> {
    let refused = "Job not found or already completed";
    let cancel = || delete("/api/jobs/{id}");
    let mut rows: Vec<Row> = [Given::Queued, Given::Running, Given::Paused]
        .map(|given| row("Cancel", cancel()).given(given).answers(200, done("Job cancelled")))
        .into();
    rows.extend(
        [Given::Completed, Given::Failed, Given::Cancelled]
            .map(|given| row("Cancel what has ended", cancel()).given(given).fails(404, refused)),
    );
    rows.push(row("Cancel no job", delete("/api/jobs/a1b2c3d4e5f6")).fails(404, refused));
    rows
}

fn paused_and_resumed() -> Vec<Row> {
    let (not_running, not_paused) = ("Job not found or not running", "Job not found or not paused");
    let mut rows = vec![
        row("Pause", post("/api/jobs/{id}/pause")).given(Given::Running).answers(200, done("Job paused")),
        row("Resume", post("/api/jobs/{id}/resume")).given(Given::Paused).answers(200, done("Job resumed")),
    ];
    let others = [Given::Queued, Given::Paused, Given::Completed, Given::Failed, Given::Cancelled];
    rows.extend(others.map(|given| {
        row("Pause what does not run", post("/api/jobs/{id}/pause")).given(given).fails(404, not_running)
    }));
    let others = [Given::Queued, Given::Running, Given::Completed, Given::Failed, Given::Cancelled];
    rows.extend(others.map(|given| {
        row("Resume what is not paused", post("/api/jobs/{id}/resume")).given(given).fails(404, not_paused)
    }));
    rows.push(row("Pause no job", post("/api/jobs/a1b2c3d4e5f6/pause")).fails(404, not_running));
    rows.push(row("Resume no job", post("/api/jobs/a1b2c3d4e5f6/resume")).fails(404, not_paused));
    rows
}

fn retried() -> Vec<Row> {
    let refused = "Job not found or not failed or cancelled";
    let retry = || post("/api/jobs/{id}/retry");
    let mut rows: Vec<Row> = [Given::Failed, Given::Cancelled]
        .map(|given| row("Try again", retry()).given(given).answers(200, done("Job queued again")))
        .into();
    rows.extend(
        [Given::Queued, Given::Running, Given::Paused, Given::Completed]
            .map(|given| row("Try again what has not failed", retry()).given(given).fails(404, refused)),
    );
    rows.push(row("Try no job again", post("/api/jobs/a1b2c3d4e5f6/retry")).fails(404, refused));
    rows
}

fn dismissed() -> Vec<Row> {
    let dismiss = || post("/api/jobs/{id}/dismiss");
    let mut rows: Vec<Row> = [Given::Completed, Given::Failed, Given::Cancelled]
        .map(|given| row("Dismiss", dismiss()).given(given).answers(200, done("Job dismissed")))
        .into();
    rows.extend([
        row("Dismiss what has not ended", dismiss()).given(Given::Running).fails(409, "Job has not ended"),
        row("Dismiss no job", post("/api/jobs/a1b2c3d4e5f6/dismiss")).fails(404, "Job not found"),
        row("Dismiss all that have ended somehow", delete("/api/jobs?status=completed,failed,cancelled"))
            .given(Given::Completed)
            .answers(200, object([("success", is(true)), ("message", Text), ("count", Count)])),
        row("Dismiss what may not be dismissed", delete("/api/jobs?status=running")).fails(400, "Invalid parameter"),
    ]);
    rows
}
