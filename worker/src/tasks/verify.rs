//! Verify: hashes what the cache holds of a repository.

use hfd_shared::job::{Job, UnitIndex};
use hfd_shared::ports::{Claimed, StoreError};
use tokio_util::sync::CancellationToken;

use super::Outcome;
use crate::environment::Environment;
use crate::fence::Fence;

#[expect(clippy::unused_async, reason = "not supported yet")]
pub(super) async fn plan(
    _env: &Environment,
    _job: &Job,
    _claimed: &Claimed,
    _stop: &CancellationToken,
) -> Result<Outcome, StoreError> {
    Ok(Outcome::Failed("verification is not supported yet".to_owned()))
}

#[expect(clippy::unused_async, reason = "not supported yet")]
pub(super) async fn check(
    _env: &Environment,
    _job: &Job,
    _claimed: &Claimed,
    _unit: UnitIndex,
    _fence: &Fence,
    _stop: &CancellationToken,
) -> Result<Outcome, StoreError> {
    Ok(Outcome::Failed("verification is not supported yet".to_owned()))
}

#[expect(clippy::unused_async, reason = "not supported yet")]
pub(super) async fn finish(_env: &Environment, _job: &Job, _claimed: &Claimed) -> Result<Outcome, StoreError> {
    Ok(Outcome::Failed("verification is not supported yet".to_owned()))
}
