//! What nobody tells by himself is looked at from time to time, so that a scrape costs nothing and waits for nobody.

use std::convert::Infallible;
use std::fmt::Display;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ::metrics::gauge;
use tokio::time::{sleep, timeout};
use tracing::debug;

use super::Exposition;
use super::table::{
    CACHE_CAPACITY, CACHE_FREE, CACHE_REPOS, CACHE_SIZE, JOBS, OLDEST_WAITING_JOB, OUTBOX, OUTBOX_OLDEST, READY,
};
use super::values::{number, seconds};
use crate::blocking::blocking;
use crate::cache::{Cache, CacheError};
use crate::ports::{JobStore, Statistics};
use crate::readiness::Readiness;

/// How often the store and the readiness are looked at.
const TICK: Duration = Duration::from_secs(10);

/// How long the store may take.
const STORE_TIMEOUT: Duration = Duration::from_secs(5);

/// How often the volume's free space is asked for.
const SPACE_TICK: Duration = Duration::from_secs(15);

/// How often the cache is counted at most, and how much longer than a count the pause is: a volume is never kept busy.
const COUNT_TICK: Duration = Duration::from_mins(10);
const COUNT_SHARE: u32 = 20;

/// Looks at the store and at what the process needs until it is dropped.
pub async fn sample_process(exposition: &Exposition, store: &dyn JobStore, readiness: &Readiness) -> Infallible {
    loop {
        let (statistics, states) = tokio::join!(timeout(STORE_TIMEOUT, store.statistics()), readiness.states());
        match statistics {
            Ok(Ok(statistics)) => show(&statistics),
            Ok(Err(error)) => unknown(&error),
            Err(_) => unknown(&format!("no answer in {STORE_TIMEOUT:?}")),
        }
        for (check, is_met) in states {
            gauge!(READY.name, &[("check", check.as_str())]).set(f64::from(u8::from(is_met)));
        }
        exposition.add_up();
        sleep(TICK).await;
    }
}

/// What was true before must not go on to be shown: no comparison holds for what is no number.
fn unknown(error: &dyn Display) {
    debug!(%error, "store not looked at");
    for status in ["queued", "running", "paused", "ended"] {
        gauge!(JOBS.name, &[("status", status)]).set(f64::NAN);
    }
    for metric in [OLDEST_WAITING_JOB, OUTBOX, OUTBOX_OLDEST] {
        gauge!(metric.name).set(f64::NAN);
    }
}

fn show(statistics: &Statistics) {
    let Statistics { queued, running, paused, ended, .. } = *statistics;
    for (status, jobs) in [("queued", queued), ("running", running), ("paused", paused), ("ended", ended)] {
        gauge!(JOBS.name, &[("status", status)]).set(number(jobs));
    }
    gauge!(OLDEST_WAITING_JOB.name).set(seconds(statistics.longest_wait));
    gauge!(OUTBOX.name).set(number(statistics.outbox));
    gauge!(OUTBOX_OLDEST.name).set(seconds(statistics.longest_due));
}

/// Looks at the cache and its volume until it is dropped. A volume that hangs holds one thread up, not more.
pub async fn sample_cache(cache: &Arc<Cache>) -> Infallible {
    let space = async {
        loop {
            let measured = Arc::clone(cache);
            match blocking(move || measured.space()).await {
                Ok(space) => {
                    gauge!(CACHE_FREE.name).set(number(space.free_bytes));
                    gauge!(CACHE_CAPACITY.name).set(number(space.capacity_bytes));
                }
                Err(error) => debug!(%error, "free space not known"),
            }
            sleep(SPACE_TICK).await;
        }
    };
    let contents = async {
        loop {
            let begun = Instant::now();
            let counted = Arc::clone(cache);
            match blocking(move || count(&counted)).await {
                Ok((size_bytes, repos)) => {
                    gauge!(CACHE_SIZE.name).set(number(size_bytes));
                    gauge!(CACHE_REPOS.name).set(number(repos));
                }
                Err(error) => debug!(%error, "cache not counted"),
            }
            sleep(COUNT_TICK.max(begun.elapsed() * COUNT_SHARE)).await;
        }
    };
    tokio::join!(space, contents).0
}

/// The bytes and the number of the repositories. One that cannot be read counts as empty.
fn count(cache: &Cache) -> Result<(u64, u64), CacheError> {
    let inventory = cache.inventory();
    let (mut size_bytes, mut repos) = (0, 0);
    for repo in inventory.repos()? {
        repos += 1;
        match inventory.summary(&repo) {
            Ok(contents) => size_bytes += contents.map_or(0, |contents| contents.size_bytes),
            Err(error) => debug!(%repo, %error, "repository not counted"),
        }
    }
    Ok((size_bytes, repos))
}
