//! What the cache says that it holds.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::time::Duration;

use rustix::thread::{CapabilitySet, CapabilitySets};

use super::*;
use crate::cache::{Inventory, RepoContents, State, UnusedKind};

fn model() -> RepoRef {
    repo_ref(RepoKind::Model, "owner/name")
}

fn contents(fixture: &Fixture) -> RepoContents {
    fixture.cache.inventory().contents(&model()).unwrap().unwrap()
}

#[test]
fn each_content_counts_once_however_often_it_is_linked() {
    let fixture = fixture();
    put_file(&fixture.repo, commit(1), "a/x.bin", 1, b"12345");
    put_file(&fixture.repo, commit(1), "b/y.bin", 1, b"12345");
    put_file(&fixture.repo, commit(2), "x.bin", 1, b"12345");
    put_file(&fixture.repo, commit(2), "z.bin", 2, b"123");
    put_ref(&fixture.repo, "main", commit(2));
    put_ref(&fixture.repo, "refs/pr/1", commit(2));
    let contents = contents(&fixture);
    assert_eq!((contents.size_bytes, contents.files), (8, 2));
    assert!(contents.faults.is_empty(), "{:?}", contents.faults);
    let of = |index: usize| {
        let revision = &contents.revisions[index];
        let refs: Vec<_> = revision.refs.iter().map(ToString::to_string).collect();
        (revision.commit, refs, revision.size_bytes, revision.files)
    };
    assert_eq!(of(0), (commit(1), vec![], 5, 2));
    assert_eq!(of(1), (commit(2), vec!["main".to_owned(), "refs/pr/1".to_owned()], 8, 2));
}

