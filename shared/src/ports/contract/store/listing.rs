//! Lists of jobs, and the order of those that wait.

use super::StoreRig;
use super::fixture::{PRUNE, VERIFY, job};
use crate::job::{Event, Job, JobId, Priority, Status, WorkKind};
use crate::ports::{Creation, JobPage, JobQuery};

async fn list(rig: &StoreRig, query: JobQuery) -> JobPage {
    rig.store.list(query).await.unwrap()
}

fn ids(page: &JobPage) -> Vec<JobId> {
    page.snapshots.iter().map(|snapshot| snapshot.job.id).collect()
}

async fn queued_with(rig: &StoreRig, name: &str, priority: Priority) -> JobId {
    let job = Job { priority, ..job(name) };
    assert!(matches!(rig.store.create(job.clone()).await.unwrap(), Creation::Created(_)));
    job.id
}

/// Each condition takes jobs away; the total counts what remains.
pub async fn a_list_holds_the_jobs_that_are_wanted(rig: &StoreRig) {
    let ended = rig.running("a").await;
    rig.apply(ended.id, &Event::Complete { epoch: ended.epoch, outcome: None }).await;
    let (again, other) = (rig.queued("a").await, rig.running("b").await);
    let verify = rig.queued_work("b", VERIFY).await;
    let all = list(rig, JobQuery::default()).await;
    assert_eq!((ids(&all), all.total, all.next), (vec![verify.id, other.id, again.id, ended.id], 4, None));
    let statuses = vec![Status::Queued, Status::Completed];
    let by_status = JobQuery { statuses, ..JobQuery::default() };
    assert_eq!(ids(&list(rig, by_status.clone()).await), [verify.id, again.id, ended.id]);
    let by_repo = JobQuery { repo: Some(again.request.repo.id.clone()), ..JobQuery::default() };
    assert_eq!(ids(&list(rig, by_repo.clone()).await), [again.id, ended.id]);
    let by_kind = JobQuery { kind: Some(WorkKind::Verify), ..JobQuery::default() };
    assert_eq!(ids(&list(rig, by_kind).await), [verify.id]);
    let both = list(rig, JobQuery { limit: Some(1), repo: by_repo.repo, ..by_status }).await;
    assert_eq!((ids(&both), both.total), (vec![again.id], 2));
}

/// Page by page everything that was there comes once, though jobs come, go and change meanwhile.
pub async fn pages_hold_each_job_once_while_others_come_and_go(rig: &StoreRig) {
    let mut jobs = Vec::new();
    for name in ["a", "b", "c", "d", "e"] {
        jobs.insert(0, rig.queued(name).await.id);
    }
    let first = list(rig, JobQuery { limit: Some(2), ..JobQuery::default() }).await;
    assert_eq!((ids(&first), first.total), (jobs[..2].to_vec(), 5));
    rig.queued("new").await;
    for gone in [jobs[1], jobs[2]] {
        rig.apply(gone, &Event::Cancel).await;
        assert_eq!(rig.store.remove(&[gone]).await.unwrap(), 1);
    }
    let rest = list(rig, JobQuery { limit: Some(2), after: first.next, ..JobQuery::default() }).await;
    assert_eq!((ids(&rest), rest.total, rest.next), (jobs[3..].to_vec(), 4, None));
}

/// Jobs of a higher priority run first; among equals, those that came first.
pub async fn jobs_wait_by_priority_then_by_age(rig: &StoreRig) {
    let mut ids = Vec::new();
    for (name, priority) in [
        ("a", Priority::Low),
        ("b", Priority::Normal),
        ("c", Priority::High),
        ("d", Priority::Normal),
        ("e", Priority::High),
    ] {
        ids.push(queued_with(rig, name, priority).await);
    }
    let prune = rig.queued_work("f", PRUNE).await.id;
    for id in [prune, ids[2], ids[4], ids[1], ids[3], ids[0]] {
        assert_eq!(rig.store.next_waiting().await.unwrap(), Some(id));
        rig.apply(id, &Event::Admit).await;
    }
}

/// Counted from 1, in a list as for one job.
pub async fn a_queued_job_knows_its_position(rig: &StoreRig) {
    let running = rig.running("a").await.id;
    let later = rig.queued("b").await.id;
    let sooner = queued_with(rig, "c", Priority::High).await;
    let positions = [(sooner, Some(1)), (later, Some(2)), (running, None)];
    for (id, position) in positions {
        assert_eq!(rig.snapshot(id).await.progress.position, position);
    }
    let listed = list(rig, JobQuery::default()).await.snapshots;
    let listed: Vec<_> = listed.iter().map(|snapshot| (snapshot.job.id, snapshot.progress.position)).collect();
    assert_eq!(listed, positions);
    rig.apply(sooner, &Event::Admit).await;
    assert_eq!(rig.snapshot(later).await.progress.position, Some(1));
}
