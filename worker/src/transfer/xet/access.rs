//! Access to Xet, once for all files of a repository at a commit.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hfd_shared::hub::HubError;
use hfd_shared::ports::Account;
use hfd_shared::repo::{CommitHash, RepoRef};
use tokio::sync::{OnceCell, Semaphore, SemaphorePermit};
use tokio::time::Instant;
use xet::xet_session::{XetDownloadStreamGroup, XetSession};

use super::session;
use super::{PARTS, TransferError};
use crate::transfer::{Target, Transfer};

/// A token is renewed so long before it ends, for what begins with it is to end with it. The crate itself takes none that ends
/// within half a minute.
const EARLY: Duration = Duration::from_mins(2);

/// A clock that is wrong must not make each part ask for a token.
const SHORTEST: Duration = Duration::from_secs(30);

/// Xet is not asked again before that time where it has failed.
const AVOIDED_FOR: Duration = Duration::from_mins(1);

/// Whose access it is, and to what.
type Subject = (RepoRef, CommitHash, Account);

/// Xet as the process uses it.
pub(crate) struct Xet {
    folder: PathBuf,
    session: OnceCell<XetSession>,
    room: Semaphore,
    known: Mutex<HashMap<Subject, Arc<tokio::sync::Mutex<Option<Known>>>>>,
}

/// What is known of an access.
struct Known {
    until: Instant,
    /// The group, or why there is none.
    group: Result<XetDownloadStreamGroup, HubError>,
}

impl Xet {
    /// Nothing is opened yet. `folder` is for what the crate makes on disk, which is folders alone.
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder, session: OnceCell::new(), room: Semaphore::new(PARTS), known: Mutex::default() }
    }

    /// Waits until another part fits in memory.
    pub(super) async fn room(&self) -> Option<SemaphorePermit<'_>> {
        // It is never closed.
        self.room.acquire().await.ok()
    }

    /// What has access to the file's repository.
    pub(super) async fn group(&self, transfer: Transfer<'_>) -> Result<XetDownloadStreamGroup, HubError> {
        let access = self.known(transfer);
        let mut known = access.lock().await;
        if let Some(known) = known.as_ref().filter(|known| Instant::now() < known.until) {
            return known.group.clone();
        }
        let opened = self.open(transfer).await;
        let (until, group) = match opened {
            Ok((group, time_left)) => (Instant::now() + time_left, Ok(group)),
            Err(error) => (Instant::now() + AVOIDED_FOR, Err(error)),
        };
        *known = Some(Known { until, group: group.clone() });
        group
    }

    async fn open(&self, transfer: Transfer<'_>) -> Result<(XetDownloadStreamGroup, Duration), HubError> {
        let Target { repo, commit, file } = transfer.target;
        let access = transfer.hub.xet_access(repo, *commit).await?;
        let failed = |detail| HubError::Xet { what: file.path.to_string(), detail };
        let stall_timeout = transfer.settings.stall_timeout;
        let session = self.session.get_or_try_init(async || session::open(&self.folder, stall_timeout)).await;
        let group = session::group(session.map_err(failed)?, &access).await.map_err(failed)?;
        Ok((group, access.time_left().saturating_sub(EARLY).max(SHORTEST)))
    }

    /// Asks for nothing over this access for a while: it has failed.
    pub(super) async fn avoid(&self, transfer: Transfer<'_>, error: &TransferError) {
        let error = HubError::Xet { what: transfer.target.file.path.to_string(), detail: error.to_string() };
        let access = self.known(transfer);
        let mut known = access.lock().await;
        // Not for longer because of what was under way meanwhile.
        if known.as_ref().is_some_and(|known| known.group.is_err()) {
            return;
        }
        *known = Some(Known { until: Instant::now() + AVOIDED_FOR, group: Err(error) });
    }

    fn known(&self, transfer: Transfer<'_>) -> Arc<tokio::sync::Mutex<Option<Known>>> {
        let Target { repo, commit, .. } = transfer.target;
        let subject = (repo.clone(), *commit, transfer.hub.account());
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        // Those that are in use are locked, or new.
        known.retain(|other, access| {
            *other == subject
                || access.try_lock().map_or(true, |known| known.as_ref().is_none_or(|known| now < known.until))
        });
        Arc::clone(known.entry(subject).or_default())
    }
}
