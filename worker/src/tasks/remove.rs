//! Remove: takes a repository or a revision out of the cache.

use hfd_shared::job::{Job, Removal};
use hfd_shared::ports::{Claimed, StoreError};

use super::Outcome;
use crate::environment::Environment;
use crate::fence::Fence;

#[expect(clippy::unused_async, reason = "not supported yet")]
pub(super) async fn perform(
    _env: &Environment,
    _job: &Job,
    _claimed: &Claimed,
    _removal: Removal,
    _fence: &Fence,
) -> Result<Outcome, StoreError> {
    Ok(Outcome::Failed("removal is not supported yet".to_owned()))
}
