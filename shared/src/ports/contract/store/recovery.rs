//! Tasks that the queue has lost.

use std::time::Duration;

use super::fixture::{bytes, fetch, holder, plan_of_units, task};
use super::{LONG, StoreRig, eventually};
use crate::job::{Event, TaskKind};
use crate::ports::{Claim, Claimed, Lane, Silence, Verdict};

const SHORT: Duration = Duration::from_millis(30);

/// Publishing, claiming and reporting are signs of life; when they stop, the task is emitted again.
pub async fn a_task_without_a_sign_of_life_is_emitted_again(rig: &StoreRig) {
    let job = rig.running("a").await;
    let plan = task(&job, TaskKind::Plan);
    let lost_after = async |stale_after| rig.emit_lost(stale_after).await;
    for sign in ["published", "claimed", "reported"] {
        match sign {
            "claimed" => assert!(rig.claim(&plan).await.is_some()),
            "reported" => rig.report(&plan, bytes(0, 0)).await,
            _ => assert_eq!(rig.drain().await, [plan]),
        }
        assert_eq!(lost_after(LONG).await, 0, "{sign}");
        assert!(rig.drain().await.is_empty(), "{sign}");
        let lost = eventually(async || Some(lost_after(SHORT).await).filter(|&lost| lost > 0)).await;
        assert_eq!(lost, 1, "{sign}");
        assert_eq!(rig.drain().await, [plan], "{sign}");
    }
}

/// It waits to be published, now or later: that is not lost.
pub async fn a_task_in_the_outbox_is_not_emitted_twice(rig: &StoreRig) {
    let job = rig.planned("a", plan_of_units(2)).await;
    assert_eq!(rig.store.put_off(&rig.by(fetch(&job, 0)), LONG, None).await.unwrap(), Verdict::Go);
    assert_eq!(rig.store.put_off(&rig.by(fetch(&job, 1)), Duration::ZERO, None).await.unwrap(), Verdict::Go);
    assert_eq!(rig.emit_lost(Duration::ZERO).await, 0);
    assert_eq!(rig.drain().await, [fetch(&job, 1)]);
    assert_eq!(rig.emit_lost(Duration::ZERO).await, 1);
    assert_eq!(rig.emit_lost(Duration::ZERO).await, 0);
    assert_eq!(rig.drain().await, [fetch(&job, 1)]);
}

/// What was begun is ended before more is begun.
pub async fn a_lost_task_comes_before_those_that_wait(rig: &StoreRig) {
    let job = rig.running("a").await;
    rig.drain().await;
    rig.store.put_plan(&rig.by(task(&job, TaskKind::Plan)), plan_of_units(3)).await.unwrap();
    let due = rig.store.take_due(1, Duration::ZERO).await.unwrap();
    rig.store.acknowledge_due(&due[0].id).await.unwrap();
    assert_eq!(rig.emit_lost(Duration::ZERO).await, 1);
    assert_eq!(rig.drain().await, [0, 1, 2].map(|unit| fetch(&job, unit)));
}

/// Only open tasks can be lost.
pub async fn a_settled_task_is_not_emitted_again(rig: &StoreRig) {
    let job = rig.planned("a", plan_of_units(2)).await;
    rig.finish(&job, 0, [0]).await;
    assert_eq!(rig.emit_lost(Duration::ZERO).await, 1);
    assert_eq!(rig.drain().await, [fetch(&job, 1)]);
}

/// A lane that is idle knows what is lost in it, and nothing of the others.
pub async fn only_tasks_of_the_lane_are_emitted_again(rig: &StoreRig) {
    let planned = rig.planned("a", plan_of_units(1)).await;
    let running = rig.running("b").await;
    let told = rig.queued_with_callback("c", "http://example.org/hook").await;
    let told = rig.apply(told.id, &Event::Admit).await;
    let told = rig.apply(told.id, &Event::Fail { epoch: told.epoch, error: "it broke".into() }).await;
    rig.drain().await;
    for (lane, lost) in [
        (Lane::Fetch, fetch(&planned, 0)),
        (Lane::Control, task(&running, TaskKind::Plan)),
        (Lane::Callback, task(&told, TaskKind::Callback)),
    ] {
        let silence = Silence { held: Duration::ZERO, waiting: Duration::ZERO, lane: Some(lane) };
        assert_eq!(rig.store.emit_lost(silence).await.unwrap(), 1);
        assert_eq!(rig.drain().await, [lost]);
    }
}

/// Its holder would have reported; who waits in the queue has nobody who does.
pub async fn a_held_task_is_lost_sooner_than_one_that_waits(rig: &StoreRig) {
    let job = rig.planned("a", plan_of_units(2)).await;
    assert_eq!(rig.claim(&fetch(&job, 0)).await, Some(1));
    let silence = Silence { held: Duration::ZERO, waiting: LONG, lane: None };
    assert_eq!(rig.store.emit_lost(silence).await.unwrap(), 1);
    assert_eq!(rig.drain().await, [fetch(&job, 0)]);
    assert_eq!(rig.store.emit_lost(silence).await.unwrap(), 0, "it waits in the queue now");
}

/// It was away for a while, and goes on with what nobody else has claimed.
pub async fn a_holder_that_is_heard_of_again_is_waited_for(rig: &StoreRig) {
    let job = rig.planned("a", plan_of_units(1)).await;
    let task = fetch(&job, 0);
    assert_eq!(rig.claim(&task).await, Some(1));
    assert_eq!(rig.emit_lost(Duration::ZERO).await, 1);
    assert_eq!(rig.drain().await, [task]);
    rig.report(&task, bytes(0, 0)).await;
    let other = Claimed { task, holder: holder("other", 1) };
    assert_eq!(rig.store.claim(&other, LONG).await.unwrap(), Claim::Busy);
    assert_eq!(rig.snapshot(job.id).await.progress.workers.len(), 1);
}
