//! Lists of jobs, and the order of those that wait.

use std::collections::BTreeMap;

use super::StoreRig;
use super::fixture::{PRUNE, VERIFY, bytes, fetch, job, plan_of_units};
use crate::job::{Event, Job, JobId, JobMark, Priority, Snapshot, Status, WorkKind};
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
    let live = JobQuery { statuses: vec![Status::Queued, Status::Running], ..JobQuery::default() };
    let first = list(rig, JobQuery { limit: Some(2), ..live.clone() }).await;
    assert_eq!((ids(&first), first.total), (vec![verify.id, other.id], 3));
    assert_eq!(ids(&list(rig, JobQuery { after: first.next, ..live }).await), [again.id]);
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

/// Whatever their work is, and however many there are of others.
pub async fn the_live_jobs_of_a_repository_are_told(rig: &StoreRig) {
    let ended = rig.queued("a").await;
    rig.apply(ended.id, &Event::Cancel).await;
    let paused = rig.planned("a", plan_of_units(3)).await;
    rig.apply(paused.id, &Event::Pause).await;
    let verify = rig.queued_work("a", VERIFY).await;
    rig.queued("b").await;
    let told = rig.store.live_jobs(&paused.request.repo).await.unwrap();
    let told: BTreeMap<JobId, u64> = told.iter().map(|told| (told.job.id, told.progress.total_files)).collect();
    assert_eq!(told, BTreeMap::from([(paused.id, 3), (verify.id, 0)]));
    let other = job("c").request.repo;
    assert_eq!(rig.store.live_jobs(&other).await.unwrap(), []);
}

/// As their snapshots say, whatever happens to them; those that are gone are left out.
pub async fn marks_agree_with_the_snapshots(rig: &StoreRig) {
    let gone = rig.queued("a").await.id;
    let job = rig.planned("b", plan_of_units(2)).await;
    let waiting = rig.queued("c").await.id;
    let ended = rig.queued("d").await.id;
    let first = queued_with(rig, "e", Priority::High).await;
    let agree = async || {
        let marks: Vec<JobMark> = rig.all().await.iter().map(Snapshot::mark).collect();
        assert_eq!(rig.store.marks().await.unwrap(), marks);
        marks
    };
    let marks = agree().await;
    rig.report(&fetch(&job, 0), bytes(0, 5)).await;
    for id in [gone, ended] {
        rig.apply(id, &Event::Cancel).await;
    }
    rig.store.remove(&[gone]).await.unwrap();
    let after = agree().await;
    let ids: Vec<JobId> = after.iter().map(|mark| mark.id).collect();
    assert_eq!(ids, [first, ended, waiting, job.id]);
    assert_eq!(marks[0], after[0], "nothing happened to it");
    assert!(marks[3].tick < after[3].tick && marks[3].version == after[3].version);
    assert!(marks[1].version < after[1].version && after[1].status == Status::Cancelled);
    assert_eq!((marks[2].position, after[2].position), (Some(3), Some(2)));
    let two = rig.store.snapshots(&[waiting, gone, job.id]).await.unwrap();
    assert_eq!(two.iter().map(|told| told.job.id).collect::<Vec<_>>(), [waiting, job.id]);
}
