//! Heals what was lost and removes what nobody needs: tasks without a sign of life, old jobs, stale partials.

use std::sync::Arc;
use std::time::Duration;

use hfd_shared::ports::{Retention, StoreError};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::blocking::blocking;
use crate::environment::Environment;

const STORE_TICK: Duration = Duration::from_secs(30);
const CACHE_TICK: Duration = Duration::from_hours(1);

/// Longer than a time slice, so that a task at work is never emitted a second time.
const LOST_AFTER: Duration = Duration::from_mins(15);

const RETENTION: Retention = Retention { jobs: 1_000, age: Duration::from_hours(7 * 24) };

/// Partials that no job has touched for so long are given up.
const PARTIALS_KEPT: Duration = Duration::from_hours(14 * 24);

/// Sweeps the store and the cache, each at once and then from time to time, until stopped.
pub(crate) async fn sweep(env: &Environment, stop: &CancellationToken) {
    let store = async {
        loop {
            if let Err(error) = sweep_store(env).await {
                warn!(%error, "store not swept");
            }
            tokio::time::sleep(STORE_TICK).await;
        }
    };
    let cache = async {
        loop {
            sweep_cache(env).await;
            tokio::time::sleep(CACHE_TICK).await;
        }
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = store => {}
        () = cache => {}
    }
}

async fn sweep_store(env: &Environment) -> Result<(), StoreError> {
    let emitted = env.store.emit_lost(LOST_AFTER).await?;
    if emitted > 0 {
        info!(emitted, "lost tasks emitted again");
    }
    env.store.trim(RETENTION).await?;
    env.jobs.admit().await
}

async fn sweep_cache(env: &Environment) {
    let cache = Arc::clone(&env.cache);
    match blocking(move || cache.remove_stale_partials(PARTIALS_KEPT)).await {
        Ok(0) => {}
        Ok(removed) => info!(removed, "stale partials removed"),
        Err(error) => warn!(%error, "stale partials not removed"),
    }
}
