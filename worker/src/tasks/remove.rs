//! Remove: takes a repository or a revision out of the cache.

use hfd_shared::job::{Job, Outcome, Removal};
use hfd_shared::ports::{Claimed, StoreError};

use super::Ending;
use super::clearing::clear;
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
    let (cache, revision) = (env.cache.repo(&job.request.repo), job.request.revision.clone());
    clear(env, claimed, fence, Outcome::default(), move |clearing| match removal {
        Removal::Repo => cache.remove(clearing),
        Removal::Revision => cache.remove_revision(&revision, clearing),
    })
    .await
}