#[test]
fn one_that_cannot_be_read_is_listed_and_says_why() {
    let fixture = fixture();
    put_file(&fixture.repo, commit(1), "x.bin", 1, b"12345");
    let found = || fixture.cache.inventory().summary_or_fault(&model()).unwrap();
    assert_eq!((found().files, found().faults.len()), (1, 0));
    fs::set_permissions(fixture.repo.folder(), fs::Permissions::from_mode(0o000)).unwrap();
    let found = obeying_permissions(found);
    fs::set_permissions(fixture.repo.folder(), fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(found.files, 0);
    assert!(found.faults[0].contains("permission denied"), "{:?}", found.faults);
}

/// Does something without what only root may.
fn obeying_permissions<T>(work: impl FnOnce() -> T) -> T {
    let sets = rustix::thread::capabilities(None).unwrap();
    let privileged = CapabilitySet::DAC_OVERRIDE | CapabilitySet::DAC_READ_SEARCH;
    rustix::thread::set_capabilities(None, CapabilitySets { effective: sets.effective - privileged, ..sets }).unwrap();
    let done = work();
    rustix::thread::set_capabilities(None, sets).unwrap();
    done
}

#[test]
fn a_revision_is_complete_when_it_has_all_that_its_listing_names() {
    let fixture = fixture();
    let state = || contents(&fixture).revisions[0].state;
    put_file(&fixture.repo, commit(1), "a", 1, b"1");
    assert_eq!(state(), State::Unknown);
    put_listing(&fixture.repo, commit(1), &[("a", 1, 1), ("b/c", 2, 2)]);
    assert_eq!(state(), State::Partial { missing: 1 });
    put_file(&fixture.repo, commit(1), "b/c", 2, b"12");
    assert_eq!(state(), State::Complete);
    fs::write(blob_path(&fixture.repo, &blob(2)), "1").unwrap();
    assert_eq!(state(), State::Partial { missing: 1 }, "a file of another size is not the one");
    fs::remove_file(blob_path(&fixture.repo, &blob(2))).unwrap();
    assert_eq!(state(), State::Partial { missing: 1 });
    assert_eq!(contents(&fixture).faults, ["b/c points to a blob that is not there"]);
}

#[test]
fn what_cannot_be_looked_at_is_not_taken_for_checked() {
    let fixture = fixture();
    put_file(&fixture.repo, commit(1), "a", 1, b"1");
    let snapshot = fixture.repo.snapshot_dir(commit(1));
    let unseen = || {
        let checkable = fixture.cache.inventory().contents_to_check(&model()).unwrap().unwrap();
        assert_eq!(checkable.contents.len(), 1);
        checkable.unseen.map(|error| error.to_string()).unwrap_or_default()
    };
    assert_eq!(unseen(), "");
    let long = vec!["d".repeat(200); 5].join("/");
    put_file(&fixture.repo, commit(1), &long, 2, b"12");
    assert!(unseen().contains("too long"), "{}", unseen());
    fs::remove_file(snapshot.join(&long)).unwrap();
    symlink("/mnt/cache/blobs/x", snapshot.join("link")).unwrap();
    assert!(unseen().contains("links point outside"), "{}", unseen());
    fs::remove_file(snapshot.join("link")).unwrap();
    fs::write(snapshot.join(OsStr::from_bytes(b"caf\xe9")), "1").unwrap();
    assert!(unseen().contains("is not UTF-8"), "{}", unseen());
}

#[test]
fn nothing_outside_the_cache_is_looked_at() {
    let fixture = fixture();
    let outside = tempfile::tempdir().unwrap();
    fs::create_dir_all(outside.path().join("snapshots").join(commit(9).to_string())).unwrap();
    fs::write(outside.path().join("secret"), "secret").unwrap();
    fs::write(outside.path().join("main"), commit(1).to_string()).unwrap();
    put_file(&fixture.repo, commit(1), "a", 1, b"1");
    let folder = fixture.repo.folder();
    let snapshot = fixture.repo.snapshot_dir(commit(1));
    symlink(outside.path().join("secret"), snapshot.join("absolute")).unwrap();
    symlink("../../../../../etc/passwd", snapshot.join("relative")).unwrap();
    symlink(outside.path(), snapshot.join("folder")).unwrap();
    symlink("../../blobs/evil", snapshot.join("through")).unwrap();
    symlink(outside.path().join("secret"), folder.join("blobs/evil")).unwrap();
    symlink(outside.path(), folder.join("snapshots").join(commit(2).to_string())).unwrap();
    symlink(outside.path(), folder.join("refs")).unwrap();
    symlink(outside.path(), fixture.cache.root().join("models--owner--link")).unwrap();

    let inventory = fixture.cache.inventory();
    assert_eq!(inventory.repos().unwrap(), [model()]);
    assert!(inventory.contents(&repo_ref(RepoKind::Model, "owner/link")).unwrap().is_none());
    let contents = contents(&fixture);
    assert_eq!((contents.size_bytes, contents.files, contents.revisions.len()), (1, 1, 1));
    assert!(contents.revisions[0].refs.is_empty());
    assert_eq!(contents.faults.len(), 5, "{:?}", contents.faults);
    let page = inventory.files(&model(), commit(1), 0, 10).unwrap().unwrap();
    assert_eq!(page.files.iter().map(|file| file.path.as_str()).collect::<Vec<_>>(), ["a"]);
    assert!(inventory.files(&model(), commit(2), 0, 10).unwrap().is_none());
    let check = inventory.contents_to_check(&model()).unwrap().unwrap().contents;
    assert_eq!(check.len(), 1, "{check:?}");
}

#[test]
fn files_and_the_shared_store_count_as_huggingface_hub_counts_them() {
    let fixture = fixture();
    let snapshot = fixture.repo.snapshot_dir(commit(1));
    put_file(&fixture.repo, commit(1), "blob", 1, b"1");
    // A volume without symlinks.
    fs::write(snapshot.join("plain"), "12").unwrap();
    // An absolute symlink, and a blob in the store that repositories share.
    put_blob(&fixture.repo, &blob(2), b"123");
    symlink(blob_path(&fixture.repo, &blob(2)), snapshot.join("absolute")).unwrap();
    let hash = "ab".repeat(32);
    fs::create_dir_all(fixture.cache.root().join("blobs/ab")).unwrap();
    fs::write(fixture.cache.root().join("blobs/ab").join(&hash), "1234").unwrap();
    symlink(format!("../../blobs/ab/{hash}"), blob_path(&fixture.repo, &blob(3))).unwrap();
    symlink(format!("../../blobs/{}", blob(3)), snapshot.join("shared")).unwrap();
    let contents = contents(&fixture);
    assert_eq!((contents.size_bytes, contents.files), (1 + 2 + 3 + 4, 4), "{:?}", contents.faults);
    assert!(contents.faults.is_empty(), "{:?}", contents.faults);
}

#[test]
fn a_content_is_found_by_its_link_where_its_name_is_no_hash() {
    let fixture = fixture();
    put_file(&fixture.repo, commit(1), "b/plain", 1, b"1");
    put_listing(&fixture.repo, commit(1), &[("b/plain", 1, 1), ("b/odd", 2, 3)]);
    fs::write(fixture.repo.folder().join("blobs/odd-etag"), "odd").unwrap();
    symlink("../../../blobs/odd-etag", fixture.repo.snapshot_dir(commit(1)).join("b/odd")).unwrap();
    let inventory = fixture.cache.inventory();
    let found = inventory.contents_to_check(&model()).unwrap().unwrap().contents;
    let texts: Vec<_> = found
        .iter()
        .map(|content| std::io::read_to_string(inventory.open_content(&model(), content).unwrap().unwrap()).unwrap())
        .collect();
    assert_eq!(texts, ["odd", "1"]);
}

#[test]
fn files_are_shown_a_part_at_a_time() {
    let fixture = fixture();
    for path in ["b/2", "a", "b/1", "c"] {
        put_file(&fixture.repo, commit(1), path, 1, b"1");
    }
    let part = |offset, limit| {
        let page = fixture.cache.inventory().files(&model(), commit(1), offset, limit).unwrap().unwrap();
        (page.files.into_iter().map(|file| file.path).collect::<Vec<_>>(), page.total)
    };
    assert_eq!(part(0, 2), (vec!["a".to_owned(), "b/1".to_owned()], 4));
    assert_eq!(part(2, 9), (vec!["b/2".to_owned(), "c".to_owned()], 4));
    assert_eq!(part(9, 9), (vec![], 4));
}

#[test]
fn a_cache_that_is_not_there_is_empty() {
    let inventory = Inventory::new("/no/such/cache".into());
    assert!(inventory.repos().unwrap().is_empty());
    assert!(inventory.contents(&model()).unwrap().is_none());
    assert!(inventory.unused(&model(), Duration::ZERO).unwrap().found.is_empty());
}

#[test]
fn what_nobody_links_to_and_what_is_stale_is_unused() {
    let fixture = fixture();
    put_file(&fixture.repo, commit(1), "a", 1, b"1");
    put_blob(&fixture.repo, &blob(2), b"unlinked");
    partial_with(&fixture.repo, &blob(3), b"partial");
    let blobs = fixture.repo.folder().join("blobs");
    fs::write(blobs.join(format!("{}.0123abcd.incomplete", blob(4))), "half").unwrap();
    fs::write(blobs.join("odd-etag"), "not ours to judge").unwrap();
    fs::create_dir_all(fixture.repo.folder().join(".hfd/x.trash/y")).unwrap();
    let unused = |stale_after| {
        let found = fixture.cache.inventory().unused(&model(), stale_after).unwrap().found;
        let mut found: Vec<_> = found.into_iter().map(|unused| (unused.kind, unused.path)).collect();
        found.sort_by(|one, other| one.1.cmp(&other.1));
        found
    };
    let path = |path: &str| format!("models--owner--name/{path}");
    let fresh =
        [(UnusedKind::Temporary, path(".hfd/x.trash")), (UnusedKind::Blob, path(&format!("blobs/{}", blob(2))))];
    assert_eq!(unused(Duration::from_hours(1)), fresh);
    let [trash, unlinked] = fresh;
    assert_eq!(
        unused(Duration::ZERO),
        [
            (UnusedKind::Partial, path(&format!(".hfd/{}", blob(3)))),
            trash,
            unlinked,
            (UnusedKind::Partial, path(&format!("blobs/{}.0123abcd.incomplete", blob(4)))),
        ]
    );
    // A snapshot that cannot be looked into may link to anything.
    symlink("..", fixture.repo.folder().join("snapshots").join(commit(2).to_string())).unwrap();
    assert_eq!(unused(Duration::from_hours(1)), [(UnusedKind::Temporary, path(".hfd/x.trash"))]);
}
