//! What the steps of a job cost in each store; those of a task in a job of 100 units, and in one of 70,000.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot be set up has nothing to measure")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::Criterion;
use hfd_shared::cluster::{RedisClient, RedisStore};
use hfd_shared::embedded::{EmbeddedStore, LocalBus};
use hfd_shared::job::{
    DownloadRequest, Event, FileIndex, FileProgress, Job, JobId, JobRequest, Plan, PlannedFile, Task, TaskKind, Unit,
    UnitIndex, transition,
};
use hfd_shared::ports::{
    Change, Claim, Claimed, Committed, Condition, Creation, FileEnd, Holder, JobStore, Report, Verdict,
};
use hfd_shared::repo::BlobHash;
use hfd_tests::services::RedisServer;
use time::OffsetDateTime;
use tokio::runtime::Runtime;

const UNIT_COUNTS: [u32; 2] = [100, 70_000];
const FILE_BYTES: u64 = 1 << 40;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let runtime = Runtime::new().unwrap();
    let memory = EmbeddedStore::in_memory(Arc::new(LocalBus::new())).unwrap();
    measure(&mut criterion, &runtime, "memory", &memory);

    let folder = tempfile::tempdir().unwrap();
    let file = EmbeddedStore::open(&folder.path().join("jobs.redb"), Arc::new(LocalBus::new())).unwrap();
    measure(&mut criterion, &runtime, "file", &file);

    let server = runtime.block_on(RedisServer::start()).unwrap();
    let client = RedisClient::new(&server.url().parse().unwrap(), &"bench".parse().unwrap()).unwrap();
    measure(&mut criterion, &runtime, "redis", &RedisStore::new(client));
    criterion.final_summary();
}

fn measure(criterion: &mut Criterion, runtime: &Runtime, name: &str, store: &dyn JobStore) {
    criterion.bench_function(&format!("store in {name}: create"), |bencher| {
        bencher.iter_custom(|count| {
            runtime.block_on(async {
                let jobs: Vec<Job> = (0..count).map(|_| job()).collect();
                let begun = Instant::now();
                for job in jobs {
                    assert!(matches!(store.create(job).await.unwrap(), Creation::Created(_)));
                }
                begun.elapsed()
            })
        });
    });
    for units in UNIT_COUNTS {
        let mut work = runtime.block_on(Work::new(store, units));
        for step in [Step::Claim, Step::Report, Step::Finish] {
            criterion.bench_function(&format!("store in {name}: {step:?} in a job of {units} files"), |bencher| {
                bencher.iter_custom(|count| runtime.block_on(work.time(step, count)));
            });
        }
    }
}

/// A step of a task.
#[derive(Debug, Clone, Copy)]
enum Step {
    Claim,
    Report,
    Finish,
}

/// A running job, and its unit whose turn it is.
struct Work<'a> {
    store: &'a dyn JobStore,
    units: u32,
    job: Job,
    next: u32,
    attempts: u64,
}

impl<'a> Work<'a> {
    async fn new(store: &'a dyn JobStore, units: u32) -> Self {
        Self { store, units, job: planned(store, units).await, next: 0, attempts: 0 }
    }

    /// The time of so many steps of this kind; what must come before each is not counted.
    async fn time(&mut self, step: Step, count: u64) -> Duration {
        let mut spent = Duration::ZERO;
        for _ in 0..count {
            if self.next == self.units {
                *self = Self::new(self.store, self.units).await;
            }
            spent += self.once(step).await;
        }
        spent
    }

    async fn once(&mut self, step: Step) -> Duration {
        self.attempts += 1;
        let holder = Holder { worker: "bench".parse().unwrap(), attempt: self.attempts };
        let claimed = Claimed { task: task(&self.job, TaskKind::Fetch(UnitIndex(self.next))), holder };
        let begun = Instant::now();
        let claim = self.store.claim(&claimed, Duration::ZERO).await.unwrap();
        let claiming = begun.elapsed();
        assert!(matches!(claim, Claim::Go { .. }), "{claim:?}");
        let file = FileIndex(self.next);
        let begun = Instant::now();
        let verdict = match step {
            // The attempts count from zero again.
            Step::Claim => self.store.checkpoint(&claimed, Vec::new()).await,
            Step::Report => self.store.report(&claimed, report(file, self.attempts)).await,
            Step::Finish => self.store.finish_unit(&claimed, vec![FileEnd { file, result: Ok(()) }]).await,
        };
        let following = begun.elapsed();
        assert_eq!(verdict.unwrap(), Verdict::Go);
        match step {
            Step::Claim => claiming,
            Step::Report => following,
            Step::Finish => {
                self.next += 1;
                following
            }
        }
    }
}

fn report(file: FileIndex, number: u64) -> Report {
    let progress = FileProgress { file, downloaded_bytes: number << 20 };
    Report { files: vec![progress], bytes_per_second: 1 << 20 }
}

fn job() -> Job {
    let id = JobId::random().unwrap();
    let request = DownloadRequest { repo: format!("owner/{id}"), ..DownloadRequest::default() };
    Job::new(id, JobRequest::parse(&request).unwrap(), OffsetDateTime::now_utc())
}

/// A running job of so many units, each of one file.
async fn planned(store: &dyn JobStore, units: u32) -> Job {
    let job = job();
    assert!(matches!(store.create(job.clone()).await.unwrap(), Creation::Created(_)));
    let stored = store.job(job.id).await.unwrap().unwrap();
    let admitted = transition(&stored, &Event::Admit, OffsetDateTime::now_utc()).unwrap();
    let change = Change { job: admitted.job, effects: admitted.effects, condition: Condition::Always };
    let Committed::Applied(job) = store.commit(change).await.unwrap() else { panic!("not admitted") };
    let claimed =
        Claimed { task: task(&job, TaskKind::Plan), holder: Holder { worker: "bench".parse().unwrap(), attempt: 1 } };
    assert!(matches!(store.claim(&claimed, Duration::ZERO).await.unwrap(), Claim::Go { .. }));
    assert_eq!(store.put_plan(&claimed, plan(units)).await.unwrap(), Verdict::Go);
    store.job(job.id).await.unwrap().unwrap()
}

fn plan(units: u32) -> Plan {
    Plan {
        commit: Some("c1".repeat(20).parse().unwrap()),
        files: (0..units).map(file).collect(),
        units: (0..units).map(|index| Unit { files: vec![FileIndex(index)] }).collect(),
    }
}

fn file(index: u32) -> PlannedFile {
    let mut hash = [0; 32];
    hash[..4].copy_from_slice(&index.to_be_bytes());
    let path = format!("folder/file-{index}.bin").parse().unwrap();
    PlannedFile { path, size_bytes: FILE_BYTES, blob: BlobHash::Sha256(hash), second_path: None, xet: None }
}

fn task(job: &Job, kind: TaskKind) -> Task {
    Task { job: job.id, epoch: job.epoch, kind }
}
