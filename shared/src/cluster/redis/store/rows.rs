//! What the store keeps in hashes, read back into what it means.

use std::collections::{BTreeSet, HashMap};
use std::fmt::{Debug, Display};

use serde::de::{DeserializeOwned, IntoDeserializer as _};
use serde::{Deserialize, Serialize};

use crate::job::{FileState, FileStatus, Job, JobMark, PlannedFile, Progress, Snapshot, Status, Version, WorkerName};
use crate::ports::{RATE_AGE_MAX, StoreError};

/// The row of an open task, as the scripts write it.
#[derive(Debug, Deserialize)]
pub(super) struct TaskRow {
    holder: Option<String>,
    /// When its holder was last known to be at work, in milliseconds since 1970.
    work: Option<u64>,
    rate: Option<u64>,
    rate_at: Option<u64>,
    waiting: Option<String>,
}

impl TaskRow {
    fn worker(&self) -> Option<WorkerName> {
        self.work?;
        self.holder.as_deref()?.split_once('#')?.0.parse().ok()
    }

    fn rate(&self, now_ms: u64) -> Option<u64> {
        self.rate.filter(|_| now_ms.saturating_sub(self.rate_at.unwrap_or(0)) < super::millis(RATE_AGE_MAX))
    }
}

/// The hash of a job: field by field.
pub(super) type JobFields = HashMap<String, String>;

/// A job from its stored text; version and commit are kept beside it, because a plan changes them.
pub(super) fn job(json: &str, version: &str, commit: &str) -> Result<Job, StoreError> {
    let mut job: Job = decode(json, || "a job".to_owned())?;
    job.version = Version(number(version, || format!("version of job {}", job.id))?);
    if !commit.is_empty() {
        let corrupt = |error: crate::repo::Invalid| corrupt(format!("commit of job {}", job.id), error);
        job.commit = Some(commit.parse().map_err(corrupt)?);
    }
    Ok(job)
}

/// A job with its progress, but without its place among those that wait; none when there is no such job.
pub(super) fn snapshot(
    fields: &JobFields,
    tasks: &HashMap<String, String>,
    now_ms: u64,
) -> Result<Option<Snapshot>, StoreError> {
    let field = |name: &str| fields.get(name).map_or("", String::as_str);
    if fields.is_empty() {
        return Ok(None);
    }
    let job = job(field("job"), field("version"), field("commit"))?;
    let count = |name: &str| match field(name) {
        "" => Ok(0),
        text => number(text, || format!("{name} of job {}", job.id)),
    };
    let rows = tasks.values().map(|row| decode(row, || format!("a task of job {}", job.id)));
    let rows: Vec<TaskRow> = rows.collect::<Result<_, _>>()?;
    let total_bytes = count("total_bytes")?;
    let workers: BTreeSet<_> = rows.iter().filter_map(TaskRow::worker).collect();
    let progress = Progress {
        total_files: count("total_files")?,
        completed_files: count("completed_files")?,
        total_bytes,
        downloaded_bytes: total_bytes.min(count("recorded_bytes")? + count("flying_bytes")?),
        bytes_per_second: rows.iter().filter_map(|row| row.rate(now_ms)).sum(),
        waiting: rows.iter().filter_map(|row| row.waiting.as_ref()).min().cloned(),
        workers: workers.into_iter().collect(),
        position: None,
    };
    Ok(Some(Snapshot { tick: count("tick")?, job, progress }))
}

/// The fields `version`, `tick` and `status` of a job.
pub(super) type MarkFields = (Option<String>, Option<String>, Option<String>);

/// A job at a glance; none when there is no such job.
pub(super) fn mark(id: &str, fields: MarkFields, position: Option<u64>) -> Result<Option<JobMark>, StoreError> {
    let (Some(version), tick, Some(status)) = fields else { return Ok(None) };
    let status = Status::deserialize(status.as_str().into_deserializer());
    let status = status.map_err(|error: serde::de::value::Error| corrupt(format!("status of job {id}"), error))?;
    Ok(Some(JobMark {
        id: id.parse().map_err(|error: crate::repo::Invalid| corrupt("the list of jobs".to_owned(), error))?,
        version: Version(number(&version, || format!("version of job {id}"))?),
        tick: tick.map_or(Ok(0), |tick| number(&tick, || format!("tick of job {id}")))?,
        status,
        position,
    }))
}

/// A file as planned, with what became of it and the bytes that are in flight.
pub(super) fn file(json: &str, state: Option<&str>, flying: Option<&str>) -> Result<FileState, StoreError> {
    let file: PlannedFile = decode(json, || "a planned file".to_owned())?;
    let at = || format!("the state of {}", file.path);
    let (status, downloaded_bytes, error) = match state.unwrap_or("p0").split_at_checked(1) {
        Some(("c", "")) => (FileStatus::Complete, file.size_bytes, None),
        Some(("p", bytes)) => match flying {
            Some(flying) => (FileStatus::Downloading, number(flying, at)?, None),
            None => (FileStatus::Pending, number(bytes, at)?, None),
        },
        Some(("f", rest)) => {
            let (bytes, error) = rest.split_once(' ').unwrap_or((rest, ""));
            (FileStatus::Failed, number(bytes, at)?, Some(error.to_owned()))
        }
        _ => return Err(corrupt(at(), format!("{state:?}"))),
    };
    Ok(FileState { file, status, downloaded_bytes, error })
}

/// What is written, as JSON.
pub(super) fn encode<T: Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Unavailable(error.to_string()))
}

/// Reads JSON that lies at a place.
pub(super) fn decode<T: DeserializeOwned>(json: &str, at: impl FnOnce() -> String) -> Result<T, StoreError> {
    serde_json::from_str(json).map_err(|error| corrupt(at(), error))
}

fn number(text: &str, at: impl FnOnce() -> String) -> Result<u64, StoreError> {
    text.parse().map_err(|_| corrupt(at(), format!("{text:?} is no number")))
}

/// What is said of data that cannot be read.
pub(super) fn corrupt(at: String, reason: impl Display) -> StoreError {
    StoreError::Corrupt { at, reason: reason.to_string() }
}

/// What is said of an answer that no script of this version gives.
pub(super) fn unknown(at: String, answer: &impl Debug) -> StoreError {
    corrupt(at, format!("the answer {answer:?}"))
}
