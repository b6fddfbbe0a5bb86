//! Prune: takes out of the cache what no revision needs any more.

use hfd_shared::job::Job;
use hfd_shared::ports::{Claimed, StoreError};

use super::Outcome;
use crate::environment::Environment;
use crate::fence::Fence;

#[expect(clippy::unused_async, reason = "not supported yet")]
pub(super) async fn perform(
    _env: &Environment,
    _job: &Job,
    _claimed: &Claimed,
    _fence: &Fence,
) -> Result<Outcome, StoreError> {
    Ok(Outcome::Failed("pruning is not supported yet".to_owned()))
}
