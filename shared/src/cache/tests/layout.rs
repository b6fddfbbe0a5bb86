//! Where things lie.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::*;
use crate::cache::CacheError;

#[test]
fn folders_are_named_as_by_python() {
    let fixture = fixture();
    let name = |kind, id| {
        let repo = fixture.cache.repo(&repo_ref(kind, id));
        repo.folder().file_name().unwrap().to_str().unwrap().to_owned()
    };
    assert_eq!(name(RepoKind::Model, "owner/Name-1.0"), "models--owner--Name-1.0");
    assert_eq!(name(RepoKind::Model, "gpt2"), "models--gpt2");
    assert_eq!(name(RepoKind::Dataset, "owner/data"), "datasets--owner--data");
}

#[test]
fn opening_marks_the_cache_and_leaves_no_trace_of_the_probe() {
    let fixture = fixture();
    let tag = fs::read_to_string(fixture.cache.root().join("CACHEDIR.TAG")).unwrap();
    assert!(tag.starts_with("Signature: 8a477f597d28d172789f06886806bc55\n"));
    assert_eq!(names(fixture.cache.root()), [".locks", "CACHEDIR.TAG"]);
    assert!(names(fixture.cache.root().join(".locks")).is_empty());

    fs::write(fixture.cache.root().join("CACHEDIR.TAG"), "by somebody else").unwrap();
    Cache::open(fixture.cache.root().to_owned()).unwrap();
    assert_eq!(fs::read_to_string(fixture.cache.root().join("CACHEDIR.TAG")).unwrap(), "by somebody else");
    let space = fixture.cache.space().unwrap();
    assert!(0 < space.free_bytes && space.free_bytes <= space.capacity_bytes);
}

#[test]
fn a_file_in_place_of_the_cache_is_said_so() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("hub"), "").unwrap();
    let error = Cache::open(dir.path().join("hub")).unwrap_err();
    assert!(matches!(error, CacheError::Conflict { .. }), "{error}");
    assert!(error.to_string().contains("is not a folder"), "{error}");
}

#[test]
fn the_repositories_are_listed_by_their_folders() {
    let fixture = fixture();
    let expected =
        [repo_ref(RepoKind::Dataset, "a/data"), repo_ref(RepoKind::Model, "gpt2"), repo_ref(RepoKind::Model, "o/n")];
    for repo in &expected {
        put_blob(&fixture.cache.repo(repo), &blob(1), b"x");
    }
    for other in ["spaces--a--b", "models--", "blobs", "models--a--b--c"] {
        fs::create_dir(fixture.cache.root().join(other)).unwrap();
    }
    let mut found = fixture.cache.repos().unwrap();
    found.sort_by_key(ToString::to_string);
    let mut expected = expected.to_vec();
    expected.sort_by_key(ToString::to_string);
    assert_eq!(found, expected);
}

#[test]
fn asking_creates_nothing() {
    let Fixture { repo, .. } = &fixture();
    assert!(!repo.has_blob(content_of(1, 1)).unwrap());
    assert_eq!(repo.recorded_bytes(content_of(1, 1)), 0);
    repo.discard_partial(&blob(1)).unwrap();
    repo.quarantine(&blob(1)).unwrap();
    assert!(repo.read_tree(commit(1)).is_none());
    assert_eq!(repo.remove_stale_partials(std::time::Duration::ZERO).unwrap(), 0);
    assert!(!repo.folder().exists());
}

#[test]
fn other_users_can_read_what_the_umask_lets_them() {
    let Fixture { repo, .. } = &fixture();
    let sample = tempfile::tempdir().unwrap();
    fs::write(sample.path().join("file"), "").unwrap();
    let by_umask = fs::metadata(sample.path().join("file")).unwrap().permissions().mode();

    put_blob(repo, &blob(1), b"small");
    partial_with(repo, &blob(2), b"large").publish().unwrap();
    let tree = crate::repo::Tree { commit: commit(1), files: vec![] };
    repo.stage_tree(&tree).unwrap();
    repo.publish_tree(commit(1)).unwrap();
    repo.write_ref(&"main".parse().unwrap(), commit(1)).unwrap();
    let tree_path = repo.folder().join(format!("trees/{}.json", commit(1)));
    for path in [blob_path(repo, &blob(1)), blob_path(repo, &blob(2)), tree_path, repo.folder().join("refs/main")] {
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode(), by_umask, "{}", path.display());
    }
}
