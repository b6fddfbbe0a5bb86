//! How long to respect the locks of other programs.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use hfd_shared::lock::lock;
use hfd_shared::ports::BlobKey;

/// A lock that is held for longer is taken for left behind, as network volumes do with those of dead machines. No
/// correctness rests on it: two programs would write the same bytes.
const LIMIT: Duration = Duration::from_mins(15);

/// Since when the blobs are locked that somebody waits for.
#[derive(Debug, Default)]
pub struct Patience {
    locked_since: Mutex<HashMap<BlobKey, Instant>>,
}

impl Patience {
    /// Whether to go on waiting, given whether the lock of the blob was taken just now.
    pub(crate) fn is_left(&self, blob: &BlobKey, is_taken: bool) -> bool {
        self.is_left_at(blob, is_taken, Instant::now())
    }

    fn is_left_at(&self, blob: &BlobKey, is_taken: bool, now: Instant) -> bool {
        let mut locked_since = lock(&self.locked_since);
        if is_taken {
            locked_since.remove(blob);
            return false;
        }
        locked_since.retain(|_, since| now.duration_since(*since) < 2 * LIMIT);
        let is_left = now.duration_since(*locked_since.entry(blob.clone()).or_insert(now)) < LIMIT;
        if !is_left {
            locked_since.remove(blob);
        }
        is_left
    }
}

#[cfg(test)]
mod tests {
    use hfd_shared::repo::{BlobHash, RepoKind, RepoRef};

    use super::*;

    #[test]
    fn a_lock_that_is_never_given_back_is_waited_for_only_so_long() {
        let patience = Patience::default();
        let repo = RepoRef { kind: RepoKind::Model, id: "a/b".parse().unwrap() };
        let blob = BlobKey { repo, blob: BlobHash::GitSha1([0; 20]) };
        let begin = Instant::now();
        assert!(patience.is_left_at(&blob, false, begin));
        assert!(patience.is_left_at(&blob, false, begin + LIMIT / 2));
        assert!(!patience.is_left_at(&blob, false, begin + LIMIT));
        assert!(!patience.is_left_at(&blob, true, begin + LIMIT));
        assert!(patience.is_left_at(&blob, false, begin + LIMIT), "a new lock is waited for anew");
    }
}
