//! The hashes by which the Hub knows a file: git's blob SHA-1 and, for LFS files, SHA-256.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use anyhow::Context as _;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

/// Files from this size on are LFS files whatever their name.
const LFS_FROM_BYTES: u64 = 1 << 20;

/// Bytes read at a time.
const CHUNK_BYTES: usize = 1 << 20;

/// Endings the Hub's default `.gitattributes` sends to LFS.
const LFS_ENDINGS: &str = "7z arrow avro bin bz2 ckpt ftz gguf gz h5 joblib lz4 mlmodel model msgpack npy npz onnx ot \
    parquet pb pickle pkl pt pth rar safetensors tar tflite tgz wasm xz zip zst";

/// What a file's content hashes to.
#[derive(Debug, Clone)]
pub(crate) struct FileDigest {
    /// Git's object id: of the content, or for an LFS file of its pointer.
    pub(crate) oid: String,
    /// Present when the file is an LFS file.
    pub(crate) lfs: Option<LfsDigest>,
}

/// The LFS part of a digest.
#[derive(Debug, Clone)]
pub(crate) struct LfsDigest {
    pub(crate) sha256: String,
    pub(crate) pointer_bytes: usize,
}

/// Hashes of files already seen, so that a reload reads only what changed.
#[derive(Debug, Default)]
pub(crate) struct DigestCache(Mutex<HashMap<PathBuf, Remembered>>);

#[derive(Debug)]
struct Remembered {
    size: u64,
    modified: SystemTime,
    digest: FileDigest,
}

impl DigestCache {
    /// The size and digest of a file, computed unless it is the one seen before.
    pub(crate) fn digest(&self, path: &Path) -> anyhow::Result<(u64, FileDigest)> {
        let metadata = std::fs::metadata(path).with_context(|| format!("reading {}", path.display()))?;
        let (size, modified) = (metadata.len(), metadata.modified()?);
        if let Some(seen) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(path)
            && seen.size == size
            && seen.modified == modified
        {
            return Ok((size, seen.digest.clone()));
        }
        let digest = digest_file(path, size).with_context(|| format!("hashing {}", path.display()))?;
        let remembered = Remembered { size, modified, digest: digest.clone() };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned(), remembered);
        Ok((size, digest))
    }
}

fn digest_file(path: &Path, size: u64) -> anyhow::Result<FileDigest> {
    let file = File::open(path)?;
    if is_lfs(path, size) {
        let mut hasher = Sha256::new();
        feed(file, size, |bytes| hasher.update(bytes))?;
        let sha256 = hex::encode(hasher.finalize());
        let pointer = format!("version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n");
        let lfs = LfsDigest { sha256, pointer_bytes: pointer.len() };
        return Ok(FileDigest { oid: git_blob_oid(pointer.as_bytes()), lfs: Some(lfs) });
    }
    let mut hasher = Sha1::new();
    hasher.update(format!("blob {size}\0"));
    feed(file, size, |bytes| hasher.update(bytes))?;
    Ok(FileDigest { oid: hex::encode(hasher.finalize()), lfs: None })
}

fn is_lfs(path: &Path, size: u64) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str()).map(str::to_ascii_lowercase);
    size >= LFS_FROM_BYTES || ending.is_some_and(|ending| LFS_ENDINGS.split(' ').any(|known| known == ending))
}

fn git_blob_oid(content: &[u8]) -> String {
    let mut hasher = Sha1::new();
    hasher.update(format!("blob {}\0", content.len()));
    hasher.update(content);
    hex::encode(hasher.finalize())
}

fn feed(mut file: File, size: u64, mut take: impl FnMut(&[u8])) -> anyhow::Result<()> {
    let mut buffer = vec![0; usize::try_from(size).unwrap_or(CHUNK_BYTES).clamp(1, CHUNK_BYTES)];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok(());
        }
        take(&buffer[..read]);
    }
}

/// A 40-hex digest of lines of text, for the ids that only have to be stable.
pub(crate) fn id_of<'a>(lines: impl IntoIterator<Item = &'a str>) -> String {
    let mut hasher = Sha1::new();
    for line in lines {
        hasher.update(line);
        hasher.update("\n");
    }
    hex::encode(hasher.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oids_are_those_of_git() {
        // `printf 'hello\n' | git hash-object --stdin`
        assert_eq!(git_blob_oid(b"hello\n"), "ce013625030ba8dba906f756967f9e9ca394464a");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        std::fs::write(&path, "hello\n").unwrap();
        let (size, digest) = DigestCache::default().digest(&path).unwrap();
        assert_eq!((size, digest.oid.as_str()), (6, "ce013625030ba8dba906f756967f9e9ca394464a"));
        assert!(digest.lfs.is_none());
    }

    #[test]
    fn weights_are_lfs_files_at_any_size() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.safetensors");
        std::fs::write(&path, "").unwrap();
        let (_, digest) = DigestCache::default().digest(&path).unwrap();
        let lfs = digest.lfs.unwrap();
        assert_eq!(lfs.sha256, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(lfs.pointer_bytes, 126);
    }
}
