//! The store on Redis: a script a step.

mod changes;
mod listing;
mod outbox;
mod plan;
mod reading;
mod rows;
mod scripts;
mod settings;
mod statistics;
mod steps;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use tracing::{info, warn};

use self::scripts::Scripts;
use super::client::RedisClient;
use crate::job::{FileState, Job, JobId, JobMark, Plan, Snapshot, Unit, UnitIndex};
use crate::lock::lock;
use crate::ports::{
    BlobKey, Change, Claim, Claimed, Committed, Creation, Due, FileChanges, FileEnd, FileMark, Holder, JobPage,
    JobQuery, JobStore, Leased, OutboxId, Page, Report, Retention, SettingsCommitted, Silence, Statistics, StoreError,
    StoredSettings, Verdict,
};
use crate::repo::RepoRef;

/// What this version writes. Raise it when older versions could not read it any more.
const FORMAT: &str = "1";

/// A [`JobStore`] for all processes that share a Redis and a prefix. A clone is the same store.
#[derive(Clone)]
pub struct RedisStore {
    client: RedisClient,
    scripts: Arc<Scripts>,
    /// The name that the store had when it was last looked at: an emptied one gets another.
    name: Arc<Mutex<Option<String>>>,
}

impl RedisStore {
    /// A store on this client's Redis; nothing is sent yet.
    pub fn new(client: RedisClient) -> Self {
        Self { client, scripts: Arc::new(Scripts::new()), name: Arc::default() }
    }

    /// Notes the name that the store has now; says so when it is another than before.
    fn note_name(&self, name: &str) {
        let mut known = lock(&self.name);
        match known.replace(name.to_owned()) {
            Some(before) if before != name => warn!(
                before,
                now = name,
                "the job store was emptied: all its jobs are gone; post them again, what has arrived of them is used"
            ),
            Some(_) => {}
            None => info!(store = name, "job store reached"),
        }
    }
}

#[async_trait]
impl JobStore for RedisStore {
    async fn create(&self, job: Job) -> Result<Creation, StoreError> {
        steps::create(self, job).await
    }

    async fn job(&self, id: JobId) -> Result<Option<Job>, StoreError> {
        reading::job(&self.client, id).await
    }

    async fn snapshot(&self, id: JobId) -> Result<Option<Snapshot>, StoreError> {
        listing::snapshot(&self.client, id).await
    }

    async fn snapshots(&self, ids: &[JobId]) -> Result<Vec<Snapshot>, StoreError> {
        listing::snapshots(&self.client, ids).await
    }

    async fn marks(&self) -> Result<Vec<JobMark>, StoreError> {
        listing::marks(&self.client).await
    }

    async fn list(&self, query: JobQuery) -> Result<JobPage, StoreError> {
        listing::list(&self.client, &query).await
    }

    async fn live_jobs(&self, repo: &RepoRef) -> Result<Vec<Snapshot>, StoreError> {
        listing::live_jobs(&self.client, repo).await
    }

    async fn files(&self, id: JobId, page: Page) -> Result<Vec<FileState>, StoreError> {
        reading::files(&self.client, id, page).await
    }

    async fn changed_files(&self, id: JobId, since: Option<FileMark>, limit: usize) -> Result<FileChanges, StoreError> {
        changes::changed_files(self, id, since, limit).await
    }

    async fn commit(&self, change: Change) -> Result<Committed, StoreError> {
        steps::commit(self, change).await
    }

    async fn next_waiting(&self) -> Result<Option<JobId>, StoreError> {
        listing::next_waiting(&self.client).await
    }

    async fn claim(&self, claimed: &Claimed, patience: Duration) -> Result<Claim, StoreError> {
        steps::claim(self, claimed, patience).await
    }

    async fn put_plan(&self, claimed: &Claimed, plan: Plan) -> Result<Verdict, StoreError> {
        plan::put_plan(self, claimed, plan).await
    }

    async fn unit(&self, id: JobId, unit: UnitIndex) -> Result<Option<(Unit, Vec<FileState>)>, StoreError> {
        reading::unit(&self.client, id, unit).await
    }

    async fn report(&self, claimed: &Claimed, report: Report) -> Result<Verdict, StoreError> {
        plan::report(self, claimed, &report).await
    }

    async fn checkpoint(&self, claimed: &Claimed, ends: Vec<FileEnd>) -> Result<Verdict, StoreError> {
        plan::checkpoint(self, claimed, &ends).await
    }

    async fn finish_unit(&self, claimed: &Claimed, ends: Vec<FileEnd>) -> Result<Verdict, StoreError> {
        plan::finish_unit(self, claimed, &ends).await
    }

    async fn put_off(
        &self,
        claimed: &Claimed,
        delay: Duration,
        waiting: Option<String>,
    ) -> Result<Verdict, StoreError> {
        steps::put_off(self, claimed, delay, waiting).await
    }

    async fn settle(&self, claimed: &Claimed) -> Result<Verdict, StoreError> {
        steps::settle(self, claimed).await
    }

    async fn take_due(&self, limit: usize, lease: Duration) -> Result<Vec<Due>, StoreError> {
        outbox::take_due(self, limit, lease).await
    }

    async fn acknowledge_due(&self, id: &OutboxId) -> Result<(), StoreError> {
        outbox::acknowledge_due(self, id).await
    }

    async fn emit_lost(&self, silence: Silence) -> Result<usize, StoreError> {
        outbox::emit_lost(self, silence).await
    }

    async fn lease_blob(&self, blob: &BlobKey, holder: &Holder, ttl: Duration) -> Result<Leased, StoreError> {
        steps::lease_blob(self, blob, holder, ttl).await
    }

    async fn release_blob(&self, blob: &BlobKey, holder: &Holder) -> Result<(), StoreError> {
        steps::release_blob(self, blob, holder).await
    }

    async fn remove(&self, jobs: &[JobId]) -> Result<usize, StoreError> {
        outbox::remove(self, jobs).await
    }

    async fn trim(&self, retention: Retention) -> Result<usize, StoreError> {
        outbox::trim(self, retention).await
    }

    async fn statistics(&self) -> Result<Statistics, StoreError> {
        statistics::statistics(self).await
    }

    async fn settings(&self) -> Result<StoredSettings, StoreError> {
        settings::read(self).await
    }

    async fn put_settings(&self, settings: StoredSettings) -> Result<SettingsCommitted, StoreError> {
        settings::put(self, settings).await
    }

    async fn ready(&self) -> Result<(), StoreError> {
        let (ready, name) = (&self.scripts.ready, steps::unique_name()?);
        let (format, name): (String, String) =
            self.client.run(ready, |script| _ = script.arg(FORMAT).arg(name)).await?;
        if format != FORMAT {
            return Err(StoreError::Corrupt {
                at: format!("the keys {}:*", self.client.tag()),
                reason: format!("they have format {format}, this version reads {FORMAT}; choose another --prefix"),
            });
        }
        self.note_name(&name);
        Ok(())
    }
}

/// Milliseconds, as the scripts count time.
fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX).min(MAX_MILLIS)
}

/// A thousand years: beyond it, the scripts' numbers would not be exact any more.
const MAX_MILLIS: u64 = 1000 * 365 * 24 * 3600 * 1000;
