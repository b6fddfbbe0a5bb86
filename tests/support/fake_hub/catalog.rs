//! The repos found below the root folder, with everything about their files that the API tells.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;

use super::digest::{DigestCache, FileDigest, id_of};
use super::meta::{RepoKind, RepoMeta, repo_id, revision_name};

/// The branch a request without a revision means.
pub(crate) const DEFAULT_REVISION: &str = "main";

/// A repo's name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct RepoKey {
    pub(crate) kind: RepoKind,
    pub(crate) id: String,
}

/// All repos at one moment; a reload makes a new one.
#[derive(Debug, Default)]
pub(crate) struct Catalog {
    repos: HashMap<RepoKey, Arc<Repo>>,
}

/// One repo.
#[derive(Debug)]
pub(crate) struct Repo {
    pub(crate) key: RepoKey,
    pub(crate) meta: RepoMeta,
    pub(crate) revisions: BTreeMap<String, Arc<Revision>>,
}

/// One revision: a commit and its tree.
#[derive(Debug)]
pub(crate) struct Revision {
    pub(crate) name: String,
    pub(crate) commit: String,
    /// Files and folders, each folder before its content.
    pub(crate) entries: Vec<Entry>,
    index: HashMap<String, usize>,
}

/// A file or folder of a tree.
#[derive(Debug)]
pub(crate) enum Entry {
    File(Arc<RepoFile>),
    Folder { path: String, oid: String },
}

/// A file of a revision.
#[derive(Debug)]
pub(crate) struct RepoFile {
    pub(crate) path: String,
    pub(crate) disk: PathBuf,
    pub(crate) size: u64,
    pub(crate) digest: FileDigest,
    pub(crate) xet_hash: Option<String>,
}

impl RepoFile {
    /// The hash the Hub gives as the file's ETag.
    pub(crate) fn etag(&self) -> &str {
        self.digest.lfs.as_ref().map_or(&self.digest.oid, |lfs| &lfs.sha256)
    }
}

impl Entry {
    pub(crate) fn path(&self) -> &str {
        match self {
            Self::File(file) => &file.path,
            Self::Folder { path, .. } => path,
        }
    }
}

impl Catalog {
    /// Reads the whole folder, hashing what the cache does not know.
    pub(crate) fn load(root: &Path, digests: &DigestCache) -> anyhow::Result<Self> {
        let mut repos = HashMap::new();
        for kind in RepoKind::ALL {
            for (name, folder) in folders(&root.join(kind.plural()))? {
                let key = RepoKey { kind, id: repo_id(&name) };
                repos.insert(key.clone(), Arc::new(Repo::load(key, &folder, digests)?));
            }
        }
        Ok(Self { repos })
    }

    pub(crate) fn repo(&self, key: &RepoKey) -> Option<&Arc<Repo>> {
        self.repos.get(key)
    }
}

impl Repo {
    fn load(key: RepoKey, folder: &Path, digests: &DigestCache) -> anyhow::Result<Self> {
        let meta = RepoMeta::load(folder)?;
        let mut revisions = BTreeMap::new();
        for (name, path) in folders(folder)? {
            let name = revision_name(&name);
            revisions.insert(name.clone(), Arc::new(Revision::load(name, &key, &meta, &path, digests)?));
        }
        Ok(Self { key, meta, revisions })
    }

    /// A revision by its name or its commit.
    pub(crate) fn revision(&self, rev: &str) -> Option<&Arc<Revision>> {
        self.revisions.get(rev).or_else(|| self.revisions.values().find(|revision| revision.commit == rev))
    }
}

impl Revision {
    fn load(
        name: String,
        repo: &RepoKey,
        meta: &RepoMeta,
        folder: &Path,
        digests: &DigestCache,
    ) -> anyhow::Result<Self> {
        let mut disk_files = Vec::new();
        walk(folder, "", &mut disk_files)?;
        for (path, _) in &mut disk_files {
            if let Some((listed, _)) = meta.aliases.iter().find(|(_, on_disk)| *on_disk == path) {
                listed.clone_into(path);
            }
        }
        let files = digest_all(&disk_files, meta, digests)?;
        let commit = commit_of(&repo.id, &files);
        let mut entries: Vec<_> = parents(&files)
            .into_iter()
            .map(|path| Entry::Folder { oid: id_of(["tree", &commit, &path]), path })
            .chain(files.into_iter().map(Entry::File))
            .collect();
        entries.sort_by(|a, b| a.path().split('/').cmp(b.path().split('/')));
        let index = entries.iter().enumerate().map(|(at, entry)| (entry.path().to_owned(), at)).collect();
        Ok(Self { name, commit, entries, index })
    }

    pub(crate) fn entry(&self, path: &str) -> Option<&Entry> {
        self.index.get(path).map(|at| &self.entries[*at])
    }

    pub(crate) fn file(&self, path: &str) -> Option<&Arc<RepoFile>> {
        match self.entry(path)? {
            Entry::File(file) => Some(file),
            Entry::Folder { .. } => None,
        }
    }

    pub(crate) fn files(&self) -> impl Iterator<Item = &Arc<RepoFile>> {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::File(file) => Some(file),
            Entry::Folder { .. } => None,
        })
    }
}

/// A commit that depends on nothing but the repo's name and its files, so that equal revisions share it.
fn commit_of(repo_id: &str, files: &[Arc<RepoFile>]) -> String {
    let mut sorted: Vec<_> = files.iter().map(|file| (file.path.as_str(), file.digest.oid.as_str())).collect();
    sorted.sort_unstable();
    id_of([repo_id].into_iter().chain(sorted.into_iter().flat_map(|(path, oid)| [path, oid])))
}

fn parents(files: &[Arc<RepoFile>]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for file in files {
        for (at, _) in file.path.match_indices('/') {
            found.insert(file.path[..at].to_owned());
        }
    }
    found
}

/// The folders in a folder; none when it is absent.
fn folders(path: &Path) -> anyhow::Result<Vec<(String, PathBuf)>> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for entry in std::fs::read_dir(path).with_context(|| format!("listing {}", path.display()))? {
        let path = entry?.path();
        if let Some(name) = path.file_name().and_then(|name| name.to_str())
            && path.is_dir()
        {
            found.push((name.to_owned(), path));
        }
    }
    Ok(found)
}

fn walk(folder: &Path, prefix: &str, found: &mut Vec<(String, PathBuf)>) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(folder).with_context(|| format!("listing {}", folder.display()))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let (listed, path) = (format!("{prefix}{name}"), entry.path());
        if path.is_dir() {
            walk(&path, &format!("{listed}/"), found)?;
        } else {
            found.push((listed, path));
        }
    }
    Ok(())
}

/// Hashes files on all cores.
fn digest_all(
    files: &[(String, PathBuf)],
    meta: &RepoMeta,
    digests: &DigestCache,
) -> anyhow::Result<Vec<Arc<RepoFile>>> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(files.len()));
    let work = || -> anyhow::Result<()> {
        while let Some((path, disk)) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            let (size, digest) = digests.digest(disk)?;
            let xet_hash = meta.xet.get(path).cloned();
            let file = RepoFile { path: path.clone(), disk: disk.clone(), size, digest, xet_hash };
            done.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::new(file));
        }
        Ok(())
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(files.len().max(1));
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        running
            .into_iter()
            .try_for_each(|thread| thread.join().unwrap_or_else(|_| Err(anyhow::anyhow!("a hashing thread panicked"))))
    })?;
    Ok(done.into_inner().unwrap_or_else(PoisonError::into_inner))
}
