//! Jobs with their progress, one or many.

use redis::{FromRedisValue, Value, pipe};

use super::rows;
use crate::cluster::redis::RedisClient;
use crate::job::{JobId, Snapshot};
use crate::ports::{JobCursor, JobPage, JobQuery, StoreError};

/// Jobs that are read in one step: few enough that others do not wait.
const JOBS_AT_ONCE: usize = 500;

/// See [`JobStore::snapshot`](crate::ports::JobStore::snapshot).
pub(super) async fn snapshot(client: &RedisClient, id: JobId) -> Result<Option<Snapshot>, StoreError> {
    Ok(snapshots_of(client, &[id.to_string()]).await?.pop())
}

/// See [`JobStore::snapshots`](crate::ports::JobStore::snapshots).
pub(super) async fn snapshots(client: &RedisClient) -> Result<Vec<Snapshot>, StoreError> {
    Ok(list(client, &JobQuery::default()).await?.snapshots)
}

/// See [`JobStore::list`](crate::ports::JobStore::list).
pub(super) async fn list(client: &RedisClient, query: &JobQuery) -> Result<JobPage, StoreError> {
    let mut commands = pipe();
    commands.cmd("ZREVRANGE").arg(client.key("jobs")).arg(0).arg(-1).arg("WITHSCORES");
    let (all,): (Vec<(String, u64)>,) = client.query(&commands).await?;
    let wanted = if query.is_filter() { filter(client, query, all).await? } else { all };
    let total = wanted.len();
    let (page, next) = query.page(wanted.into_iter().map(|(id, place)| (JobCursor(place), id)).collect());
    let mut snapshots = Vec::with_capacity(page.len());
    for ids in page.chunks(JOBS_AT_ONCE) {
        snapshots.extend(snapshots_of(client, ids).await?);
    }
    Ok(JobPage { snapshots, total, next })
}

/// Those of the jobs that the query wants.
async fn filter(
    client: &RedisClient,
    query: &JobQuery,
    jobs: Vec<(String, u64)>,
) -> Result<Vec<(String, u64)>, StoreError> {
    let mut wanted = Vec::new();
    for jobs in jobs.chunks(JOBS_AT_ONCE) {
        let mut commands = pipe();
        for (id, _) in jobs {
            commands.cmd("HGET").arg(client.key(&format!("job:{id}"))).arg("job");
        }
        let texts: Vec<Option<String>> = client.query(&commands).await?;
        for (job, text) in jobs.iter().zip(texts) {
            let Some(text) = text else { continue };
            if query.wants(&rows::decode(&text, || format!("job {}", job.0))?) {
                wanted.push(job.clone());
            }
        }
    }
    Ok(wanted)
}

/// The jobs that are there, each with its tasks and its place among those that wait as of the same moment.
async fn snapshots_of(client: &RedisClient, ids: &[String]) -> Result<Vec<Snapshot>, StoreError> {
    let mut commands = pipe();
    commands.atomic().cmd("TIME");
    for id in ids {
        commands.cmd("HGETALL").arg(client.key(&format!("job:{id}")));
        commands.cmd("HGETALL").arg(client.key(&format!("job:{id}:tasks")));
        commands.cmd("ZRANK").arg(client.key("waiting")).arg(id);
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
