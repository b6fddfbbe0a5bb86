//! One content of the unit: looked for, else fetched under its lease and its lock, and linked wherever it belongs.

use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBackoff};
use hfd_shared::blocking::blocking;
use hfd_shared::cache::{BlobLock, CacheError};
use hfd_shared::metrics::{self, FileOutcome};
use hfd_shared::ports::BlobKey;
use tracing::debug;

use super::rounds::Found;
use super::settle::FetchError;
use super::{Context, Group};
use crate::tasks::lease::Lease;
use crate::tasks::unit::Wanted;
use crate::tasks::{may_pass, note_retry};
use crate::together::Together;
use crate::transfer::{self, Target, Turn};

/// How long to wait for somebody else who fetches the same content.
const BUSY_DELAY: Duration = Duration::from_secs(1);

impl Context<'_> {
    /// Brings a content into the cache and links its files to it.
    pub(super) async fn fetch(&self, group: &Group, is_present: bool) -> Result<(), FetchError> {
        if self.slice.over.is_cancelled() {
            return Err(FetchError::Stopped);
        }
        if is_present {
            if self.link_present(group).await? {
                self.note(group, FileOutcome::Present);
                return Ok(());
            }
            debug!(blob = %group.content().blob, "removed since it was looked for");
        }
        let turn = Turn::new(&self.turns);
        if self.slice.over.run_until_cancelled(turn.begin()).await.is_none() {
            return Err(FetchError::Stopped);
        }
        let key = BlobKey { repo: self.job.request.repo.clone(), blob: group.content().blob };
        let Some(lease) = Lease::acquire(self.env, key.clone()).await? else {
            return Err(busy(&group.first, "another job"));
        };
        let ended = match self.fetch_locked(&group.first, &key, &lease, &turn).await {
            // Locked until the links are there: whoever removes what nothing links to leaves what is locked alone.
            Ok((lock, outcome)) => {
                let linked = self.link_all(group).await;
                drop(lock);
                linked.map(|()| self.note(group, outcome))
            }
            Err(error) => Err(error),
        };
        lease.release().await?;
        ended
    }

    /// Links a content that was there, without its lock; returns whether it is there now. Whoever removes what nothing links
    /// to puts it aside, looks for links once more, and puts it back if there are some.
    async fn link_present(&self, group: &Group) -> Result<bool, FetchError> {
        match self.link_all(group).await {
            Err(FetchError::Cache(error)) if error.is_not_found() => return Ok(false),
            linked => linked?,
        }
        let (cache, content) = (self.cache.clone(), group.content());
        // One that cannot be looked at is looked for once more, with its lock.
        Ok(blocking(move || cache.has_blob(content)).await.unwrap_or(false))
    }

    async fn link_all(&self, group: &Group) -> Result<(), FetchError> {
        for Wanted { file, .. } in group.files() {
            // What was told to stop may be followed by a removal, which is not to be undone.
            if self.slice.stop.is_cancelled() {
                return Err(FetchError::Stopped);
            }
            for path in file.links() {
                self.join(&self.rounds.links, (path.clone(), file.blob)).await?;
            }
        }
        Ok(())
    }

    /// Notes that all files of a group are there.
    fn note(&self, group: &Group, outcome: FileOutcome) {
        for Wanted { index, file, meter } in group.files() {
            meter.set(file.size_bytes);
            self.done.add(*index);
        }
        metrics::file_ended(outcome, group.files().count());
    }

    /// Fetches a content, unless it is there by now; returns its lock, unless another program was waited for long enough.
    async fn fetch_locked(
        &self,
        wanted: &Wanted,
        key: &BlobKey,
        lease: &Lease,
        turn: &Turn,
    ) -> Result<(Option<BlobLock>, FileOutcome), FetchError> {
        let Wanted { file, meter, .. } = wanted;
        let Found { lock, begun_bytes, is_present } = self.join(&self.rounds.looks, file.content()).await?;
        // A worker of ours that sleeps may have the lock still: the lease says that it is not its turn.
        match &lock {
            Some(_) => self.env.patience.forget(key),
            None if !lease.lapsed && self.env.patience.lasts(key, begun_bytes) => {
                return Err(busy(wanted, "another program"));
            }
            None => {}
        }
        // Whoever had the lease or the lock before may have just published it.
        if is_present {
            return Ok((lock, FileOutcome::Present));
        }
        let target = Target { repo: self.job.request.repo.clone(), commit: self.commit, file: file.clone() };
        let transfer = transfer::Transfer {
            engine: &self.env.engine,
            cache: &self.cache,
            settings: &self.settings,
            target: &target,
            meter,
            received: &self.received,
            advanced: &self.done.advanced,
            turn,
            publisher: &self.rounds.publisher,
            fence: &lease.fence,
            slice_over: &self.slice.over,
            stop: &self.slice.stop,
        };
        transfer.run().await?;
        Ok((lock, FileOutcome::Downloaded))
    }

    /// Has something done in rounds, and again where that may help.
    async fn join<T, R>(&self, rounds: &Together<T, Result<R, CacheError>>, one: T) -> Result<R, FetchError>
    where
        T: Clone + Send + 'static,
        R: Send + 'static,
    {
        let mut delays = transfer::disk_delays().build();
        loop {
            match rounds.join(one.clone()).await {
                Ok(done) => return Ok(done),
                Err(error) => self.wait_for_disk(error, &mut delays).await?,
            }
        }
    }

    /// Waits for what the volume may do better the next time, network volumes above all.
    async fn wait_for_disk(&self, error: CacheError, delays: &mut ExponentialBackoff) -> Result<(), FetchError> {
        let Some(delay) = delays.next().filter(|_| may_pass(&error)) else { return Err(error.into()) };
        note_retry(&error, delay);
        let waited = self.slice.stop.run_until_cancelled(tokio::time::sleep(delay)).await;
        waited.ok_or(FetchError::Stopped)
    }
}

fn busy(wanted: &Wanted, who: &str) -> FetchError {
    FetchError::Later { delay: BUSY_DELAY, waiting: format!("{who} is fetching {}", wanted.file.path) }
}
