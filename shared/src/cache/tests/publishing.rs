//! How blobs come to be.

use std::fs;
use std::os::unix::fs::symlink;
use std::sync::Barrier;
use std::thread;

use super::*;
use crate::cache::CacheError;

#[test]
fn a_published_blob_is_all_that_is_left() {
    let Fixture { repo, .. } = &fixture();
    let mut partial = partial_with(repo, &blob(1), b"content");
    partial.record(&[range(0, 7)]).unwrap();
    assert!(!repo.has_blob(content_of(1, 7)).unwrap());
    assert!(names(repo.folder().join("blobs")).is_empty());
    partial.publish().unwrap();
    assert!(repo.has_blob(content_of(1, 7)).unwrap());
    assert_eq!(fs::read(blob_path(repo, &blob(1))).unwrap(), b"content");
    assert!(names(repo.folder().join(".hfd")).is_empty());
}

#[test]
fn an_empty_file_can_be_published_either_way() {
    let Fixture { repo, .. } = &fixture();
    put_blob(repo, &blob(1), b"");
    partial_with(repo, &blob(2), b"").publish().unwrap();
    assert!(repo.has_blob(content_of(1, 0)).unwrap() && repo.has_blob(content_of(2, 0)).unwrap());
}

#[test]
fn whoever_publishes_second_has_published_too() {
    let Fixture { repo, .. } = &fixture();
    let first = partial_with(repo, &blob(1), b"content");
    let second = partial_with(repo, &blob(1), b"content");
    first.publish().unwrap();
    second.publish().unwrap();
    assert_eq!(fs::read(blob_path(repo, &blob(1))).unwrap(), b"content");
    assert!(names(repo.folder().join(".hfd")).is_empty());
}

#[test]
fn a_race_of_many_ends_with_one_whole_blob() {
    const WRITERS: usize = 8;
    let Fixture { repo, .. } = &fixture();
    let content = vec![7; 100_000];
    for round in 1..20 {
        let barrier = Barrier::new(WRITERS);
        thread::scope(|scope| {
            for writer in 0..WRITERS {
                let (barrier, content) = (&barrier, &content);
                scope.spawn(move || {
                    barrier.wait();
                    if writer % 4 == 3 {
                        put_blob(repo, &blob(round), content);
                        return;
                    }
                    // As a worker does: whatever happened meanwhile, it looks for the blob or starts over.
                    while !repo.has_blob(content_of(round, content.len() as u64)).unwrap() {
                        let mut partial = partial_with(repo, &blob(round), content);
                        let done = partial.record(&[range(0, 100_000)]).and_then(|()| partial.publish());
                        assert!(matches!(done, Ok(()) | Err(CacheError::Superseded { .. })), "{done:?}");
                    }
                });
            }
        });
        assert_eq!(fs::read(blob_path(repo, &blob(round))).unwrap(), content);
    }
    repo.remove_stale_partials(std::time::Duration::ZERO).unwrap();
    assert!(names(repo.folder().join(".hfd")).is_empty());
}

#[test]
fn a_blob_of_the_wrong_size_does_not_count_and_is_replaced() {
    let Fixture { repo, .. } = &fixture();
    for (digit, large) in [(1, true), (2, false)] {
        fs::create_dir_all(repo.folder().join("blobs")).unwrap();
        fs::write(blob_path(repo, &blob(digit)), b"cut sho").unwrap();
        assert!(!repo.has_blob(content_of(digit, 9)).unwrap());
        if large {
            partial_with(repo, &blob(digit), b"cut short").publish().unwrap();
        } else {
            put_blob(repo, &blob(digit), b"cut short");
        }
        assert_eq!(fs::read(blob_path(repo, &blob(digit))).unwrap(), b"cut short");
    }
}

#[test]
fn a_blob_in_pythons_shared_store_counts_and_stays_there() {
    let Fixture { repo, cache, .. } = &fixture();
    let store = cache.root().join("blobs/ab");
    fs::create_dir_all(&store).unwrap();
    fs::write(store.join("ab12"), b"content").unwrap();
    fs::create_dir_all(repo.folder().join("blobs")).unwrap();
    symlink("../../blobs/ab/ab12", blob_path(repo, &blob(1))).unwrap();
    assert!(repo.has_blob(content_of(1, 7)).unwrap());
    assert!(!repo.has_blob(content_of(1, 8)).unwrap());
    put_blob(repo, &blob(1), b"content");
    assert!(fs::symlink_metadata(blob_path(repo, &blob(1))).unwrap().is_symlink());

    fs::remove_file(store.join("ab12")).unwrap();
    assert!(!repo.has_blob(content_of(1, 7)).unwrap());
    put_blob(repo, &blob(1), b"content");
    assert!(fs::symlink_metadata(blob_path(repo, &blob(1))).unwrap().is_file());
    assert!(!store.join("ab12").exists(), "never written through the symlink");
}

