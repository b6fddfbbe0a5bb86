//! A whole cluster: real Redis and RabbitMQ, API replicas and workers as processes, a fake Hub, one cache folder.

use std::ops::Deref;

use anyhow::Context as _;

use crate::api::{Api, Download, Job};
use crate::cached_repo::CachedRepo;
use crate::fake_hub::{FakeHub, HubConfig, RepoBuilder, RepoKind};
use crate::instance::{Instance, Role};
use crate::sandbox::Sandbox;
use crate::services::{RabbitServer, RedisServer, shared_rabbit};
use crate::stage::{check_against, hub_with};

/// Which processes a cluster has, and how they are set up.
pub struct Shape {
    apis: usize,
    workers: usize,
    flags: Vec<String>,
    worker_flags: Vec<String>,
    has_own_rabbit: bool,
    configure: Box<dyn FnOnce(HubConfig) -> HubConfig>,
}

impl Shape {
    /// So many API replicas and workers, over a `RabbitMQ` that other tests use too.
    pub fn new(apis: usize, workers: usize) -> Self {
        Self {
            apis,
            workers,
            flags: Vec::new(),
            worker_flags: Vec::new(),
            has_own_rabbit: false,
            configure: Box::new(|config| config),
        }
    }

    /// With another number of workers.
    #[must_use]
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = workers;
        self
    }

    /// Adds flags for all processes.
    #[must_use]
    pub fn flags(mut self, flags: &[&str]) -> Self {
        self.flags.extend(flags.iter().map(ToString::to_string));
        self
    }

    /// Adds flags for all workers.
    #[must_use]
    pub fn worker_flags(mut self, flags: &[&str]) -> Self {
        self.worker_flags.extend(flags.iter().map(ToString::to_string));
        self
    }

    /// With a `RabbitMQ` that may be broken.
    #[must_use]
    pub fn own_rabbit(mut self) -> Self {
        self.has_own_rabbit = true;
        self
    }

    /// With another configuration of the fake Hub.
    #[must_use]
    pub fn hub(mut self, configure: impl FnOnce(HubConfig) -> HubConfig + 'static) -> Self {
        self.configure = Box::new(configure);
        self
    }
}

/// The broker of a cluster.
#[derive(Debug)]
pub enum Rabbit {
    /// Used by other tests too, so not to be broken.
    Shared(&'static RabbitServer),
    /// Of this cluster alone.
    Own(Box<RabbitServer>),
}

impl Deref for Rabbit {
    type Target = RabbitServer;

    fn deref(&self) -> &RabbitServer {
        match self {
            Self::Shared(server) => server,
            Self::Own(server) => server,
        }
    }
}

/// A running cluster.
#[derive(Debug)]
pub struct Cluster {
    // Dropped in this order: nobody writes into the sandbox when it goes.
    /// The API replicas.
    pub apis: Vec<Instance>,
    /// The workers.
    pub workers: Vec<Instance>,
    /// The job store.
    pub redis: RedisServer,
    /// The broker.
    pub rabbit: Rabbit,
    /// The Hub.
    pub hub: FakeHub,
    /// The folders.
    pub sandbox: Sandbox,
    prefix: String,
    flags: Vec<String>,
    worker_flags: Vec<String>,
}

impl Cluster {
    /// Starts everything, over a fake Hub with these repos.
    pub async fn start(shape: Shape, repos: impl IntoIterator<Item = RepoBuilder>) -> anyhow::Result<Self> {
        let (sandbox, hub) = hub_with(shape.configure, repos)?;
        let redis = RedisServer::start().await?;
        let rabbit = if shape.has_own_rabbit {
            Rabbit::Own(Box::new(RabbitServer::start().await?))
        } else {
            Rabbit::Shared(shared_rabbit().await?)
        };
        let name = sandbox.path().file_name().context("the sandbox has no name")?;
        let prefix = name.to_string_lossy().replace(|c: char| !c.is_ascii_alphanumeric(), "-");
        let mut cluster = Self {
            apis: Vec::new(),
            workers: Vec::new(),
            redis,
            rabbit,
            hub,
            sandbox,
            prefix,
            flags: shape.flags,
            worker_flags: shape.worker_flags,
        };
        for _ in 0..shape.apis {
            cluster.add_api().await?;
        }
        for _ in 0..shape.workers {
            cluster.add_worker(&[]).await?;
        }
        Ok(cluster)
    }

