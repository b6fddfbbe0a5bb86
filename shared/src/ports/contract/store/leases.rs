//! Leases of blobs.

use std::sync::Arc;
use std::time::Duration;

use super::{LONG, StoreRig, eventually};
use crate::ports::{BlobKey, Holder, Leased};
use crate::repo::{BlobHash, RepoKind, RepoRef};

fn blob(number: u8) -> BlobKey {
    let repo = RepoRef { kind: RepoKind::Model, id: "owner/name".parse().unwrap() };
    BlobKey { repo, blob: BlobHash::Sha256([number; 32]) }
}

fn holder(name: &str) -> Holder {
    super::fixture::holder(name, 7)
}

async fn lease(rig: &StoreRig, number: u8, name: &str, ttl: Duration) -> bool {
    rig.store.lease_blob(&blob(number), &holder(name), ttl).await.unwrap() != Leased::Taken
}

/// One repository's blob is one holder's; other blobs are others'.
pub async fn one_holder_has_a_blob(rig: &StoreRig) {
    assert!(lease(rig, 1, "a", LONG).await);
    assert!(!lease(rig, 1, "b", LONG).await);
    assert!(lease(rig, 2, "b", LONG).await);
    let mut elsewhere = blob(1);
    elsewhere.repo.kind = RepoKind::Dataset;
    assert_ne!(rig.store.lease_blob(&elsewhere, &holder("b"), LONG).await.unwrap(), Leased::Taken);
}

/// Holders that race.
pub async fn of_many_holders_at_once_one_gets_the_blob(rig: &StoreRig) {
    let attempts = (0..16).map(|number| {
        let store = Arc::clone(&rig.store);
        tokio::spawn(async move { store.lease_blob(&blob(1), &holder(&number.to_string()), LONG).await.unwrap() })
    });
    let mut got = 0;
    for attempt in attempts.collect::<Vec<_>>() {
        got += usize::from(attempt.await.unwrap() != Leased::Taken);
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

/// A holder that never gave it back may still have files open: the next ones are told, for a while.
pub async fn a_lapsed_lease_is_remembered(rig: &StoreRig) {
    let granted = async |name: &str, ttl| match rig.store.lease_blob(&blob(1), &holder(name), ttl).await.unwrap() {
        Leased::Granted { lapsed } => Some(lapsed),
        Leased::Taken => None,
    };
    assert_eq!(granted("a", LONG).await, Some(false));
    rig.store.release_blob(&blob(1), &holder("a")).await.unwrap();
    assert_eq!(granted("b", Duration::from_millis(30)).await, Some(false), "it was given back");
    assert!(eventually(async || granted("c", LONG).await).await);
    assert_eq!(granted("c", LONG).await, Some(true));
    rig.store.release_blob(&blob(1), &holder("c")).await.unwrap();
    assert_eq!(granted("d", LONG).await, Some(true), "b still sleeps");
}
