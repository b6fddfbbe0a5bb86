//! Reads jobs for messages. Of a job with many files it reads what has changed, so that an update costs the same however
//! many there are.

use hfd_shared::job::Snapshot;
use hfd_shared::ports::{Extent, FileMark, StoreError};

use super::message::Message;
use super::size;
use crate::excerpt::{Excerpt, MAX_FILES};
use crate::state::ApiState;
use crate::view::JobView;

/// What is to be told of a job.
pub(super) struct Update {
    /// The `job_update`.
    pub(super) message: Message,
    /// Changes of files after this are not in it; none of a job whose updates have all files.
    pub(super) mark: Option<FileMark>,
    /// How much of what has changed is told.
    pub(super) extent: Extent,
}

/// A job for an update, after what is known of its files already.
pub(super) async fn update(
    state: &ApiState,
    snapshot: &Snapshot,
    known: Option<FileMark>,
) -> Result<Update, StoreError> {
    if Excerpt::is_whole(snapshot) {
        let message = size::job_update(Excerpt::read(state, snapshot).await?.view);
        return Ok(Update { message, mark: None, extent: Extent::All });
    }
    let mut limit = MAX_FILES;
    loop {
        let changes = state.store.changed_files(snapshot.job.id, known, limit).await?;
        let (mark, extent) = (Some(changes.mark), changes.extent);
        if extent == Extent::Lost {
            let message = size::job_update(Excerpt::around(state, snapshot, changes).await?.view);
            return Ok(Update { message, mark, extent });
        }
        let mut files = changes.files;
        files.sort_unstable_by_key(|(index, _)| *index);
        let files = files.into_iter().map(|(_, file)| file).collect();
        let message = Message::job_update(&JobView::new(snapshot, files, &state.config.cache_dir));
        // Two files always fit, and one of them is no file in work: so every change is told at some time.
        if message.fits() || limit == 2 {
            return Ok(Update { message, mark, extent });
        }
        limit /= 2;
    }
}
