//! A server with its store, and a way to be its worker.

use std::net::SocketAddr;
use std::sync::Arc;

use hfd_api::{ApiConfig, ApiState, BasicAuth, serve};
use hfd_shared::control::{Jobs, Submitted};
use hfd_shared::embedded::{EmbeddedStore, LocalBus};
use hfd_shared::hub::HubClient;
use hfd_shared::job::{
    DownloadRequest, Epoch, Event, FileIndex, FileProgress, Job, JobId, JobRequest, Plan, Snapshot, Task, TaskKind,
    UnitIndex,
};
use hfd_shared::ports::{EventBus, FileEnd, JobStore, Report, Verdict};
use hfd_shared::repo::{Tree, TreeFile};
use hfd_shared::settings::{HubSettings, TransferSettings};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// The `outputDir` of every job.
pub(crate) const CACHE_DIR: &str = "/data/hub";

/// How a server is set up.
pub(crate) struct Setup {
    pub(crate) auth: Option<BasicAuth>,
    /// Where the Hub is; by default, where nobody listens.
    pub(crate) hub: String,
    /// How many jobs run at a time.
    pub(crate) max_active: usize,
    /// No doorbell reaches the server.
    pub(crate) deaf: bool,
}

impl Default for Setup {
    fn default() -> Self {
        Self { auth: None, hub: "http://127.0.0.1:9".to_owned(), max_active: 2, deaf: false }
    }
}

/// A running server.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) store: Arc<EmbeddedStore>,
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
        let Setup { auth, hub, max_active, deaf } = setup;
        let rung: Arc<dyn EventBus> = Arc::new(LocalBus::new());
        let bus = if deaf { Arc::new(LocalBus::new()) } else { Arc::clone(&rung) };
        let store = Arc::new(EmbeddedStore::in_memory(rung).unwrap());
        let jobs = Jobs::new(store.clone(), max_active);
        let transfer = TransferSettings { retries: 0, ..TransferSettings::default() };
        let hub = HubClient::new(&HubSettings { endpoint: hub.parse().unwrap(), token: None }, &transfer).unwrap();
        let config = ApiConfig { cache_dir: CACHE_DIR.into(), auth, large_from_bytes: 1 << 20 };
        let state = ApiState { jobs: jobs.clone(), store: store.clone(), bus, hub, config };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let serving = tokio::spawn(serve(listener, state, stop.clone()));
        Self { address, store, jobs, stop, serving, client: Client::new() }
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
        let request = DownloadRequest { repo: repo.to_owned(), ..DownloadRequest::default() };
        match self.jobs.submit(JobRequest::parse(&request).unwrap()).await.unwrap() {
            Submitted::Created(snapshot) => snapshot.job.id,
            Submitted::Existing(_) => panic!("{repo} is there already"),
        }
    }

    pub(crate) async fn snapshot(&self, id: JobId) -> Snapshot {
        self.store.snapshot(id).await.unwrap().unwrap()
    }

    /// Plans a running job: files of these sizes, each a unit.
    pub(crate) async fn plan(&self, id: JobId, sizes: &[u64]) {
        let job = self.snapshot(id).await.job;
        let task = task(&job, TaskKind::Plan);
        self.store.claim(&task).await.unwrap();
        let plan = Plan::new(&tree(sizes), &job.request, 1).unwrap();
        assert_eq!(self.store.put_plan(&task, plan).await.unwrap(), Verdict::Go);
    }

    /// Reports progress of a planned job's file.
    pub(crate) async fn report(&self, id: JobId, file: u32, downloaded_bytes: u64) {
        let job = self.snapshot(id).await.job;
        let task = task(&job, TaskKind::Fetch(UnitIndex(file)));
        self.store.claim(&task).await.unwrap();
        let files = vec![FileProgress { file: FileIndex(file), downloaded_bytes }];
        let report = Report { files, bytes_per_second: 50 };
        assert_eq!(self.store.report(&task, report).await.unwrap(), Verdict::Go);
    }

    /// Ends a planned job's file.
    pub(crate) async fn finish(&self, id: JobId, file: u32, result: Result<(), String>) {
        let job = self.snapshot(id).await.job;
        let task = task(&job, TaskKind::Fetch(UnitIndex(file)));
        self.store.claim(&task).await.unwrap();
        let ends = vec![FileEnd { file: FileIndex(file), result }];
        assert_eq!(self.store.finish_unit(&task, ends).await.unwrap(), Verdict::Go);
    }

    pub(crate) async fn complete(&self, id: JobId) {
        let epoch = self.epoch(id).await;
        self.jobs.apply(id, &Event::Complete { epoch }).await.unwrap();
    }

    pub(crate) async fn fail(&self, id: JobId, error: &str) {
        let epoch = self.epoch(id).await;
        self.jobs.apply(id, &Event::Fail { epoch, error: error.to_owned() }).await.unwrap();
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

/// The status and the body, which is JSON always.
pub(crate) async fn read(response: Response) -> (StatusCode, Value) {
    let status = response.status();
    let content_type = response.headers()["content-type"].to_str().unwrap().to_owned();
    assert!(content_type.starts_with("application/json"), "{content_type}");
    (status, response.json().await.unwrap())
}

fn task(job: &Job, kind: TaskKind) -> Task {
    Task { job: job.id, epoch: job.epoch, kind }
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
