//! What the Redis adapters promise beyond the contracts of their ports: they outlive the server's troubles.
#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use hfd_shared::cluster::{Credentials, Prefix, RedisBus, RedisClient, RedisRoster, RedisStore, RedisUrl};
use hfd_shared::job::{DownloadRequest, Event, Job, JobId, JobRequest, Task, TaskKind, Transition, transition};
use hfd_shared::ports::{
    Change, Claim, Claimed, Committed, Condition, Creation, Downloaded, EventBus as _, Heard, Holder, JobQuery,
    JobStore as _, Page, Retention, Roster as _, StoreError, Subscription, Verdict, WorkerState,
};
use hfd_tests::proxy::Proxy;
use hfd_tests::services::{RedisSentinel, RedisServer, shared_redis};
use hfd_tests::wait;
use time::OffsetDateTime;

/// A store under a prefix of its own.
struct Rig {
    store: RedisStore,
    client: RedisClient,
    prefix: Prefix,
}

impl Rig {
    fn on(url: &str) -> Self {
        Self::under(url, format!("hfd-{}", JobId::random().unwrap()).parse().unwrap())
    }

    fn under(url: &str, prefix: Prefix) -> Self {
        Self::at(&url.parse().unwrap(), prefix)
    }

    fn at(url: &RedisUrl, prefix: Prefix) -> Self {
        let client = RedisClient::new(url, &prefix).unwrap();
        Self { store: RedisStore::new(client.clone()), client, prefix }
    }

    /// The same store by a way that is open, and by one that the proxy makes.
    async fn by_two_ways() -> (Self, Self, Proxy) {
        let server = shared_redis().await.unwrap();
        let way = Proxy::to(server.port()).await.unwrap();
        let direct = Self::on(&server.url());
        let other = Self::under(&format!("redis://127.0.0.1:{}", way.port()), direct.prefix.clone());
        other.store.ready().await.unwrap();
        // Redis asks for scripts that it does not know; that answer is not the one to lose.
        let elsewhere = Self::on(&server.url());
        let job = elsewhere.admitted("a").await;
        elsewhere.store.claim(&planning(&job), Duration::ZERO).await.unwrap();
        (direct, other, way)
    }

    async fn queued(&self, name: &str) -> Job {
        match self.store.create(new_job(name)).await.unwrap() {
            Creation::Created(job) => job,
            other => panic!("{name}: {other:?}"),
        }
    }

    async fn applied(&self, change: Change) -> Job {
        match self.store.commit(change).await.unwrap() {
            Committed::Applied(job) => *job,
            other => panic!("not applied: {other:?}"),
        }
    }

    async fn admitted(&self, name: &str) -> Job {
        let job = self.queued(name).await;
        self.applied(change(&job, &Event::Admit, Condition::Always)).await
    }

    async fn cancelled(&self, name: &str) -> JobId {
        let job = self.queued(name).await;
        self.applied(change(&job, &Event::Cancel, Condition::Always)).await.id
    }

    async fn job(&self, id: JobId) -> Option<Job> {
        self.store.job(id).await.unwrap()
    }

    /// A step that works as soon as the server is there again.
    async fn ready_at_last(&self) {
        wait::until("the store", wait::LIMIT, async || Ok(self.store.ready().await.ok())).await.unwrap();
    }

    /// A step fails within this time, and says where without the password.
    async fn fails_within(&self, limit: Duration) {
        let begun = Instant::now();
        let error = self.store.next_waiting().await.unwrap_err();
        assert!(begun.elapsed() < limit, "failed after {:?}", begun.elapsed());
        assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
        let error = error.to_string();
        assert!(error.starts_with("job store unavailable: Redis at redis://***@127.0.0.1:"), "{error}");
        assert!(!error.contains("secret"), "{error}");
    }
}

fn new_job(name: &str) -> Job {
    let request = DownloadRequest { repo: format!("owner/{name}"), ..DownloadRequest::default() };
    Job::new(JobId::random().unwrap(), JobRequest::parse(&request).unwrap(), now())
}

fn change(job: &Job, event: &Event, condition: Condition) -> Change {
    let Transition { job, effects } = transition(job, event, now()).unwrap();
    Change { job, effects, condition }
}

/// The job's first task in a worker's hands.
fn planning(job: &Job) -> Claimed {
    let task = Task { job: job.id, epoch: job.epoch, kind: TaskKind::Plan };
    Claimed { task, holder: Holder { worker: "w".parse().unwrap(), attempt: 1 } }
}

/// The time, as precise as the store keeps it.
fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc().replace_nanosecond(0).unwrap()
}

async fn hear(ear: &mut dyn Subscription) -> Heard {
    tokio::time::timeout(wait::LIMIT, ear.next()).await.unwrap().unwrap()
}

/// With a password, which a server without users does not look at.
fn with_password(server: &RedisServer) -> String {
    format!("redis://default:secret@127.0.0.1:{}", server.port())
}

