//! Jobs with their progress, one or many.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::fmt::Display;

use redis::{FromRedisValue, Value, pipe};

use super::rows;
use crate::cluster::redis::RedisClient;
use crate::job::{JobId, JobMark, Snapshot};
use crate::ports::{JobCursor, JobPage, JobQuery, StoreError};
use crate::repo::RepoRef;

/// Jobs that are read in one step: few enough that others do not wait.
const JOBS_AT_ONCE: usize = 500;

/// See [`JobStore::snapshot`](crate::ports::JobStore::snapshot).
pub(super) async fn snapshot(client: &RedisClient, id: JobId) -> Result<Option<Snapshot>, StoreError> {
    Ok(snapshots(client, &[id]).await?.pop())
}

/// See [`JobStore::snapshots`](crate::ports::JobStore::snapshots).
pub(super) async fn snapshots<I: Display>(client: &RedisClient, ids: &[I]) -> Result<Vec<Snapshot>, StoreError> {
    let mut snapshots = Vec::with_capacity(ids.len());
    for ids in ids.chunks(JOBS_AT_ONCE) {
        snapshots.extend(snapshots_of(client, ids).await?);
    }
    Ok(snapshots)
}

/// See [`JobStore::live_jobs`](crate::ports::JobStore::live_jobs).
pub(super) async fn live_jobs(client: &RedisClient, repo: &RepoRef) -> Result<Vec<Snapshot>, StoreError> {
    let mut commands = pipe();
    commands.cmd("HKEYS").arg(client.key(&format!("repo:{repo}")));
    let (ids,): (Vec<String>,) = client.query(&commands).await?;
    snapshots(client, &ids).await
}

/// See [`JobStore::marks`](crate::ports::JobStore::marks).
pub(super) async fn marks(client: &RedisClient) -> Result<Vec<JobMark>, StoreError> {
    let mut commands = pipe();
    commands.atomic().cmd("ZREVRANGE").arg(client.key("jobs")).arg(0).arg(-1);
    commands.cmd("ZRANGE").arg(client.key("waiting")).arg(0).arg(-1);
    let (ids, waiting): (Vec<String>, Vec<String>) = client.query(&commands).await?;
    let positions: HashMap<&str, u64> = waiting.iter().map(String::as_str).zip(1..).collect();
    let mut marks = Vec::with_capacity(ids.len());
    for ids in ids.chunks(JOBS_AT_ONCE) {
        let mut commands = pipe();
        for id in ids {
            commands.cmd("HMGET").arg(client.key(&format!("job:{id}"))).arg(&["version", "tick", "status"]);
        }
        let rows: Vec<rows::MarkFields> = client.query(&commands).await?;
        for (id, row) in ids.iter().zip(rows) {
            marks.extend(rows::mark(id, row, positions.get(id.as_str()).copied())?);
        }
    }
    Ok(marks)
}

/// See [`JobStore::list`](crate::ports::JobStore::list).
pub(super) async fn list(client: &RedisClient, query: &JobQuery) -> Result<JobPage, StoreError> {
    let (wanted, total) = if query.is_filter() {
        let wanted = filter(client, query).await?;
        let total = wanted.len();
        (wanted, total)
    } else {
        places(client, query).await?
    };
    let (page, next) = query.page(wanted.into_iter().map(|(id, place)| (JobCursor(place), id)).collect());
    let mut snapshots = snapshots(client, &page).await?;
    // A job may have changed in the meantime.
    snapshots.retain(|snapshot| query.wants(&snapshot.job));
    Ok(JobPage { snapshots, total, next })
}

/// The jobs at the places of a page and behind it, newest first; and how many there are in all.
async fn places(client: &RedisClient, query: &JobQuery) -> Result<(Vec<(String, u64)>, usize), StoreError> {
    let jobs = client.key("jobs");
    let before = query.after.map_or("+inf".to_owned(), |JobCursor(place)| format!("({place}"));
    let count = i64::try_from(query.look()).unwrap_or(-1);
    let mut commands = pipe();
    commands.atomic().cmd("ZREVRANGEBYSCORE").arg(&jobs).arg(before).arg("-inf").arg("WITHSCORES");
    commands.arg("LIMIT").arg(0).arg(count).cmd("ZCARD").arg(&jobs);
    client.query(&commands).await
}

