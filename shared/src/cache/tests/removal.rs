//! Taking things out of the cache.

use std::cell::Cell;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::time::Duration;

use super::*;
use crate::cache::{CacheError, Clearing, UnusedKind};

/// Does it without a limit; returns what is gone and how many bytes are free.
fn cleared(work: impl FnOnce(&mut Clearing<'_>) -> Result<(), CacheError>) -> (Vec<String>, u64) {
    let (mut paths, mut freed) = (Vec::new(), 0);
    let mut gone = |path: String, bytes| {
        paths.push(path.trim_start_matches("models--owner--name/").to_owned());
        freed += bytes;
    };
    work(&mut Clearing { may_go_on: &|| true, gone: &mut gone }).unwrap();
    paths.sort();
    (paths, freed)
}

fn remove_revision(repo: &RepoCache, revision: &str) -> (Vec<String>, u64) {
    cleared(|clearing| repo.remove_revision(&revision.parse().unwrap(), clearing))
}

/// Two revisions that share a blob: `main` and `v1` stand for the first, `dev` for the second.
fn two_revisions() -> Fixture {
    let fixture = fixture();
    let repo = &fixture.repo;
    put_file(repo, commit(1), "shared", 1, b"1");
    put_file(repo, commit(1), "old", 2, b"12");
    put_file(repo, commit(2), "shared", 1, b"1");
    put_file(repo, commit(2), "new", 3, b"123");
    put_listing(repo, commit(1), &[("shared", 1, 1), ("old", 2, 2)]);
    for (name, commit) in [("main", commit(1)), ("v1", commit(1)), ("dev", commit(2))] {
        put_ref(repo, name, commit);
    }
    fixture
}

fn blobs_of(repo: &RepoCache) -> Vec<String> {
    names(repo.folder().join("blobs"))
}

#[test]
fn a_revision_takes_only_the_blobs_that_no_other_one_needs() {
    let Fixture { repo, .. } = &two_revisions();
    let (gone, freed) = remove_revision(repo, &commit(1).to_string());
    let snapshot = format!("snapshots/{}", commit(1));
    assert_eq!(gone, [format!("blobs/{}", blob(2)), "refs/main".into(), "refs/v1".into(), snapshot]);
    assert_eq!(freed, 2);
    assert_eq!(blobs_of(repo), [blob(1).to_string(), blob(3).to_string()]);
    assert_eq!(names(repo.folder().join("snapshots")), [commit(2).to_string()]);
    assert_eq!(names(repo.folder().join("refs")), ["dev"]);
    assert!(names(repo.folder().join("trees")).is_empty());
    assert!(names(repo.folder().join(".hfd/removing")).is_empty());
}

#[test]
fn a_ref_takes_its_snapshot_only_when_it_is_the_last() {
    let Fixture { repo, .. } = &two_revisions();
    assert_eq!(remove_revision(repo, "v1"), (vec!["refs/v1".to_owned()], 0));
    assert_eq!(names(repo.folder().join("snapshots")).len(), 2);
    let (gone, freed) = remove_revision(repo, "main");
    assert_eq!((gone.len(), freed), (3, 2), "{gone:?}");
    assert_eq!(remove_revision(repo, "main"), (vec![], 0), "gone already");
    assert_eq!(names(repo.folder().join("snapshots")), [commit(2).to_string()]);
}

#[test]
fn a_removal_that_was_stopped_anywhere_is_brought_to_its_end_by_the_next() {
    for steps in 0..6 {
        let fixture = two_revisions();
        let Fixture { repo, cache, .. } = &fixture;
        put_ref(repo, "v1", commit(2));
        let left = Cell::new(steps);
        let may_go_on = || left.replace(left.get().max(1) - 1) > 0;
        let mut clearing = Clearing { may_go_on: &may_go_on, gone: &mut |_, _| {} };
        repo.remove_revision(&"main".parse().unwrap(), &mut clearing).unwrap();
        let model = repo_ref(RepoKind::Model, "owner/name");
        let contents = cache.inventory().contents(&model).unwrap().unwrap();
        assert!(contents.faults.is_empty(), "after {steps} steps: {:?}", contents.faults);
        remove_revision(repo, "main");
        assert_eq!(blobs_of(repo), [blob(1).to_string(), blob(3).to_string()], "after {steps} steps");
        assert_eq!(names(repo.folder().join("snapshots")), [commit(2).to_string()]);
    }
}

#[test]
fn a_removal_that_was_given_up_does_not_take_what_was_downloaded_since() {
    let fixture = two_revisions();
    let Fixture { repo, .. } = &fixture;
    let left = Cell::new(1);
    let may_go_on = || left.replace(0) > 0;
    let mut clearing = Clearing { may_go_on: &may_go_on, gone: &mut |_, _| {} };
    repo.remove_revision(&commit(1).to_string().parse().unwrap(), &mut clearing).unwrap();
    repo.forget_removal(commit(1)).unwrap();
    remove_revision(repo, "dev");
    assert_eq!(names(repo.folder().join("snapshots")), [commit(1).to_string()]);
    assert_eq!(blobs_of(repo), [blob(1).to_string(), blob(2).to_string()]);
}

#[test]
fn a_repository_goes_as_a_whole_and_nothing_beside_it() {
    let Fixture { repo, cache, .. } = &two_revisions();
    let other = cache.repo(&repo_ref(RepoKind::Model, "owner/name.2"));
    put_file(&other, commit(1), "a", 1, b"1");
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("kept"), "").unwrap();
    symlink(outside.path(), repo.folder().join("link")).unwrap();
    // As a removal leaves it that was killed.
    let trash = cache.root().join(".locks/models--owner--name.0123456789abcdef.trash");
    fs::create_dir_all(trash.join("blobs")).unwrap();
    fs::write(trash.join("blobs/x"), "1234").unwrap();

    let (gone, freed) = cleared(|clearing| repo.remove(clearing));
    assert_eq!(gone.len(), 2);
    assert!(freed >= 1 + 2 + 3 + 4, "{freed}");
    assert!(!repo.folder().exists() && !trash.exists());
    assert!(outside.path().join("kept").exists());
    assert_eq!(blobs_of(&other).len(), 1);
    assert_eq!(cleared(|clearing| repo.remove(clearing)), (vec![], 0), "gone already");
}

