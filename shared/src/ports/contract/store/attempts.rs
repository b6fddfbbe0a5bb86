//! Counting attempts, so that a task that kills its worker is found out.

use std::time::Duration;

use super::StoreRig;
use super::fixture::{bytes, fetch, plan_of_units};
use crate::ports::Verdict;

/// An attempt counts when it begins, whatever becomes of the worker.
pub async fn each_claim_counts_an_attempt(rig: &StoreRig) {
    let job = rig.planned("a", plan_of_units(2)).await;
    for attempt in 1..=3 {
        assert_eq!(rig.claim(&fetch(&job, 0)).await, Some(attempt));
        rig.report(&fetch(&job, 0), bytes(0, 1)).await;
    }
    assert_eq!(rig.claim(&fetch(&job, 1)).await, Some(1), "each task for itself");
    assert_eq!(rig.store.emit_lost(Duration::ZERO).await.unwrap(), 2);
    assert_eq!(rig.claim(&fetch(&job, 0)).await, Some(4), "emitting it again changes nothing");
}

/// An attempt that ended in an orderly way was none that counts; those that were lost before it still do.
pub async fn a_deferred_attempt_does_not_count(rig: &StoreRig) {
    let job = rig.planned("a", plan_of_units(1)).await;
    let task = fetch(&job, 0);
    assert_eq!(rig.claim(&task).await, Some(1));
    for _ in 0..3 {
        assert_eq!(rig.claim(&task).await, Some(2));
        assert_eq!(rig.store.defer(&task, Duration::ZERO, None).await.unwrap(), Verdict::Go);
        assert_eq!(rig.drain().await, [task]);
    }
}

/// Killing a worker again and again is no fault of a task that comes closer to its end each time.
pub async fn a_task_that_advances_counts_from_zero_again(rig: &StoreRig) {
    let job = rig.planned("a", plan_of_units(1)).await;
    let task = fetch(&job, 0);
    for _ in 0..3 {
        assert_eq!(rig.claim(&task).await, Some(1));
        assert_eq!(rig.claim(&task).await, Some(2));
        assert_eq!(rig.store.checkpoint(&task, Vec::new()).await.unwrap(), Verdict::Go);
    }
}
