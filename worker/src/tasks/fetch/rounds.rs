//! What is done on the volume for the files of a task together: the folders that they share are opened once for all who ask at
//! about the same time.

use hfd_shared::cache::{BlobLock, CacheError, RepoCache};
use hfd_shared::repo::{BlobHash, CommitHash, Content, RepoPath};

use crate::together::Together;
use crate::transfer::Publisher;

pub(super) struct Rounds {
    pub(super) looks: Together<Content, Result<Found, CacheError>>,
    pub(super) publisher: Publisher,
    pub(super) links: Together<Link, Result<(), CacheError>>,
}

/// What is found before a content is fetched.
pub(super) struct Found {
    /// None while another program has it.
    pub(super) lock: Option<BlobLock>,
    /// What that program has of it.
    pub(super) begun_bytes: u64,
    pub(super) is_present: bool,
}

/// An entry of the snapshot.
pub(super) type Link = (RepoPath, BlobHash);

impl Rounds {
    pub(super) fn new(cache: &RepoCache, commit: CommitHash) -> Self {
        let (looking, small_files, linking) = (cache.clone(), cache.small_files(), cache.clone());
        Self {
            looks: Together::new(move |contents: Vec<_>| look(&looking, &contents)),
            publisher: Together::new(move |files: Vec<_>| small_files.publish(files)),
            links: Together::new(move |links: Vec<_>| make_links(&linking, commit, &links)),
        }
    }
}

/// Takes the locks of contents and looks what is there, in their order.
fn look(cache: &RepoCache, contents: &[Content]) -> Vec<Result<Found, CacheError>> {
    let mut locks = None;
    let look = |&content: &Content| {
        let lock = opened(&mut locks, || cache.locks())?.lock(&content.blob)?;
        let begun_bytes = if lock.is_some() { 0 } else { cache.begun_bytes(content) };
        Ok(Found { lock, begun_bytes, is_present: cache.has_blob(content)? })
    };
    contents.iter().map(look).collect()
}

/// Makes entries of a snapshot, whose folder is opened once; what became of each, in their order.
fn make_links(cache: &RepoCache, commit: CommitHash, links: &[Link]) -> Vec<Result<(), CacheError>> {
    let mut snapshot = None;
    let link = |(path, blob): &Link| opened(&mut snapshot, || cache.snapshot(commit))?.link(path, blob);
    links.iter().map(link).collect()
}

/// What is held open, opened by the first who needs it.
fn opened<T>(held: &mut Option<T>, open: impl FnOnce() -> Result<T, CacheError>) -> Result<&mut T, CacheError> {
    match held {
        Some(held) => Ok(held),
        None => Ok(held.insert(open()?)),
    }
}
