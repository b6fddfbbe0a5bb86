//! The outbox, which is also the delay queue.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::fixture::{fetch, plan_of_units, task};
use super::{LONG, StoreRig, eventually};
use crate::job::{Event, TaskKind, WINDOW};
use crate::ports::{Due, OutboxId, Verdict};

async fn take(rig: &StoreRig, lease: Duration) -> Vec<Due> {
    rig.store.take_due(100, lease).await.unwrap()
}

/// By due time, not by job or kind.
pub async fn entries_come_in_the_order_of_their_time(rig: &StoreRig) {
    let second = rig.queued("b").await;
    let first = rig.running("a").await;
    let second = rig.apply(second.id, &Event::Admit).await;
    let third = rig.running("c").await;
    let plans: Vec<_> = [&first, &second, &third].map(|job| task(job, TaskKind::Plan)).into();
    assert_eq!(rig.drain().await, plans);
    // The order is certain only when the three calls take less time than their delays differ.
    let margin = Duration::from_millis(100);
    eventually(async || {
        let began = Instant::now();
        for (plan, delay) in [(plans[0], 3 * margin), (plans[1], margin), (plans[2], 2 * margin)] {
            assert_eq!(rig.store.put_off(&rig.by(plan), delay, None).await.unwrap(), Verdict::Go);
        }
        (began.elapsed() < margin / 2).then_some(())
    })
    .await;
    let mut order = Vec::new();
    while order.len() < 3 {
        order.extend(eventually(async || Some(rig.drain().await).filter(|tasks| !tasks.is_empty())).await);
    }
    assert_eq!(order, [plans[1], plans[2], plans[0]]);
}

/// The rest stays for others.
pub async fn no_more_entries_come_than_asked_for(rig: &StoreRig) {
    let job = rig.running("a").await;
    rig.drain().await;
    rig.store.put_plan(&rig.by(task(&job, TaskKind::Plan)), plan_of_units(5)).await.unwrap();
    let first = rig.store.take_due(3, LONG).await.unwrap();
    let rest = rig.store.take_due(3, LONG).await.unwrap();
    let tasks: Vec<_> = first.iter().chain(&rest).map(|due| due.message.task).collect();
    assert_eq!((first.len(), rest.len()), (3, 2));
    assert_eq!(tasks, (0..5).map(|unit| fetch(&job, unit)).collect::<Vec<_>>());
}

/// Who took an entry has time to publish it.
pub async fn a_lease_hides_an_entry(rig: &StoreRig) {
    rig.running("a").await;
    assert_eq!(take(rig, LONG).await.len(), 1);
    assert!(take(rig, LONG).await.is_empty());
}

/// Who took an entry may have died.
pub async fn an_entry_comes_back_when_its_lease_ends(rig: &StoreRig) {
    let job = rig.running("a").await;
    assert_eq!(take(rig, Duration::from_millis(20)).await.len(), 1);
    let again = eventually(async || take(rig, LONG).await.pop()).await;
    assert_eq!(again.message.task, task(&job, TaskKind::Plan));
    rig.store.acknowledge_due(&again.id).await.unwrap();
    assert!(take(rig, LONG).await.is_empty());
}

/// Relays that race do not publish twice.
pub async fn of_many_takers_one_gets_an_entry(rig: &StoreRig) {
    let job = rig.running("a").await;
    rig.drain().await;
    rig.store.put_plan(&rig.by(task(&job, TaskKind::Plan)), plan_of_units(WINDOW)).await.unwrap();
    let takers = (0..8).map(|_| {
        let store = Arc::clone(&rig.store);
        tokio::spawn(async move { store.take_due(WINDOW / 4, LONG).await.unwrap() })
    });
    let mut units = Vec::new();
    for taker in takers.collect::<Vec<_>>() {
        units.extend(taker.await.unwrap().into_iter().map(|due| due.message.task.kind));
    }
    let count = units.len();
    units.sort_by_key(ToString::to_string);
    units.dedup();
    assert_eq!((count, units.len()), (WINDOW, WINDOW));
}

/// Also before its lease ends, and for good.
pub async fn an_acknowledged_entry_is_gone(rig: &StoreRig) {
    rig.running("a").await;
    let due = take(rig, Duration::ZERO).await;
    assert_eq!(due.len(), 1);
    rig.store.acknowledge_due(&due[0].id).await.unwrap();
    rig.store.acknowledge_due(&due[0].id).await.unwrap();
    assert!(take(rig, LONG).await.is_empty());
}

/// A task that was put off comes when it is time, and not before.
pub async fn a_delayed_entry_is_not_due_early(rig: &StoreRig) {
    let job = rig.planned("a", plan_of_units(2)).await;
    let began = Instant::now();
    let delay = Duration::from_millis(80);
    assert_eq!(rig.store.put_off(&rig.by(fetch(&job, 0)), LONG, None).await.unwrap(), Verdict::Go);
    assert_eq!(rig.store.put_off(&rig.by(fetch(&job, 1)), delay, None).await.unwrap(), Verdict::Go);
    let due = eventually(async || take(rig, LONG).await.pop()).await;
    // Stores keep milliseconds.
    assert!(began.elapsed() + Duration::from_millis(2) >= delay, "{:?}", began.elapsed());
    assert_eq!(due.message.task, fetch(&job, 1));
    assert!(take(rig, LONG).await.is_empty());
}

/// The relay publishes, a worker is quick and puts the task off, and only then the relay acknowledges.
pub async fn a_late_acknowledgement_does_not_lose_a_task_that_is_put_off(rig: &StoreRig) {
    let job = rig.running("a").await;
    let plan = task(&job, TaskKind::Plan);
    let early = take(rig, LONG).await.pop().unwrap();
    assert_eq!(rig.claim(&plan).await, Some(1));
    assert_eq!(rig.store.put_off(&rig.by(plan), Duration::ZERO, None).await.unwrap(), Verdict::Go);
    rig.store.acknowledge_due(&early.id).await.unwrap();
    let again = eventually(async || take(rig, LONG).await.pop()).await;
    assert_eq!(again.message.task, plan);
    assert_ne!(again.id, early.id);
}

/// Such as one of a process that died long ago.
pub async fn an_unknown_entry_is_acknowledged_without_effect(rig: &StoreRig) {
    let job = rig.running("a").await;
    for unknown in ["", "nonsense", "1-1", "18446744073709551615-0"] {
        rig.store.acknowledge_due(&OutboxId(unknown.to_owned())).await.unwrap();
    }
    assert_eq!(rig.drain().await, [task(&job, TaskKind::Plan)]);
}

/// What is settled is not published any more.
pub async fn a_settled_task_leaves_the_outbox(rig: &StoreRig) {
    let job = rig.planned("a", plan_of_units(2)).await;
    assert_eq!(rig.emit_lost(Duration::ZERO).await, 2);
    rig.finish(&job, 0, [0]).await;
    assert_eq!(rig.drain().await, [fetch(&job, 1)]);
}
