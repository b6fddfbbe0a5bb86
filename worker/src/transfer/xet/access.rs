//! Access to Xet, once for all files of a repository at a commit.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hfd_shared::hub::{HubError, Retry};
use hfd_shared::job::needs_xet;
use hfd_shared::lock::lock;
use hfd_shared::ports::Account;
use hfd_shared::repo::{CommitHash, RepoRef};
use tokio::sync::{OnceCell, Semaphore, SemaphorePermit};
use tokio::time::Instant;
use xet::xet_session::{XetDownloadStreamGroup, XetSession};

use super::PARTS;
use super::session;
use crate::transfer::{Target, Transfer};

/// A token is renewed so long before it ends, for what begins with it is to end with it.
const EARLY: Duration = Duration::from_mins(2);

/// A clock that is wrong must not make each part ask for a token.
const SHORTEST: Duration = Duration::from_secs(10);

/// The crate keeps something of each part for as long as a group is used.
const LONGEST: Duration = Duration::from_mins(10);

/// Xet is not asked again before that time where it has failed.
const AVOIDED_FOR: Duration = Duration::from_mins(5);

/// Whose access it is, and to what.
type Subject = (RepoRef, CommitHash, Account);

/// Xet as the process uses it.
pub(in crate::transfer) struct Xet {
    folder: PathBuf,
    session: OnceCell<XetSession>,
    room: Semaphore,
    opened: Mutex<HashMap<Subject, Arc<tokio::sync::Mutex<Option<Opened>>>>>,
    avoided: Mutex<HashMap<Subject, Instant>>,
}

/// An access, and how long it is used.
struct Opened {
    group: XetDownloadStreamGroup,
    until: Instant,
}

impl Xet {
    /// Nothing is opened yet. `folder` is for what the crate makes on disk, which is folders alone.
    pub(in crate::transfer) fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            session: OnceCell::new(),
            room: Semaphore::new(PARTS),
            opened: Mutex::default(),
            avoided: Mutex::default(),
        }
    }

    /// Whether the file may come over Xet now. One that comes on no other way always may.
    pub(in crate::transfer) fn is_open_to(&self, transfer: Transfer<'_>) -> bool {
        if needs_xet(transfer.target.file.size_bytes) {
            return true;
        }
        let mut avoided = lock(&self.avoided);
        let now = Instant::now();
        avoided.retain(|_, until| now < *until);
        !avoided.contains_key(&subject(transfer))
    }

    /// Sends no further files this way for a while: it has failed. Those under way go on.
    pub(super) fn avoid(&self, transfer: Transfer<'_>) {
        lock(&self.avoided).entry(subject(transfer)).or_insert_with(|| Instant::now() + AVOIDED_FOR);
    }

    /// Waits until another part fits in memory.
    pub(super) async fn room(&self) -> Option<SemaphorePermit<'_>> {
        // It is never closed.
        self.room.acquire().await.ok()
    }

    /// What has access to the file's repository. Of many files one asks for it.
    pub(super) async fn group(&self, transfer: Transfer<'_>) -> Result<XetDownloadStreamGroup, HubError> {
        let opened = self.opened(transfer);
        let mut opened = opened.lock().await;
        if let Some(opened) = opened.as_ref().filter(|opened| Instant::now() < opened.until) {
            return Ok(opened.group.clone());
        }
        if !self.is_open_to(transfer) {
            return Err(failed(transfer, "another file had no access just now".to_owned()));
        }
        let (group, lifetime) = match self.open(transfer).await {
            Ok(found) => found,
            Err(error) => {
                if !matches!(error.retry(), Retry::After(_)) {
                    self.avoid(transfer);
                }
                return Err(error);
            }
        };
        *opened = Some(Opened { group: group.clone(), until: Instant::now() + lifetime });
        Ok(group)
    }

    async fn open(&self, transfer: Transfer<'_>) -> Result<(XetDownloadStreamGroup, Duration), HubError> {
        let Target { repo, commit, .. } = transfer.target;
        let stall_timeout = transfer.settings.stall_timeout;
        let asking = tokio::time::timeout(stall_timeout, transfer.engine.hub.xet_access(repo, *commit));
        let access = asking.await.map_err(|_| failed(transfer, "the Hub gave no access in time".to_owned()))??;
        let failed = |detail| failed(transfer, detail);
        let session = self.session.get_or_try_init(async || session::open(&self.folder, stall_timeout)).await;
        let group = session::group(session.map_err(failed)?, &access).await.map_err(failed)?;
        Ok((group, access.time_left().saturating_sub(EARLY).clamp(SHORTEST, LONGEST)))
    }

    fn opened(&self, transfer: Transfer<'_>) -> Arc<tokio::sync::Mutex<Option<Opened>>> {
        let mut all = lock(&self.opened);
        let now = Instant::now();
        let is_fresh = |opened: &Option<Opened>| opened.as_ref().is_some_and(|opened| now < opened.until);
        // Whoever opens or uses one holds it.
        all.retain(|_, opened| {
            Arc::strong_count(opened) > 1 || opened.try_lock().is_ok_and(|opened| is_fresh(&opened))
        });
        Arc::clone(all.entry(subject(transfer)).or_default())
    }
}

/// An error about the file of a transfer.
pub(super) fn failed(transfer: Transfer<'_>, detail: String) -> HubError {
    HubError::Xet { what: transfer.target.file.path.to_string(), detail }
}

fn subject(transfer: Transfer<'_>) -> Subject {
    let Target { repo, commit, .. } = transfer.target;
    (repo.clone(), *commit, transfer.engine.hub.account())
}
