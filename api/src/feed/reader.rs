//! Reads jobs for messages. Of a job with many files it reads what has changed, so that an update costs the same however
//! many there are.

use std::collections::HashMap;

use futures_util::{StreamExt as _, stream};
use hfd_shared::job::{JobId, JobMark, Snapshot};
use hfd_shared::ports::{Extent, FileMark, StoreError};
use poem_openapi::types::ToJSON as _;

use super::message::{MAX_DATA_BYTES, Message};
use super::size::{self, MIN_JOB_BYTES};
use crate::excerpt::{Excerpt, MAX_FILES};
use crate::state::ApiState;
use crate::view::JobView;

/// Bytes that a file takes in `init` at least.
const MIN_FILE_BYTES: usize = 90;

/// No more jobs than this are in an `init`: a job takes [`MIN_JOB_BYTES`] at least.
const MAX_INIT_JOBS: usize = MAX_DATA_BYTES / MIN_JOB_BYTES;

/// What is to be told of a job.
pub(super) struct Update {
    /// The `job_update`.
    pub(super) message: Message,
    /// Changes of files after this are not in it; none of a job whose updates have all files.
    pub(super) mark: Option<FileMark>,
    /// How much of what has changed is told.
    pub(super) extent: Extent,
}

/// Those of the jobs, which are given newest first, for which there may be room in an `init`.
pub(super) fn those_that_may_fit(jobs: &[JobMark]) -> Vec<JobId> {
    let mut left = MAX_INIT_JOBS;
    let mut fits = vec![false; jobs.len()];
    // Live jobs are the last that are left out.
    for terminal in [false, true] {
        let of_kind = |(_, job): &(&mut bool, &JobMark)| job.status.is_terminal() == terminal;
        for (fits, _) in fits.iter_mut().zip(jobs).filter(of_kind).take(left) {
            *fits = true;
            left -= 1;
        }
    }
    jobs.iter().zip(fits).filter_map(|(job, fits)| fits.then_some(job.id)).collect()
}

/// The `init` of jobs that are given newest first; and of each job whose updates will not have all files, up to where
/// changes of its files are in it.
pub(super) async fn init(
    state: &ApiState,
    snapshots: &[Snapshot],
) -> Result<(Message, HashMap<JobId, FileMark>), StoreError> {
    let bare = |snapshot| JobView::bare(snapshot, &state.config.cache_dir);
    let (mut views, mut marks): (Vec<JobView>, HashMap<_, _>) = (snapshots.iter().map(bare).collect(), HashMap::new());
    let bytes: usize = views.iter().map(|view| view.to_json_string().len()).sum();
    let mut room = MAX_DATA_BYTES.saturating_sub(bytes) / MIN_FILE_BYTES;
    // Live jobs first: theirs are the files that are still there when it gets tight.
    let mut order: Vec<usize> = (0..snapshots.len()).collect();
    order.sort_by_key(|index| snapshots[*index].job.status.is_terminal());
    // Several at a time: nobody hears of anything meanwhile.
    let ordered = order.iter().map(|index| snapshots[*index].clone()).collect();
    let mut excerpts = stream::iter(order).zip(Excerpt::read_all(state, ordered));
    while room > 0
        && let Some((index, excerpt)) = excerpts.next().await
    {
        let Excerpt { view, mark } = excerpt?;
        marks.extend(mark.map(|mark| (snapshots[index].job.id, mark)));
        room = room.saturating_sub(view.files.len());
        views[index] = view;
    }
    Ok((size::init(views, MAX_DATA_BYTES), marks))
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
        limit = (limit / 2).max(2);
    }
}

#[cfg(test)]
mod tests {
    use hfd_shared::job::{Status, Version};

    use super::*;

    #[test]
    fn live_jobs_are_read_before_ended_ones_and_no_more_than_may_fit() {
        let mark =
            |status| JobMark { id: JobId::random().unwrap(), version: Version(1), tick: 0, status, position: None };
        let mut jobs: Vec<JobMark> = (0..2 * MAX_INIT_JOBS).map(|_| mark(Status::Completed)).collect();
        jobs.push(mark(Status::Running));
        let read = those_that_may_fit(&jobs);
        assert_eq!(read.len(), MAX_INIT_JOBS);
        assert_eq!((read[0], read[MAX_INIT_JOBS - 1]), (jobs[0].id, jobs[jobs.len() - 1].id), "newest first");
        assert_eq!(those_that_may_fit(&jobs[..2]).len(), 2);
    }
}
