//! The file and the memory, changed by one step at a time.

use std::fs::{File, OpenOptions};
use std::io::Read as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use redb::backends::{FileBackend, InMemoryBackend};
use redb::{Database, DatabaseError, Durability};
use tracing::warn;

use super::live::Live;
use super::places::Places;
use super::step::Step;
use super::tables::Tables;
use crate::job::JobId;
use crate::ports::StoreError;

/// A file of redb begins with so many bytes that say so.
const REDB_MARK_BYTES: usize = 9;

/// Opens the database, again and again if need be.
pub(super) type Opener = Box<dyn Fn() -> Result<Database, StoreError> + Send + Sync>;

/// The file and the memory. They are changed together under one lock, so they always agree.
pub(super) struct Core {
    pub(super) live: Live,
    database: Option<Database>,
    /// Absent for a database that would be empty when opened again.
    reopen: Option<Opener>,
}

impl Core {
    /// On a file, which is created when it is missing.
    pub(super) fn on_file(path: &Path) -> Result<Self, StoreError> {
        let path = path.to_owned();
        Self::with(Box::new(move || open_file(&path)))
    }

    /// On a database that can be opened again after a failed write.
    pub(super) fn with(open: Opener) -> Result<Self, StoreError> {
        let database = prepare(open()?)?;
        Ok(Self { live: Live::new(Places::read(&database)?), database: Some(database), reopen: Some(open) })
    }

    /// In memory: gone with the process.
    pub(super) fn in_memory() -> Result<Self, StoreError> {
        Self::on(Database::builder().create_with_backend(InMemoryBackend::new())?)
    }

    /// On an empty database, for as long as it lasts.
    pub(super) fn on(database: Database) -> Result<Self, StoreError> {
        let database = prepare(database)?;
        Ok(Self { live: Live::default(), database: Some(database), reopen: None })
    }

    /// The database, opened again if a write has failed before: redb refuses everything after the first failure, but a
    /// full disk is full only for a while.
    pub(super) fn database(&mut self) -> Result<&Database, StoreError> {
        if let (None, Some(reopen)) = (&self.database, &self.reopen) {
            let database = prepare(reopen()?)?;
            self.live.begin_anew(Places::read(&database)?);
            self.database = Some(database);
            warn!("embedded store opened again after a failure");
        }
        self.database.as_ref().ok_or_else(|| StoreError::Unavailable("it failed before".to_owned()))
    }

    /// Makes one step. Its changes become visible, in the file and in memory, together and whole; returns the jobs
    /// whose doorbells are to be rung.
    pub(super) fn write<T>(
        &mut self,
        durability: Durability,
        work: impl FnOnce(&mut Step<'_>) -> Result<T, StoreError>,
    ) -> Result<(T, Vec<JobId>), StoreError> {
        let outcome = self.try_write(durability, work);
        if matches!(outcome, Err(StoreError::Unavailable(_))) && self.reopen.is_some() {
            self.database = None;
        }
        outcome
    }

    fn try_write<T>(
        &mut self,
        durability: Durability,
        work: impl FnOnce(&mut Step<'_>) -> Result<T, StoreError>,
    ) -> Result<(T, Vec<JobId>), StoreError> {
        let mut transaction = self.database()?.begin_write()?;
        transaction.set_durability(durability)?;
        let (value, marks) = {
            let mut step = Step::new(Tables::open(&transaction)?, &self.live);
            (work(&mut step)?, step.marks)
        };
        if marks.is_empty() {
            transaction.abort()?;
            return Ok((value, Vec::new()));
        }
        transaction.commit()?;
        let now = Instant::now();
        let mut rings = Vec::new();
        for mark in marks {
            rings.extend(self.live.apply(mark, now));
        }
        rings.sort_unstable();
        rings.dedup();
        Ok((value, rings))
    }
}

fn open_file(path: &PathBuf) -> Result<Database, StoreError> {
    let unavailable = |reason: String| StoreError::Unavailable(format!("{}: {reason}", path.display()));
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| unavailable(error.to_string()))?;
    }
    let created = match create(path) {
        Err(DatabaseError::Storage(_)) if is_unfinished(path) => {
            let aside = path.with_extension("unfinished");
            std::fs::rename(path, &aside).map_err(|error| unavailable(error.to_string()))?;
            warn!(file = %aside.display(), "a file of jobs that was never finished was moved aside");
            create(path)
        }
        created => created,
    };
    created.map_err(|error| match error {
        DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => StoreError::Unavailable(format!(
            "{} is in use by another hfdownloader process; stop it or choose another --data-dir",
            path.display()
        )),
        error => match StoreError::from(error) {
            StoreError::Corrupt { reason, .. } => StoreError::Corrupt { at: path.display().to_string(), reason },
            StoreError::Unavailable(reason) | StoreError::Full(reason) => unavailable(reason),
        },
    })
}

/// Whether a process was stopped while it made the file: redb writes its mark last, so nothing was ever in it.
fn is_unfinished(path: &Path) -> bool {
    let mut mark = [0; REDB_MARK_BYTES];
    File::open(path).and_then(|mut file| file.read_exact(&mut mark)).is_ok() && mark == [0; REDB_MARK_BYTES]
}

/// Opens the file; a new one is for its user alone, for jobs have the addresses of callbacks, which may hold secrets.
fn create(path: &Path) -> Result<Database, DatabaseError> {
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
    Database::builder().create_with_backend(FileBackend::new(file)?)
}

fn prepare(database: Database) -> Result<Database, StoreError> {
    let transaction = database.begin_write()?;
    Tables::open(&transaction)?.check_format()?;
    transaction.commit()?;
    Ok(database)
}
