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

use futures_util::TryStreamExt as _;
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
use crate::view::{FileView, JobView};
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

/// How many lists of jobs are read at a time: a long one may hold a hundred thousand.
const MAX_LONG_LISTS: usize = 2;
const MAX_SHORT_LISTS: usize = 8;

/// How many repositories in the cache are looked at together: on a network volume most of a look is waiting.
const MAX_SCANS: usize = 8;

/// What the endpoints share.
#[derive(Clone)]
pub(crate) struct Context {
    state: Arc<ApiState>,
    plans: Arc<Semaphore>,
    long_lists: Arc<Semaphore>,
    short_lists: Arc<Semaphore>,
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
        Self {
            state,
            plans: semaphore(MAX_PLANS),
            long_lists: semaphore(MAX_LONG_LISTS),
            short_lists: semaphore(MAX_SHORT_LISTS),
            files: Arc::default(),
            scans: semaphore(MAX_SCANS),
            cache_lists: Arc::default(),
            analyzer,
        }
    }

    /// Reads a job with all its files, and writes it before others take their turn.
    async fn job(&self, snapshot: &Snapshot) -> Result<Written<JobView>, ApiError> {
        let _turn = self.files.wait(snapshot.progress.total_files).await?;
        let files = self.state.store.files(snapshot.job.id, Page::ALL).await?;
        let files = files.into_iter().map(|file| FileView::from(file).to_json_string());
        let mut job = self.bare_job(snapshot);
        job.files_truncated = false;
        Ok(Written::with_list(&job, "files", files))
    }

    /// A job without its files.
    fn bare_job(&self, snapshot: &Snapshot) -> JobView {
        let mut job = JobView::bare(snapshot, &self.state.config.cache_dir);
        job.outcome = snapshot.job.outcome.as_ref().map(Into::into);
        job
    }

    /// Writes each job as a list shows it, in the same order.
    async fn listed(&self, snapshots: Vec<Snapshot>) -> Result<Vec<String>, ApiError> {
        let written = Excerpt::read_all(&self.state, snapshots).map_ok(|excerpt| excerpt.view.to_json_string());
        Ok(written.try_collect().await?)
    }
}

/// Whether a path shows nothing that is anybody's own.
pub(crate) fn is_public(path: &str) -> bool {
    OPEN_PATHS.contains(&path) || DOCS_PATHS.contains(&path) || path == HEALTH_PATH || is_page(path)
}
