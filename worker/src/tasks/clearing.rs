//! What the tasks that take something out of the cache have in common.

use hfd_shared::blocking::blocking;
use hfd_shared::cache::{CacheError, Clearing};
use hfd_shared::job::Outcome;
use hfd_shared::ports::{Claimed, StoreError};

use super::{Ending, complete, refused};
use crate::environment::Environment;
use crate::fence::Fence;

/// Does the work as long as the claim holds, and completes the job with what that did, on top of what was done before. What stays
/// because not all of a repository can be looked at is named in it.
pub(super) async fn clear(
    env: &Environment,
    claimed: &Claimed,
    fence: &Fence,
    mut outcome: Outcome,
    work: impl FnOnce(&mut Clearing<'_>) -> Result<(), CacheError> + Send + 'static,
) -> Result<Ending, StoreError> {
    let asked = fence.clone();
    let cleared = blocking(move || {
        let mut gone = |path, freed_bytes| outcome.remove(path, freed_bytes);
        match work(&mut Clearing { may_go_on: &|| asked.is_open(), gone: &mut gone }) {
            Err(error @ CacheError::Unseen { .. }) => outcome.fail(format!("unneeded contents stay: {error}")),
            done => done?,
        }
        Ok(outcome)
    });
    match cleared.await {
        Ok(outcome) if fence.is_open() => complete(env, claimed, Some(outcome)).await,
        Ok(_) => Ok(Ending::Stopped),
        Err(error) => Ok(refused(&error)),
    }
}
