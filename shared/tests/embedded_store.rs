//! What the embedded store promises beyond its port: it outlives its process.
#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hfd_shared::embedded::{EmbeddedStore, LocalBus};
use hfd_shared::job::{
    DownloadRequest, Event, FileIndex, Job, JobId, JobRequest, Plan, PlannedFile, Snapshot, Task, TaskKind, Transition,
    Unit, UnitIndex, WINDOW, transition,
};
use hfd_shared::ports::{
    Change, Claim, Claimed, Committed, Condition, Creation, FileEnd, Holder, JobQuery, JobStore, Page, Report,
    SettingsCommitted, Silence, StoredSettings, Verdict,
};
use hfd_shared::secret::SecretKey;
use time::OffsetDateTime;

const LONG: Duration = Duration::from_hours(1);

fn open(path: &Path) -> EmbeddedStore {
    EmbeddedStore::open(path, Arc::new(LocalBus::new())).unwrap()
}

fn plan(units: u32, files_each: u32) -> Plan {
    let file = |index: u32| PlannedFile {
        path: format!("folder-{}/file-{index}.bin", index % 100).parse().unwrap(),
        size_bytes: 10,
        blob: format!("{index:064x}").parse().unwrap(),
        second_path: None,
        xet: None,
    };
    let cut = |unit| Unit { files: (unit * files_each..(unit + 1) * files_each).map(FileIndex).collect() };
    Plan {
        commit: Some("ab".repeat(20).parse().unwrap()),
        files: (0..units * files_each).map(file).collect(),
        units: (0..units).map(cut).collect(),
    }
}

fn task(job: &Job, kind: TaskKind) -> Task {
    Task { job: job.id, epoch: job.epoch, kind }
}

fn fetch(job: &Job, unit: u32) -> Task {
    task(job, TaskKind::Fetch(UnitIndex(unit)))
}

/// A task in the hands of one worker.
fn by(task: Task) -> Claimed {
    Claimed { task, holder: Holder { worker: "tester".parse().unwrap(), attempt: 1 } }
}

fn silent_for(time: Duration) -> Silence {
    Silence { held: time, waiting: time, lane: None }
}

fn done(file: u32) -> Vec<FileEnd> {
    vec![FileEnd { file: FileIndex(file), result: Ok(()) }]
}

async fn created(store: &EmbeddedStore, name: &str) -> Job {
    let request = DownloadRequest { repo: format!("owner/{name}"), ..DownloadRequest::default() };
    let job = Job::new(JobId::random().unwrap(), JobRequest::parse(&request).unwrap(), OffsetDateTime::now_utc());
    match store.create(job).await.unwrap() {
        Creation::Created(job) => job,
        other => panic!("{name}: {other:?}"),
    }
}

async fn apply(store: &EmbeddedStore, id: JobId, event: &Event) -> Job {
    let job = store.job(id).await.unwrap().unwrap();
    let Transition { job, effects } = transition(&job, event, OffsetDateTime::now_utc()).unwrap();
    match store.commit(Change { job, effects, condition: Condition::Always }).await.unwrap() {
        Committed::Applied(job) => *job,
        other => panic!("{event:?}: {other:?}"),
    }
}

/// A job that runs and is planned; its tasks are still in the outbox.
async fn planned(store: &EmbeddedStore, name: &str, plan: Plan) -> Job {
    let job = created(store, name).await;
    let job = apply(store, job.id, &Event::Admit).await;
    assert_eq!(store.put_plan(&by(task(&job, TaskKind::Plan)), plan).await.unwrap(), Verdict::Go);
    store.job(job.id).await.unwrap().unwrap()
}

/// All jobs, newest first.
async fn all(store: &EmbeddedStore) -> Vec<Snapshot> {
    store.list(JobQuery::default()).await.unwrap().snapshots
}

async fn drain(store: &EmbeddedStore) -> Vec<Task> {
    let mut tasks = Vec::new();
    for due in store.take_due(1000, LONG).await.unwrap() {
        store.acknowledge_due(&due.id).await.unwrap();
        tasks.push(due.message.task);
    }
    tasks
}

#[tokio::test]
async fn embedded_a_second_process_is_told_who_has_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("missing/folders/jobs.redb");
    let store = open(&path);
    let error = EmbeddedStore::open(&path, Arc::new(LocalBus::new())).err().unwrap().to_string();
    assert!(error.contains(path.to_str().unwrap()), "{error}");
    assert!(error.ends_with("in use by another hfdownloader process; stop it or choose another --data-dir"), "{error}");
    drop(store);
    open(&path);
}

