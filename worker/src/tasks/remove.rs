//! Remove: takes a repository or a revision out of the cache.

use hfd_shared::blocking::blocking;
use hfd_shared::cache::{CacheError, Clearing};
use hfd_shared::job::{Event, Job, Outcome as Report, Removal};
use hfd_shared::ports::{Claimed, StoreError};

use super::{Outcome, end_job};
use crate::environment::Environment;
use crate::fence::Fence;

/// Nothing to remove is a success: an earlier attempt may have done it and died before it could say so.
pub(super) async fn perform(
    env: &Environment,
    job: &Job,
    claimed: &Claimed,
    removal: Removal,
    fence: &Fence,
) -> Result<Outcome, StoreError> {
    let (cache, revision, fence) = (env.cache.repo(&job.request.repo), job.request.revision.clone(), fence.clone());
    let removed = blocking(move || {
        let mut report = Report::default();
        let mut gone = |path, freed_bytes| report.remove(path, freed_bytes);
        let mut clearing = Clearing { may_go_on: &|| fence.is_open(), gone: &mut gone };
        match removal {
            Removal::Repo => cache.remove(&mut clearing)?,
            Removal::Revision => cache.remove_revision(&revision, &mut clearing)?,
        }
        Ok::<_, CacheError>((report, fence.is_open()))
    });
    match removed.await {
        Ok((report, true)) => {
            end_job(env, claimed, &Event::Complete { epoch: claimed.task.epoch, outcome: Some(report) }).await?;
            Ok(Outcome::Settled)
        }
        Ok((_, false)) => Ok(Outcome::Stopped),
        Err(error) => Ok(Outcome::Failed(error.to_string())),
    }
}
