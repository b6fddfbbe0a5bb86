//! The store in numbers.

use std::time::Duration;

use super::fixture::{PRUNE, fetch, plan_of_units, task};
use super::{LONG, StoreRig, eventually};
use crate::job::{Event, TaskKind};
use crate::ports::{Statistics, Verdict};

async fn statistics(rig: &StoreRig) -> Statistics {
    rig.store.statistics().await.unwrap()
}

/// A job that removes files runs, too, though it takes up no room.
pub async fn jobs_are_counted_by_their_status(rig: &StoreRig) {
    assert_eq!(statistics(rig).await, Statistics::default());
    let counted = async || {
        let Statistics { queued, running, paused, ended, .. } = statistics(rig).await;
        (queued, running, paused, ended)
    };
    rig.queued("a").await;
    let (b, c) = (rig.running("b").await, rig.running("c").await);
    assert_eq!(counted().await, (1, 2, 0, 0));
    rig.apply(b.id, &Event::Pause).await;
    let prune = rig.queued_work("d", PRUNE).await;
    assert_eq!(counted().await, (2, 1, 1, 0));
    rig.apply(prune.id, &Event::Admit).await;
    rig.apply(c.id, &Event::Cancel).await;
    assert_eq!(counted().await, (1, 1, 1, 1));
    rig.store.remove(&[c.id]).await.unwrap();
    assert_eq!(counted().await, (1, 1, 1, 0));
}

/// Of all turns, and only as long as it waits.
pub async fn the_longest_wait_is_told(rig: &StoreRig) {
    let waited = async || statistics(rig).await.longest_wait;
    let wait = Duration::from_millis(40);
    let first = rig.queued("a").await;
    eventually(async || (waited().await >= wait).then_some(())).await;
    let second = rig.queued_work("b", PRUNE).await;
    assert!(waited().await >= wait, "the one that comes later does not hide it");
    rig.apply(first.id, &Event::Admit).await;
    rig.apply(second.id, &Event::Admit).await;
    assert_eq!(waited().await, Duration::ZERO);
    eventually(async || (first.created_at + wait < super::fixture::now()).then_some(())).await;
    rig.apply(first.id, &Event::Pause).await;
    rig.apply(first.id, &Event::Resume).await;
    assert!(waited().await < Duration::from_millis(900), "a job that comes back waits from then on");
}

/// Also while somebody tries to publish it, and when it was emitted again.
pub async fn a_task_that_nobody_relays_is_told(rig: &StoreRig) {
    let late = Duration::from_millis(40);
    let is_late = async || {
        let Statistics { outbox, longest_due, .. } = statistics(rig).await;
        assert_eq!(outbox, 1);
        (longest_due >= late).then_some(())
    };
    let job = rig.running("a").await;
    eventually(is_late).await;
    rig.store.take_due(1, LONG).await.unwrap().pop().unwrap();
    assert!(is_late().await.is_some(), "a lease does not make it young");
    rig.apply(job.id, &Event::Pause).await;
    assert_eq!(statistics(rig).await.outbox, 0);
    let job = rig.planned("b", plan_of_units(1)).await;
    assert_eq!(statistics(rig).await.longest_due, Duration::ZERO);
    eventually(async || (rig.emit_lost(Duration::from_millis(1)).await == 1).then_some(())).await;
    assert!(statistics(rig).await.longest_due < Duration::from_secs(10), "it is due since it was emitted");
    eventually(is_late).await;
    assert_eq!(rig.drain().await, [fetch(&job, 0)]);
}

/// A task that is put off is in the outbox and not late.
pub async fn a_delayed_task_is_not_late(rig: &StoreRig) {
    let job = rig.running("a").await;
    rig.drain().await;
    let plan = task(&job, TaskKind::Plan);
    assert_eq!(rig.store.put_off(&rig.by(plan), LONG, None).await.unwrap(), Verdict::Go);
    let Statistics { outbox, longest_due, .. } = statistics(rig).await;
    assert_eq!((outbox, longest_due), (1, Duration::ZERO));
}