#[tokio::test]
async fn embedded_no_other_user_can_read_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jobs.redb");
    drop(open(&path));
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn embedded_what_is_no_store_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jobs.redb");
    std::fs::write(&path, "this is a text and no store, ".repeat(1000)).unwrap();
    let error = EmbeddedStore::open(&path, Arc::new(LocalBus::new())).err().unwrap().to_string();
    assert!(error.contains(path.to_str().unwrap()), "{error}");
}

#[tokio::test]
async fn embedded_everything_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jobs.redb");
    let store = open(&path);
    let ended = created(&store, "ended").await;
    apply(&store, ended.id, &Event::Cancel).await;
    let running = planned(&store, "running", plan(40, 1)).await;
    let first = created(&store, "first").await;
    let second = created(&store, "second").await;
    drain(&store).await;
    let ends = vec![FileEnd { file: FileIndex(1), result: Err("it broke".into()) }];
    store.finish_unit(&by(fetch(&running, 0)), done(0)).await.unwrap();
    store.finish_unit(&by(fetch(&running, 1)), ends).await.unwrap();
    let before = (all(&store).await, store.files(running.id, Page::ALL).await.unwrap());
    drop(store);

    let store = open(&path);
    let mut after = (all(&store).await, store.files(running.id, Page::ALL).await.unwrap());
    for (after, before) in after.0.iter_mut().zip(&before.0) {
        after.tick = before.tick;
    }
    assert_eq!(after, before);
    assert_eq!(store.next_waiting().await.unwrap(), Some(first.id));
    apply(&store, first.id, &Event::Admit).await;
    assert_eq!(store.next_waiting().await.unwrap(), Some(second.id));
    assert!(matches!(store.create(Job { id: JobId::random().unwrap(), ..second.clone() }).await.unwrap(),
        Creation::Duplicate(job) if job.id == second.id));
}

#[tokio::test]
async fn embedded_open_tasks_are_emitted_again_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jobs.redb");
    let store = open(&path);
    let job = planned(&store, "a", plan(3, 1)).await;
    let delayed = planned(&store, "b", plan(1, 1)).await;
    drain(&store).await;
    store.claim(&by(fetch(&job, 0)), LONG).await.unwrap();
    store.report(&by(fetch(&job, 0)), Report::default()).await.unwrap();
    store.finish_unit(&by(fetch(&job, 1)), done(1)).await.unwrap();
    store.put_off(&by(fetch(&delayed, 0)), LONG, None).await.unwrap();
    assert_eq!(store.emit_lost(silent_for(LONG)).await.unwrap(), 0);
    drop(store);

    let store = open(&path);
    assert!(drain(&store).await.iter().all(|task| *task == fetch(&job, 0) || *task == fetch(&job, 2)));
    drop(store);
    let store = open(&path);
    assert_eq!(store.emit_lost(silent_for(LONG)).await.unwrap(), 2);
    assert_eq!(drain(&store).await, [fetch(&job, 0), fetch(&job, 2)]);
    assert_eq!(store.emit_lost(silent_for(LONG)).await.unwrap(), 0);
    let next = Claimed { task: fetch(&job, 0), holder: Holder { worker: "next".parse().unwrap(), attempt: 1 } };
    let claim = store.claim(&next, LONG).await.unwrap();
    assert!(matches!(claim, Claim::Go { attempt: 2, .. }), "the attempt before the restart counts: {claim:?}");
}

#[tokio::test]
async fn embedded_a_lease_of_the_outbox_ends_with_its_process() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jobs.redb");
    let store = open(&path);
    let job = created(&store, "a").await;
    let job = apply(&store, job.id, &Event::Admit).await;
    assert_eq!(store.take_due(10, LONG).await.unwrap().len(), 1);
    assert!(store.take_due(10, LONG).await.unwrap().is_empty());
    drop(store);
    assert_eq!(drain(&open(&path)).await, [task(&job, TaskKind::Plan)]);
}

