//! Transfers that ask nobody, for nobody is there.

use std::os::unix::fs::FileExt as _;

use aws_lc_rs::digest::{SHA256, digest};
use hfd_shared::cache::Cache;
use hfd_shared::control::{Effective, Settings};
use hfd_shared::embedded::{EmbeddedStore, LocalBandwidth, LocalBus, LocalLimiter};
use hfd_shared::hub::HubClient;
use hfd_shared::job::WorkerName;
use hfd_shared::repo::{BlobHash, ByteRange, RepoKind};
use hfd_shared::settings::HubSettings;
use tempfile::TempDir;
use tokio::sync::Semaphore;

use super::*;
use crate::fence::Moment;
use crate::throttle::Throttle;

const SIZE: u64 = 8 << 20;

/// A file, and the cache that it is to come into.
struct Rig {
    folder: TempDir,
    hub: HubClient,
    cache: RepoCache,
    settings: TransferSettings,
    target: Target,
    content: Vec<u8>,
}

impl Rig {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let content: Vec<u8> = (0..SIZE).map(|at| (at / 4096 % 251) as u8).collect();
        let blob = BlobHash::Sha256(digest(&SHA256, &content).as_ref().try_into().unwrap());
        let repo = RepoRef { kind: RepoKind::Model, id: "o/n".parse().unwrap() };
        let settings = TransferSettings { retries: 0, ..TransferSettings::default() };
        let endpoint = HubSettings { endpoint: "http://127.0.0.1:9".parse().unwrap(), token: None };
        let file = PlannedFile { path: "a.bin".parse().unwrap(), size_bytes: SIZE, blob, second_path: None, xet: None };
        Self {
            hub: HubClient::new(&endpoint, &settings, Arc::new(LocalLimiter::new())).unwrap(),
            cache: Cache::open(folder.path().to_owned()).unwrap().repo(&repo),
            settings,
            target: Target { repo, commit: "0123456789abcdef0123456789abcdef01234567".parse().unwrap(), file },
            content,
            folder,
        }
    }

    /// Puts the first bytes on disk, as a transfer before did.
    fn record(&self, bytes: u64) {
        let mut partial = self.cache.open_partial(self.target.file.content(), "before").unwrap();
        partial.data().write_all_at(&self.content[..usize::try_from(bytes).unwrap()], 0).unwrap();
        partial.record(&[ByteRange::new(0, bytes).unwrap()]).unwrap();
    }

    async fn run(&self, slice_over: &CancellationToken) -> Result<(), TransferError> {
        let small_files = self.cache.small_files();
        self.run_with(slice_over, Publisher::new(move |files: Vec<_>| small_files.publish(files))).await
    }

    async fn run_with(&self, slice_over: &CancellationToken, publisher: Publisher) -> Result<(), TransferError> {
        let store = EmbeddedStore::in_memory(Arc::new(LocalBus::new())).unwrap();
        let configured = Effective { token: None, max_active: 1, transfer: self.settings.clone() };
        let settings = Settings::new(Arc::new(store), self.hub.clone(), None, configured).unwrap();
        let throttle = Throttle::new(settings, Arc::new(LocalBandwidth::new()));
        let writer = WorkerName::random("tester").unwrap();
        Transfer {
            engine: &Engine::new(self.hub.clone(), throttle, writer, self.folder.path().to_owned()),
            cache: &self.cache,
            settings: &self.settings,
            target: &self.target,
            meter: &Meter::default(),
            received: &AtomicU64::new(0),
            advanced: &AtomicBool::new(false),
            turn: &Turn::new(&Arc::new(Semaphore::new(1))),
            publisher: &publisher,
            fence: &Fence::new(Moment::now(), Duration::from_mins(1)),
            slice_over,
            stop: &CancellationToken::new(),
        }
        .run()
        .await
    }

    fn is_published(&self) -> bool {
        self.cache.has_blob(self.target.file.content()).unwrap()
    }
}

fn over() -> CancellationToken {
    let over = CancellationToken::new();
    over.cancel();
    over
}

#[tokio::test]
async fn a_file_of_which_nothing_is_missing_is_hashed_and_published_though_the_slice_is_over() {
    let rig = Rig::new();
    rig.record(SIZE);
    rig.run(&over()).await.unwrap();
    assert!(rig.is_published());
}

#[tokio::test]
async fn a_file_of_which_something_is_missing_goes_on_in_another_slice() {
    let rig = Rig::new();
    rig.record(SIZE / 2);
    assert!(matches!(rig.run(&over()).await, Err(TransferError::Stopped)));
    assert!(!rig.is_published());
    let partial = rig.cache.open_partial(rig.target.file.content(), "next").unwrap();
    assert_eq!(partial.recorded(), [ByteRange::new(0, SIZE / 2).unwrap()]);
}

#[tokio::test]
async fn in_a_repository_that_was_removed_nothing_is_begun_anew_by_itself() {
    let mut rig = Rig::new();
    // Nothing has to come for it.
    rig.target.file.size_bytes = 0;
    rig.target.file.blob = BlobHash::Sha256(digest(&SHA256, b"").as_ref().try_into().unwrap());
    let superseded = || Err(CacheError::Superseded { path: "gone".into() });
    let publisher = Publisher::new(move |files: Vec<_>| files.iter().map(|_| superseded()).collect());
    assert!(matches!(rig.run_with(&CancellationToken::new(), publisher).await, Err(TransferError::Later { .. })));
    assert!(!rig.cache.folder().exists());
}
