//! Forgetting ended jobs.

use std::time::Duration;

use super::fixture::{now, plan_of_units, task};
use super::{LONG, StoreRig};
use crate::job::{Event, Job, JobId, TaskKind, Transition, UnitIndex, transition};
use crate::ports::{Change, Committed, Condition, Page, Retention};

/// Cancels a job so that it ended so long ago.
async fn end(rig: &StoreRig, job: &Job, ago: Duration) {
    let job = rig.store.job(job.id).await.unwrap().unwrap();
    let Transition { job, effects } = transition(&job, &Event::Cancel, now() - ago).unwrap();
    let committed = rig.store.commit(Change { job, effects, condition: Condition::Always }).await.unwrap();
    assert!(matches!(committed, Committed::Applied(_)));
}

async fn listed(rig: &StoreRig) -> Vec<JobId> {
    rig.all().await.into_iter().map(|snapshot| snapshot.job.id).collect()
}

/// By the order of their ends, not of their creation; of the others nothing remains.
pub async fn the_jobs_that_ended_last_are_kept(rig: &StoreRig) {
    let a = rig.planned("a", plan_of_units(3)).await;
    let b = rig.planned("b", plan_of_units(3)).await;
    let c = rig.queued("c").await;
    end(rig, &a, Duration::from_secs(10)).await;
    end(rig, &b, Duration::from_secs(30)).await;
    end(rig, &c, Duration::from_secs(20)).await;
    assert_eq!(rig.store.trim(Retention { jobs: 3, age: LONG }).await.unwrap(), 0);
    assert_eq!(rig.store.trim(Retention { jobs: 2, age: LONG }).await.unwrap(), 1);
    assert_eq!(listed(rig).await, [c.id, a.id]);
    assert_eq!(rig.store.job(b.id).await.unwrap(), None);
    assert_eq!(rig.store.snapshot(b.id).await.unwrap(), None);
    assert!(rig.store.files(b.id, Page::ALL).await.unwrap().is_empty());
    assert_eq!(rig.store.unit(b.id, UnitIndex(0)).await.unwrap(), None);
    assert_eq!(rig.store.trim(Retention { jobs: 0, age: LONG }).await.unwrap(), 2);
    assert!(listed(rig).await.is_empty());
    assert!(rig.drain().await.is_empty());
    assert_eq!(rig.emit_lost(Duration::ZERO).await, 0);
    rig.queued("a").await;
}

/// Whatever their number.
pub async fn jobs_that_ended_long_ago_are_forgotten(rig: &StoreRig) {
    let old = rig.queued("a").await;
    let young = rig.queued("b").await;
    end(rig, &old, 2 * LONG).await;
    end(rig, &young, LONG / 2).await;
    assert_eq!(rig.store.trim(Retention { jobs: 100, age: LONG }).await.unwrap(), 1);
    assert_eq!(listed(rig).await, [young.id]);
}

/// However old it is, and however many there are.
pub async fn a_job_that_has_not_ended_is_kept(rig: &StoreRig) {
    let queued = rig.queued("a").await;
    let running = rig.running("b").await;
    let paused = rig.running("c").await;
    rig.apply(paused.id, &Event::Pause).await;
    assert_eq!(rig.store.trim(Retention { jobs: 0, age: Duration::ZERO }).await.unwrap(), 0);
    assert_eq!(listed(rig).await, [paused.id, running.id, queued.id]);
    assert_eq!(rig.drain().await, [task(&running, TaskKind::Plan)]);
}
