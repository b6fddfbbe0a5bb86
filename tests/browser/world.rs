//! The two shapes in which the service runs.

use hfd_tests::api::{Api, Download};
use hfd_tests::cluster::{Cluster, Shape as ClusterShape};
use hfd_tests::fake_hub::{FakeHub, RepoBuilder};
use hfd_tests::sandbox::Sandbox;
use hfd_tests::stage::Stage;

/// What a cluster seals the Hub's token with.
const SECRET_KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

/// Which shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// One process.
    Single,
    /// An API and two workers, over Redis and `RabbitMQ`.
    Cluster,
}

/// The running service, in either shape, and its fake Hub.
pub(crate) enum World {
    Single(Box<Stage>),
    Cluster(Box<Cluster>),
}

impl Shape {
    /// Starts the service over a fake Hub with these repos.
    pub(crate) async fn start(self, repos: impl IntoIterator<Item = RepoBuilder>) -> anyhow::Result<World> {
        self.start_with(repos, &[]).await
    }

    /// The same with flags for all processes.
    pub(crate) async fn start_with(
        self,
        repos: impl IntoIterator<Item = RepoBuilder>,
        flags: &[&str],
    ) -> anyhow::Result<World> {
        Ok(match self {
            Self::Single => World::Single(Box::new(Stage::new(repos, flags).await?)),
            Self::Cluster => {
                let shape = ClusterShape::new(1, 2).flags(flags).flags(&["--secret-key", SECRET_KEY]);
                World::Cluster(Box::new(Cluster::start(shape, repos).await?))
            }
        })
    }
}

impl World {
    /// Its API.
    pub(crate) fn api(&self) -> &Api {
        match self {
            Self::Single(stage) => stage.api(),
            Self::Cluster(cluster) => cluster.api(),
        }
    }

    /// The Hub.
    pub(crate) fn hub(&self) -> &FakeHub {
        match self {
            Self::Single(stage) => &stage.hub,
            Self::Cluster(cluster) => &cluster.hub,
        }
    }

    /// The folders.
    pub(crate) fn sandbox(&self) -> &Sandbox {
        match self {
            Self::Single(stage) => &stage.sandbox,
            Self::Cluster(cluster) => &cluster.sandbox,
        }
    }

    /// What its API has logged.
    pub(crate) fn log(&self) -> anyhow::Result<String> {
        match self {
            Self::Single(stage) => stage.server.log(),
            Self::Cluster(cluster) => cluster.apis[0].log(),
        }
    }

    /// Downloads a model and waits until everything is there.
    pub(crate) async fn downloaded(&self, model: &str) -> anyhow::Result<()> {
        let job = self.api().start(&Download::model(model)).await?;
        self.api().completed(&job.id).await.map(drop)
    }

    /// Ends what serves the page as a power failure would.
    pub(crate) async fn kill_api(&mut self) -> anyhow::Result<()> {
        match self {
            Self::Single(stage) => stage.server.kill_9().await,
            Self::Cluster(cluster) => cluster.apis[0].kill_9().await,
        }
    }

    /// Starts it again at the address that it had.
    pub(crate) async fn restart_api(&mut self) -> anyhow::Result<()> {
        match self {
            Self::Single(stage) => stage.server.restart(&stage.sandbox).await,
            Self::Cluster(cluster) => cluster.apis[0].restart(&cluster.sandbox).await,
        }
    }
}
