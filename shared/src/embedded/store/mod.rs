//! The store in one file.
//!
//! The file holds jobs, plans, open tasks and the outbox; the bytes that are in flight, signs of life and leases are
//! kept in memory, for they mean nothing once the process is gone. Both are changed under one lock, in the pool of
//! blocking threads: a step that was begun runs to its end even when nobody waits for it any more.

mod changes;
mod core;
mod error;
mod jobs;
mod leases;
mod listing;
mod live;
mod outbox;
mod places;
mod plan;
mod reading;
mod rows;
mod settings;
mod statistics;
mod step;
mod tables;
#[cfg(test)]
mod tests;
mod trim;

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use redb::Durability;
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

use self::core::Core;
use self::leases::Leases;
use self::reading::Listing;
use self::step::Step;
use crate::job::{FileState, Job, JobId, JobMark, Plan, Snapshot, Unit, UnitIndex};
use crate::lock::lock;
use crate::ports::{
    BlobKey, Change, Claim, Claimed, Committed, Creation, Due, EventBus, FileChanges, FileEnd, FileMark, Holder,
    JobPage, JobQuery, JobStore, Leased, OutboxId, Page, Report, Retention, SettingsCommitted, Silence, Statistics,
    StoreError, StoredSettings, Verdict,
};
use crate::repo::RepoRef;

/// A [`JobStore`] for this process. A clone is the same store.
#[derive(Clone)]
pub struct EmbeddedStore {
    shared: Arc<Shared>,
}

struct Shared {
    core: Mutex<Core>,
    leases: Leases,
    bus: Arc<dyn EventBus>,
}

impl EmbeddedStore {
    /// Opens the store in a file, which is created with its folder when it is missing.
    ///
    /// # Errors
    /// When another process has the file open, when it cannot be created, or when it is of another format.
    pub fn open(path: &Path, bus: Arc<dyn EventBus>) -> Result<Self, StoreError> {
        Ok(Self::new(Core::on_file(path)?, bus))
    }

    /// A store that ends with the process.
    ///
    /// # Errors
    /// None that could be foreseen.
    pub fn in_memory(bus: Arc<dyn EventBus>) -> Result<Self, StoreError> {
        Ok(Self::new(Core::in_memory()?, bus))
    }

    fn new(core: Core, bus: Arc<dyn EventBus>) -> Self {
        Self { shared: Arc::new(Shared { core: Mutex::new(core), leases: Leases::default(), bus }) }
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Shared) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let shared = Arc::clone(&self.shared);
        let ended = spawn_blocking(move || work(&shared)).await;
        ended.unwrap_or_else(|error| Err(StoreError::Unavailable(format!("a step did not end: {error}"))))
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Core) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.run(move |shared| work(&mut shared.core())).await
    }

    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Step<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let runtime = Handle::current();
        self.run(move |shared| {
            let (value, rings) = shared.core().write(Durability::Immediate, work)?;
            for job in rings {
                runtime.block_on(shared.bus.ring(job));
            }
            Ok(value)
        })
        .await
    }
}

impl Shared {
    fn core(&self) -> MutexGuard<'_, Core> {
        lock(&self.core)
    }
}

#[async_trait]
impl JobStore for EmbeddedStore {
    async fn create(&self, job: Job) -> Result<Creation, StoreError> {
        self.write(|step| jobs::create(step, job)).await
    }

    async fn job(&self, id: JobId) -> Result<Option<Job>, StoreError> {
        self.read(move |core| reading::job(core, id)).await
    }

    async fn snapshot(&self, id: JobId) -> Result<Option<Snapshot>, StoreError> {
        self.read(move |core| listing::snapshot(core, id)).await
    }

    async fn snapshots(&self, ids: &[JobId]) -> Result<Vec<Snapshot>, StoreError> {
        let ids = ids.to_vec();
        self.run(move |shared| listing::snapshots(shared, &ids)).await
    }

    async fn marks(&self) -> Result<Vec<JobMark>, StoreError> {
        self.run(listing::marks).await
    }

    async fn list(&self, query: JobQuery) -> Result<JobPage, StoreError> {
        self.run(move |shared| listing::list(shared, &query)).await
    }

    async fn live_jobs(&self, repo: &RepoRef) -> Result<Vec<Snapshot>, StoreError> {
        let repo = repo.to_string();
        self.read(move |core| listing::live_jobs(core, &repo)).await
    }

    async fn files(&self, id: JobId, page: Page) -> Result<Vec<FileState>, StoreError> {
        self.run(move |shared| {
            let listing = Listing::new(&mut shared.core(), id)?;
            listing.read(page)
        })
        .await
    }

