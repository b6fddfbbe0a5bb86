//! What is unfinished: quarantine, locks, garbage.

use std::fs;
use std::time::{Duration, SystemTime};

use super::*;

#[test]
fn a_small_file_that_is_dropped_leaves_nothing() {
    let Fixture { repo, .. } = &fixture();
    let mut small = small_with(repo, content_of(1, 5), b"12");
    small.write_out().unwrap();
    assert_eq!(names(repo.folder().join(".hfd")).len(), 1);
    drop(small);
    assert!(names(repo.folder().join(".hfd")).is_empty());
}

#[test]
fn quarantined_bytes_can_be_seen_but_are_never_used() {
    let Fixture { repo, .. } = &fixture();
    let quarantined = repo.folder().join(".hfd/quarantine").join(blob(1).to_string());
    let mut bad = partial_with(repo, &blob(1), b"bad 1");
    bad.record(&[range(0, 5)]).unwrap();
    repo.quarantine(&blob(1)).unwrap();
    assert_eq!(fs::read(quarantined.join("data")).unwrap(), b"bad 1");
    assert_eq!(repo.recorded_bytes(content_of(1, 5)), 0);
    assert!(repo.open_partial(content_of(1, 5), "b").unwrap().recorded().is_empty());
    assert!(bad.publish().is_err());

    partial_with(repo, &blob(1), b"bad 2");
    repo.quarantine(&blob(1)).unwrap();
    assert_eq!(fs::read(quarantined.join("data")).unwrap(), b"bad 2", "the newest replaces the older");
    repo.quarantine(&blob(1)).unwrap();

    small_with(repo, content_of(1, 5), b"bad 3").quarantine().unwrap();
    assert_eq!(fs::read(quarantined.join("data")).unwrap(), b"bad 3");
    assert_eq!(names(repo.folder().join(".hfd")), ["quarantine"]);
    assert!(!repo.has_blob(content_of(1, 5)).unwrap());
}

#[test]
fn one_at_a_time_holds_the_lock_of_a_blob() {
    let Fixture { repo, cache, .. } = &fixture();
    let lock = repo.lock_blob(&blob(1)).unwrap();
    assert!(lock.is_some());
    assert!(repo.lock_blob(&blob(1)).unwrap().is_none());
    assert!(repo.lock_blob(&blob(2)).unwrap().is_some());
    drop(lock);
    assert!(repo.lock_blob(&blob(1)).unwrap().is_some());
    let file = cache.root().join(format!(".locks/models--owner--name/{}.lock", blob(1)));
    assert_eq!(fs::metadata(file).unwrap().len(), 0);
}

#[test]
fn what_others_have_begun_of_a_blob_is_seen_to_grow() {
    let Fixture { repo, .. } = &fixture();
    assert_eq!(repo.begun_bytes(content_of(1, 5)), 0);
    fs::create_dir_all(repo.folder().join("blobs")).unwrap();
    for (number, begun) in [(1, "hal"), (2, "another")] {
        fs::write(repo.folder().join(format!("blobs/{}.0123abcd.incomplete", blob(number))), begun).unwrap();
    }
    assert_eq!(repo.begun_bytes(content_of(1, 5)), 3);
    let mut partial = partial_with(repo, &blob(1), b"hallo");
    assert_eq!(repo.begun_bytes(content_of(1, 5)), 3, "nothing is recorded");
    partial.record(&[ByteRange::new(0, 4).unwrap()]).unwrap();
    assert_eq!(repo.begun_bytes(content_of(1, 5)), 7);
}

#[test]
fn only_what_is_old_and_not_wanted_is_removed() {
    let Fixture { repo, .. } = &fixture();
    let scratch = repo.folder().join(".hfd");
    for digit in 1..=3 {
        partial_with(repo, &blob(digit), b"content").record(&[range(0, 3)]).unwrap();
    }
    repo.quarantine(&blob(3)).unwrap();
    fs::write(scratch.join("x.tmp"), "").unwrap();
    fs::create_dir(scratch.join("x.trash")).unwrap();
    fs::write(scratch.join("x.trash/data"), "").unwrap();
    fs::write(scratch.join("unknown"), "").unwrap();

    assert_eq!(repo.remove_stale_partials(Duration::from_mins(1)).unwrap(), 1, "what is in removal");
    assert_eq!(repo.recorded_bytes(content_of(1, 7)), 3);
    assert_eq!(repo.remove_stale_partials(Duration::ZERO).unwrap(), 4);
    assert_eq!(names(&scratch), ["quarantine", "unknown"]);
    assert!(names(scratch.join("quarantine")).is_empty());
    assert_eq!(repo.recorded_bytes(content_of(2, 7)), 0);
}

#[test]
fn times_in_the_future_are_not_old() {
    let Fixture { repo, .. } = &fixture();
    let partial = partial_with(repo, &blob(1), b"content");
    partial.data().set_modified(SystemTime::now() + Duration::from_hours(1)).unwrap();
    assert_eq!(repo.remove_stale_partials(Duration::ZERO).unwrap(), 0);
}