#[tokio::test]
async fn after_a_restart_everything_is_there_and_doorbells_ring_again() {
    let mut server = RedisServer::start().await.unwrap();
    let rig = Rig::on(&server.url());
    let mut ear = RedisBus::new(rig.client.clone()).subscribe().await;
    let job = rig.queued("a").await;
    assert_eq!(hear(ear.as_mut()).await, Heard::Changed(job.id));

    server.restart().await.unwrap();
    assert_eq!(rig.job(job.id).await.as_ref(), Some(&job), "the next step works");
    assert_eq!(hear(ear.as_mut()).await, Heard::Resync);
    rig.applied(change(&job, &Event::Admit, Condition::Always)).await;
    assert_eq!(hear(ear.as_mut()).await, Heard::Changed(job.id));
}

#[tokio::test]
async fn while_the_server_is_away_steps_fail_at_once() {
    let mut server = RedisServer::start().await.unwrap();
    let rig = Rig::on(&with_password(&server));
    rig.store.ready().await.unwrap();
    server.kill_9().await.unwrap();
    // The first ones find their connection broken, the last one finds none.
    join_all((0..50).map(|_| rig.fails_within(Duration::from_secs(2)))).await;
    rig.fails_within(Duration::from_secs(1)).await;
    server.restart().await.unwrap();
    rig.ready_at_last().await;
}

#[tokio::test]
async fn while_the_server_is_silent_steps_fail_after_seconds() {
    let server = RedisServer::start().await.unwrap();
    let rig = Rig::on(&with_password(&server));
    rig.store.ready().await.unwrap();
    server.pause().unwrap();
    // The first one waits for an answer, the others for a connection.
    for _ in 0..2 {
        join_all((0..50).map(|_| rig.fails_within(Duration::from_secs(6)))).await;
    }
    server.resume().unwrap();
    rig.ready_at_last().await;
}

#[tokio::test]
async fn an_emptied_store_gets_another_name() {
    let server = RedisServer::start().await.unwrap();
    let rig = Rig::on(&server.url());
    let mut connection = redis::Client::open(server.url()).unwrap().get_multiplexed_async_connection().await.unwrap();
    let mut name = async || -> String {
        rig.store.ready().await.unwrap();
        let mut command = redis::cmd("HGET");
        command.arg(format!("{{{}}}:store", rig.prefix)).arg("name");
        command.query_async(&mut connection).await.unwrap()
    };
    let before = name().await;
    assert_eq!(name().await, before);
    let job = rig.queued("a").await;
    server.flush().await.unwrap();
    assert_ne!(name().await, before);
    assert_eq!(rig.job(job.id).await, None);
    assert_eq!(rig.store.marks().await.unwrap(), []);
}

