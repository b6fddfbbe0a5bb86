//! Looks at a repo in the cache again and again while it is downloaded: at no moment may it show what is not whole.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context as _, anyhow, ensure};

use crate::cached_repo::{CachedRepo, check_content, paths_below};
use crate::fake_hub::{FakeHub, RepoKind, ServedFile};

/// Time between two looks.
const STEP: Duration = Duration::from_millis(5);

/// A thread that looks at the cache until it is stopped.
#[derive(Debug)]
pub struct CacheWatch {
    stop: Arc<AtomicBool>,
    watching: Option<JoinHandle<anyhow::Result<u64>>>,
}

impl CacheWatch {
    /// Watches the branch `main` of a model.
    pub fn start(cache: &Path, hub: &FakeHub, model: &str) -> anyhow::Result<Self> {
        let files = hub.files(RepoKind::Model, model, "main");
        let commit = hub.commit(RepoKind::Model, model, "main").context("the fake Hub has no such model")?;
        let mut eye =
            Eye { repo: CachedRepo::new(cache, RepoKind::Model, model), commit, files, hashed: BTreeSet::new() };
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let watching = thread::spawn(move || {
            let mut looks = 0;
            while !stopped.load(Ordering::Relaxed) {
                eye.look()?;
                looks += 1;
                thread::sleep(STEP);
            }
            Ok(looks)
        });
        Ok(Self { stop, watching: Some(watching) })
    }

    /// Ends the watch; says how often it has looked, or what it has seen that must not be.
    pub fn stop(mut self) -> anyhow::Result<u64> {
        self.stop.store(true, Ordering::Relaxed);
        let watching = self.watching.take().context("the watch has been stopped before")?;
        watching.join().map_err(|_| anyhow!("the watch panicked"))?
    }
}

impl Drop for CacheWatch {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

struct Eye {
    repo: CachedRepo,
    commit: String,
    files: Vec<ServedFile>,
    /// Blobs whose content was checked: once is enough, for a blob never changes.
    hashed: BTreeSet<String>,
}

impl Eye {
    fn look(&mut self) -> anyhow::Result<()> {
        // In this order: whoever sees the name of a revision must find all of it afterwards.
        let reference = self.repo.reference("main")?;
        let links = self.check_links()?;
        if let Some(commit) = reference {
            ensure!(commit == self.commit, "refs/main is {commit:?}");
            let missing = self.files.iter().find(|file| !links.contains(&file.path));
            ensure!(missing.is_none(), "refs/main is there but {missing:?} is not");
        }
        self.check_blobs()
    }

    fn check_blobs(&mut self) -> anyhow::Result<()> {
        let sizes: BTreeMap<_, _> = self.files.iter().map(|file| (file.etag.as_str(), file.size_bytes)).collect();
        for name in self.repo.blob_names()? {
            let size = *sizes.get(name.as_str()).with_context(|| format!("blobs/{name} is no content of the repo"))?;
            let path = self.repo.blob(&name);
            let found = fs::metadata(&path).with_context(|| format!("looking at {}", path.display()))?.len();
            ensure!(found == size, "blobs/{name} has {found} bytes of {size}");
            if !self.hashed.contains(&name) {
                check_content(&path, &name, size)?;
                self.hashed.insert(name);
            }
        }
        Ok(())
    }

    fn check_links(&self) -> anyhow::Result<BTreeSet<String>> {
        let snapshot = self.repo.snapshot(&self.commit);
        match fs::symlink_metadata(&snapshot) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
            found => found.with_context(|| format!("looking at {}", snapshot.display()))?,
        };
        let links = paths_below(&snapshot)?;
        for link in &links {
            let path = snapshot.join(link);
            ensure!(fs::symlink_metadata(&path)?.is_symlink(), "{link} in the snapshot is no link");
            fs::metadata(&path).with_context(|| format!("{link} in the snapshot leads nowhere"))?;
        }
        Ok(links)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// `printf 'hello\n' | git hash-object --stdin`
    const ETAG: &str = "ce013625030ba8dba906f756967f9e9ca394464a";

    #[test]
    fn what_is_not_whole_is_seen() {
        let cache = tempfile::tempdir().unwrap();
        let repo = CachedRepo::new(cache.path(), RepoKind::Model, "o/n");
        let file = ServedFile { path: "a.txt".to_owned(), size_bytes: 6, etag: ETAG.to_owned(), lfs: false };
        let look = || {
            let (commit, files) = ("c".to_owned(), vec![file.clone()]);
            Eye { repo: repo.clone(), commit, files, hashed: BTreeSet::new() }.look()
        };
        look().unwrap();
        for folder in ["blobs", "refs", "snapshots/c"] {
            fs::create_dir_all(repo.folder().join(folder)).unwrap();
        }
        fs::write(repo.blob(ETAG), "hel").unwrap();
        assert!(look().is_err(), "half a blob");
        fs::write(repo.blob(ETAG), "hullo\n").unwrap();
        assert!(look().is_err(), "a wrong blob");
        fs::write(repo.blob(ETAG), "hello\n").unwrap();
        look().unwrap();
        fs::write(repo.folder().join("refs/main"), "c").unwrap();
        assert!(look().is_err(), "a revision without its files");
        let link = repo.snapshot("c").join("a.txt");
        symlink("../../blobs/nothing", &link).unwrap();
        assert!(look().is_err(), "a link to nothing");
        fs::remove_file(&link).unwrap();
        symlink(format!("../../blobs/{ETAG}"), &link).unwrap();
        look().unwrap();
        fs::write(repo.blob("temporary"), "").unwrap();
        assert!(look().is_err(), "a blob without a hash for a name");
    }
}
