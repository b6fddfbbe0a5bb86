//! Reads jobs for messages. Of a job with many files it reads some, so that an update costs the same however many
//! there are.

use std::collections::BTreeMap;

use hfd_shared::job::{FileIndex, FileState, Snapshot};
use hfd_shared::ports::{Extent, FileChanges, FileMark, Page, StoreError};

use super::message::Message;
use super::size::{self, MAX_FILES};
use crate::state::ApiState;
use crate::view::JobView;

/// A job as it is, with some of its files.
pub(super) struct Excerpt {
    /// The job.
    pub(super) view: JobView,
    /// Changes of files after this are not in it; none of a job whose updates have all files.
    pub(super) mark: Option<FileMark>,
}

/// What is to be told of a job.
pub(super) struct Update {
    /// The `job_update`.
    pub(super) message: Message,
    /// As in [`Excerpt`].
    pub(super) mark: Option<FileMark>,
    /// How much of what has changed is told.
    pub(super) extent: Extent,
}

/// Whether the updates of a job have all its files; otherwise they have those that changed.
fn is_small(snapshot: &Snapshot) -> bool {
    snapshot.progress.total_files <= MAX_FILES as u64
}

/// A job for `init`: with all its files, or with those in work and the first ones; with none when there is no room.
pub(super) async fn excerpt(state: &ApiState, snapshot: &Snapshot, has_room: bool) -> Result<Excerpt, StoreError> {
    if !has_room {
        return Ok(Excerpt { view: view(state, snapshot, Vec::new()), mark: None });
    }
    if is_small(snapshot) {
        return Ok(Excerpt { view: small(state, snapshot).await?, mark: None });
    }
    let in_work = state.store.changed_files(snapshot.job.id, None, MAX_FILES).await?;
    with_first_files(state, snapshot, in_work).await
}

/// A job for an update, after what is known of its files already.
pub(super) async fn update(
    state: &ApiState,
    snapshot: &Snapshot,
    known: Option<FileMark>,
) -> Result<Update, StoreError> {
    if is_small(snapshot) {
        let message = size::job_update(small(state, snapshot).await?);
        return Ok(Update { message, mark: None, extent: Extent::All });
    }
    let mut limit = MAX_FILES;
    loop {
        let changes = state.store.changed_files(snapshot.job.id, known, limit).await?;
        let (mark, extent) = (Some(changes.mark), changes.extent);
        if extent == Extent::Lost {
            let Excerpt { view, mark } = with_first_files(state, snapshot, changes).await?;
            return Ok(Update { message: size::job_update(view), mark, extent });
        }
        let mut files = changes.files;
        files.sort_unstable_by_key(|(index, _)| *index);
        let message = Message::job_update(&view(state, snapshot, files.into_iter().map(|(_, file)| file).collect()));
        // Two files always fit, and one of them is no file in work: so every change is told at some time.
        if message.fits() || limit == 2 {
            return Ok(Update { message, mark, extent });
        }
        limit /= 2;
    }
}

async fn small(state: &ApiState, snapshot: &Snapshot) -> Result<JobView, StoreError> {
    let first = Page { offset: 0, limit: MAX_FILES };
    Ok(view(state, snapshot, state.store.files(snapshot.job.id, first).await?))
}

async fn with_first_files(state: &ApiState, snapshot: &Snapshot, in_work: FileChanges) -> Result<Excerpt, StoreError> {
    let first = Page { offset: 0, limit: MAX_FILES };
    let first = (0..).map(FileIndex).zip(state.store.files(snapshot.job.id, first).await?);
    let mut files: BTreeMap<FileIndex, FileState> = in_work.files.into_iter().collect();
    for (index, file) in first {
        if files.len() >= MAX_FILES {
            break;
        }
        files.entry(index).or_insert(file);
    }
    Ok(Excerpt { view: view(state, snapshot, files.into_values().collect()), mark: Some(in_work.mark) })
}

fn view(state: &ApiState, snapshot: &Snapshot, files: Vec<FileState>) -> JobView {
    JobView::new(snapshot, files, &state.config.cache_dir)
}
