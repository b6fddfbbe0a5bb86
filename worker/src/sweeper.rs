//! Heals what was lost and removes what nobody needs: tasks without a sign of life, old jobs, stale partials.

use std::sync::Arc;
use std::time::Duration;

use hfd_shared::blocking::blocking;
use hfd_shared::cache::CacheError;
use hfd_shared::ports::{Silence, StoreError};
use hfd_shared::repo::RepoRef;
use tracing::{info, warn};

use crate::environment::Environment;

const STORE_TICK: Duration = Duration::from_secs(30);
const CACHE_TICK: Duration = Duration::from_hours(1);

/// A task may wait long behind others; a queue that has lost it shows sooner, by a worker that gets nothing.
const WAITING_MAX: Duration = Duration::from_mins(15);

/// A holder that was silent for so many lease timeouts is dead, and what the broker has of its task is late.
const HELD_MAX_TIMEOUTS: u32 = 6;

/// Partials that nobody has written to for so long are given up, unless a job may go on with them.
const PARTIALS_KEPT: Duration = Duration::from_hours(14 * 24);

/// Why something stays.
#[derive(Debug, thiserror::Error)]
enum SweepError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Cache(#[from] CacheError),
}

/// Sweeps the store and the cache, each at once and then from time to time.
pub(crate) async fn sweep(env: &Environment) {
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
    tokio::join!(store, cache);
}

async fn sweep_store(env: &Environment) -> Result<(), StoreError> {
    let ready = env.store.ready().await;
    // First, and also in a store that is full: this makes room.
    if matches!(ready, Ok(()) | Err(StoreError::Full(_))) {
        env.store.trim(env.limits.retention).await?;
    }
    ready?;
    let held = env.limits.lease_timeout * HELD_MAX_TIMEOUTS;
    let silence = Silence { held, waiting: WAITING_MAX, lane: None };
    let emitted = env.store.emit_lost(silence).await?;
    if emitted > 0 {
        info!(emitted, "lost tasks emitted again");
    }
    env.jobs.admit().await
}

async fn sweep_cache(env: &Environment) {
    let cache = Arc::clone(&env.cache);
    let repos = match blocking(move || cache.repos()).await {
        Ok(repos) => repos,
        Err(error) => return warn!(%error, "stale partials not looked for"),
    };
    for repo in repos {
        match sweep_repo(env, &repo).await {
            Ok(0) => {}
            Ok(removed) => info!(%repo, removed, "stale partials removed"),
            Err(error) => warn!(%repo, %error, "stale partials stay"),
        }
    }
}

/// Leaves alone what a job may go on with, also one that was paused for long.
async fn sweep_repo(env: &Environment, repo: &RepoRef) -> Result<usize, SweepError> {
    if !env.store.live_jobs(repo).await?.is_empty() {
        return Ok(0);
    }
    let cache = env.cache.repo(repo);
    Ok(blocking(move || cache.remove_stale_partials(PARTIALS_KEPT)).await?)
}
