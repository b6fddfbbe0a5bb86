//! Everything that an end-to-end test needs: a fake Hub with repos, a sandbox, and a server on both.

use anyhow::Context as _;

use crate::api::{Api, Download, Job};
use crate::cached_repo::CachedRepo;
use crate::fake_hub::{FakeHub, HubConfig, RepoBuilder, RepoKind};
use crate::instance::Instance;
use crate::sandbox::Sandbox;

/// A fake Hub and a server that downloads from it.
#[derive(Debug)]
pub struct Stage {
    // Dropped in this order: nobody writes into the sandbox when it goes.
    /// The server.
    pub server: Instance,
    /// The Hub.
    pub hub: FakeHub,
    /// The folders.
    pub sandbox: Sandbox,
}

impl Stage {
    /// A fake Hub with these repos and a server with these flags.
    pub async fn new(repos: impl IntoIterator<Item = RepoBuilder>, flags: &[&str]) -> anyhow::Result<Self> {
        Self::with(|config| config, repos, flags).await
    }

    /// The same with another configuration of the fake Hub.
    pub async fn with(
        configure: impl FnOnce(HubConfig) -> HubConfig,
        repos: impl IntoIterator<Item = RepoBuilder>,
        flags: &[&str],
    ) -> anyhow::Result<Self> {
        let (sandbox, hub) = hub_with(configure, repos)?;
        let server = Instance::serve(&sandbox, hub.url(), flags).await?;
        Ok(Self { server, hub, sandbox })
    }

    /// The server's API.
    pub fn api(&self) -> &Api {
        self.server.api()
    }

    /// Downloads and waits until everything is there.
    pub async fn downloaded(&self, request: &Download) -> anyhow::Result<Job> {
        let job = self.api().start(request).await?;
        self.api().completed(&job.id).await
    }

    /// Starts the server anew on the same folders, after it has ended.
    pub async fn restart(&mut self) -> anyhow::Result<()> {
        self.server.restart(&self.sandbox).await
    }

    /// What the server counts under a name, labels included.
    pub async fn metric(&self, name: &str) -> anyhow::Result<u64> {
        let metrics = self.api().metrics().await?;
        let value = metrics.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
        value.with_context(|| format!("no {name} in\n{metrics}"))
    }

    /// A model as it is in the cache.
    pub fn model(&self, id: &str) -> CachedRepo {
        CachedRepo::new(&self.sandbox.cache(), RepoKind::Model, id)
    }

    /// The hash that names a file's blob.
    pub fn etag(&self, model: &str, path: &str) -> anyhow::Result<String> {
        etag(&self.hub, model, path)
    }

    /// Checks that a revision is in the cache as the fake Hub serves it.
    pub fn check(&self, kind: RepoKind, id: &str, revision: &str) -> anyhow::Result<()> {
        let cached = CachedRepo::new(&self.sandbox.cache(), kind, id);
        check_against(&self.hub, &cached, kind, id, revision)
    }

    /// The same for the branch `main` of a model.
    pub fn check_model(&self, id: &str) -> anyhow::Result<()> {
        self.check(RepoKind::Model, id, "main")
    }
}

/// A sandbox, and a fake Hub with these repos.
pub fn hub_with(
    configure: impl FnOnce(HubConfig) -> HubConfig,
    repos: impl IntoIterator<Item = RepoBuilder>,
) -> anyhow::Result<(Sandbox, FakeHub)> {
    let sandbox = Sandbox::new()?;
    for repo in repos {
        repo.write(&sandbox.repos())?;
    }
    let hub = FakeHub::start(configure(HubConfig::new(sandbox.repos())))?;
    Ok((sandbox, hub))
}

/// The hash that names the blob of a model's file.
pub fn etag(hub: &FakeHub, model: &str, path: &str) -> anyhow::Result<String> {
    let file = hub.files(RepoKind::Model, model, "main").into_iter().find(|file| file.path == path);
    Ok(file.with_context(|| format!("the fake Hub has no {path} in {model}"))?.etag)
}

/// Checks that a cached repo holds a revision as the fake Hub serves it, its name included.
pub fn check_against(
    hub: &FakeHub,
    cached: &CachedRepo,
    kind: RepoKind,
    id: &str,
    revision: &str,
) -> anyhow::Result<()> {
    let commit = hub.commit(kind, id, revision).with_context(|| format!("{id} has no revision {revision}"))?;
    cached.check(&commit, &hub.files(kind, id, revision))?;
    if revision != commit {
        cached.check_reference(revision, &commit)?;
    }
    Ok(())
}
