//! Leases of blobs.

use std::sync::Arc;
use std::time::Duration;

use super::{LONG, StoreRig, eventually};
use crate::ports::{BlobKey, Holder};
use crate::repo::{BlobHash, RepoKind, RepoRef};

fn blob(number: u8) -> BlobKey {
    let repo = RepoRef { kind: RepoKind::Model, id: "owner/name".parse().unwrap() };
    BlobKey { repo, blob: BlobHash::Sha256([number; 32]) }
}

fn holder(name: &str) -> Holder {
    Holder(name.to_owned())
}

async fn lease(rig: &StoreRig, number: u8, name: &str, ttl: Duration) -> bool {
    rig.store.lease_blob(&blob(number), &holder(name), ttl).await.unwrap()
}

/// One repository's blob is one holder's; other blobs are others'.
pub async fn one_holder_has_a_blob(rig: &StoreRig) {
    assert!(lease(rig, 1, "a", LONG).await);
    assert!(!lease(rig, 1, "b", LONG).await);
    assert!(lease(rig, 2, "b", LONG).await);
    let mut elsewhere = blob(1);
    elsewhere.repo.kind = RepoKind::Dataset;
    assert!(rig.store.lease_blob(&elsewhere, &holder("b"), LONG).await.unwrap());
}

/// Holders that race.
pub async fn of_many_holders_at_once_one_gets_the_blob(rig: &StoreRig) {
    let attempts = (0..16).map(|number| {
        let store = Arc::clone(&rig.store);
        tokio::spawn(async move { store.lease_blob(&blob(1), &holder(&number.to_string()), LONG).await.unwrap() })
    });
    let mut got = 0;
    for attempt in attempts.collect::<Vec<_>>() {
        got += usize::from(attempt.await.unwrap());
    }
    assert_eq!(got, 1);
}

/// The holder may have died.
pub async fn a_lease_ends_by_itself(rig: &StoreRig) {
    assert!(lease(rig, 1, "a", Duration::from_millis(30)).await);
    eventually(async || lease(rig, 1, "b", LONG).await.then_some(())).await;
    assert!(!lease(rig, 1, "a", LONG).await);
}

/// The holder lives on.
pub async fn a_renewed_lease_lasts_longer(rig: &StoreRig) {
    let short = Duration::from_millis(200);
    assert!(lease(rig, 1, "a", short).await);
    assert!(lease(rig, 1, "a", LONG).await);
    // A lease of the same length that was taken later tells when the first would have ended.
    assert!(lease(rig, 2, "a", short).await);
    eventually(async || lease(rig, 2, "b", LONG).await.then_some(())).await;
    assert!(!lease(rig, 1, "b", LONG).await);
}

/// Who comes late to give it back has lost it already.
pub async fn only_the_holder_gives_a_lease_back(rig: &StoreRig) {
    assert!(lease(rig, 1, "a", LONG).await);
    rig.store.release_blob(&blob(1), &holder("b")).await.unwrap();
    assert!(!lease(rig, 1, "b", LONG).await);
    rig.store.release_blob(&blob(1), &holder("a")).await.unwrap();
    rig.store.release_blob(&blob(1), &holder("a")).await.unwrap();
    assert!(lease(rig, 1, "b", LONG).await);
}