/// The jobs that the query wants, newest first.
async fn filter(client: &RedisClient, query: &JobQuery) -> Result<Vec<(String, u64)>, StoreError> {
    let mut commands = pipe();
    if query.is_of_live_jobs() {
        commands.cmd("HVALS").arg(client.key("live"));
    } else {
        commands.cmd("ZRANGE").arg(client.key("jobs")).arg(0).arg(-1);
    }
    let (ids,): (Vec<String>,) = client.query(&commands).await?;
    let mut wanted = Vec::new();
    for ids in ids.chunks(JOBS_AT_ONCE) {
        let mut commands = pipe();
        for id in ids {
            commands.cmd("HGET").arg(client.key(&format!("job:{id}"))).arg("job");
        }
        let texts: Vec<Option<String>> = client.query(&commands).await?;
        let mut found = Vec::new();
        for (id, text) in ids.iter().zip(texts) {
            let Some(text) = text else { continue };
            if query.wants(&rows::decode(&text, || format!("job {id}"))?) {
                found.push(id);
            }
        }
        if !found.is_empty() {
            let mut commands = pipe();
            commands.cmd("ZMSCORE").arg(client.key("jobs")).arg(&found);
            let (places,): (Vec<Option<u64>>,) = client.query(&commands).await?;
            wanted.extend(found.into_iter().zip(places).filter_map(|(id, place)| Some((id.clone(), place?))));
        }
    }
    wanted.sort_unstable_by_key(|(_, place)| Reverse(*place));
    Ok(wanted)
}

/// The jobs that are there, each with its tasks and its place among those that wait as of the same moment.
async fn snapshots_of<I: Display>(client: &RedisClient, ids: &[I]) -> Result<Vec<Snapshot>, StoreError> {
    let mut commands = pipe();
    commands.atomic().cmd("TIME");
    for id in ids {
        commands.cmd("HGETALL").arg(client.key(&format!("job:{id}")));
        commands.cmd("HGETALL").arg(client.key(&format!("job:{id}:tasks")));
        commands.cmd("ZRANK").arg(client.key("waiting")).arg(id.to_string());
    }
    let mut answers = client.query::<Vec<Value>>(&commands).await?.into_iter();
    let (seconds, micros): (u64, u64) = answers.next().map(convert).transpose()?.unwrap_or_default();
    let now_ms = seconds * 1000 + micros / 1000;
    let mut snapshots = Vec::with_capacity(ids.len());
    while let (Some(fields), Some(tasks), Some(rank)) = (answers.next(), answers.next(), answers.next()) {
        if let Some(mut snapshot) = rows::snapshot(&convert(fields)?, &convert(tasks)?, now_ms)? {
            snapshot.progress.position = convert::<Option<u64>>(rank)?.map(|rank| rank + 1);
            snapshots.push(snapshot);
        }
    }
    Ok(snapshots)
}

fn convert<T: FromRedisValue>(value: Value) -> Result<T, StoreError> {
    redis::from_redis_value(value).map_err(|error| rows::corrupt("a job's hash".to_owned(), error))
}

/// See [`JobStore::next_waiting`](crate::ports::JobStore::next_waiting).
pub(super) async fn next_waiting(client: &RedisClient) -> Result<Option<JobId>, StoreError> {
    let mut commands = pipe();
    commands.cmd("ZRANGE").arg(client.key("waiting")).arg(0).arg(0);
    let (mut ids,): (Vec<String>,) = client.query(&commands).await?;
    let corrupt = |error: crate::repo::Invalid| rows::corrupt("waiting jobs".to_owned(), error);
    ids.pop().map(|id| id.parse().map_err(corrupt)).transpose()
}
