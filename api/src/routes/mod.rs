//! The endpoints, a file a resource.

mod analyze;
mod cache;
mod cluster;
mod docs;
mod download;
mod health;
mod jobs;
mod plan;
mod probes;
mod settings;
mod turns;

use std::sync::Arc;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use hfd_shared::job::Snapshot;
use hfd_shared::ports::Page;
use poem_openapi::types::ToJSON;
use tokio::sync::Semaphore;

use self::cache::CacheLists;
use self::health::HEALTH_PATH;
use self::turns::FileTurns;
use crate::analyze::Analyzer;
use crate::error::ApiError;
use crate::excerpt::Excerpt;
use crate::page::is_page;
use crate::state::ApiState;
use crate::view::JobView;
use crate::written::Written;

pub(crate) use analyze::AnalyzeApi;
pub(crate) use cache::{CacheApi, CacheWorkApi};
pub(crate) use cluster::ClusterApi;
pub(crate) use docs::{DOCS_PATHS, DocsApi};
pub(crate) use download::DownloadApi;
pub(crate) use health::HealthApi;
pub(crate) use jobs::{JobStepsApi, JobsApi};
pub(crate) use plan::PlanApi;
pub(crate) use probes::{OPEN_PATHS, ProbesApi};
pub(crate) use settings::SettingsApi;

/// How many plans are made at a time: a listing may hold a hundred thousand files.
const MAX_PLANS: usize = 8;

/// How many jobs' files are read at a time.
const MAX_READS: usize = 16;

/// How many looks at repositories in the cache are taken at a time.
const MAX_SCANS: usize = 4;

/// What the endpoints share.
#[derive(Clone)]
pub(crate) struct Context {
    state: Arc<ApiState>,
    plans: Arc<Semaphore>,
    files: Arc<FileTurns>,
    scans: Arc<Semaphore>,
    cache_lists: Arc<CacheLists>,
    analyzer: Arc<Analyzer>,
}

impl Context {
    /// The endpoints' view of the state.
    pub(crate) fn new(state: Arc<ApiState>) -> Self {
        let semaphore = |permits| Arc::new(Semaphore::new(permits));
        let analyzer = Arc::new(Analyzer::new(state.hub.clone()));
        let (plans, scans) = (semaphore(MAX_PLANS), semaphore(MAX_SCANS));
        Self { state, plans, files: Arc::default(), scans, cache_lists: Arc::default(), analyzer }
    }

    /// Writes a job with all its files.
    async fn job(&self, snapshot: &Snapshot) -> Result<Written<JobView>, ApiError> {
        let write = |mut job: JobView| {
            let files = std::mem::take(&mut job.files);
            Written::with_list(&job, "files", files.iter().map(ToJSON::to_json_string))
        };
        self.write_job(snapshot, write).await
    }

    /// Reads a job with all its files, and has it written before others take their turn.
    async fn write_job<T>(
        &self,
        snapshot: &Snapshot,
        write: impl FnOnce(JobView) -> Written<T>,
    ) -> Result<Written<T>, ApiError> {
        let _turn = self.files.wait(snapshot.progress.total_files).await?;
        let files = self.state.store.files(snapshot.job.id, Page::ALL).await?;
        let mut job = JobView::new(snapshot, files, &self.state.config.cache_dir);
        job.outcome = snapshot.job.outcome.as_ref().map(Into::into);
        Ok(write(job))
    }

    /// Writes each job as a list shows it, in the same order.
    async fn listed(&self, snapshots: Vec<Snapshot>) -> Result<Vec<String>, ApiError> {
        let write = |snapshot| async move { Ok(Excerpt::read(&self.state, &snapshot).await?.view.to_json_string()) };
        stream::iter(snapshots).map(write).buffered(MAX_READS).try_collect().await
    }
}

/// Whether a path shows nothing that is anybody's own.
pub(crate) fn is_public(path: &str) -> bool {
    OPEN_PATHS.contains(&path) || DOCS_PATHS.contains(&path) || path == HEALTH_PATH || is_page(path)
}
