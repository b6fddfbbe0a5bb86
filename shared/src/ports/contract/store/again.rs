//! Ended jobs that are tried again or dismissed.

use std::time::Duration;

use super::StoreRig;
use super::fixture::{REMOVE, bytes, done, fetch, plan_of_units, task};
use crate::job::{Event, Job, Progress, Status, TaskKind, UnitIndex};
use crate::ports::{Committed, Condition, FileEnd, Page, Verdict};

async fn failed(rig: &StoreRig, name: &str) -> Job {
    let job = rig.planned(name, plan_of_units(2)).await;
    rig.finish(&job, 0, [0]).await;
    let ends = vec![FileEnd { result: Err("it broke".into()), ..done([1]).remove(0) }];
    rig.report(&fetch(&job, 1), bytes(1, 5)).await;
    assert_eq!(rig.store.checkpoint(&rig.by(fetch(&job, 1)), ends).await.unwrap(), Verdict::Go);
    rig.apply(job.id, &Event::Fail { epoch: job.epoch, error: "it broke".into() }).await
}

/// Of the attempt before only the files in the cache remain, which the store does not hold.
pub async fn a_job_that_is_tried_again_begins_anew(rig: &StoreRig) {
    let before = failed(rig, "a").await;
    let job = rig.apply(before.id, &Event::Retry).await;
    assert_eq!((job.status, job.commit, job.attempts), (Status::Queued, None, 2));
    let snapshot = rig.snapshot(job.id).await;
    assert_eq!(snapshot.job, job);
    assert_eq!(snapshot.progress, Progress { position: Some(1), ..Progress::default() });
    assert!(rig.store.files(job.id, Page::ALL).await.unwrap().is_empty());
    let job = rig.apply(job.id, &Event::Admit).await;
    assert_eq!(rig.claim(&fetch(&before, 1)).await, None);
    assert_eq!(rig.store.put_plan(&rig.by(task(&job, TaskKind::Plan)), plan_of_units(1)).await.unwrap(), Verdict::Go);
    rig.finish(&job, 0, [0]).await;
    assert_eq!(rig.snapshot(job.id).await.progress.completed_files, 1);
}

/// The end of a job that came back is its last one.
pub async fn a_job_that_came_back_is_kept_until_it_ends_again(rig: &StoreRig) {
    let job = failed(rig, "a").await;
    rig.apply(job.id, &Event::Retry).await;
    let none = crate::ports::Retention { jobs: 0, age: Duration::ZERO };
    assert_eq!(rig.store.trim(none).await.unwrap(), 0);
    rig.apply(job.id, &Event::Cancel).await;
    assert_eq!(rig.store.trim(none).await.unwrap(), 1);
    assert_eq!(rig.store.job(job.id).await.unwrap(), None);
}

/// A job does not come back beside one that asks for the same, or into a repository that is being removed.
pub async fn a_job_comes_back_only_where_it_could_be_made(rig: &StoreRig) {
    let (a, b) = (failed(rig, "a").await, failed(rig, "b").await);
    let same = rig.queued("a").await;
    assert_eq!(rig.try_apply(a.id, &Event::Retry, Condition::Always).await, Committed::Duplicate(same.id));
    let remove = rig.queued_work("b", REMOVE).await;
    assert_eq!(rig.try_apply(b.id, &Event::Retry, Condition::Always).await, Committed::Blocked(remove.id));
    assert_eq!(rig.store.job(b.id).await.unwrap(), Some(b.clone()));
    for other in [same.id, remove.id] {
        rig.apply(other, &Event::Cancel).await;
    }
    rig.apply(a.id, &Event::Retry).await;
    rig.apply(b.id, &Event::Retry).await;
}

/// Nothing remains of a job that was dismissed; its tasks are void, and one that has not ended stays.
pub async fn a_dismissed_job_is_gone(rig: &StoreRig) {
    let ended = rig.planned("a", plan_of_units(2)).await;
    let ended = rig.apply(ended.id, &Event::Cancel).await;
    let live = rig.running("b").await;
    rig.drain().await;
    assert_eq!(rig.store.remove(&[ended.id, live.id]).await.unwrap(), 1);
    assert_eq!(rig.store.job(ended.id).await.unwrap(), None);
    assert!(rig.store.files(ended.id, Page::ALL).await.unwrap().is_empty());
    assert_eq!(rig.store.unit(ended.id, UnitIndex(0)).await.unwrap(), None);
    assert_eq!(rig.claim(&task(&ended, TaskKind::Clean)).await, None);
    assert_eq!(rig.all().await.len(), 1);
    assert_eq!(rig.store.remove(&[ended.id]).await.unwrap(), 0);
    rig.queued("a").await;
}

/// The task that tells the end of a job is done after it, and void when the job comes back first.
pub async fn an_end_is_told_after_it_once(rig: &StoreRig) {
    let job = rig.queued_with_callback("a", "http://example.org/hook").await;
    let job = rig.apply(job.id, &Event::Admit).await;
    let job = rig.apply(job.id, &Event::Fail { epoch: job.epoch, error: "it broke".into() }).await;
    let callback = task(&job, TaskKind::Callback);
    assert_eq!(rig.drain().await, [callback]);
    assert_eq!(rig.claim(&callback).await, Some(1));
    rig.apply(job.id, &Event::Retry).await;
    assert_eq!(rig.store.settle(&rig.by(callback)).await.unwrap(), Verdict::Stop);
    let job = rig.apply(job.id, &Event::Admit).await;
    let job = rig.apply(job.id, &Event::Complete { epoch: job.epoch, outcome: None }).await;
    let callback = task(&job, TaskKind::Callback);
    assert_eq!(rig.drain().await, [callback]);
    assert_eq!(rig.claim(&callback).await, Some(1));
    assert_eq!(rig.store.settle(&rig.by(callback)).await.unwrap(), Verdict::Go);
}
