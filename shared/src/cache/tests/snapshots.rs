//! Snapshots, listings and refs.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::*;
use crate::cache::CacheError;
use crate::repo::{RepoPath, Tree, TreeFile};

fn entry(repo: &RepoCache, path: &str) -> PathBuf {
    repo.snapshot_dir(commit(1)).join(path)
}

fn link(repo: &RepoCache, path: &str, blob: &BlobHash) -> Result<(), CacheError> {
    repo.snapshot(commit(1))?.link(&path.parse().unwrap(), blob)
}

#[test]
fn entries_are_relative_symlinks_that_lead_to_the_blob() {
    let Fixture { repo, .. } = &fixture();
    put_blob(repo, &blob(1), b"content");
    let long = "x".repeat(255);
    for (path, up) in [("a.txt", 2), ("a/b.txt", 3), ("a/c/d/e f#1.txt", 5), (long.as_str(), 2)] {
        link(repo, path, &blob(1)).unwrap();
        let target = fs::read_link(entry(repo, path)).unwrap();
        assert_eq!(target, Path::new(&"../".repeat(up)).join("blobs").join(blob(1).to_string()));
        assert_eq!(fs::read(entry(repo, path)).unwrap(), b"content");
    }
    assert!(names(repo.folder().join(".hfd")).is_empty());
}

#[test]
fn a_right_entry_is_left_alone_and_a_wrong_one_replaced() {
    let Fixture { repo, .. } = &fixture();
    put_blob(repo, &blob(1), b"content");
    put_blob(repo, &blob(2), b"other");
    link(repo, "right", &blob(1)).unwrap();
    let before = fs::symlink_metadata(entry(repo, "right")).unwrap().modified().unwrap();
    link(repo, "right", &blob(1)).unwrap();
    assert_eq!(fs::symlink_metadata(entry(repo, "right")).unwrap().modified().unwrap(), before);

    symlink("../../blobs/nothing", entry(repo, "dangling")).unwrap();
    symlink(format!("../../blobs/{}", blob(2)), entry(repo, "elsewhere")).unwrap();
    fs::write(entry(repo, "copy"), "as written without symlinks").unwrap();
    for path in ["dangling", "elsewhere", "copy"] {
        link(repo, path, &blob(1)).unwrap();
        assert_eq!(fs::read(entry(repo, path)).unwrap(), b"content", "{path}");
        assert!(fs::symlink_metadata(entry(repo, path)).unwrap().is_symlink(), "{path}");
    }
    assert_eq!(fs::read(blob_path(repo, &blob(2))).unwrap(), b"other", "never written through a symlink");
}

#[test]
fn an_entry_never_dangles() {
    let Fixture { repo, .. } = &fixture();
    assert!(link(repo, "a", &blob(1)).is_err());
    assert!(fs::symlink_metadata(entry(repo, "a")).is_err());
}

#[test]
fn folders_are_not_followed_through_symlinks() {
    let Fixture { repo, cache, .. } = &fixture();
    put_blob(repo, &blob(1), b"content");
    link(repo, "good/file", &blob(1)).unwrap();
    let outside = cache.root().join("outside");
    fs::create_dir(&outside).unwrap();
    symlink(&outside, entry(repo, "leaves")).unwrap();
    symlink("good", entry(repo, "stays")).unwrap();
    for path in ["leaves/x", "leaves/deep/x", "stays/x"] {
        assert!(matches!(link(repo, path, &blob(1)), Err(CacheError::Conflict { .. })), "{path}");
    }
    assert!(names(&outside).is_empty());

    symlink(&outside, repo.snapshot_dir(commit(2))).unwrap();
    assert!(repo.snapshot(commit(2)).is_err());
    symlink(&outside, repo.folder().join("refs")).unwrap();
    assert!(repo.write_ref(&"main".parse().unwrap(), commit(1)).is_err());
    assert!(names(&outside).is_empty());
}

#[test]
fn files_and_folders_in_each_others_place_are_said_so() {
    let Fixture { repo, .. } = &fixture();
    put_blob(repo, &blob(1), b"content");
    link(repo, "a", &blob(1)).unwrap();
    link(repo, "folder/file", &blob(1)).unwrap();
    let below_file = link(repo, "a/b", &blob(1)).unwrap_err();
    assert!(below_file.to_string().contains("is not a folder"), "{below_file}");
    let over_folder = link(repo, "folder", &blob(1)).unwrap_err();
    assert!(over_folder.to_string().contains("is not a file"), "{over_folder}");
    assert!(names(repo.folder().join(".hfd")).is_empty());
}