#[test]
fn what_has_not_its_size_is_not_published() {
    let Fixture { repo, .. } = &fixture();
    let large = partial_with(repo, &blob(2), b"long");
    large.data().set_len(2).unwrap();
    assert!(matches!(large.publish(), Err(CacheError::WrongSize { expected_bytes: 4, found_bytes: 2, .. })));
    let published = repo.small_files().publish(wanted([small_with(repo, content_of(1, 10), b"short")]));
    assert!(matches!(published[..], [Err(CacheError::WrongSize { expected_bytes: 10, found_bytes: 5, .. })]));
    assert!(names(repo.folder().join("blobs")).is_empty());
}

#[test]
fn small_files_are_published_together_each_with_its_own_result() {
    let Fixture { repo, .. } = &fixture();
    let mut begun = small_with(repo, content_of(3, 5), b"ri");
    begun.write_out().unwrap();
    begun.push(b"ght");
    let small = |digit, content| small_with(repo, content_of(digit, 5), content);
    let published = repo.small_files().publish(wanted([small(1, b"whole"), small(2, b"cut"), begun]));
    assert!(published[0].is_ok() && published[2].is_ok(), "{published:?}");
    assert!(matches!(published[1], Err(CacheError::WrongSize { expected_bytes: 5, found_bytes: 3, .. })));
    assert_eq!(names(repo.folder().join("blobs")), [blob(1).to_string(), blob(3).to_string()]);
    assert_eq!(fs::read(blob_path(repo, &blob(3))).unwrap(), b"right");
    assert!(names(repo.folder().join(".hfd")).is_empty());
}

#[test]
fn a_folder_in_place_of_a_blob_is_said_so() {
    let Fixture { repo, .. } = &fixture();
    fs::create_dir_all(blob_path(repo, &blob(1))).unwrap();
    let partial = partial_with(repo, &blob(1), b"content");
    assert!(matches!(partial.publish(), Err(CacheError::Conflict { .. })));
    assert_eq!(names(repo.folder().join(".hfd")), [blob(1).to_string()], "the partial is kept");
}

#[test]
fn what_arrived_for_a_repository_that_was_removed_is_not_published() {
    let Fixture { repo, cache, .. } = &fixture();
    let partial = repo.open_partial(content_of(1, 4), "w").unwrap();
    partial.write_at(b"1234", 0).unwrap();
    // The first step of a removal.
    fs::rename(repo.folder(), cache.root().join("removed")).unwrap();
    assert!(matches!(partial.publish(), Err(CacheError::Superseded { .. })));
    assert!(!repo.folder().exists());

    let mut heavy = small_with(repo, content_of(2, 4), b"1234");
    heavy.write_out().unwrap();
    fs::rename(repo.folder(), cache.root().join("removed again")).unwrap();
    let files = repo.small_files();
    assert!(matches!(files.publish(wanted([heavy]))[..], [Err(CacheError::Superseded { .. })]));
    assert!(!repo.folder().exists());
}

#[test]
fn a_removal_during_a_task_loses_its_small_files_and_none_that_come_later() {
    let Fixture { repo, cache, .. } = &fixture();
    let (files, small) = (repo.small_files(), |digit| small_with(repo, content_of(digit, 4), b"1234"));
    assert!(files.publish(wanted([small(1)]))[0].is_ok());
    let mut heavy = small(2);
    heavy.write_out().unwrap();
    fs::rename(repo.folder(), cache.root().join("removed")).unwrap();
    assert!(matches!(files.publish(wanted([small(3)]))[..], [Err(CacheError::Superseded { .. })]));
    assert!(!repo.folder().exists());
    let published = files.publish(wanted([small(4), heavy]));
    assert!(matches!(published[..], [Ok(()), Err(CacheError::Superseded { .. })]), "{published:?}");
    assert_eq!(names(repo.folder().join("blobs")), [blob(4).to_string()]);
}

#[test]
fn a_small_file_that_is_not_wanted_any_more_makes_no_repository() {
    let Fixture { repo, .. } = &fixture();
    let file = small_with(repo, content_of(1, 4), b"1234");
    let published = repo.small_files().publish(vec![Publication { file, is_wanted: Box::new(|| false) }]);
    assert!(matches!(published[..], [Err(CacheError::Superseded { .. })]));
    assert!(!repo.folder().exists());
}
