//! Listings under way: what a limit of the Hub interrupts goes on with the next page, not from the first.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use hfd_shared::hub::Listing;
use hfd_shared::lock::lock;
use hfd_shared::repo::{CommitHash, RepoRef};

/// So many are remembered besides those that are being read; the one that was begun first is forgotten.
const REMEMBERED: usize = 4;

/// Known to this process only: another worker that gets the task begins its own.
#[derive(Debug, Default)]
pub(crate) struct Listings(Mutex<VecDeque<(Key, Shared)>>);

type Key = (RepoRef, CommitHash);

/// Who reads it keeps others waiting.
type Shared = Arc<tokio::sync::Mutex<Listing>>;

impl Listings {
    /// The listing of a repository at a commit, as far as it is known.
    pub(crate) fn of(&self, repo: &RepoRef, commit: CommitHash) -> Shared {
        let mut known = lock(&self.0);
        let key = (repo.clone(), commit);
        if let Some((_, listing)) = known.iter().find(|(other, _)| *other == key) {
            return Arc::clone(listing);
        }
        let listing = Arc::new(tokio::sync::Mutex::new(Listing::new(repo.clone(), commit)));
        known.push_back((key, Arc::clone(&listing)));
        let is_idle = |(_, listing): &(Key, Shared)| Arc::strong_count(listing) == 1;
        if known.iter().filter(|known| is_idle(known)).count() > REMEMBERED
            && let Some(oldest) = known.iter().position(is_idle)
        {
            known.remove(oldest);
        }
        listing
    }

    /// Forgets a listing that is needed no more.
    pub(crate) fn forget(&self, repo: &RepoRef, commit: CommitHash) {
        lock(&self.0).retain(|((other, at), _)| other != repo || *at != commit);
    }
}
