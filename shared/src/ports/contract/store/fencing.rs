//! Whatever comes late changes nothing.

use std::time::Duration;

use super::fixture::{bytes, done, fetch, plan_of_units, task};
use super::{LONG, StoreRig};
use crate::job::{Event, Task, TaskKind};
use crate::ports::{Claim, Page, Verdict};

/// Tries everything that a worker can do with a task, and sees that it is told to stop and that nothing changes.
async fn is_void(rig: &StoreRig, task: &Task) {
    let before = rig.snapshot(task.job).await;
    let files = rig.store.files(task.job, Page::ALL).await.unwrap();
    rig.drain().await;
    assert_eq!(rig.store.claim(&rig.by(*task), Duration::ZERO).await.unwrap(), Claim::Void, "{task}");
    for verdict in [
        rig.store.report(&rig.by(*task), bytes(0, 7)).await,
        rig.store.put_off(&rig.by(*task), LONG, Some("nothing".into())).await,
        rig.store.put_plan(&rig.by(*task), plan_of_units(9)).await,
        rig.store.finish_unit(&rig.by(*task), done([0])).await,
        rig.store.settle(&rig.by(*task)).await,
    ] {
        assert_eq!(verdict.unwrap(), Verdict::Stop, "{task}");
    }
    assert_eq!(rig.snapshot(task.job).await, before, "{task}");
    assert_eq!(rig.store.files(task.job, Page::ALL).await.unwrap(), files, "{task}");
    assert!(rig.drain().await.is_empty(), "{task}");
}

/// A worker that slept through a pause and a resume has nothing to say, whether the job was planned anew or not.
pub async fn tasks_of_an_older_epoch_are_void(rig: &StoreRig) {
    let old = rig.running("a").await;
    let new = rig.restarted(old.id).await;
    is_void(rig, &task(&old, TaskKind::Plan)).await;
    assert_eq!(rig.store.put_plan(&rig.by(task(&new, TaskKind::Plan)), plan_of_units(2)).await.unwrap(), Verdict::Go);
    for kind in [TaskKind::Plan, fetch(&old, 0).kind, fetch(&old, 1).kind, TaskKind::Finish, TaskKind::Clean] {
        is_void(rig, &task(&old, kind)).await;
    }
    rig.finish(&new, 0, [0]).await;
}

/// Only what the store itself has opened can be worked on.
pub async fn a_task_that_was_never_opened_is_void(rig: &StoreRig) {
    let job = rig.planned("a", plan_of_units(2)).await;
    for kind in [TaskKind::Plan, fetch(&job, 2).kind, TaskKind::Finish, TaskKind::Clean] {
        is_void(rig, &task(&job, kind)).await;
    }
    let unknown = super::fixture::job("b");
    assert_eq!(rig.store.claim(&rig.by(task(&unknown, TaskKind::Plan)), LONG).await.unwrap(), Claim::Void);
    assert_eq!(rig.store.report(&rig.by(fetch(&unknown, 0)), bytes(0, 1)).await.unwrap(), Verdict::Stop);
}

/// They leave the outbox; and a pause reaches a worker with its next report, even if it heard no doorbell.
pub async fn tasks_of_a_paused_job_are_void(rig: &StoreRig) {
    let job = rig.planned("a", plan_of_units(2)).await;
    rig.report(&fetch(&job, 0), bytes(0, 1)).await;
    assert_eq!(rig.store.put_off(&rig.by(fetch(&job, 1)), Duration::ZERO, None).await.unwrap(), Verdict::Go);
    rig.apply(job.id, &Event::Pause).await;
    assert!(rig.drain().await.is_empty());
    assert_eq!(rig.emit_lost(Duration::ZERO).await, 0);
    is_void(rig, &fetch(&job, 0)).await;
    is_void(rig, &fetch(&job, 1)).await;
}

/// A worker that slept until its task was given to another has nothing to say, also when that one has put it off.
pub async fn a_task_obeys_its_last_holder_only(rig: &StoreRig) {
    let job = rig.planned("a", plan_of_units(2)).await;
    let task = fetch(&job, 0);
    assert_eq!(rig.claim(&task).await, Some(1));
    let sleeper = rig.by(task);
    assert_eq!(rig.claim(&task).await, Some(2));
    rig.report(&task, bytes(0, 5)).await;
    let says = async || {
        let late = [
            rig.store.report(&sleeper, bytes(0, 7)).await,
            rig.store.checkpoint(&sleeper, done([0])).await,
            rig.store.put_off(&sleeper, LONG, Some("nothing".into())).await,
            rig.store.finish_unit(&sleeper, done([0])).await,
            rig.store.settle(&sleeper).await,
        ];
        late.into_iter().all(|verdict| verdict.unwrap() == Verdict::Stop)
    };
    let before = rig.snapshot(job.id).await;
    assert!(says().await);
    assert_eq!(rig.snapshot(job.id).await, before);
    assert_eq!(rig.store.put_off(&rig.by(task), Duration::ZERO, None).await.unwrap(), Verdict::Go);
    assert!(says().await);
    assert_eq!(rig.drain().await, [task]);
}
