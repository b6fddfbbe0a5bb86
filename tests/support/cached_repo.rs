//! One repo in the cache, by huggingface_hub's layout as its documentation has it; written apart from the product's code.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

use crate::fake_hub::{RepoKind, ServedFile};

/// Bytes read at a time.
const CHUNK_BYTES: usize = 1 << 20;

/// A repo's folder in the cache.
#[derive(Debug, Clone)]
pub struct CachedRepo {
    folder: PathBuf,
}

impl CachedRepo {
    /// The folder of a repo, whether it is there or not.
    pub fn new(cache: &Path, kind: RepoKind, id: &str) -> Self {
        let kind = match kind {
            RepoKind::Model => "models",
            RepoKind::Dataset => "datasets",
        };
        Self { folder: cache.join(format!("{kind}--{}", id.replace('/', "--"))) }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where a content is.
    pub fn blob(&self, etag: &str) -> PathBuf {
        self.folder.join("blobs").join(etag)
    }

    /// Where the product keeps what has arrived of a content.
    pub fn partial(&self, etag: &str) -> PathBuf {
        self.folder.join(".hfd").join(etag)
    }

    /// Where the product keeps bytes that were wrong.
    pub fn quarantined(&self, etag: &str) -> PathBuf {
        self.folder.join(".hfd/quarantine").join(etag)
    }

    /// The folder of a commit.
    pub fn snapshot(&self, commit: &str) -> PathBuf {
        self.folder.join("snapshots").join(commit)
    }

    /// What a revision's name stands for; none when it is not there.
    pub fn reference(&self, revision: &str) -> anyhow::Result<Option<String>> {
        let path = self.folder.join("refs").join(revision);
        match fs::read_to_string(&path) {
            Ok(commit) => Ok(Some(commit)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("reading {}", path.display())),
        }
    }

    /// Checks that a revision's name stands for this commit, to the byte.
    pub fn check_reference(&self, revision: &str, commit: &str) -> anyhow::Result<()> {
        let found = self.reference(revision)?;
        ensure!(found.as_deref() == Some(commit), "refs/{revision} is {found:?}, expected {commit:?}");
        Ok(())
    }

    /// The names below `blobs/`.
    pub fn blob_names(&self) -> anyhow::Result<BTreeSet<String>> {
        let path = self.folder.join("blobs");
        let entries = match fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
            Err(error) => return Err(error).with_context(|| format!("listing {}", path.display())),
        };
        entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
    }

    /// Checks a snapshot: these files and no others, each a link to its blob, each blob of the right size and content.
    pub fn check(&self, commit: &str, files: &[ServedFile]) -> anyhow::Result<()> {
        ensure!(!files.is_empty(), "nothing is served at {commit}: nothing to check");
        for file in files {
            self.check_file(commit, file).with_context(|| format!("{} of {}", file.path, self.folder.display()))?;
        }
        let found = paths_below(&self.snapshot(commit))?;
        let expected: BTreeSet<_> = files.iter().map(|file| file.path.clone()).collect();
        ensure!(found == expected, "unexpected files: {:?}", found.difference(&expected).collect::<Vec<_>>());
        Ok(())
    }

    fn check_file(&self, commit: &str, file: &ServedFile) -> anyhow::Result<()> {
        let link = self.snapshot(commit).join(&file.path);
        let target = fs::read_link(&link).with_context(|| format!("following {}", link.display()))?;
        let up = "../".repeat(2 + file.path.matches('/').count());
        let expected = PathBuf::from(format!("{up}blobs/{}", file.etag));
        ensure!(target == expected, "linked to {}, expected {}", target.display(), expected.display());
        check_content(&link, &file.etag, file.size_bytes)
    }
}

/// Checks a file's size and that its content has the hash that is its ETag.
pub fn check_content(path: &Path, etag: &str, size_bytes: u64) -> anyhow::Result<()> {
    let file = File::open(path).with_context(|| format!("opening {}", path.display()))?;
    let size = file.metadata()?.len();
    ensure!(size == size_bytes, "{} has {size} bytes, expected {size_bytes}", path.display());
    let hash = match etag.len() {
        64 => hash(file, Sha256::new())?,
        40 => hash(file, Sha1::new_with_prefix(format!("blob {size}\0")))?,
        _ => bail!("{etag:?} is no hash"),
    };
    ensure!(hash == etag, "{} has the content {hash}, expected {etag}", path.display());
    Ok(())
}

fn hash<D: sha2::Digest>(mut file: File, mut hasher: D) -> anyhow::Result<String> {
    let mut buffer = vec![0; CHUNK_BYTES];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex::encode(hasher.finalize())),
            read => hasher.update(&buffer[..read]),
        }
    }
}

/// The paths of all files and links below a folder, relative to it.
pub fn paths_below(folder: &Path) -> anyhow::Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    let mut left = vec![folder.to_owned()];
    while let Some(next) = left.pop() {
        for entry in fs::read_dir(&next).with_context(|| format!("listing {}", next.display()))? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                left.push(entry.path());
            } else {
                found.insert(entry.path().strip_prefix(folder)?.to_string_lossy().into_owned());
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// `printf 'hello\n' | git hash-object --stdin`
    const ETAG: &str = "ce013625030ba8dba906f756967f9e9ca394464a";

    #[test]
    fn a_snapshot_is_right_only_with_its_links_and_their_content() {
        let cache = tempfile::tempdir().unwrap();
        let repo = CachedRepo::new(cache.path(), RepoKind::Model, "o/n");
        let file = ServedFile { path: "a/b.txt".to_owned(), size_bytes: 6, etag: ETAG.to_owned(), lfs: false };
        let check = || repo.check("c", std::slice::from_ref(&file));
        let link = repo.snapshot("c").join("a/b.txt");
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        fs::create_dir_all(repo.folder().join("blobs")).unwrap();
        assert!(check().is_err(), "nothing is there");
        fs::write(repo.blob(ETAG), "hello\n").unwrap();
        symlink(repo.blob(ETAG), &link).unwrap();
        assert!(check().is_err(), "the link is absolute");
        fs::remove_file(&link).unwrap();
        symlink(format!("../../../blobs/{ETAG}"), &link).unwrap();
        check().unwrap();
        fs::write(repo.blob(ETAG), "hullo\n").unwrap();
        assert!(check().is_err(), "a byte is wrong");
        fs::write(repo.blob(ETAG), "hello").unwrap();
        assert!(check().is_err(), "a byte is missing");
        fs::write(repo.blob(ETAG), "hello\n").unwrap();
        fs::write(repo.snapshot("c").join("more.txt"), "").unwrap();
        assert!(check().is_err(), "there is a file too many");
    }
}
