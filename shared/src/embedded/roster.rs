//! The roster within one process.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use time::OffsetDateTime;

use crate::job::WorkerName;
use crate::lock::lock;
use crate::ports::{Attendance, Downloaded, MINUTES, Roster, StoreError, WorkerSeen, WorkerState, last_minutes};

/// A [`Roster`] for the worker of this process.
#[derive(Debug, Default)]
pub struct LocalRoster {
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    workers: BTreeMap<WorkerName, Row>,
    /// Downloaded bytes by the minute since 1970.
    minutes: BTreeMap<u64, u64>,
}

#[derive(Debug)]
struct Row {
    seen: WorkerSeen,
    total_bytes: u64,
    until: Instant,
}

impl LocalRoster {
    /// A roster without workers.
    pub fn new() -> Self {
        Self::default()
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        lock(&self.known)
    }
}

impl Known {
    fn count(&mut self, minute: u64, bytes: u64) {
        *self.minutes.entry(minute).or_default() += bytes;
        while self.minutes.len() > MINUTES {
            self.minutes.pop_first();
        }
    }
}

fn minute(time: OffsetDateTime) -> u64 {
    u64::try_from(time.unix_timestamp() / 60).unwrap_or(0)
}

#[async_trait]
impl Roster for LocalRoster {
    async fn beat(&self, worker: &WorkerState, downloaded: Downloaded, ttl: Duration) -> Result<(), StoreError> {
        let (now, seen_at) = (Instant::now(), OffsetDateTime::now_utc());
        let Downloaded { told_bytes, total_bytes } = downloaded;
        let mut known = self.lock();
        known.workers.retain(|_, row| now < row.until);
        let row = Row { seen: WorkerSeen { state: worker.clone(), seen_at }, total_bytes, until: now + ttl };
        let before = known.workers.insert(worker.name.clone(), row).map_or(0, |row| row.total_bytes);
        let new = total_bytes.saturating_sub(told_bytes.max(before));
        if new > 0 {
            known.count(minute(seen_at), new);
        }
        Ok(())
    }

    async fn leave(&self, worker: &WorkerName) -> Result<(), StoreError> {
        self.lock().workers.remove(worker);
        Ok(())
    }

    async fn attendance(&self) -> Result<Attendance, StoreError> {
        let now = Instant::now();
        let known = self.lock();
        let workers = known.workers.values().filter(|row| now < row.until).map(|row| row.seen.clone()).collect();
        let counted = known.minutes.iter().map(|(minute, bytes)| (*minute, *bytes));
        Ok(Attendance { workers, minutes: last_minutes(minute(OffsetDateTime::now_utc()), counted) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_downloaded_longer_ago_than_an_hour_is_forgotten() {
        let mut known = Known::default();
        for minute in 0..100 {
            known.count(minute, 1);
            known.count(minute, 1);
        }
        assert_eq!(known.minutes.len(), MINUTES);
        assert!(known.minutes.iter().eq((40..100).map(|minute| (minute, 2)).collect::<BTreeMap<_, _>>().iter()));
    }
}
