//! A server with its store, and a way to be its worker.

use std::future::ready;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hfd_api::{ApiConfig, ApiState, FeedTimes, Mode, serve};
use hfd_shared::callback::{CallbackPolicy, CallbackSecret};
use hfd_shared::config::Access;
use hfd_shared::control::{Effective, Jobs, Settings, Submitted};
use hfd_shared::embedded::{EmbeddedStore, LocalBus, LocalLimiter, LocalRoster, MemoryQueue};
use hfd_shared::hub::HubClient;
use hfd_shared::job::{
    DownloadRequest, Epoch, Event, FileIndex, FileProgress, Job, JobId, JobRequest, Outcome, Plan, Priority, Snapshot,
    Task, TaskKind, Transition, UnitIndex, Work, transition,
};
use hfd_shared::metrics::Check;
use hfd_shared::ports::{
    Change, Claimed, Committed, Condition, EventBus, FileEnd, Holder, JobStore, Report, StoreError, Verdict,
};
use hfd_shared::readiness::Readiness;
use hfd_shared::repo::{Tree, TreeFile};
use hfd_shared::secret::SecretKey;
use hfd_shared::settings::{ByteSize, HubSettings, TransferSettings};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::Value;
use time::OffsetDateTime;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// The `outputDir` of every job.
pub(crate) const CACHE_DIR: &str = "/data/hub";

/// The worker that does everything.
const WORKER: &str = "worker";

/// How a server is set up.
pub(crate) struct Setup {
    pub(crate) access: Access,
    /// Where the Hub is; by default, where nobody listens.
    pub(crate) hub: String,
    /// How many jobs run at a time.
    pub(crate) max_active: usize,
    /// Why the store does not answer the readiness probe, if so.
    pub(crate) store_is_away: Option<&'static str>,
    /// No doorbell reaches the server.
    pub(crate) deaf: bool,
    /// Where the cache is.
    pub(crate) cache_dir: PathBuf,
    /// Where it listens.
    pub(crate) bind: &'static str,
    /// Whether a token can be stored.
    pub(crate) has_key: bool,
    /// Whether callbacks are taken.
    pub(crate) has_callbacks: bool,
    /// When the feed does what nothing else makes it do.
    pub(crate) feed: FeedTimes,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            access: Access::default(),
            hub: "http://127.0.0.1:9".to_owned(),
            max_active: 2,
            store_is_away: None,
            deaf: false,
            cache_dir: CACHE_DIR.into(),
            bind: "127.0.0.1:0",
            has_key: true,
            has_callbacks: true,
            feed: FeedTimes::default(),
        }
    }
}

impl Setup {
    /// One that compares the jobs with what was told so often that a test can wait for it.
    pub(crate) fn with_many_sweeps() -> Self {
        Self { feed: FeedTimes { sweep_every: Duration::from_millis(50), ..FeedTimes::default() }, ..Self::default() }
    }
}

