//! How a verified file becomes a blob.

use std::fs::File;

use rustix::io::Errno;

use super::dir::{Dir, TMP, unique_name};
use super::error::CacheError;
use super::repo::RepoCache;
use crate::repo::Content;

/// A file whose content has been verified and synced.
pub(super) struct Verified<'a> {
    /// The folder that it lies in.
    pub(super) folder: &'a Dir,
    /// Its name there.
    pub(super) name: &'a str,
    /// The file itself, for the name may lead to another by now.
    pub(super) file: &'a File,
    /// The content that it is.
    pub(super) content: Content,
}

/// Publishes a file whose name other processes may publish, remove and use for a new file at the same time.
///
/// A hard link under a private name pins the very file that was verified. On a volume without hard links the name is
/// compared with the file right before the move.
pub(super) fn shared_file(repo: &RepoCache, verified: &Verified<'_>) -> Result<(), CacheError> {
    if repo.has_blob(verified.content)? {
        return Ok(());
    }
    let scratch = repo.scratch()?;
    let pinned = unique_name(&verified.content.blob.to_string(), TMP)?;
    let linked = verified.folder.hard_link(verified.name, &scratch, &pinned);
    match linked {
        Ok(()) | Err(Errno::NOENT) => {}
        Err(error @ (Errno::NOSPC | Errno::DQUOT | Errno::ROFS | Errno::IO)) => {
            return Err(CacheError::new("link", verified.folder.path_of(verified.name), error));
        }
        Err(_) => return by_name(repo, verified),
    }
    let published = if scratch.holds(&pinned, verified.file)? {
        move_to_blobs(repo, &scratch, &pinned, verified.content)
    } else if repo.has_blob(verified.content)? {
        Ok(())
    } else {
        Err(superseded(verified))
    };
    // Still there when the blob is this very file already: a rename between two names of one file does nothing.
    scratch.remove_file(&pinned)?;
    published
}

fn by_name(repo: &RepoCache, verified: &Verified<'_>) -> Result<(), CacheError> {
    if verified.folder.holds(verified.name, verified.file)? {
        return move_to_blobs(repo, verified.folder, verified.name, verified.content);
    }
    let published = repo.has_blob(verified.content)?;
    if published { Ok(()) } else { Err(superseded(verified)) }
}

/// Moves a file to its place and syncs that.
fn move_to_blobs(repo: &RepoCache, folder: &Dir, name: &str, content: Content) -> Result<(), CacheError> {
    let blobs = repo.blobs()?;
    move_to(repo, &blobs, folder, name, content)?;
    blobs.sync()
}

/// Moves a file into the folder of contents.
pub(super) fn move_to(
    repo: &RepoCache,
    blobs: &Dir,
    folder: &Dir,
    name: &str,
    content: Content,
) -> Result<(), CacheError> {
    match folder.rename(name, blobs, &content.blob.to_string()) {
        // Another process has moved it, or the server did and the answer was lost on its way.
        Err(error) if error.is_not_found() && repo.has_blob(content)? => Ok(()),
        moved => moved,
    }
}

fn superseded(verified: &Verified<'_>) -> CacheError {
    CacheError::Superseded { path: verified.folder.path_of(verified.name) }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::{
        Cache,
        repo::{BLOBS, DATA},
    };
    use super::*;
    use crate::repo::{RepoKind, RepoRef};

    #[test]
    fn without_hard_links_only_the_verified_file_is_moved() {
        let dir = tempfile::tempdir().unwrap();
        let repo = RepoRef { kind: RepoKind::Model, id: "owner/name".parse().unwrap() };
        let repo = Cache::open(dir.path().to_owned()).unwrap().repo(&repo);
        let content = Content { blob: "ab".repeat(32).parse().unwrap(), size_bytes: 4 };
        let blob = content.blob;
        let partial = repo.open_partial(content, "w").unwrap();
        partial.write_at(b"good", 0).unwrap();
        let file = partial.data();
        let folder = repo.scratch().unwrap().make_child(&blob.to_string()).unwrap();
        let verified = Verified { folder: &folder, name: DATA, file: &file, content };

        let (data, aside) = (folder.path_of(DATA), folder.path_of("aside"));
        fs::rename(&data, &aside).unwrap();
        fs::write(&data, "new.").unwrap();
        assert!(matches!(by_name(&repo, &verified), Err(CacheError::Superseded { .. })));
        assert!(!repo.has_blob(content).unwrap());

        fs::rename(&aside, &data).unwrap();
        by_name(&repo, &verified).unwrap();
        assert_eq!(fs::read(repo.folder().join(BLOBS).join(blob.to_string())).unwrap(), b"good");
        fs::write(&data, "new.").unwrap();
        by_name(&repo, &verified).unwrap();
        assert_eq!(fs::read(repo.folder().join(BLOBS).join(blob.to_string())).unwrap(), b"good");
    }
}