#[test]
fn a_ref_is_forty_digits_without_a_newline() {
    let Fixture { repo, .. } = &fixture();
    for revision in ["main", "refs/pr/1", "feature/x"] {
        repo.write_ref(&revision.parse().unwrap(), commit(1)).unwrap();
        let text = fs::read_to_string(repo.folder().join("refs").join(revision)).unwrap();
        assert_eq!(text, commit(1).to_string());
    }
    assert!(repo.snapshot_dir(commit(1)).is_dir(), "a ref without its snapshot breaks the scan");
    repo.write_ref(&"main".parse().unwrap(), commit(2)).unwrap();
    assert_eq!(fs::read_to_string(repo.folder().join("refs/main")).unwrap(), commit(2).to_string());

    let main = repo.folder().join("refs/main");
    let before = fs::metadata(&main).unwrap().modified().unwrap();
    repo.write_ref(&"main".parse().unwrap(), commit(2)).unwrap();
    assert_eq!(fs::metadata(&main).unwrap().modified().unwrap(), before, "written only when it changes");

    repo.write_ref(&commit(3).to_string().parse().unwrap(), commit(3)).unwrap();
    assert_eq!(names(repo.folder().join("refs")), ["feature", "main", "refs"]);
    assert!(matches!(repo.write_ref(&"main/x".parse().unwrap(), commit(1)), Err(CacheError::Conflict { .. })));
    assert!(matches!(repo.write_ref(&"feature".parse().unwrap(), commit(1)), Err(CacheError::Conflict { .. })));
    assert!(names(repo.folder().join(".hfd")).is_empty());
}

fn tree() -> Tree {
    let file = |path: &str, blob, git_oid: String| TreeFile {
        path: path.parse::<RepoPath>().unwrap(),
        size_bytes: 7,
        blob,
        git_oid,
        xet_hash: None,
    };
    let plain: BlobHash = "0a".repeat(20).parse().unwrap();
    Tree { commit: commit(1), files: vec![file("a", plain, plain.to_string()), file("b", blob(2), "0b".repeat(20))] }
}

#[test]
fn a_file_without_its_entry_or_its_blob_is_lost() {
    let Fixture { repo, .. } = &fixture();
    let files: Vec<(RepoPath, BlobHash)> = [("a", 1), ("d/b", 2), ("d/c", 2), ("e/f/g", 3)]
        .map(|(path, digit)| (path.parse().unwrap(), blob(digit)))
        .into();
    let lost = || {
        let lost = repo.lost(commit(1), files.iter().map(|(path, blob)| (path, *blob))).unwrap();
        lost.into_iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(lost(), ["a", "d/b", "d/c", "e/f/g"]);
    for (path, digit) in [("a", 1), ("d/b", 2), ("d/c", 2), ("e/f/g", 3)] {
        put_file(repo, commit(1), path, digit, b"content");
    }
    assert!(lost().is_empty());
    fs::remove_file(entry(repo, "d/c")).unwrap();
    fs::remove_file(blob_path(repo, &blob(3))).unwrap();
    assert_eq!(lost(), ["d/c", "e/f/g"]);
}

#[test]
fn a_listing_is_seen_by_us_at_once_and_by_others_when_it_is_published() {
    let Fixture { repo, .. } = &fixture();
    let published = repo.folder().join(format!("trees/{}.json", commit(1)));
    assert!(repo.publish_tree(commit(1)).is_err(), "nothing to publish");
    repo.stage_tree(&tree()).unwrap();
    assert_eq!(repo.read_tree(commit(1)), Some(tree()));
    assert!(!published.exists());
    for _ in 0..2 {
        repo.publish_tree(commit(1)).unwrap();
        assert!(published.exists());
        assert_eq!(repo.read_tree(commit(1)), Some(tree()));
        repo.stage_tree(&tree()).unwrap();
    }
    assert_eq!(names(repo.folder().join(".hfd")), ["trees"]);
    assert!(names(repo.folder().join(".hfd/trees")).is_empty(), "not staged again when it is there");
}

#[test]
fn a_listing_that_cannot_be_read_is_replaced() {
    let Fixture { repo, .. } = &fixture();
    fs::create_dir_all(repo.folder().join("trees")).unwrap();
    fs::write(repo.folder().join(format!("trees/{}.json", commit(1))), "{").unwrap();
    assert!(repo.read_tree(commit(1)).is_none());
    repo.stage_tree(&tree()).unwrap();
    repo.publish_tree(commit(1)).unwrap();
    assert_eq!(repo.read_tree(commit(1)), Some(tree()));
}

#[test]
fn what_is_no_file_is_neither_waited_for_nor_followed() {
    let Fixture { repo, .. } = &fixture();
    let listing = repo.folder().join(format!("trees/{}.json", commit(1)));
    let main = repo.folder().join("refs/main");
    let pipe = |path: &Path| rustix::fs::mkfifoat(rustix::fs::CWD, path, 0o666.into()).unwrap();
    let endless = |path: &Path| symlink("/dev/zero", path).unwrap();
    for put in [pipe as fn(&Path), endless] {
        for path in [&listing, &main] {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            _ = fs::remove_file(path);
            put(path);
        }
        assert_eq!(repo.read_tree(commit(1)), None);
        assert_eq!(repo.read_ref(&"main".parse().unwrap()), None);
        repo.stage_tree(&tree()).unwrap();
        repo.publish_tree(commit(1)).unwrap();
        put_ref(repo, "main", commit(1));
        assert!([&listing, &main].iter().all(|path| fs::symlink_metadata(path).unwrap().is_file()));
    }
}
