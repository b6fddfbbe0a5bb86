//! Jobs with some of their files: what lists of jobs and messages show of a job that has very many.

use std::collections::BTreeMap;

use futures_util::{Stream, StreamExt as _, stream};
use hfd_shared::job::{FileIndex, FileState, Snapshot};
use hfd_shared::ports::{FileChanges, FileMark, Page, StoreError};

use crate::state::ApiState;
use crate::view::JobView;

/// Files of a job in an excerpt.
pub(crate) const MAX_FILES: usize = 200;

/// Of so many jobs files are read at a time.
const MAX_READS: usize = 16;

/// A job with all its files when they are few, otherwise with the most interesting ones.
pub(crate) struct Excerpt {
    /// The job.
    pub(crate) view: JobView,
    /// Changes of files after this are not in it; none of a job with few files.
    pub(crate) mark: Option<FileMark>,
}

impl Excerpt {
    /// Whether a job has so few files that all of them are shown.
    pub(crate) fn is_whole(snapshot: &Snapshot) -> bool {
        snapshot.progress.total_files <= MAX_FILES as u64
    }

    /// Reads the files that are in work and the first ones: the cost is the same however many there are.
    pub(crate) async fn read(state: &ApiState, snapshot: &Snapshot) -> Result<Self, StoreError> {
        if Self::is_whole(snapshot) {
            let view = JobView::new(snapshot, first_files(state, snapshot).await?, &state.config.cache_dir);
            return Ok(Self { view, mark: None });
        }
        let in_work = state.store.changed_files(snapshot.job.id, None, MAX_FILES).await?;
        Self::around(state, snapshot, in_work).await
    }

    /// The same of several jobs, in their order, each as it is asked for and some ahead.
    pub(crate) fn read_all(
        state: &ApiState,
        snapshots: Vec<Snapshot>,
    ) -> impl Stream<Item = Result<Self, StoreError>> + Send {
        let read = move |snapshot| async move { Self::read(state, &snapshot).await };
        stream::iter(snapshots).map(read).buffered(MAX_READS)
    }

    /// The same when the files in work are known already.
    pub(crate) async fn around(
        state: &ApiState,
        snapshot: &Snapshot,
        in_work: FileChanges,
    ) -> Result<Self, StoreError> {
        let mut files: BTreeMap<FileIndex, FileState> = in_work.files.into_iter().collect();
        for (index, file) in (0..).map(FileIndex).zip(first_files(state, snapshot).await?) {
            if files.len() < MAX_FILES {
                files.entry(index).or_insert(file);
            }
        }
        let view = JobView::new(snapshot, files.into_values().collect(), &state.config.cache_dir);
        Ok(Self { view, mark: Some(in_work.mark) })
    }
}

async fn first_files(state: &ApiState, snapshot: &Snapshot) -> Result<Vec<FileState>, StoreError> {
    if snapshot.progress.total_files == 0 {
        return Ok(Vec::new());
    }
    state.store.files(snapshot.job.id, Page { offset: 0, limit: MAX_FILES }).await
}
