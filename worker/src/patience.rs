//! How long to respect the locks of other programs.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use hfd_shared::lock::lock;
use hfd_shared::ports::BlobKey;

/// A lock that is held for longer while nothing comes of the blob is taken for left behind, as network volumes do with those
/// of dead machines. No correctness rests on it: two programs would write the same bytes.
const LIMIT: Duration = Duration::from_mins(15);

/// A lock is looked at again after so long at most, if its blob is still wanted.
const FORGOTTEN_AFTER: Duration = Duration::from_hours(24);

/// How long the blobs are locked that somebody waits for.
#[derive(Debug, Default)]
pub(crate) struct Patience {
    locked: Mutex<HashMap<BlobKey, Locked>>,
}

/// A blob that another program has locked.
#[derive(Debug)]
struct Locked {
    /// What had come of it, in bytes.
    bytes: u64,
    /// Since when it was so much.
    since: Instant,
    /// Nothing came for too long: it is not waited for again, whoever brings it.
    is_dead: bool,
}

impl Patience {
    /// Whether to go on waiting for the lock of a blob of which so many bytes have come. Notes that it is locked.
    pub(crate) fn lasts(&self, blob: &BlobKey, bytes: u64) -> bool {
        self.lasts_at(blob, bytes, Instant::now())
    }

    fn lasts_at(&self, blob: &BlobKey, bytes: u64, now: Instant) -> bool {
        let mut locked = lock(&self.locked);
        locked.retain(|_, locked| now.duration_since(locked.since) < FORGOTTEN_AFTER);
        let seen = locked.entry(blob.clone()).or_insert(Locked { bytes, since: now, is_dead: false });
        if seen.bytes != bytes && !seen.is_dead {
            (seen.bytes, seen.since) = (bytes, now);
        }
        seen.is_dead |= now.duration_since(seen.since) >= LIMIT;
        !seen.is_dead
    }

    /// The lock was taken: the next one is waited for anew.
    pub(crate) fn forget(&self, blob: &BlobKey) {
        lock(&self.locked).remove(blob);
    }
}

#[cfg(test)]
mod tests {
    use hfd_shared::repo::{BlobHash, RepoKind, RepoRef};

    use super::*;

    fn blob() -> BlobKey {
        let repo = RepoRef { kind: RepoKind::Model, id: "a/b".parse().unwrap() };
        BlobKey { repo, blob: BlobHash::GitSha1([0; 20]) }
    }

    #[test]
    fn a_lock_that_is_never_given_back_is_waited_for_only_so_long() {
        let patience = Patience::default();
        let (blob, begin) = (blob(), Instant::now());
        assert!(patience.lasts_at(&blob, 1, begin));
        assert!(patience.lasts_at(&blob, 1, begin + LIMIT / 2));
        assert!(!patience.lasts_at(&blob, 1, begin + LIMIT));
        assert!(!patience.lasts_at(&blob, 2, begin + LIMIT), "what comes now comes from whoever did not wait");
        patience.forget(&blob);
        assert!(patience.lasts_at(&blob, 2, begin + LIMIT * 2), "a new lock is waited for anew");
    }

    #[test]
    fn a_lock_is_waited_for_as_long_as_its_blob_grows() {
        let patience = Patience::default();
        let (blob, begin) = (blob(), Instant::now());
        for minutes in 0..60 {
            assert!(patience.lasts_at(&blob, minutes / 10, begin + Duration::from_mins(minutes)), "after {minutes}");
        }
        assert!(!patience.lasts_at(&blob, 5, begin + Duration::from_mins(65)));
    }
}