    /// Begins the names of all keys and queues.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The API of the first replica.
    pub fn api(&self) -> &Api {
        self.apis[0].api()
    }

    /// Starts one more replica.
    pub async fn add_api(&mut self) -> anyhow::Result<&mut Instance> {
        self.add_api_with(&[]).await
    }

    /// Starts one more replica, with these flags behind those of all processes.
    pub async fn add_api_with(&mut self, flags: &[&str]) -> anyhow::Result<&mut Instance> {
        let mut all = self.flags_over(&self.redis.url());
        all.extend(flags.iter().map(ToString::to_string));
        let instance = Instance::start(&self.sandbox, Role::Api, all).await?;
        self.apis.push(instance);
        self.apis.last_mut().context("a replica was just added")
    }

    /// Starts one more replica below another command, which must become the replica.
    pub async fn add_api_below(&mut self, wrapper: Vec<String>) -> anyhow::Result<&mut Instance> {
        let flags = self.flags_over(&self.redis.url());
        self.apis.push(Instance::start_below(&self.sandbox, Role::Api, flags, wrapper).await?);
        self.apis.last_mut().context("a replica was just added")
    }

    /// Starts one more worker, with these flags behind those of all workers.
    pub async fn add_worker(&mut self, flags: &[&str]) -> anyhow::Result<&mut Instance> {
        let redis = self.redis.url();
        self.add_worker_over(&redis, flags).await
    }

    /// Starts one more worker that reaches the job store by another way.
    pub async fn add_worker_over(&mut self, redis: &str, flags: &[&str]) -> anyhow::Result<&mut Instance> {
        self.add_worker_below(Vec::new(), redis, flags).await
    }

    /// Starts one more worker below another command, which must become the worker.
    pub async fn add_worker_below(
        &mut self,
        wrapper: Vec<String>,
        redis: &str,
        flags: &[&str],
    ) -> anyhow::Result<&mut Instance> {
        let mut all = self.flags_over(redis);
        all.extend(self.worker_flags.iter().cloned());
        all.extend(flags.iter().map(ToString::to_string));
        let instance = Instance::start_below(&self.sandbox, Role::Worker, all, wrapper).await?;
        self.workers.push(instance);
        self.workers.last_mut().context("a worker was just added")
    }

    fn flags_over(&self, redis: &str) -> Vec<String> {
        let cache = self.sandbox.cache().to_string_lossy().into_owned();
        let flags = [
            ["--state", redis],
            ["--broker", &self.rabbit.url()],
            ["--prefix", &self.prefix],
            ["--cache-dir", &cache],
            ["--endpoint", self.hub.url()],
        ];
        flags.into_iter().flatten().map(str::to_owned).chain(self.flags.iter().cloned()).collect()
    }

    /// The broker, to be broken.
    pub fn own_rabbit(&mut self) -> anyhow::Result<&mut RabbitServer> {
        match &mut self.rabbit {
            Rabbit::Own(server) => Ok(server),
            Rabbit::Shared(_) => anyhow::bail!("other tests use this broker, too"),
        }
    }

    /// Starts an API replica again, after it has ended.
    pub async fn restart_api(&mut self, index: usize) -> anyhow::Result<()> {
        self.apis[index].restart(&self.sandbox).await
    }

    /// Starts a worker again, after it has ended.
    pub async fn restart_worker(&mut self, index: usize) -> anyhow::Result<()> {
        self.workers[index].restart(&self.sandbox).await
    }

    /// Downloads and waits until everything is there.
    pub async fn downloaded(&self, request: &Download) -> anyhow::Result<Job> {
        let job = self.api().start(request).await?;
        self.api().completed(&job.id).await
    }

    /// Checks that a model's branch `main` is in the cache as the fake Hub serves it.
    pub fn check_model(&self, id: &str) -> anyhow::Result<()> {
        let cached = CachedRepo::new(&self.sandbox.cache(), RepoKind::Model, id);
        check_against(&self.hub, &cached, RepoKind::Model, id, "main")
    }
}
