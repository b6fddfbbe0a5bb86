//! The endpoints, a file a resource.

mod cache;
mod download;
mod health;
mod jobs;
mod plan;
mod probes;
mod settings;

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use hfd_shared::job::{FileIndex, FileState, Snapshot};
use hfd_shared::ports::{Page, StoreError};
use tokio::sync::Semaphore;

use crate::state::ApiState;
use crate::view::JobView;

pub(crate) use cache::{CacheApi, CacheWorkApi};
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

/// How many files of a job are in a list of jobs.
const LISTED_FILES: usize = 200;

/// How many looks at the cache's volume are taken at a time.
const MAX_SCANS: usize = 4;

/// What the endpoints share.
#[derive(Clone)]
pub(crate) struct Context {
    state: Arc<ApiState>,
    plans: Arc<Semaphore>,
    scans: Arc<Semaphore>,
}

impl Context {
    /// The endpoints' view of the state.
    pub(crate) fn new(state: Arc<ApiState>) -> Self {
        let semaphore = |permits| Arc::new(Semaphore::new(permits));
        Self { state, plans: semaphore(MAX_PLANS), scans: semaphore(MAX_SCANS) }
    }

    /// A job with all its files.
    async fn view(&self, snapshot: &Snapshot) -> Result<JobView, StoreError> {
        let files = self.state.store.files(snapshot.job.id, Page::ALL).await?;
        Ok(JobView::new(snapshot, files, &self.state.config.cache_dir))
    }

    /// Jobs for a list, in the same order.
    async fn list_views(&self, snapshots: Vec<Snapshot>) -> Result<Vec<JobView>, StoreError> {
        let views = stream::iter(snapshots).map(|snapshot| async move { self.list_view(&snapshot).await });
        views.buffered(MAX_READS).try_collect().await
    }

    /// A job with the most interesting of its files: those in work, and the first of the others.
    async fn list_view(&self, snapshot: &Snapshot) -> Result<JobView, StoreError> {
        let (store, id) = (&self.state.store, snapshot.job.id);
        let total = snapshot.progress.total_files;
        let page = match total {
            0 => Vec::new(),
            _ => store.files(id, Page { offset: 0, limit: LISTED_FILES }).await?,
        };
        let mut files: BTreeMap<FileIndex, FileState> = BTreeMap::new();
        if total > LISTED_FILES as u64 {
            files.extend(store.changed_files(id, None, LISTED_FILES).await?.files);
        }
        for (index, file) in (0..).map(FileIndex).zip(page) {
            if files.len() < LISTED_FILES {
                files.entry(index).or_insert(file);
            }
        }
        Ok(JobView::new(snapshot, files.into_values().collect(), &self.state.config.cache_dir))
    }
}
