//! Stops the work of jobs that were paused, cancelled or failed, within moments of the doorbell.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use hfd_shared::job::{Epoch, JobId, Task};
use hfd_shared::lock::lock;
use hfd_shared::ports::{EventBus, Heard, JobStore};
use tokio_util::sync::CancellationToken;
use tracing::warn;

/// The jobs that this process works for. One token serves all tasks of a job's epoch.
pub(crate) struct Watch {
    stop: CancellationToken,
    jobs: Mutex<HashMap<(JobId, Epoch), (CancellationToken, usize)>>,
}

/// Keeps a task's token known to the watch.
pub(crate) struct Watched {
    watch: Arc<Watch>,
    key: (JobId, Epoch),
    token: CancellationToken,
}

impl Watch {
    /// All tokens are cancelled with `stop`.
    pub(crate) fn new(stop: CancellationToken) -> Arc<Self> {
        Arc::new(Self { stop, jobs: Mutex::default() })
    }

    /// The token to obey while doing the task.
    pub(crate) fn begin(self: &Arc<Self>, task: &Task) -> Watched {
        let key = (task.job, task.epoch);
        let mut jobs = self.lock();
        let (token, tasks) = jobs.entry(key).or_insert_with(|| (self.stop.child_token(), 0));
        *tasks += 1;
        Watched { watch: Arc::clone(self), key, token: token.clone() }
    }

    /// Listens to the bus.
    pub(crate) async fn listen(&self, bus: &dyn EventBus, store: &dyn JobStore) {
        let mut doorbells = bus.subscribe().await;
        loop {
            match doorbells.next().await {
                Some(Heard::Changed(id)) => self.check(store, |job| job == id).await,
                Some(Heard::Resync) => self.check(store, |_| true).await,
                None => doorbells = bus.subscribe().await,
            }
        }
    }

    async fn check(&self, store: &dyn JobStore, concerns: impl Fn(JobId) -> bool) {
        let watched: Vec<_> = self.lock().keys().copied().filter(|(job, _)| concerns(*job)).collect();
        for key @ (id, epoch) in watched {
            match store.job(id).await {
                Ok(Some(job)) if job.epoch == epoch => {}
                Ok(_) => {
                    if let Some((token, _)) = self.lock().get(&key) {
                        token.cancel();
                    }
                }
                // The task's own reports are told to stop, too.
                Err(error) => warn!(job = %id, %error, "job not checked"),
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(JobId, Epoch), (CancellationToken, usize)>> {
        lock(&self.jobs)
    }
}

impl Watched {
    /// Cancelled when the work must stop.
    pub(crate) fn token(&self) -> &CancellationToken {
        &self.token
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let mut jobs = self.watch.lock();
        if let Some((_, tasks)) = jobs.get_mut(&self.key) {
            *tasks -= 1;
            if *tasks == 0 {
                jobs.remove(&self.key);
            }
        }
    }
}
