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

use std::sync::Arc;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use hfd_shared::job::Snapshot;
use hfd_shared::ports::{Page, StoreError};
use tokio::sync::Semaphore;

use crate::analyze::Analyzer;
use crate::excerpt::Excerpt;
use crate::state::ApiState;
use crate::view::JobView;

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

/// How many lists of jobs are made at a time: a long one takes a hundred megabytes.
const MAX_LISTS: usize = 2;

/// How many looks at the cache's volume are taken at a time.
const MAX_SCANS: usize = 4;

/// What the endpoints share.
#[derive(Clone)]
pub(crate) struct Context {
    state: Arc<ApiState>,
    plans: Arc<Semaphore>,
    lists: Arc<Semaphore>,
    scans: Arc<Semaphore>,
    analyzer: Arc<Analyzer>,
}

impl Context {
    /// The endpoints' view of the state.
    pub(crate) fn new(state: Arc<ApiState>) -> Self {
        let semaphore = |permits| Arc::new(Semaphore::new(permits));
        let analyzer = Arc::new(Analyzer::new(state.hub.clone()));
        let (plans, lists, scans) = (semaphore(MAX_PLANS), semaphore(MAX_LISTS), semaphore(MAX_SCANS));
        Self { state, plans, lists, scans, analyzer }
    }

    /// A job with all its files.
    async fn view(&self, snapshot: &Snapshot) -> Result<JobView, StoreError> {
        let files = self.state.store.files(snapshot.job.id, Page::ALL).await?;
        Ok(JobView::new(snapshot, files, &self.state.config.cache_dir))
    }

    /// Jobs for a list, in the same order.
    async fn list_views(&self, snapshots: Vec<Snapshot>) -> Result<Vec<JobView>, StoreError> {
        let view = |snapshot| async move { Ok(Excerpt::read(&self.state, &snapshot).await?.view) };
        let views = stream::iter(snapshots).map(view);
        views.buffered(MAX_READS).try_collect().await
    }
}