#[test]
fn a_revision_goes_also_where_its_blobs_have_to_stay() {
    let Fixture { repo, .. } = &two_revisions();
    symlink("../../blobs/x", repo.snapshot_dir(commit(2)).join(OsStr::from_bytes(b"caf\xe9"))).unwrap();
    let mut clearing = Clearing { may_go_on: &|| true, gone: &mut |_, _| {} };
    let removed = repo.remove_revision(&commit(1).to_string().parse().unwrap(), &mut clearing);
    assert!(matches!(removed, Err(CacheError::Unseen { .. })), "{removed:?}");
    assert_eq!(names(repo.folder().join("snapshots")), [commit(2).to_string()]);
    assert_eq!(blobs_of(repo).len(), 3);
    assert!(names(repo.folder().join(".hfd/removing")).is_empty(), "it is not taken again when it comes again");
}

#[test]
fn what_cannot_be_removed_keeps_nothing_else() {
    let Fixture { repo, cache, .. } = &two_revisions();
    fs::create_dir_all(repo.folder().join("blobs").join("d/".repeat(600))).unwrap();
    let mut clearing = Clearing { may_go_on: &|| true, gone: &mut |_, _| {} };
    assert!(repo.remove(&mut clearing).unwrap_err().to_string().contains("512 levels"));
    let [trash] = &names(cache.root().join(".locks"))[..] else { panic!("one removal") };
    let left = |folder| names(cache.root().join(".locks").join(trash).join(folder));
    assert_eq!((left(""), left("blobs")), (vec!["blobs".to_owned()], vec!["d".to_owned()]));
}

#[test]
fn what_a_link_in_place_of_a_repository_points_to_stays() {
    let fixture = fixture();
    let outside = tempfile::tempdir().unwrap();
    let commit_folder = outside.path().join("snapshots").join(commit(1).to_string());
    fs::create_dir_all(&commit_folder).unwrap();
    symlink(outside.path(), fixture.repo.folder()).unwrap();
    let mut clearing = Clearing { may_go_on: &|| true, gone: &mut |_, _| {} };
    assert!(fixture.repo.remove(&mut clearing).is_err());
    fixture.repo.remove_revision(&commit(1).to_string().parse().unwrap(), &mut clearing).unwrap();
    fixture.repo.remove_unlinked_blobs(&mut clearing).unwrap();
    assert!(commit_folder.exists());
}

#[test]
fn unlinked_blobs_go_unless_huggingface_hub_is_at_them() {
    let Fixture { repo, .. } = &two_revisions();
    put_blob(repo, &blob(4), b"1234");
    put_blob(repo, &blob(5), b"12345");
    let lock = repo.lock_blob(&blob(5)).unwrap().unwrap();
    assert_eq!(cleared(|clearing| repo.remove_unlinked_blobs(clearing)), (vec![format!("blobs/{}", blob(4))], 4));
    drop(lock);
    assert_eq!(cleared(|clearing| repo.remove_unlinked_blobs(clearing)).1, 5);
    assert_eq!(blobs_of(repo).len(), 3);
}

#[test]
fn an_unlinked_blob_that_is_linked_meanwhile_stays() {
    let Fixture { repo, .. } = &two_revisions();
    put_blob(repo, &blob(4), b"1234");
    let asked = Cell::new(0);
    let link = || {
        // Before the batch, and then before its blob: the last look for links was in between.
        if asked.replace(asked.get() + 1) == 1 {
            let mut snapshot = repo.snapshot(commit(1)).unwrap();
            snapshot.link(&"again".parse().unwrap(), &blob(4)).unwrap();
        }
        true
    };
    let mut clearing = Clearing { may_go_on: &link, gone: &mut |path, _| panic!("{path} is gone") };
    repo.remove_unlinked_blobs(&mut clearing).unwrap();
    assert_eq!(asked.get(), 2);
    assert_eq!(fs::read(repo.snapshot_dir(commit(1)).join("again")).unwrap(), b"1234");
}