/// A running server.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) store: Arc<EmbeddedStore>,
    pub(crate) queue: Arc<MemoryQueue>,
    pub(crate) roster: Arc<LocalRoster>,
    pub(crate) jobs: Jobs,
    pub(crate) stop: CancellationToken,
    pub(crate) serving: JoinHandle<std::io::Result<()>>,
    client: Client,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::start_with(Setup::default()).await
    }

    pub(crate) async fn start_with(setup: Setup) -> Self {
        let Setup { access, hub, max_active, store_is_away, deaf, cache_dir, bind, has_key, has_callbacks, feed } =
            setup;
        let rung: Arc<dyn EventBus> = Arc::new(LocalBus::new());
        let bus = if deaf { Arc::new(LocalBus::new()) } else { Arc::clone(&rung) };
        let store = Arc::new(EmbeddedStore::in_memory(rung).unwrap());
        let jobs = Jobs::new(store.clone(), max_active);
        let hub = hub_client(&hub);
        let settings = settings(store.clone(), hub.clone(), has_key.then(secret_key), max_active);
        let callbacks = callback_policy(has_callbacks);
        let config = ApiConfig { cache_dir, access, mode: Mode::Single, callbacks, feed };
        let (queue, roster) = (Arc::new(MemoryQueue::new()), Arc::new(LocalRoster::new()));
        let listener = TcpListener::bind(bind).await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let readiness = match store_is_away {
            Some(reason) => {
                let away = move || ready(Err(StoreError::Unavailable(reason.to_owned())));
                Readiness::new(stop.clone()).needs(Check::Store, away)
            }
            None => Readiness::new(stop.clone()).needs_store(store.clone()),
        };
        let state = ApiState {
            jobs: jobs.clone(),
            store: store.clone(),
            bus,
            queue: queue.clone(),
            roster: roster.clone(),
            hub,
            readiness,
            metrics: None,
            settings,
            config,
        };
        let serving = tokio::spawn(serve(listener, state, stop.clone()));
        Self { address, store, queue, roster, jobs, stop, serving, client: Client::new() }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("http://{}{path}", self.address))
    }

    pub(crate) async fn get(&self, path: &str) -> (StatusCode, Value) {
        read(self.request(Method::GET, path).send().await.unwrap()).await
    }

    pub(crate) async fn send(&self, method: Method, path: &str) -> (StatusCode, Value) {
        read(self.request(method, path).send().await.unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        read(self.request(Method::POST, path).json(&body).send().await.unwrap()).await
    }

    /// A new job, running while there is room.
    pub(crate) async fn submit(&self, repo: &str) -> JobId {
        self.submit_work(repo, Work::Download).await
    }

    /// A new job that does this work; running at once, while there is room or when it needs none.
    pub(crate) async fn submit_work(&self, repo: &str, work: Work) -> JobId {
        let request = DownloadRequest { repo: repo.to_owned(), ..DownloadRequest::default() };
        let request = JobRequest { work, ..JobRequest::parse(&request).unwrap() };
        match self.jobs.submit(request, Priority::default()).await.unwrap() {
            Submitted::Created(snapshot) => snapshot.job.id,
            other => panic!("{repo}: {other:?}"),
        }
    }

    pub(crate) async fn snapshot(&self, id: JobId) -> Snapshot {
        self.store.snapshot(id).await.unwrap().unwrap()
    }

    /// So many jobs of 200 files each.
    pub(crate) async fn planned_jobs(&self, count: usize) -> Vec<JobId> {
        let mut jobs = Vec::new();
        for number in 0..count {
            let id = self.submit(&format!("owner/model-{number}")).await;
            self.plan(id, &[7; 200]).await;
            jobs.push(id);
        }
        jobs
    }

    /// Plans a running job: files of these sizes, each a unit.
    pub(crate) async fn plan(&self, id: JobId, sizes: &[u64]) {
        self.put_plan(id, sizes, 1).await;
    }

    /// Plans a running job: so many files of 10 bytes, in units of 128.
    pub(crate) async fn plan_batches(&self, id: JobId, files: usize) {
        self.put_plan(id, &vec![10; files], u64::MAX).await;
    }

    async fn put_plan(&self, id: JobId, sizes: &[u64], large_from_bytes: u64) {
        let job = self.snapshot(id).await.job;
        let claimed = self.claimed(&job, TaskKind::Plan).await;
        let plan = Plan::new(&tree(sizes), &job.request, large_from_bytes).unwrap();
        assert_eq!(self.store.put_plan(&claimed, plan).await.unwrap(), Verdict::Go);
    }

    /// Ends all files of a unit.
    pub(crate) async fn finish_batch(&self, id: JobId, unit: u32) {
        let job = self.snapshot(id).await.job;
        let claimed = self.claimed(&job, TaskKind::Fetch(UnitIndex(unit))).await;
        let (files, _) = self.store.unit(id, UnitIndex(unit)).await.unwrap().unwrap();
        let ends = files.files.into_iter().map(|file| FileEnd { file, result: Ok(()) }).collect();
        assert_eq!(self.store.finish_unit(&claimed, ends).await.unwrap(), Verdict::Go);
    }

    /// Reports progress of a planned job's file.
    pub(crate) async fn report(&self, id: JobId, file: u32, downloaded_bytes: u64) {
        self.report_of(id, file, file, downloaded_bytes).await;
    }

    /// Reports progress of a file of a unit.
    pub(crate) async fn report_of(&self, id: JobId, unit: u32, file: u32, downloaded_bytes: u64) {
        let job = self.snapshot(id).await.job;
        let claimed = self.claimed(&job, TaskKind::Fetch(UnitIndex(unit))).await;
        let files = vec![FileProgress { file: FileIndex(file), downloaded_bytes }];
        let report = Report { files, bytes_per_second: 50 };
        assert_eq!(self.store.report(&claimed, report).await.unwrap(), Verdict::Go);
    }

    /// Ends a planned job's file.
    pub(crate) async fn finish(&self, id: JobId, file: u32, result: Result<(), String>) {
        let job = self.snapshot(id).await.job;
        let claimed = self.claimed(&job, TaskKind::Fetch(UnitIndex(file))).await;
        let ends = vec![FileEnd { file: FileIndex(file), result }];
        assert_eq!(self.store.finish_unit(&claimed, ends).await.unwrap(), Verdict::Go);
    }

    pub(crate) async fn complete(&self, id: JobId) {
        self.complete_with(id, None).await;
    }

    pub(crate) async fn complete_with(&self, id: JobId, outcome: Option<Outcome>) {
        let epoch = self.epoch(id).await;
        self.apply(id, &Event::Complete { epoch, outcome }).await;
    }

    pub(crate) async fn fail(&self, id: JobId, error: &str) {
        let epoch = self.epoch(id).await;
        self.apply(id, &Event::Fail { epoch, error: error.to_owned() }).await;
    }

    /// A task in the hands of the one worker that there is.
    async fn claimed(&self, job: &Job, kind: TaskKind) -> Claimed {
        let holder = Holder { worker: WORKER.parse().unwrap(), attempt: 1 };
        let claimed = Claimed { task: Task { job: job.id, epoch: job.epoch, kind }, holder };
        self.store.claim(&claimed, Duration::ZERO).await.unwrap();
        claimed
    }

    pub(crate) async fn apply(&self, id: JobId, event: &Event) {
        let job = self.snapshot(id).await.job;
        let Transition { job, effects } = transition(&job, event, OffsetDateTime::now_utc()).unwrap();
        let change = Change { job, effects, condition: Condition::Always };
        assert!(matches!(self.store.commit(change).await.unwrap(), Committed::Applied(_)));
        self.jobs.admit().await.unwrap();
    }

    async fn epoch(&self, id: JobId) -> Epoch {
        self.snapshot(id).await.job.epoch
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// A client without a token.
pub(crate) fn hub_client(endpoint: &str) -> HubClient {
    let settings = HubSettings { endpoint: endpoint.parse().unwrap(), token: None };
    HubClient::new(&settings, &transfer(), Arc::new(LocalLimiter::new())).unwrap()
}

/// The settings of a process without a token of its own.
pub(crate) fn settings(
    store: Arc<dyn JobStore>,
    hub: HubClient,
    key: Option<SecretKey>,
    max_active: usize,
) -> Settings {
    Settings::new(store, hub, key, Effective { token: None, max_active, transfer: transfer() }).unwrap()
}

/// Takes callbacks to public addresses, or none.
fn callback_policy(has_callbacks: bool) -> CallbackPolicy {
    let secret = CallbackSecret::parse(&"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into()).unwrap();
    CallbackPolicy { secret: has_callbacks.then_some(secret), allow_private: false }
}

/// The key of all processes.
pub(crate) fn secret_key() -> SecretKey {
    SecretKey::parse(&"00ff".repeat(16).into()).unwrap()
}

fn transfer() -> TransferSettings {
    TransferSettings { retries: 0, multipart_threshold: ByteSize(1 << 20), ..TransferSettings::default() }
}

/// The status and the body, which is JSON always.
pub(crate) async fn read(response: Response) -> (StatusCode, Value) {
    let status = response.status();
    let content_type = response.headers()["content-type"].to_str().unwrap().to_owned();
    assert!(content_type.starts_with("application/json"), "{content_type}");
    (status, response.json().await.unwrap())
}

fn tree(sizes: &[u64]) -> Tree {
    let file = |(number, size): (usize, &u64)| TreeFile {
        path: format!("file-{number:04}.bin").parse().unwrap(),
        size_bytes: *size,
        blob: format!("{number:064x}").parse().unwrap(),
        git_oid: format!("{number:040x}"),
        xet_hash: None,
    };
    Tree { commit: "a1".repeat(20).parse().unwrap(), files: sizes.iter().enumerate().map(file).collect() }
}