/// A copy of the open file is what the next process finds after a kill.
#[tokio::test]
async fn embedded_a_kill_between_any_two_steps_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jobs.redb");
    let killed = folder.path().join("killed.redb");
    let store = open(&path);
    let job = planned(&store, "a", plan(6, 1)).await;
    let mut settled = 0;
    while settled < 6 {
        std::fs::copy(&path, &killed).unwrap();
        let survivor = open(&killed);
        let progress = survivor.snapshot(job.id).await.unwrap().unwrap().progress;
        assert_eq!((progress.completed_files, progress.downloaded_bytes), (settled.into(), u64::from(settled) * 10));
        let mut tasks = drain(&survivor).await;
        survivor.emit_lost(silent_for(LONG)).await.unwrap();
        tasks.extend(drain(&survivor).await);
        tasks.sort_by_key(ToString::to_string);
        tasks.dedup();
        assert_eq!(tasks, (settled..6).map(|unit| fetch(&job, unit)).collect::<Vec<_>>());
        drop(survivor);
        if settled % 2 == 0 {
            drain(&store).await;
        }
        store.claim(&by(fetch(&job, settled)), LONG).await.unwrap();
        store.finish_unit(&by(fetch(&job, settled)), done(settled)).await.unwrap();
        settled += 1;
    }
    assert_eq!(drain(&store).await, [task(&job, TaskKind::Finish)]);
}

#[tokio::test]
async fn embedded_a_step_that_nobody_waits_for_is_made_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jobs.redb");
    let store = open(&path);
    let units = u32::try_from(WINDOW).unwrap();
    let job = planned(&store, "a", plan(units, 1)).await;
    for unit in 0..units {
        let fetch = fetch(&job, unit);
        store.report(&by(fetch), Report { files: Vec::new(), bytes_per_second: 7 }).await.unwrap();
        let claimed = by(fetch);
        tokio::select! {
            biased;
            _ = store.finish_unit(&claimed, done(unit)) => {}
            () = tokio::task::yield_now() => {}
        }
    }
    let began = Instant::now();
    while store.snapshot(job.id).await.unwrap().unwrap().progress.completed_files < units.into() {
        assert!(began.elapsed() < Duration::from_secs(10));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let progress = store.snapshot(job.id).await.unwrap().unwrap().progress;
    assert_eq!((progress.downloaded_bytes, progress.bytes_per_second), (u64::from(units) * 10, 0));
    assert_eq!(drain(&store).await, [task(&job, TaskKind::Finish)]);
    drop(store);
    // The last step may still be about to let go of the file.
    let store = loop {
        match EmbeddedStore::open(&path, Arc::new(LocalBus::new())) {
            Ok(store) => break store,
            Err(error) => assert!(began.elapsed() < Duration::from_secs(10), "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    assert_eq!(store.snapshot(job.id).await.unwrap().unwrap().progress, progress);
}

#[tokio::test]
async fn embedded_a_large_plan_takes_seconds_and_its_units_as_long_as_any() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("jobs.redb"));
    let large = plan(700, 100);
    let began = Instant::now();
    let job = planned(&store, "a", large).await;
    println!("plan of 70,000 files: {:?}", began.elapsed());
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());

    let began = Instant::now();
    for unit in 0..100 {
        store.report(&by(fetch(&job, unit)), Report::default()).await.unwrap();
        store.finish_unit(&by(fetch(&job, unit)), done(unit * 100)).await.unwrap();
    }
    println!("100 reports and units: {:?}", began.elapsed());
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());

    let began = Instant::now();
    assert_eq!(store.files(job.id, Page::ALL).await.unwrap().len(), 70_000);
    println!("listing of 70,000 files: {:?}", began.elapsed());
    let began = Instant::now();
    apply(&store, job.id, &Event::Pause).await;
    apply(&store, job.id, &Event::Resume).await;
    let job = apply(&store, job.id, &Event::Admit).await;
    store.put_plan(&by(task(&job, TaskKind::Plan)), plan(700, 100)).await.unwrap();
    println!("planned anew: {:?}", began.elapsed());
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
}

#[tokio::test]
async fn embedded_settings_outlive_the_process_and_do_not_show_the_token() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jobs.redb");
    let key = SecretKey::parse(&"00ff".repeat(16).into()).unwrap();
    let token = "hf_secret0123456789";
    let settings =
        StoredSettings { token: Some(key.seal(&token.into(), "test").unwrap()), ..StoredSettings::default() };
    let SettingsCommitted::Applied(put) = open(&path).put_settings(settings).await.unwrap() else {
        panic!("a conflict")
    };
    assert_eq!(open(&path).settings().await.unwrap(), put);
    let file = std::fs::read(&path).unwrap();
    let holds = |text: &str| file.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds("\"version\":1") && !holds(token));
}
