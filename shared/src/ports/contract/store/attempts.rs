//! Counting attempts, so that a task that kills its worker is found out.

use std::time::Duration;

use super::fixture::{bytes, fetch, holder, plan_of_units};
use super::{LONG, StoreRig, eventually};
use crate::ports::{Claim, Claimed, Verdict};

/// An attempt counts when it begins, whatever becomes of the worker.
pub async fn each_claim_counts_an_attempt(rig: &StoreRig) {
    let job = rig.planned("a", plan_of_units(2)).await;
    for attempt in 1..=3 {
        assert_eq!(rig.claim(&fetch(&job, 0)).await, Some(attempt));
        rig.report(&fetch(&job, 0), bytes(0, 1)).await;
    }
    assert_eq!(rig.claim(&fetch(&job, 1)).await, Some(1), "each task for itself");
    assert_eq!(rig.emit_lost(Duration::ZERO).await, 2);
    assert_eq!(rig.claim(&fetch(&job, 0)).await, Some(4), "emitting it again changes nothing");
}

/// An attempt that ended in an orderly way was none that counts; those that were lost before it still do.
pub async fn an_attempt_that_is_put_off_does_not_count(rig: &StoreRig) {
    let job = rig.planned("a", plan_of_units(1)).await;
    let task = fetch(&job, 0);
    assert_eq!(rig.claim(&task).await, Some(1));
    for _ in 0..3 {
        assert_eq!(rig.claim(&task).await, Some(2));
        assert_eq!(rig.store.put_off(&rig.by(task), Duration::ZERO, None).await.unwrap(), Verdict::Go);
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
        assert_eq!(rig.store.checkpoint(&rig.by(task), Vec::new()).await.unwrap(), Verdict::Go);
    }
}

/// The answer to a claim may be lost on its way.
pub async fn a_claim_that_comes_twice_counts_once(rig: &StoreRig) {
    let job = rig.planned("a", plan_of_units(1)).await;
    let claimed = Claimed { task: fetch(&job, 0), holder: holder("a", 1) };
    for _ in 0..2 {
        let claim = rig.store.claim(&claimed, LONG).await.unwrap();
        assert!(matches!(claim, Claim::Go { attempt: 1, .. }), "{claim:?}");
    }
}

/// A second delivery is turned away while the first is in work; it comes again for the case that the worker dies.
pub async fn a_task_in_work_is_busy_until_its_holder_is_silent_for_too_long(rig: &StoreRig) {
    let job = rig.planned("a", plan_of_units(1)).await;
    let task = fetch(&job, 0);
    let (first, second) = (holder("a", 1), holder("b", 1));
    let claim = async |holder: &crate::ports::Holder, patience| {
        rig.store.claim(&Claimed { task, holder: holder.clone() }, patience).await.unwrap()
    };
    assert!(matches!(claim(&first, LONG).await, Claim::Go { attempt: 1, .. }));
    assert_eq!(claim(&second, LONG).await, Claim::Busy);
    let patience = Duration::from_secs(1);
    for _ in 0..2 {
        assert_eq!(claim(&second, Duration::from_hours(2)).await, Claim::Busy, "it is due again only once");
    }
    rig.store.put_off(&Claimed { task, holder: first.clone() }, Duration::ZERO, None).await.unwrap();
    assert_eq!(rig.drain().await, [task]);
    assert!(matches!(claim(&holder("a", 2), LONG).await, Claim::Go { attempt: 1, .. }), "what was put off is free");
    assert_eq!(claim(&second, patience).await, Claim::Busy);
    assert_eq!(eventually(async || rig.drain().await.pop()).await, task);
    let taken = eventually(async || match claim(&second, patience).await {
        Claim::Go { attempt, .. } => Some(attempt),
        _ => None,
    });
    assert_eq!(taken.await, 2);
    assert_eq!(rig.snapshot(job.id).await.progress.workers, [second.worker]);
}

/// The relay has published and not yet said so; the worker that took the task dies; the second delivery is turned away, and
/// only then the relay removes the entry.
pub async fn a_busy_task_comes_again_though_its_entry_is_acknowledged_late(rig: &StoreRig) {
    let job = rig.running("a").await;
    let task = super::fixture::task(&job, crate::job::TaskKind::Plan);
    let published = rig.store.take_due(10, LONG).await.unwrap().pop().unwrap();
    let (dead, second) = (Claimed { task, holder: holder("a", 1) }, Claimed { task, holder: holder("b", 1) });
    assert!(matches!(rig.store.claim(&dead, LONG).await.unwrap(), Claim::Go { .. }));
    assert_eq!(rig.store.claim(&second, Duration::from_millis(500)).await.unwrap(), Claim::Busy);
    rig.store.acknowledge_due(&published.id).await.unwrap();
    assert_eq!(eventually(async || rig.drain().await.pop()).await, task);
}

/// The answer to putting it off may be lost on its way.
pub async fn a_task_that_is_put_off_twice_gets_one_attempt_back(rig: &StoreRig) {
    let job = rig.planned("a", plan_of_units(1)).await;
    let task = fetch(&job, 0);
    for attempt in 1..=3 {
        assert_eq!(rig.claim(&task).await, Some(attempt));
    }
    for _ in 0..3 {
        rig.store.put_off(&rig.by(task), Duration::ZERO, None).await.unwrap();
    }
    assert_eq!(rig.claim(&task).await, Some(3));
}

/// The last report may be under way when the work stops.
pub async fn a_report_that_comes_after_its_task_was_put_off_changes_nothing(rig: &StoreRig) {
    let job = rig.planned("a", plan_of_units(1)).await;
    let task = fetch(&job, 0);
    let (first, second) = (Claimed { task, holder: holder("a", 1) }, Claimed { task, holder: holder("b", 1) });
    assert!(matches!(rig.store.claim(&first, LONG).await.unwrap(), Claim::Go { .. }));
    assert_eq!(rig.store.put_off(&first, Duration::ZERO, None).await.unwrap(), Verdict::Go);
    assert_eq!(rig.store.report(&first, bytes(0, 1)).await.unwrap(), Verdict::Stop);
    assert_eq!(rig.snapshot(job.id).await.progress.downloaded_bytes, 0);
    assert!(matches!(rig.store.claim(&second, LONG).await.unwrap(), Claim::Go { attempt: 1, .. }));
}
