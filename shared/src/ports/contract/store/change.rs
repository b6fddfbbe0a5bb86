//! Committing changes: compare-and-set, indexes, effects.

use std::sync::Arc;

use super::StoreRig;
use super::fixture::{fetch, now, plan_of_units, task};
use crate::job::{Event, Status, TaskKind, Transition, transition};
use crate::ports::{Change, Committed, Condition, Verdict};

/// Who has read an older version has to read again.
pub async fn a_change_of_an_old_version_is_a_conflict(rig: &StoreRig) {
    let old = rig.queued("a").await;
    let running = rig.apply(old.id, &Event::Admit).await;
    assert!(running.version > old.version);
    let Transition { job, effects } = transition(&old, &Event::Cancel, now()).unwrap();
    assert_eq!(
        rig.store.commit(Change { job, effects, condition: Condition::Always }).await.unwrap(),
        Committed::Conflict
    );
    assert_eq!(rig.store.job(old.id).await.unwrap(), Some(running));
}

/// A version is followed by one other.
pub async fn of_many_changes_of_one_version_one_applies(rig: &StoreRig) {
    let job = rig.running("a").await;
    let commits = (0..16).map(|number| {
        let store = Arc::clone(&rig.store);
        let event = if number % 2 == 0 { Event::Pause } else { Event::Cancel };
        let Transition { job, effects } = transition(&job, &event, now()).unwrap();
        tokio::spawn(async move { store.commit(Change { job, effects, condition: Condition::Always }).await.unwrap() })
    });
    let mut applied = Vec::new();
    for commit in commits.collect::<Vec<_>>() {
        match commit.await.unwrap() {
            Committed::Applied(job) => applied.push(*job),
            other => assert_eq!(other, Committed::Conflict),
        }
    }
    assert_eq!(applied.len(), 1);
    assert_eq!(rig.store.job(job.id).await.unwrap().as_ref(), applied.first());
}

/// Admission counts and commits in one step, so processes that admit at the same time do not exceed the limit.
pub async fn never_do_more_jobs_run_than_may(rig: &StoreRig) {
    let mut ids = Vec::new();
    for name in ["a", "b", "c", "d", "e", "f"] {
        ids.push(rig.queued(name).await.id);
    }
    let admit = |job, effects| {
        let store = Arc::clone(&rig.store);
        tokio::spawn(async move {
            store.commit(Change { job, effects, condition: Condition::Room { max_active: 2 } }).await.unwrap()
        })
    };
    let mut commits = Vec::new();
    for id in &ids {
        let job = rig.store.job(*id).await.unwrap().unwrap();
        let Transition { job, effects } = transition(&job, &Event::Admit, now()).unwrap();
        commits.push(admit(job, effects));
    }
    let mut outcomes = Vec::new();
    for commit in commits {
        outcomes.push(commit.await.unwrap());
    }
    assert_eq!(outcomes.iter().filter(|outcome| matches!(outcome, Committed::Applied(_))).count(), 2);
    assert_eq!(outcomes.iter().filter(|outcome| matches!(outcome, Committed::Unmet)).count(), 4);
    let jobs = rig.all().await;
    let running: Vec<_> = jobs.iter().filter(|snapshot| snapshot.job.status == Status::Running).collect();
    assert_eq!(running.len(), 2);
    rig.apply(running[0].job.id, &Event::Pause).await;
    let waiting = rig.store.next_waiting().await.unwrap().unwrap();
    assert!(matches!(
        rig.try_apply(waiting, &Event::Admit, Condition::Room { max_active: 2 }).await,
        Committed::Applied(_)
    ));
}

/// First come, first served.
pub async fn jobs_wait_in_the_order_of_their_creation(rig: &StoreRig) {
    let mut ids = Vec::new();
    for name in ["a", "b", "c", "d"] {
        ids.push(rig.queued(name).await.id);
    }
    rig.apply(ids[1], &Event::Cancel).await;
    for id in [ids[0], ids[2], ids[3]] {
        assert_eq!(rig.store.next_waiting().await.unwrap(), Some(id));
        rig.apply(id, &Event::Admit).await;
    }
    assert_eq!(rig.store.next_waiting().await.unwrap(), None);
}

