//! Whether a volume can do what the cache needs, found out at the start rather than in the middle of a download.
//!
//! Object stores behind FUSE copy on rename and refuse writes out of order; SMB shares often have no symlinks.

use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use rustix::fs::OFlags;

use super::dir::{Dir, unique_name};
use super::error::{At, CacheError};
use super::garbage;
use super::root::LOCKS;

/// Marks a folder as a cache.
pub(super) const TAG: &str = "CACHEDIR.TAG";

/// By the standard at <https://bford.info/cachedir/>; huggingface_hub's `_local_folder.py` writes the same signature.
const TAG_TEXT: &str = "Signature: 8a477f597d28d172789f06886806bc55\n\
    # This file is a cache directory tag created by HFDownloader.\n\
    # For information about cache directory tags, see:\n\
    #\thttps://bford.info/cachedir/\n";

/// Starts the names of the folders that the probe works in.
pub(super) const FOLDER: &str = ".hfd-probe";

/// Tries everything in a folder that nobody looks at, and marks the cache as one.
pub(super) fn run(root: &Path, folder: &Dir) -> Result<(), CacheError> {
    // An unknown folder beside the repositories would make `scan_cache_dir()` warn.
    let locks = folder.make_child(LOCKS)?;
    garbage::remove_old_probes(&locks);
    let name = unique_name(FOLDER, "")?;
    let place = locks.make_child(&name)?;
    let result = check(root, &place).and_then(|()| tag(folder, &place));
    let removed = locks.remove_folder(&name);
    result.and(removed.map(drop))
}

fn check(root: &Path, place: &Dir) -> Result<(), CacheError> {
    let needs = |missing: &'static str, result: Result<(), CacheError>| match result {
        // What the operator can mend (space, rights) is said as it is.
        Err(CacheError::Io { source, .. }) => Err(CacheError::Unfit { root: root.to_owned(), missing, source }),
        Err(CacheError::Conflict { .. }) => {
            let source = io::Error::other("the entry is something else than was created");
            Err(CacheError::Unfit { root: root.to_owned(), missing, source })
        }
        other => other,
    };
    needs("writes at a position", write_out_of_order(place))?;
    needs("rename over an existing file", rename_over(place))?;
    needs("symbolic links", link_and_replace(place))
}

/// The last byte first, in a file that has its size from the start; then synced and read back.
fn write_out_of_order(place: &Dir) -> Result<(), CacheError> {
    let path = place.path_of("new");
    let file = place.open_file("new", OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL)?;
    file.set_len(1 << 20).at("size", &path)?;
    file.write_all_at(b"end", (1 << 20) - 3).at("write", &path)?;
    file.write_all_at(b"start", 0).at("write", &path)?;
    file.sync_data().at("sync", &path)?;
    file.sync_all().at("sync", &path)?;
    let mut bytes = Vec::new();
    place.open_file("new", OFlags::RDONLY)?.read_to_end(&mut bytes).at("read", &path)?;
    same(bytes.len() == 1 << 20 && bytes.starts_with(b"start") && bytes.ends_with(b"\0end"), &path)
}

fn rename_over(place: &Dir) -> Result<(), CacheError> {
    place.open_file("old", OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL)?;
    place.rename("new", place, "old")?;
    place.sync()?;
    let stat = place.stat("old")?;
    let moved = stat.is_some_and(|stat| stat.st_size == 1 << 20) && place.stat("new")?.is_none();
    same(moved, &place.path_of("old"))
}

fn link_and_replace(place: &Dir) -> Result<(), CacheError> {
    place.symlink("nowhere", "link")?;
    place.symlink("old", "link2")?;
    place.rename("link2", place, "link")?;
    let path = place.path_of("link");
    let resolved = std::fs::metadata(&path).at("follow", &path)?;
    same(resolved.len() == 1 << 20 && place.read_link("link").as_deref() == Some("old"), &path)
}

fn same(as_expected: bool, path: &Path) -> Result<(), CacheError> {
    let reason = || io::Error::other("what was written is not what is there");
    if as_expected { Ok(()) } else { Err(CacheError::new("check", path, reason())) }
}

/// Marks the folder as a cache, so that backups may leave it out.
fn tag(folder: &Dir, place: &Dir) -> Result<(), CacheError> {
    if folder.stat(TAG)?.is_some() {
        return Ok(());
    }
    let private = place.write_private(TAG, |file| file.write_all(TAG_TEXT.as_bytes()))?;
    place.rename(&private, folder, TAG)
}
