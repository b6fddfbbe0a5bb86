//! Partials and their records.

use std::fs;
use std::io::Read as _;

use super::*;
use crate::cache::CacheError;

fn folder(repo: &RepoCache, blob: &BlobHash) -> std::path::PathBuf {
    repo.folder().join(".hfd").join(blob.to_string())
}

/// The only record file.
fn record_file(repo: &RepoCache, blob: &BlobHash) -> std::path::PathBuf {
    let mut files = names(folder(repo, blob));
    files.retain(|name| name.ends_with(".parts"));
    assert_eq!(files.len(), 1, "{files:?}");
    folder(repo, blob).join(&files[0])
}

fn recorded(repo: &RepoCache, content: Content) -> Vec<ByteRange> {
    repo.open_partial(content, "reader").unwrap().recorded().to_vec()
}

#[test]
fn a_partial_has_its_size_from_the_start_and_nothing_recorded() {
    let Fixture { repo, .. } = &fixture();
    let partial = repo.open_partial(content_of(1, 1 << 20), "a").unwrap();
    partial.preallocate().unwrap();
    assert!(partial.recorded().is_empty());
    assert_eq!(partial.reader().unwrap().metadata().unwrap().len(), 1 << 20);
    assert_eq!(names(folder(repo, &blob(1))), ["data"]);
    assert_eq!(names(repo.folder()), [".hfd", "snapshots"]);
}

#[test]
fn the_records_of_several_writers_add_up() {
    let Fixture { repo, .. } = &fixture();
    let mut first = repo.open_partial(content_of(1, 100), "a").unwrap();
    let mut second = repo.open_partial(content_of(1, 100), "b").unwrap();
    first.write_at(&[1; 40], 0).unwrap();
    second.write_at(&[2; 30], 50).unwrap();
    first.record(&[range(20, 40), range(0, 20)]).unwrap();
    second.record(&[range(50, 80)]).unwrap();
    first.record(&[range(80, 90)]).unwrap();
    assert_eq!(first.recorded(), [range(0, 40), range(80, 90)]);
    assert_eq!(recorded(repo, content_of(1, 100)), [range(0, 40), range(50, 90)]);
    assert_eq!(repo.recorded_bytes(content_of(1, 100)), 80);
    let mut bytes = Vec::new();
    first.reader().unwrap().read_to_end(&mut bytes).unwrap();
    assert_eq!((bytes[39], bytes[50], bytes.len()), (1, 2, 100));
}

#[test]
fn a_writers_name_does_no_harm() {
    let Fixture { repo, .. } = &fixture();
    for writer in ["../../evil", "", "a/b", &"x".repeat(500), "same", "same"] {
        let mut partial = repo.open_partial(content_of(1, 10), writer).unwrap();
        partial.record(&[range(0, 1)]).unwrap();
        put_blob(repo, &blob(9), b"x");
    }
    assert_eq!(names(folder(repo, &blob(1))).len(), 7);
}

#[test]
fn a_line_that_a_kill_cut_short_counts_for_nothing() {
    let Fixture { repo, .. } = &fixture();
    let mut partial = repo.open_partial(content_of(1, 1000), "a").unwrap();
    partial.record(&[range(0, 100)]).unwrap();
    partial.record(&[range(500, 600)]).unwrap();
    let path = record_file(repo, &blob(1));
    let whole = fs::read(&path).unwrap();
    let last_line = whole[..whole.len() - 1].iter().rposition(|&byte| byte == b'\n').unwrap() + 1;
    for cut in last_line..whole.len() {
        fs::write(&path, &whole[..cut]).unwrap();
        assert_eq!(recorded(repo, content_of(1, 1000)), [range(0, 100)], "cut at {cut}");
    }
    for cut in 0..40 {
        fs::write(&path, &whole[..cut]).unwrap();
        assert!(recorded(repo, content_of(1, 1000)).is_empty(), "cut at {cut}");
    }
}

#[test]
fn a_changed_line_counts_for_nothing() {
    let Fixture { repo, .. } = &fixture();
    repo.open_partial(content_of(1, 1000), "a").unwrap().record(&[range(100, 200)]).unwrap();
    let path = record_file(repo, &blob(1));
    let whole = fs::read(&path).unwrap();
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        fs::write(&path, &changed).unwrap();
        assert!(recorded(repo, content_of(1, 1000)).is_empty(), "byte {at}");
    }
}

#[test]
fn records_are_bound_to_the_hash_and_the_size() {
    let Fixture { repo, .. } = &fixture();
    repo.open_partial(content_of(1, 1000), "a").unwrap().record(&[range(0, 100)]).unwrap();
    let records = record_file(repo, &blob(1));

    drop(repo.open_partial(content_of(2, 1000), "b").unwrap());
    fs::copy(&records, folder(repo, &blob(2)).join("a.parts")).unwrap();
    assert!(recorded(repo, content_of(2, 1000)).is_empty(), "another hash");

    assert_eq!(repo.recorded_bytes(content_of(1, 999)), 0, "another size");
    assert!(recorded(repo, content_of(1, 999)).is_empty(), "another size");
    assert!(recorded(repo, content_of(1, 1000)).is_empty(), "the data has been cut in between");
}

