//! Writes repos for the fake Hub to serve.

use std::path::Path;

use anyhow::Context as _;
use bytes::Bytes;

use super::meta::{RepoKind, RepoMeta, repo_folder, revision_folder};
use super::random::write_random_file;

/// Where a file's bytes come from.
#[derive(Debug, Clone)]
enum Source {
    Bytes(Bytes),
    Random { size_bytes: u64, seed: u64 },
}

#[derive(Debug, Clone)]
struct Revision {
    name: String,
    files: Vec<(String, Source)>,
}

/// Describes a repo and writes its folder.
///
/// Files go into the revision named last, `main` at first: `.file("a", …).revision("dev").file("b", …)` has `a` on
/// `main` and `b` on `dev`.
#[derive(Debug, Clone)]
pub struct RepoBuilder {
    kind: RepoKind,
    id: String,
    meta: RepoMeta,
    done: Vec<Revision>,
    current: Revision,
}

impl RepoBuilder {
    /// Begins a model, `owner/name` or `name`.
    pub fn model(id: impl Into<String>) -> Self {
        Self::new(RepoKind::Model, id)
    }

    /// Begins a dataset, `owner/name` or `name`.
    pub fn dataset(id: impl Into<String>) -> Self {
        Self::new(RepoKind::Dataset, id)
    }

    /// Begins a repo of a kind.
    pub fn new(kind: RepoKind, id: impl Into<String>) -> Self {
        let current = Revision { name: "main".to_owned(), files: Vec::new() };
        Self { kind, id: id.into(), meta: RepoMeta::default(), done: Vec::new(), current }
    }

    /// Adds a file with this content.
    #[must_use]
    pub fn file(mut self, path: impl Into<String>, content: impl Into<Bytes>) -> Self {
        self.current.files.push((path.into(), Source::Bytes(content.into())));
        self
    }

    /// Adds all files of a folder and of those in it.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn folder(mut self, folder: &Path) -> anyhow::Result<Self> {
        let mut left = vec![folder.to_owned()];
        while let Some(next) = left.pop() {
            for entry in std::fs::read_dir(&next).with_context(|| format!("listing {}", next.display()))? {
                let path = entry?.path();
                if path.is_dir() {
                    left.push(path);
                    continue;
                }
                let content = std::fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
                self = self.file(path.strip_prefix(folder)?.to_string_lossy(), content);
            }
        }
        Ok(self)
    }

    /// Adds a file of random content, the same for the same seed; written without holding it in memory.
    #[must_use]
    pub fn random_file(mut self, path: impl Into<String>, size_bytes: u64, seed: u64) -> Self {
        self.current.files.push((path.into(), Source::Random { size_bytes, seed }));
        self
    }

    /// Adds `count` tiny text files below a folder, 1000 to a subfolder.
    #[must_use]
    pub fn many_files(mut self, folder: &str, count: usize) -> Self {
        for number in 0..count {
            let path = format!("{folder}/{:03}/{number:06}.txt", number / 1000);
            self.current.files.push((path, Source::Bytes(format!("file {number}\n").into())));
        }
        self
    }

    /// Adds a file that is listed under a name that could not be on disk, such as `../evil`.
    #[must_use]
    pub fn alias(mut self, listed: impl Into<String>, content: impl Into<Bytes>) -> Self {
        let on_disk = format!("alias-{}", self.meta.aliases.len());
        self.meta.aliases.insert(listed.into(), on_disk.clone());
        self.file(on_disk, content)
    }

    /// Puts the following files into another revision: a branch, `refs/pr/N` or `refs/convert/…`.
    #[must_use]
    pub fn revision(mut self, name: impl Into<String>) -> Self {
        let next = Revision { name: name.into(), files: Vec::new() };
        let finished = std::mem::replace(&mut self.current, next);
        if !finished.files.is_empty() {
            self.done.push(finished);
        }
        self
    }

    /// Puts the following files into a tag.
    #[must_use]
    pub fn tag(mut self, name: impl Into<String>) -> Self {
        let name = name.into();
        self.meta.tags.push(name.clone());
        self.revision(name)
    }

    /// Makes it look absent to whoever has no token.
    #[must_use]
    pub fn private(mut self) -> Self {
        self.meta.private = true;
        self
    }

    /// Refuses its files to tokens without access.
    #[must_use]
    pub fn gated(mut self) -> Self {
        self.meta.gated = true;
        self
    }

    /// Takes it offline, as the Hub does with content it has withdrawn.
    #[must_use]
    pub fn disabled(mut self) -> Self {
        self.meta.disabled = true;
        self
    }

    /// Says that a file is in Xet, too, under this hash.
    #[must_use]
    pub fn xet(mut self, path: impl Into<String>, hash: impl Into<String>) -> Self {
        self.meta.xet.insert(path.into(), hash.into());
        self
    }

    /// Gives access to Xet at this server.
    #[must_use]
    pub fn xet_server(mut self, url: impl Into<String>) -> Self {
        self.meta.xet_server = Some(url.into());
        self
    }

    /// Gives access to Xet for so many seconds at a time.
    #[must_use]
    pub fn xet_token_s(mut self, seconds: u32) -> Self {
        self.meta.xet_token_s = Some(seconds);
        self
    }

    /// Adds a field to the repo info, such as `pipeline_tag`.
    #[must_use]
    pub fn info(mut self, field: impl Into<String>, value: impl Into<serde_json::Value>) -> Self {
        self.meta.info.insert(field.into(), value.into());
        self
    }

    /// Writes the repo below the root. Revisions it names are replaced, others of an existing repo stay.
    ///
    /// A hub that is already running sees the change after `reload`.
    pub fn write(self, root: &Path) -> anyhow::Result<()> {
        let folder = repo_folder(root, self.kind, &self.id);
        std::fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
        self.meta.save(&folder)?;
        for revision in self.done.iter().chain([&self.current]) {
            let revision_path = folder.join(revision_folder(&revision.name));
            if revision_path.exists() {
                std::fs::remove_dir_all(&revision_path)
                    .with_context(|| format!("replacing {}", revision_path.display()))?;
            }
            write_revision(&revision_path, revision)?;
        }
        Ok(())
    }
}

fn write_revision(folder: &Path, revision: &Revision) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
    for (path, source) in &revision.files {
        let target = folder.join(path);
        if let Some(parent) = target.parent() {
            std::fs::create_dir_all(parent).with_context(|| format!("creating {}", parent.display()))?;
        }
        match source {
            Source::Bytes(content) => {
                std::fs::write(&target, content).with_context(|| format!("writing {}", target.display()))?;
            }
            Source::Random { size_bytes, seed } => write_random_file(&target, *size_bytes, *seed)?,
        }
    }
    Ok(())
}
