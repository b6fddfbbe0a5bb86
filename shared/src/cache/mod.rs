//! The cache on disk, in the layout of Python's huggingface_hub. All names on the volume are made here.
//!
//! All of it blocks: call it through `spawn_blocking`. What readers see (`blobs/`, `snapshots/`, `refs/`, `trees/`)
//! appears in one step, whole and synced; everything unfinished lies in `.hfd/` of the repository's folder, which
//! `scan_cache_dir()` of huggingface_hub does not look into. A kill between any two operations leaves the cache valid.
//!
//! ```text
//! <root>/.locks/models--o--n/<etag>.lock             Python's lock files, taken as a courtesy
//! <root>/models--o--n/blobs/<etag>                   contents, named by their hash
//! <root>/models--o--n/snapshots/<commit>/a/b         -> ../../../../blobs/<etag>
//! <root>/models--o--n/trees/<commit>.json            the listing of the commit
//! <root>/models--o--n/refs/<revision>                the commit, 40 hex digits
//! <root>/models--o--n/.hfd/<etag>/data               a partial: the bytes, at their places
//! <root>/models--o--n/.hfd/<etag>/<writer>.parts     what of it is durable, one file a writer
//! <root>/models--o--n/.hfd/quarantine/<etag>/        bytes that failed the check, never used again
//! <root>/models--o--n/.hfd/trees/<commit>.json       a listing whose files are still to come
//! <root>/models--o--n/.hfd/removing/<commit>         a revision in removal
//! <root>/models--o--n/.hfd/*.tmp, *.trash            in the making, in removal
//! <root>/.locks/.idle/                               empty folders of a library
//! <root>/.locks/models--o--n.<random>.trash          a repository in removal
//! ```
//!
//! No correctness rests on locks, for on some network volumes they do nothing. Several processes may work on one
//! partial: see [`Partial`].

mod clear;
mod contents;
mod dir;
mod error;
mod garbage;
mod link;
mod lock;
mod missing;
mod partial;
mod probe;
mod publish;
mod ranges;
mod records;
mod refs;
mod remove;
mod repo;
mod root;
mod small;
mod tree;
mod tree_json;
mod volume;

#[cfg(test)]
mod tests;

pub use clear::Clearing;
pub use contents::{
    CachedContent, CachedFile, CachedRevision, Checkable, FilePage, Inventory, Leftovers, RepoContents, STALE_AFTER,
    State, Unused, UnusedKind,
};
pub use error::CacheError;
pub use link::Snapshot;
pub use lock::{BlobLock, BlobLocks};
pub use partial::Partial;
pub use repo::RepoCache;
pub use root::{Cache, Space};
pub use small::{Publication, SmallFile, SmallFiles};