/// Pausing and resuming is no way to the front.
pub async fn a_resumed_job_goes_to_the_back(rig: &StoreRig) {
    let first = rig.running("a").await;
    let second = rig.queued("b").await;
    rig.apply(first.id, &Event::Pause).await;
    rig.apply(first.id, &Event::Resume).await;
    for id in [second.id, first.id] {
        assert_eq!(rig.store.next_waiting().await.unwrap(), Some(id));
        rig.apply(id, &Event::Admit).await;
    }
}

/// The effect of a change is committed with it.
pub async fn admission_opens_the_plan_task(rig: &StoreRig) {
    let job = rig.queued("a").await;
    assert!(rig.drain().await.is_empty());
    let job = rig.apply(job.id, &Event::Admit).await;
    assert_eq!(rig.drain().await, [task(&job, TaskKind::Plan)]);
    assert_eq!(rig.claim(&task(&job, TaskKind::Plan)).await, Some(1));
}

/// What was in the outbox or in work is void; what is left to do is cleaning up, though the job has ended.
pub async fn a_cancel_voids_all_tasks_and_opens_clean(rig: &StoreRig) {
    let job = rig.running("a").await;
    let verdict = rig.store.put_plan(&rig.by(task(&job, TaskKind::Plan)), plan_of_units(3)).await.unwrap();
    assert_eq!(verdict, Verdict::Go);
    assert_eq!(rig.claim(&fetch(&job, 0)).await, Some(1));
    let cancelled = rig.apply(job.id, &Event::Cancel).await;
    let clean = task(&cancelled, TaskKind::Clean);
    assert_eq!(rig.drain().await, [clean]);
    for unit in 0..3 {
        assert_eq!(rig.claim(&fetch(&job, unit)).await, None);
    }
    assert_eq!(rig.claim(&clean).await, Some(1));
    assert_eq!(rig.store.settle(&rig.by(clean)).await.unwrap(), Verdict::Go);
    assert_eq!(rig.store.settle(&rig.by(clean)).await.unwrap(), Verdict::Stop);
    assert_eq!(rig.claim(&clean).await, None);
}

/// The end of a job settles its Finish task, although the epoch stays.
pub async fn a_completed_job_has_no_open_tasks(rig: &StoreRig) {
    let job = rig.planned("a", plan_of_units(1)).await;
    rig.finish(&job, 0, [0]).await;
    let finish = task(&job, TaskKind::Finish);
    assert_eq!(rig.claim(&finish).await, Some(1));
    rig.apply(job.id, &Event::Complete { epoch: job.epoch, outcome: None }).await;
    assert!(rig.drain().await.is_empty());
    assert_eq!(rig.claim(&finish).await, None);
    assert_eq!(rig.emit_lost(std::time::Duration::ZERO).await, 0);
}

/// A worker whose task was given to another does not end the job any more.
pub async fn a_change_in_the_name_of_a_lost_task_is_refused(rig: &StoreRig) {
    let job = rig.running("a").await;
    let plan = task(&job, TaskKind::Plan);
    assert_eq!(rig.claim(&plan).await, Some(1));
    let sleeper = rig.by(plan);
    assert_eq!(rig.claim(&plan).await, Some(2));
    let fail = Event::Fail { epoch: job.epoch, error: "too late".into() };
    let unchanged = rig.store.job(job.id).await.unwrap();
    assert_eq!(rig.try_apply(job.id, &fail, Condition::Held(sleeper)).await, Committed::Unmet);
    assert_eq!(rig.store.job(job.id).await.unwrap(), unchanged);
    let failed = rig.try_apply(job.id, &fail, Condition::Held(rig.by(plan))).await;
    assert!(matches!(failed, Committed::Applied(job) if job.status == Status::Failed));
}
