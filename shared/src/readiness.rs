//! Whether a process can do its work now, for those who send it work.

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt as _, join_all};
use serde::Serialize;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::cache::Cache;
use crate::metrics;
use crate::ports::{JobStore, StoreError, TaskQueue};

/// How long one check may take.
const CHECK_TIMEOUT: Duration = Duration::from_secs(3);

/// What a process needs. A clone is the same.
#[derive(Clone)]
pub struct Readiness {
    stop: CancellationToken,
    checks: Vec<Check>,
}

#[derive(Clone)]
struct Check {
    what: metrics::Check,
    run: Arc<dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync>,
}

/// The answer to a probe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "status")]
pub enum Report {
    /// Send work.
    #[serde(rename = "ready")]
    Ready,
    /// Send none.
    #[serde(rename = "not ready")]
    NotReady {
        /// What is missing, each in a sentence.
        reasons: Vec<String>,
    },
}

impl Readiness {
    /// A process that needs nothing, and takes no more work once `stop` is cancelled.
    pub fn new(stop: CancellationToken) -> Self {
        Self { stop, checks: Vec::new() }
    }

    /// Adds something that the process needs. A check is given up after 3 s.
    #[must_use]
    pub fn needs<F, E>(mut self, what: metrics::Check, check: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Display,
    {
        let run = move || check().map(|result| result.map_err(|error| error.to_string())).boxed();
        self.checks.push(Check { what, run: Arc::new(run) });
        self
    }

    /// Needs the store to answer and to take more.
    #[must_use]
    pub fn needs_store(self, store: Arc<dyn JobStore>) -> Self {
        self.needs(metrics::Check::Store, move || {
            let store = Arc::clone(&store);
            async move { store.ready().await }
        })
    }

    /// Needs the store to answer, even if it is full: somebody has to be there who makes room.
    #[must_use]
    pub fn needs_store_to_answer(self, store: Arc<dyn JobStore>) -> Self {
        self.needs(metrics::Check::Store, move || {
            let store = Arc::clone(&store);
            async move {
                match store.ready().await {
                    Err(StoreError::Full(_)) => Ok(()),
                    ready => ready,
                }
            }
        })
    }

    /// Needs the queue to take and to give tasks.
    #[must_use]
    pub fn needs_queue(self, queue: Arc<dyn TaskQueue>) -> Self {
        self.needs(metrics::Check::Queue, move || {
            let queue = Arc::clone(&queue);
            async move { queue.ready().await }
        })
    }

    /// Needs the cache's folder to be there and writable.
    #[must_use]
    pub fn needs_volume(self, cache: Arc<Cache>) -> Self {
        // A volume that hangs keeps a thread for each check: one at a time.
        let turn = Arc::new(Semaphore::new(1));
        self.needs(metrics::Check::Volume, move || {
            let (cache, turn) = (Arc::clone(&cache), Arc::clone(&turn));
            async move {
                let turn = turn.acquire_owned().await.map_err(|error| error.to_string())?;
                let checked = spawn_blocking(move || {
                    let _turn = turn;
                    cache.check_writable().map_err(|error| error.to_string())
                });
                checked.await.map_err(|error| error.to_string())?
            }
        })
    }

    /// Checks everything, at the same time, also of a process that stops; says for each whether it answers.
    pub async fn states(&self) -> Vec<(metrics::Check, bool)> {
        join_all(self.checks.iter().map(async |check| (check.what, check.reason().await.is_none()))).await
    }

    /// Checks everything, at the same time.
    pub async fn report(&self) -> Report {
        if self.stop.is_cancelled() {
            return Report::NotReady { reasons: vec!["the process is stopping".to_owned()] };
        }
        let reasons: Vec<String> =
            join_all(self.checks.iter().map(Check::reason)).await.into_iter().flatten().collect();
        if reasons.is_empty() { Report::Ready } else { Report::NotReady { reasons } }
    }
}

impl Report {
    /// Whether to send work.
    pub fn is_ready(&self) -> bool {
        matches!(self, Self::Ready)
    }
}

impl Check {
    /// Why the process cannot work, if so.
    async fn reason(&self) -> Option<String> {
        match timeout(CHECK_TIMEOUT, (self.run)()).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error),
            Err(_) => Some(format!("the {} does not answer within {} s", name(self.what), CHECK_TIMEOUT.as_secs())),
        }
    }
}

/// What it is called in a sentence.
fn name(check: metrics::Check) -> &'static str {
    match check {
        metrics::Check::Store => "job store",
        metrics::Check::Queue => "task queue",
        metrics::Check::Volume => "cache volume",
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::future::{pending, ready};

    use super::*;

    fn process() -> (Readiness, CancellationToken) {
        let stop = CancellationToken::new();
        (Readiness::new(stop.clone()).needs(metrics::Check::Volume, || ready(Ok::<_, Infallible>(()))), stop)
    }

    async fn reasons(readiness: &Readiness) -> Vec<String> {
        match readiness.report().await {
            Report::Ready => Vec::new(),
            Report::NotReady { reasons } => reasons,
        }
    }

    #[tokio::test]
    async fn a_process_that_stops_is_not_ready() {
        let (readiness, stop) = process();
        assert_eq!(readiness.report().await, Report::Ready);
        stop.cancel();
        assert_eq!(reasons(&readiness).await, ["the process is stopping"]);
    }

    #[tokio::test(start_paused = true)]
    async fn everything_that_fails_or_hangs_is_a_reason() {
        let (readiness, _) = process();
        let readiness = readiness
            .needs(metrics::Check::Store, || ready(Err("job store unavailable: connection refused")))
            .needs(metrics::Check::Queue, pending::<Result<(), Infallible>>);
        let expected = ["job store unavailable: connection refused", "the task queue does not answer within 3 s"];
        assert_eq!(reasons(&readiness).await, expected);
        let states = [(metrics::Check::Volume, true), (metrics::Check::Store, false), (metrics::Check::Queue, false)];
        assert_eq!(readiness.states().await, states);
    }

    #[tokio::test]
    async fn a_cache_folder_that_is_gone_is_a_reason() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("hub");
        let readiness = process().0.needs_volume(Arc::new(Cache::open(root.clone()).unwrap()));
        assert_eq!(readiness.report().await, Report::Ready);
        std::fs::remove_dir_all(&root).unwrap();
        let reasons = reasons(&readiness).await;
        assert!(reasons.len() == 1 && reasons[0].contains(&root.display().to_string()), "{reasons:?}");
    }

    #[test]
    fn a_report_is_shown_as_a_status_and_its_reasons() {
        let shown = |report: &Report| serde_json::to_string(report).unwrap();
        assert_eq!(shown(&Report::Ready), r#"{"status":"ready"}"#);
        let reasons = vec!["no air".to_owned()];
        assert_eq!(shown(&Report::NotReady { reasons }), r#"{"status":"not ready","reasons":["no air"]}"#);
    }
}
