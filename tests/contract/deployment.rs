//! The two ways in which the service runs, each with an open and a guarded server over the same repositories.

use hfd_tests::api::Api;
use hfd_tests::cluster::{Cluster, Shape};
use hfd_tests::fake_hub::{Effect, FakeHub, Fault, Matcher, RepoBuilder};
use hfd_tests::instance::Instance;
use hfd_tests::sandbox::Sandbox;
use hfd_tests::stage::Stage;

use crate::table::row;

/// What both servers run with. One job at a time, so that another one waits.
const FLAGS: [&str; 4] =
    ["--max-active", "1", "--secret-key", "0707070707070707070707070707070707070707070707070707070707070707"];

const GUARDS: [&str; 8] = [
    "--auth-user",
    "admin",
    "--auth-pass",
    "secret123",
    "--api-token",
    "contract-token-0123456789",
    "--cors-origin",
    "https://app.example",
];

/// The service, however it runs.
pub(crate) enum Deployment {
    /// One process, and another one that is guarded.
    Single {
        /// The open one.
        stage: Stage,
        /// The guarded one.
        guarded: Instance,
        /// The guarded one's folders.
        _folders: Sandbox,
    },
    /// An open and a guarded replica, and a worker.
    Cluster(Cluster),
}

impl Deployment {
    /// Starts the single process.
    pub(crate) async fn single() -> anyhow::Result<Self> {
        let stage = Stage::new(repos(), &FLAGS).await?;
        slow_down(&stage.hub);
        let folders = Sandbox::new()?;
        let guarded = Instance::serve(&folders, stage.hub.url(), &GUARDS).await?;
        Ok(Self::Single { stage, guarded, _folders: folders })
    }

    /// Starts the cluster.
    pub(crate) async fn cluster() -> anyhow::Result<Self> {
        let mut cluster = Cluster::start(Shape::new(1, 1).flags(&FLAGS), repos()).await?;
        slow_down(&cluster.hub);
        cluster.add_api_with(&GUARDS).await?;
        Ok(Self::Cluster(cluster))
    }

    /// The API of a server.
    pub(crate) fn api(&self, server: row::Server) -> &Api {
        match (self, server) {
            (Self::Single { stage, .. }, row::Server::Open) => stage.api(),
            (Self::Single { guarded, .. }, row::Server::Guarded) => guarded.api(),
            (Self::Cluster(cluster), row::Server::Open) => cluster.apis[0].api(),
            (Self::Cluster(cluster), row::Server::Guarded) => cluster.apis[1].api(),
        }
    }

    /// The Hub.
    pub(crate) fn hub(&self) -> &FakeHub {
        match self {
            Self::Single { stage, .. } => &stage.hub,
            Self::Cluster(cluster) => &cluster.hub,
        }
    }

    /// The folders of the open server.
    pub(crate) fn sandbox(&self) -> &Sandbox {
        match self {
            Self::Single { stage, .. } => &stage.sandbox,
            Self::Cluster(cluster) => &cluster.sandbox,
        }
    }
}

/// What the rows ask for.
fn repos() -> Vec<RepoBuilder> {
    let quantized = |builder: RepoBuilder| {
        builder.random_file("model.Q4_K_M.gguf", 1 << 20, 1).random_file("model.Q5_K_M.gguf", 2 << 20, 2)
    };
    vec![
        quantized(RepoBuilder::model("acme/model").file("README.md", "# Model").file("config.json", "{}"))
            .tag("v1.0")
            .file("config.json", "{}")
            .revision("fp16")
            .file("config.json", "{\"torch_dtype\": \"float16\"}"),
        RepoBuilder::model("acme/slow").random_file("slow.bin", 64 << 20, 3),
        RepoBuilder::model("acme/gated").file("config.json", "{}").gated(),
        RepoBuilder::model("acme/both").file("config.json", "{}"),
        RepoBuilder::dataset("acme/both").file("data.csv", "a,b\n1,2\n"),
        RepoBuilder::dataset("acme/data").file("data/train.csv", "a,b\n1,2\n"),
        RepoBuilder::model("gpt2")
            .file("config.json", "{\"model_type\": \"gpt2\"}")
            .revision("fp16")
            .file("config.json", "{\"torch_dtype\": \"float16\"}"),
    ]
}

/// Keeps the job of the slow repository running for as long as a row may look at it.
fn slow_down(hub: &FakeHub) {
    hub.inject(Fault::new(Effect::Throttle { bytes_per_s: 2 << 20 }).on(Matcher::cdn().file("slow.bin")).always());
}