#[test]
fn what_was_put_aside_by_one_that_was_killed_is_found_and_comes_back() {
    let Fixture { repo, cache, .. } = &two_revisions();
    let aside = repo.folder().join(format!(".hfd/{}.0123456789abcdef.aside", blob(3)));
    fs::rename(blob_path(repo, &blob(3)), &aside).unwrap();
    let unused = cache.inventory().unused(&repo_ref(RepoKind::Model, "owner/name"), Duration::ZERO).unwrap().found;
    assert_eq!(unused.iter().map(|item| item.kind).collect::<Vec<_>>(), [UnusedKind::Blob], "{unused:?}");
    assert_eq!(cleared(|clearing| repo.remove_unlinked_blobs(clearing)), (vec![], 0));
    assert!(repo.has_blob(content_of(3, 3)).unwrap() && !aside.exists());
}

#[test]
fn what_is_told_to_stop_while_it_clears_removes_nothing_more() {
    let Fixture { repo, .. } = &two_revisions();
    put_blob(repo, &blob(4), b"1234");
    let asked = Cell::new(0);
    // Before the batch and before its blob, and not before that goes.
    let twice = || asked.replace(asked.get() + 1) < 2;
    let mut clearing = Clearing { may_go_on: &twice, gone: &mut |path, _| panic!("{path} is gone") };
    repo.remove_unlinked_blobs(&mut clearing).unwrap();
    assert!(repo.has_blob(content_of(4, 4)).unwrap());
}

#[test]
fn a_blob_stays_when_a_link_that_is_not_understood_may_need_it() {
    let Fixture { repo, .. } = &two_revisions();
    put_blob(repo, &blob(4), b"1234");
    let snapshot = repo.snapshot_dir(commit(1));
    // The same folder, as a process names it that has the volume mounted elsewhere.
    let elsewhere = snapshot.join("elsewhere");
    symlink(format!("/mnt/cache/{}/blobs/{}", repo.name(), blob(4)), &elsewhere).unwrap();
    let clear = || {
        let mut clearing = Clearing { may_go_on: &|| true, gone: &mut |_, _| {} };
        let fault = repo.remove_unlinked_blobs(&mut clearing).err().map(|error| error.to_string());
        (repo.has_blob(content_of(4, 4)).unwrap(), fault)
    };
    let says = |part: &str| {
        let (is_kept, fault) = clear();
        is_kept && fault.is_some_and(|fault| fault.contains("not all of") && fault.contains(part))
    };
    assert_eq!(clear(), (true, None));
    fs::remove_file(elsewhere).unwrap();

    let latin1 = snapshot.join(OsStr::from_bytes(b"caf\xe9"));
    symlink(format!("../../blobs/{}", blob(4)), &latin1).unwrap();
    assert!(says("is not UTF-8"));
    fs::remove_file(latin1).unwrap();

    let deep = snapshot.join("d/".repeat(300));
    fs::create_dir_all(&deep).unwrap();
    symlink(format!("{}blobs/{}", "../".repeat(302), blob(4)), deep.join("link")).unwrap();
    assert!(says("lies too deep"));
    fs::remove_dir_all(snapshot.join("d")).unwrap();
    assert_eq!(clear(), (false, None));
}

#[test]
fn unused_things_go_when_they_are_still_stale() {
    let Fixture { repo, cache, .. } = &fixture();
    partial_with(repo, &blob(1), b"content");
    let incomplete = repo.folder().join(format!("blobs/{}.01.incomplete", blob(2)));
    fs::create_dir_all(incomplete.parent().unwrap()).unwrap();
    fs::write(&incomplete, "half").unwrap();
    let unused = cache.inventory().unused(&repo_ref(RepoKind::Model, "owner/name"), Duration::ZERO).unwrap().found;
    assert_eq!(unused.len(), 2, "{unused:?}");
    let lock = repo.lock_blob(&blob(2)).unwrap().unwrap();
    for item in &unused {
        assert!(!repo.remove_unused(item, Duration::from_hours(1)).unwrap(), "somebody may have gone on with it");
        let is_locked = item.path.ends_with(".incomplete");
        assert_eq!(repo.remove_unused(item, Duration::ZERO).unwrap(), !is_locked, "{item:?}");
    }
    drop(lock);
    assert!(incomplete.exists());
    for item in &unused {
        repo.remove_unused(item, Duration::ZERO).unwrap();
    }
    assert!(!incomplete.exists() && names(repo.folder().join(".hfd")).is_empty());
}
