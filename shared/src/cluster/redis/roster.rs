//! The roster on Redis: a key a worker, which expires, and the bytes of the last hour by minute.

use std::time::Duration;

use async_trait::async_trait;
use redis::Script;
use time::OffsetDateTime;
use tracing::debug;

use super::RedisClient;
use crate::job::WorkerName;
use crate::ports::{Attendance, Downloaded, MINUTES, Roster, StoreError, WorkerSeen, WorkerState, last_minutes};

/// The present minute, what each worker told and when, bytes by minute.
type Answer = (u64, Vec<(String, u64)>, Vec<(u64, u64)>);

/// A [`Roster`] on Redis.
pub struct RedisRoster {
    client: RedisClient,
    beat: Script,
    leave: Script,
    read: Script,
}

impl RedisRoster {
    /// A roster for all who use the same Redis and prefix.
    pub fn new(client: RedisClient) -> Self {
        Self { client, beat: script!("roster_beat"), leave: script!("roster_leave"), read: script!("roster_read") }
    }
}

#[async_trait]
impl Roster for RedisRoster {
    async fn beat(&self, worker: &WorkerState, downloaded: Downloaded, ttl: Duration) -> Result<(), StoreError> {
        let json = serde_json::to_string(worker).map_err(|error| StoreError::Unavailable(error.to_string()))?;
        let ttl_ms = u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX);
        let prepare = |script: &mut redis::ScriptInvocation<'_>| {
            script.arg(worker.name.as_str()).arg(&json).arg(ttl_ms);
            script.arg(downloaded.told_bytes).arg(downloaded.total_bytes).arg(MINUTES);
        };
        self.client.run(&self.beat, prepare).await
    }

    async fn leave(&self, worker: &WorkerName) -> Result<(), StoreError> {
        self.client.run(&self.leave, |script| _ = script.arg(worker.as_str())).await
    }

    async fn attendance(&self) -> Result<Attendance, StoreError> {
        let (now, told, counted): Answer = self.client.run(&self.read, |_| {}).await?;
        let mut workers: Vec<_> = told.iter().filter_map(|(json, seen_ms)| seen(json, *seen_ms)).collect();
        workers.sort_by(|a, b| a.state.name.cmp(&b.state.name));
        Ok(Attendance { workers, minutes: last_minutes(now, counted) })
    }
}

/// A worker of another release may tell what this one cannot read; that must not hide the others.
fn seen(json: &str, seen_ms: u64) -> Option<WorkerSeen> {
    let state =
        serde_json::from_str(json).inspect_err(|error| debug!(%error, "a worker's heartbeat is not understood"));
    let seen_at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(seen_ms) * 1_000_000).ok()?;
    Some(WorkerSeen { state: state.ok()?, seen_at })
}
