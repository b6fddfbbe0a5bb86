//! What changes nothing: a job, its files.

use redis::pipe;

use super::rows;
use crate::cluster::redis::RedisClient;
use crate::job::{FileIndex, FileState, Job, JobId, Unit, UnitIndex};
use crate::ports::{Page, StoreError};

/// Files that are read in one step: small enough that others do not wait.
const FILES_AT_ONCE: usize = 2_000;

/// See [`JobStore::job`](crate::ports::JobStore::job).
pub(super) async fn job(client: &RedisClient, id: JobId) -> Result<Option<Job>, StoreError> {
    let mut commands = pipe();
    commands.cmd("HMGET").arg(client.key(&format!("job:{id}"))).arg(&["job", "version", "commit"]);
    let ((job, version, commit),): ((Option<String>, Option<String>, Option<String>),) =
        client.query(&commands).await?;
    let Some(job) = job else { return Ok(None) };
    rows::job(&job, &version.unwrap_or_default(), &commit.unwrap_or_default()).map(Some)
}

/// See [`JobStore::files`](crate::ports::JobStore::files).
pub(super) async fn files(client: &RedisClient, id: JobId, page: Page) -> Result<Vec<FileState>, StoreError> {
    let mut commands = pipe();
    commands.cmd("HGET").arg(client.key(&format!("job:{id}"))).arg("total_files");
    let (total,): (Option<usize>,) = client.query(&commands).await?;
    let end = page.offset.saturating_add(page.limit).min(total.unwrap_or(0));
    let indices: Vec<u32> = (page.offset..end).filter_map(|index| u32::try_from(index).ok()).collect();
    let mut files = Vec::with_capacity(indices.len());
    for indices in indices.chunks(FILES_AT_ONCE) {
        let (jsons, states, flying) = file_rows(client, id, indices).await?;
        for ((json, state), flying) in jsons.into_iter().zip(states).zip(flying) {
            // A file that is gone belonged to a plan that has just been replaced.
            let Some(json) = json else { return Ok(files) };
            files.push(rows::file(&json, state.as_deref(), flying.as_deref())?);
        }
    }
    Ok(files)
}

type Fields = Vec<Option<String>>;

async fn file_rows(client: &RedisClient, id: JobId, indices: &[u32]) -> Result<(Fields, Fields, Fields), StoreError> {
    let mut commands = pipe();
    commands.atomic();
    for part in ["files", "states", "flying"] {
        commands.cmd("HMGET").arg(client.key(&format!("job:{id}:{part}"))).arg(indices);
    }
    client.query(&commands).await
}

/// See [`JobStore::unit`](crate::ports::JobStore::unit).
pub(super) async fn unit(
    client: &RedisClient,
    id: JobId,
    index: UnitIndex,
) -> Result<Option<(Unit, Vec<FileState>)>, StoreError> {
    let mut commands = pipe();
    commands.cmd("HGET").arg(client.key(&format!("job:{id}:units"))).arg(index.0);
    let (unit,): (Option<String>,) = client.query(&commands).await?;
    let Some(unit) = unit else { return Ok(None) };
    let unit: Unit = rows::decode(&unit, || format!("unit {index} of job {id}"))?;
    let indices: Vec<u32> = unit.files.iter().map(|FileIndex(file)| *file).collect();
    let (jsons, states, flying) = file_rows(client, id, &indices).await?;
    let mut files = Vec::with_capacity(indices.len());
    for ((json, state), flying) in jsons.into_iter().zip(states).zip(flying) {
        // It belonged to a plan that has just been replaced: so does the unit.
        let Some(json) = json else { return Ok(None) };
        files.push(rows::file(&json, state.as_deref(), flying.as_deref())?);
    }
    Ok(Some((unit, files)))
}
