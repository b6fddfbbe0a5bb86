//! The cache against a real folder, and against what huggingface_hub expects of it.

mod contents;
mod layout;
mod partials;
mod publishing;
mod removal;
mod scratch;
mod snapshots;

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::{Cache, Partial, Publication, RepoCache, SmallFile};
use crate::repo::{BlobHash, ByteRange, CommitHash, Content, RepoKind, RepoRef, Tree, TreeFile};

/// A cache that goes away with the test.
struct Fixture {
    _dir: TempDir,
    cache: Cache,
    repo: RepoCache,
}

fn fixture() -> Fixture {
    let dir = tempfile::tempdir().unwrap();
    let cache = Cache::open(dir.path().join("hub")).unwrap();
    let repo = cache.repo(&repo_ref(RepoKind::Model, "owner/name"));
    Fixture { _dir: dir, cache, repo }
}

fn repo_ref(kind: RepoKind, id: &str) -> RepoRef {
    RepoRef { kind, id: id.parse().unwrap() }
}

fn blob(digit: u8) -> BlobHash {
    format!("{digit:02x}").repeat(32).parse().unwrap()
}

fn content_of(digit: u8, size_bytes: u64) -> Content {
    Content { blob: blob(digit), size_bytes }
}

fn commit(digit: u8) -> CommitHash {
    format!("{digit:02x}").repeat(20).parse().unwrap()
}

fn range(start: u64, end: u64) -> ByteRange {
    ByteRange::new(start, end).unwrap()
}

fn partial_with(repo: &RepoCache, blob: &BlobHash, content: &[u8]) -> Partial {
    let partial = repo.open_partial(Content { blob: *blob, size_bytes: content.len() as u64 }, "writer").unwrap();
    partial.write_at(content, 0).unwrap();
    partial
}

fn put_blob(repo: &RepoCache, blob: &BlobHash, content: &[u8]) {
    let file = small_with(repo, Content { blob: *blob, size_bytes: content.len() as u64 }, content);
    assert!(repo.small_files().publish(wanted([file]))[0].is_ok());
}

fn wanted<const FILES: usize>(files: [SmallFile; FILES]) -> Vec<Publication> {
    files.map(|file| Publication { file, is_wanted: Box::new(|| true) }).into()
}

fn small_with(repo: &RepoCache, content: Content, bytes: &[u8]) -> SmallFile {
    let mut file = repo.begin_small(content, "writer");
    file.push(bytes);
    file
}

fn blob_path(repo: &RepoCache, blob: &BlobHash) -> std::path::PathBuf {
    repo.folder().join("blobs").join(blob.to_string())
}

/// A file of a snapshot with this content, in a blob that is named by `digit`.
fn put_file(repo: &RepoCache, commit: CommitHash, path: &str, digit: u8, content: &[u8]) {
    put_blob(repo, &blob(digit), content);
    repo.snapshot(commit).unwrap().link(&path.parse().unwrap(), &blob(digit)).unwrap();
}

fn put_ref(repo: &RepoCache, name: &str, commit: CommitHash) {
    repo.write_ref(&name.parse().unwrap(), commit).unwrap();
}

/// The listing of a commit: paths, digits of blobs, sizes.
fn put_listing(repo: &RepoCache, commit: CommitHash, files: &[(&str, u8, u64)]) {
    let file = |(path, digit, size_bytes): &(&str, u8, u64)| TreeFile {
        path: path.parse().unwrap(),
        size_bytes: *size_bytes,
        blob: blob(*digit),
        git_oid: "ab".repeat(20),
        xet_hash: None,
    };
    repo.stage_tree(&Tree { commit, files: files.iter().map(file).collect() }).unwrap();
    repo.publish_tree(commit).unwrap();
}

/// The names in a folder, sorted; none if there is no such folder.
fn names(folder: impl AsRef<Path>) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .map(|entries| entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect())
        .unwrap_or_default();
    names.sort();
    names
}