    async fn changed_files(&self, id: JobId, since: Option<FileMark>, limit: usize) -> Result<FileChanges, StoreError> {
        self.read(move |core| reading::changed_files(core, id, since, limit)).await
    }

    async fn commit(&self, change: Change) -> Result<Committed, StoreError> {
        self.write(|step| jobs::commit(step, change)).await
    }

    async fn next_waiting(&self) -> Result<Option<JobId>, StoreError> {
        self.read(listing::next_waiting).await
    }

    async fn claim(&self, claimed: &Claimed, patience: Duration) -> Result<Claim, StoreError> {
        let claimed = claimed.clone();
        self.write(move |step| plan::claim(step, &claimed, patience)).await
    }

    async fn put_plan(&self, claimed: &Claimed, plan: Plan) -> Result<Verdict, StoreError> {
        let claimed = claimed.clone();
        self.write(move |step| plan::put_plan(step, &claimed, plan)).await
    }

    async fn unit(&self, id: JobId, unit: UnitIndex) -> Result<Option<(Unit, Vec<FileState>)>, StoreError> {
        self.read(move |core| reading::unit(core, id, unit)).await
    }

    async fn report(&self, claimed: &Claimed, report: Report) -> Result<Verdict, StoreError> {
        let (job, claimed) = (claimed.task.job, claimed.clone());
        let ring = self.read(move |core| reading::report(core, &claimed, &report)).await?;
        if ring == Some(true) {
            self.shared.bus.ring(job).await;
        }
        Ok(if ring.is_some() { Verdict::Go } else { Verdict::Stop })
    }

    async fn checkpoint(&self, claimed: &Claimed, ends: Vec<FileEnd>) -> Result<Verdict, StoreError> {
        let claimed = claimed.clone();
        self.write(move |step| plan::checkpoint(step, &claimed, ends)).await
    }

    async fn finish_unit(&self, claimed: &Claimed, ends: Vec<FileEnd>) -> Result<Verdict, StoreError> {
        let claimed = claimed.clone();
        self.write(move |step| plan::finish_unit(step, &claimed, ends)).await
    }

    async fn put_off(
        &self,
        claimed: &Claimed,
        delay: Duration,
        waiting: Option<String>,
    ) -> Result<Verdict, StoreError> {
        let claimed = claimed.clone();
        self.write(move |step| plan::put_off(step, &claimed, delay, waiting)).await
    }

    async fn settle(&self, claimed: &Claimed) -> Result<Verdict, StoreError> {
        let claimed = claimed.clone();
        self.write(move |step| plan::settle(step, &claimed)).await
    }

    async fn take_due(&self, limit: usize, lease: Duration) -> Result<Vec<Due>, StoreError> {
        self.read(move |core| outbox::take_due(core, limit, lease)).await
    }

    async fn acknowledge_due(&self, id: &OutboxId) -> Result<(), StoreError> {
        let id = id.clone();
        // Not worth a sync of its own: an entry that comes back after a crash is published again, into an empty queue.
        self.run(move |shared| {
            shared.core().write(Durability::None, |step| outbox::acknowledge_due(step, &id))?;
            Ok(())
        })
        .await
    }

    async fn emit_lost(&self, silence: Silence) -> Result<usize, StoreError> {
        self.write(move |step| outbox::emit_lost(step, &silence)).await
    }

    async fn lease_blob(&self, blob: &BlobKey, holder: &Holder, ttl: Duration) -> Result<Leased, StoreError> {
        Ok(self.shared.leases.lease(blob, holder, ttl))
    }

    async fn release_blob(&self, blob: &BlobKey, holder: &Holder) -> Result<(), StoreError> {
        self.shared.leases.release(blob, holder);
        Ok(())
    }

    async fn remove(&self, jobs: &[JobId]) -> Result<usize, StoreError> {
        let jobs = jobs.to_vec();
        self.write(move |step| trim::remove(step, &jobs)).await
    }

    async fn trim(&self, retention: Retention) -> Result<usize, StoreError> {
        self.write(move |step| trim::trim(step, retention)).await
    }

    async fn ready(&self) -> Result<(), StoreError> {
        self.read(|core| core.database().map(drop)).await
    }

    async fn statistics(&self) -> Result<Statistics, StoreError> {
        self.read(statistics::statistics).await
    }

    async fn settings(&self) -> Result<StoredSettings, StoreError> {
        self.read(settings::read).await
    }

    async fn put_settings(&self, settings: StoredSettings) -> Result<SettingsCommitted, StoreError> {
        self.write(move |step| settings::put(step, settings)).await
    }
}
