use std::fs::File;
use std::io;
use std::ops::Bound;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use redb::backends::{FileBackend, InMemoryBackend};
use redb::{BackendError, Database, StorageBackend};
use time::OffsetDateTime;

use super::*;
use crate::embedded::LocalBus;
use crate::job::{DownloadRequest, JobRequest};
use crate::ports::contract::{Meter, StoreRig};

/// A disk that is full at times.
#[derive(Debug)]
struct Disk {
    file: FileBackend,
    full: Arc<AtomicBool>,
}

impl Disk {
    fn open(path: &Path, full: &Arc<AtomicBool>) -> Result<Database, StoreError> {
        let file = File::options().read(true).write(true).create(true).truncate(false).open(path).unwrap();
        let disk = Self { file: FileBackend::new(file)?, full: Arc::clone(full) };
        Ok(Database::builder().create_with_backend(disk)?)
    }

    fn has_room(&self) -> io::Result<()> {
        if self.full.load(Ordering::SeqCst) { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.has_room()?;
        self.file.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.has_room()?;
        self.file.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.has_room()?;
        self.file.write(offset, data)
    }

    fn close(&self) -> io::Result<()> {
        self.file.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.unlock_range(start, end)
    }
}

/// A memory that counts the pages which are read from it and written to it.
#[derive(Debug, Default)]
struct CountedMemory {
    memory: InMemoryBackend,
    pages: Arc<AtomicU64>,
}

impl CountedMemory {
    fn count(&self, bytes: usize) {
        self.pages.fetch_add(bytes.div_ceil(4096) as u64, Ordering::SeqCst);
    }
}

impl StorageBackend for CountedMemory {
    fn len(&self) -> io::Result<u64> {
        self.memory.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.count(out.len());
        self.memory.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.memory.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.memory.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.count(data.len());
        self.memory.write(offset, data)
    }
}

/// The pages that a store has read and written.
struct Pages(Arc<AtomicU64>);

#[async_trait]
impl Meter for Pages {
    async fn work(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

mod counted {
    use super::*;

    async fn make() -> StoreRig {
        let bus = Arc::new(LocalBus::new());
        let memory = CountedMemory::default();
        let pages = Pages(Arc::clone(&memory.pages));
        // What is in redb's own cache would not be counted.
        let database = Database::builder().set_cache_size(0).create_with_backend(memory).unwrap();
        let store = EmbeddedStore::new(Core::on(database).unwrap(), bus.clone());
        StoreRig::new(Arc::new(store), bus, ()).with_meter(pages)
    }

    crate::job_store_cost_contract!(make);
}

fn job(name: &str) -> Job {
    let request = DownloadRequest { repo: format!("owner/{name}"), ..DownloadRequest::default() };
    Job::new(JobId::random().unwrap(), JobRequest::parse(&request).unwrap(), OffsetDateTime::UNIX_EPOCH)
}

#[tokio::test]
async fn a_full_disk_refuses_changes_until_it_has_room_again() {
    let folder = tempfile::tempdir().unwrap();
    let (path, full) = (folder.path().join("jobs.redb"), Arc::new(AtomicBool::new(false)));
    let opener = {
        let (path, full) = (path, Arc::clone(&full));
        move || Disk::open(&path, &full)
    };
    let store = EmbeddedStore::new(Core::with(Box::new(opener)).unwrap(), Arc::new(LocalBus::new()));
    let first = job("a");
    store.create(first.clone()).await.unwrap();

    full.store(true, Ordering::SeqCst);
    for name in ["b", "c"] {
        assert!(matches!(store.create(job(name)).await, Err(StoreError::Unavailable(_))), "{name}");
    }

    full.store(false, Ordering::SeqCst);
    store.create(job("d")).await.unwrap();
    assert_eq!(store.job(first.id).await.unwrap(), Some(first));
    assert_eq!(store.list(JobQuery::default()).await.unwrap().total, 2);
}

#[tokio::test]
async fn a_file_that_was_never_finished_is_moved_aside() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jobs.redb");
    std::fs::write(&path, [0; 4096]).unwrap();
    EmbeddedStore::open(&path, Arc::new(LocalBus::new())).unwrap().create(job("a")).await.unwrap();
    std::fs::write(&path, "something else").unwrap();
    assert!(EmbeddedStore::open(&path, Arc::new(LocalBus::new())).is_err());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "something else");
    assert!(path.with_extension("unfinished").exists());
}

#[tokio::test]
async fn a_file_of_another_format_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jobs.redb");
    tables::write_format(&Database::create(&path).unwrap(), 99).unwrap();
    let error = EmbeddedStore::open(&path, Arc::new(LocalBus::new())).err().unwrap().to_string();
    assert!(error.contains("format 99"), "{error}");
    assert!(error.contains("--data-dir"), "{error}");
}