#[test]
fn records_are_void_when_their_data_is_gone() {
    let Fixture { repo, .. } = &fixture();
    repo.open_partial(content_of(1, 1000), "a").unwrap().record(&[range(0, 100)]).unwrap();
    fs::remove_file(folder(repo, &blob(1)).join("data")).unwrap();
    assert_eq!(repo.recorded_bytes(content_of(1, 1000)), 0);
    assert!(recorded(repo, content_of(1, 1000)).is_empty());
    assert!(recorded(repo, content_of(1, 1000)).is_empty(), "neither later, when new data has the size");

    repo.open_partial(content_of(1, 1000), "a").unwrap().record(&[range(0, 100)]).unwrap();
    fs::File::options().write(true).open(folder(repo, &blob(1)).join("data")).unwrap().set_len(50).unwrap();
    assert!(recorded(repo, content_of(1, 1000)).is_empty(), "shorter than what is recorded");
}

#[test]
fn a_range_beyond_the_end_is_refused() {
    let Fixture { repo, .. } = &fixture();
    let mut partial = repo.open_partial(content_of(1, 10), "a").unwrap();
    assert!(matches!(partial.record(&[range(5, 11)]), Err(CacheError::WrongSize { .. })));
    assert!(recorded(repo, content_of(1, 10)).is_empty());
}

#[test]
fn a_writer_left_behind_cannot_vouch_for_a_new_partial() {
    let Fixture { repo, .. } = &fixture();
    let mut stopped = partial_with(repo, &blob(1), b"0123456789");
    let mut recorder = repo.open_partial(content_of(1, 10), "b").unwrap();
    recorder.record(&[range(0, 1)]).unwrap();
    repo.discard_partial(&blob(1)).unwrap();
    let fresh = repo.open_partial(content_of(1, 10), "c").unwrap();

    for partial in [&mut stopped, &mut recorder] {
        assert!(matches!(partial.record(&[range(0, 5)]), Err(CacheError::Superseded { .. })));
        assert!(matches!(partial.reader(), Err(CacheError::Superseded { .. })));
    }
    assert!(matches!(stopped.publish(), Err(CacheError::Superseded { .. })));
    assert!(recorded(repo, content_of(1, 10)).is_empty());
    assert!(fresh.reader().is_ok());
    assert!(!repo.has_blob(content_of(1, 10)).unwrap());
    assert_eq!(names(folder(repo, &blob(1))), ["data"]);
}

#[test]
fn a_new_data_file_in_the_same_folder_supersedes_too() {
    let Fixture { repo, .. } = &fixture();
    let mut stopped = partial_with(repo, &blob(1), b"0123456789");
    fs::remove_file(folder(repo, &blob(1)).join("data")).unwrap();
    let fresh = repo.open_partial(content_of(1, 10), "c").unwrap();
    assert!(matches!(stopped.record(&[range(0, 5)]), Err(CacheError::Superseded { .. })));
    assert!(matches!(stopped.publish(), Err(CacheError::Superseded { .. })), "never the bytes of the new one");
    assert!(!repo.has_blob(content_of(1, 10)).unwrap());
    assert_eq!(names(repo.folder().join(".hfd")), [blob(1).to_string()]);
    assert!(fresh.reader().is_ok());
}

#[test]
fn what_is_missing_counts_each_content_once_and_less_what_is_there() {
    let Fixture { repo, .. } = &fixture();
    assert_eq!(repo.missing_bytes([content_of(1, 100), content_of(2, 7), content_of(1, 100)]).unwrap(), 107);
    put_blob(repo, &blob(2), b"content");
    assert_eq!(repo.missing_bytes([content_of(1, 100), content_of(2, 7)]).unwrap(), 100);
    assert_eq!(repo.missing_bytes([content_of(2, 8)]).unwrap(), 8, "of another size");
    let mut partial = repo.open_partial(content_of(1, 1 << 20), "a").unwrap();
    partial.write_at(&vec![1; 1 << 16], 0).unwrap();
    partial.record(&[range(0, 1 << 16)]).unwrap();
    assert_eq!(repo.missing_bytes([content_of(1, 1 << 20)]).unwrap(), 15 << 16);
    partial.preallocate().unwrap();
    assert!(repo.missing_bytes([content_of(1, 1 << 20)]).unwrap() <= 15 << 16, "what is reserved is there");
}

#[test]
fn what_is_begun_is_named_and_nothing_else() {
    let Fixture { repo, .. } = &fixture();
    assert!(repo.partials().unwrap().is_empty());
    partial_with(repo, &blob(1), b"begun");
    partial_with(repo, &blob(2), b"whole").publish().unwrap();
    repo.quarantine(&blob(3)).unwrap();
    assert_eq!(repo.partials().unwrap(), [blob(1)].into());
}