#[tokio::test]
async fn a_full_server_takes_no_job_until_there_is_room_but_what_makes_some() {
    let server = RedisServer::start().await.unwrap();
    let rig = Rig::on(&server.url());
    let job = rig.queued("a").await;
    let (dismissed, old) = (rig.cancelled("dismissed").await, rig.cancelled("old").await);
    assert_eq!(server.command("CONFIG SET maxmemory 1").await.unwrap(), "+OK");
    let error = rig.store.ready().await.unwrap_err();
    assert!(matches!(&error, StoreError::Full(reason) if reason.contains("maxmemory")), "{error}");
    assert!(matches!(rig.store.create(new_job("b")).await, Err(StoreError::Full(_))));
    assert_eq!(rig.job(job.id).await.as_ref(), Some(&job));
    assert_eq!(rig.store.list(JobQuery::default()).await.unwrap().total, 3);
    assert_eq!(rig.store.files(job.id, Page::ALL).await.unwrap(), []);
    assert_eq!(rig.store.remove(&[dismissed]).await.unwrap(), 1);
    assert_eq!(rig.store.trim(Retention { jobs: 0, age: Duration::from_hours(1) }).await.unwrap(), 1);
    assert_eq!((rig.job(dismissed).await, rig.job(old).await), (None, None));
    assert_eq!(server.command("CONFIG SET maxmemory 0").await.unwrap(), "+OK");
    rig.store.ready().await.unwrap();
    rig.queued("b").await;
    assert_eq!(rig.store.marks().await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_store_of_a_newer_format_is_left_alone() {
    let server = shared_redis().await.unwrap();
    let rig = Rig::on(&server.url());
    let newer = format!("HSET {{{}}}:store format 2 name newer", rig.prefix);
    assert_eq!(server.command(&newer).await.unwrap(), ":2");
    let error = rig.store.ready().await.unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
    let reason = "they have format 2, this version reads 1; choose another --prefix";
    let expected = format!("job store holds unreadable data at the keys {{{}}}:*: {reason}", rig.prefix);
    assert_eq!(error.to_string(), expected);
}

#[tokio::test]
async fn a_promoted_replica_goes_on() {
    let mut redis = RedisSentinel::start().await.unwrap();
    let url: RedisUrl = redis.url().parse().unwrap();
    let outside = Rig::at(&url, "outside".parse().unwrap());
    let error = outside.store.ready().await.unwrap_err().to_string();
    assert!(error.contains("NOAUTH"), "{error}");
    let (user, password) = redis.account();
    let account = Credentials { user: Some(user.to_owned()), password: Some(password.into()) };
    let rig = Rig::at(&url.with_sentinel_credentials(account), "inside".parse().unwrap());
    let mut ear = RedisBus::new(rig.client.clone()).subscribe().await;
    let job = rig.queued("a").await;
    assert_eq!(hear(ear.as_mut()).await, Heard::Changed(job.id));
    let exists = format!("EXISTS {{{}}}:job:{}", rig.prefix, job.id);
    wait::until("the job to be replicated", wait::LIMIT, async || {
        Ok((redis.replica().command(&exists).await? == ":1").then_some(()))
    })
    .await
    .unwrap();

    redis.kill_master().await.unwrap();
    // Sentinel notices after a second and promotes; should that fail, it tries again after six.
    wait::until("the new master", Duration::from_secs(30), async || Ok(rig.store.ready().await.ok())).await.unwrap();
    assert_eq!(rig.job(job.id).await.as_ref(), Some(&job));
    assert_eq!(hear(ear.as_mut()).await, Heard::Resync);
    rig.applied(change(&job, &Event::Admit, Condition::Always)).await;
    assert_eq!(hear(ear.as_mut()).await, Heard::Changed(job.id));
}

/// Does a step whose first answer is lost as soon as its effect is seen.
async fn with_a_lost_answer<T>(way: &Proxy, step: impl Future<Output = T>, effect: impl AsyncFn() -> bool) -> T {
    way.block_answers();
    let lose = async {
        wait::until("the effect", wait::LIMIT, async || Ok(effect().await.then_some(()))).await.unwrap();
        way.cut();
    };
    tokio::join!(step, lose).0
}

#[tokio::test]
async fn a_job_whose_creation_was_not_answered_is_its_own_duplicate() {
    let (direct, rig, way) = Rig::by_two_ways().await;
    let job = new_job("a");
    let create = rig.store.create(job.clone());
    let created = with_a_lost_answer(&way, create, async || direct.job(job.id).await.is_some()).await;
    assert_eq!(created.unwrap(), Creation::Duplicate(job));
    assert_eq!(direct.store.marks().await.unwrap().len(), 1);
}

/// The room that the change itself has taken is not held against it.
#[tokio::test]
async fn a_change_that_was_not_answered_is_applied_once() {
    let (direct, rig, way) = Rig::by_two_ways().await;
    let job = direct.queued("a").await;
    let commit = rig.applied(change(&job, &Event::Admit, Condition::Room { max_active: 1 }));
    let is_admitted = async || direct.job(job.id).await.unwrap().version != job.version;
    let admitted = with_a_lost_answer(&way, commit, is_admitted).await;
    assert_eq!(admitted.version, job.version.next());
    assert_eq!(direct.job(job.id).await, Some(admitted));
    assert_eq!(direct.store.take_due(10, Duration::from_hours(1)).await.unwrap().len(), 1, "tasks in the outbox");
}

#[tokio::test]
async fn a_claim_that_was_not_answered_counts_once() {
    let (direct, rig, way) = Rig::by_two_ways().await;
    let job = direct.admitted("a").await;
    let claimed = planning(&job);
    let claim = rig.store.claim(&claimed, Duration::from_hours(1));
    let is_claimed = async || {
        let snapshot = direct.store.snapshot(job.id).await.unwrap().unwrap();
        !snapshot.progress.workers.is_empty()
    };
    let claim = with_a_lost_answer(&way, claim, is_claimed).await.unwrap();
    assert_eq!(claim, Claim::Go { job: Box::new(job), attempt: 1 });
    assert_eq!(direct.store.settle(&claimed).await.unwrap(), Verdict::Go);
}

#[tokio::test]
async fn what_was_downloaded_longer_ago_than_an_hour_is_forgotten() {
    let server = shared_redis().await.unwrap();
    let rig = Rig::on(&server.url());
    let key = format!("{{{}}}:downloaded", rig.prefix);
    let fill = "local now = math.floor(redis.call('TIME')[1] / 60) \
                for ago = 1, 100 do redis.call('HSET', KEYS[1], string.format('%.0f', now - ago), 1) end";
    server.command(&format!("EVAL \"{fill}\" 1 {key}")).await.unwrap();
    let roster = RedisRoster::new(rig.client.clone());
    let worker = WorkerState {
        name: "worker".parse().unwrap(),
        version: String::new(),
        started_at: OffsetDateTime::now_utc(),
        slots: 1,
        draining: false,
        bytes_per_second: 0,
        tasks: Vec::new(),
    };
    let downloaded = Downloaded { told_bytes: 0, total_bytes: 1000 };
    roster.beat(&worker, downloaded, Duration::from_mins(1)).await.unwrap();
    // A minute may have begun meanwhile.
    let kept: u64 = server.command(&format!("HLEN {key}")).await.unwrap().trim_start_matches(':').parse().unwrap();
    assert!((59..=60).contains(&kept), "{kept} minutes are kept");
    let bytes = roster.attendance().await.unwrap().minutes.iter().sum::<u64>();
    assert!((1058..=1059).contains(&bytes), "{bytes} bytes are told");
}
