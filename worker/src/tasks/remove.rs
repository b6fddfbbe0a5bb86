//! Remove: takes a repository or a revision out of the cache.

use hfd_shared::blocking::blocking;
use hfd_shared::cache::{CacheError, Clearing};
use hfd_shared::job::{Job, Outcome, Removal};
use hfd_shared::ports::{Claimed, StoreError};

use super::{Ending, complete, refused};
use crate::environment::Environment;
use crate::fence::Fence;

/// Nothing to remove is a success: an earlier attempt may have done it and died before it could say so.
pub(super) async fn perform(
    env: &Environment,
    job: &Job,
    claimed: &Claimed,
    removal: Removal,
    fence: &Fence,
) -> Result<Ending, StoreError> {
    let (cache, revision, fence) = (env.cache.repo(&job.request.repo), job.request.revision.clone(), fence.clone());
    let removed = blocking(move || {
        let mut outcome = Outcome::default();
        let mut gone = |path, freed_bytes| outcome.remove(path, freed_bytes);
        let mut clearing = Clearing { may_go_on: &|| fence.is_open(), gone: &mut gone };
        match removal {
            Removal::Repo => cache.remove(&mut clearing)?,
            Removal::Revision => cache.remove_revision(&revision, &mut clearing)?,
        }
        Ok::<_, CacheError>((outcome, fence.is_open()))
    });
    match removed.await {
        Ok((outcome, true)) => complete(env, claimed, Some(outcome)).await,
        Ok((_, false)) => Ok(Ending::Stopped),
        Err(error) => Ok(refused(&error)),
    }
}
