//! The fake Hub as a program: serves a folder of repos until it is killed.

use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use clap::Parser;
use hfd_tests::fake_hub::{FakeHub, HubConfig, RepoBuilder};

/// Serves a folder of repos with the Hugging Face Hub's wire protocol.
#[derive(Debug, Parser)]
struct Args {
    /// Folder of repos: `{models,datasets}/<owner>--<name>/<revision>/…`
    #[arg(long)]
    root: PathBuf,
    /// Address to listen on
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    bind: IpAddr,
    /// Port of the Hub; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Port of the CDN; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    cdn_port: u16,
    /// CDN address written into redirects, if clients reach it by another than it listens on
    #[arg(long)]
    cdn_url: Option<String>,
    /// Token that may read everything
    #[arg(long)]
    token: Option<String>,
    /// Entries in one page of a tree listing
    #[arg(long, default_value_t = 1000)]
    page_size: usize,
    /// Bytes per second of each answer
    #[arg(long)]
    rate: Option<u64>,
    /// Latency added to every answer
    #[arg(long, default_value_t = 0)]
    latency_ms: u64,
    /// Write the repo demo/tiny-model into the root first
    #[arg(long)]
    demo: bool,
}

fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_max_level(tracing::Level::WARN).init();
    let args = Args::parse();
    if args.demo {
        write_demo(&args.root)?;
    }
    let hub = FakeHub::start(args.config())?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "fake Hub at {} (CDN {})", hub.url(), hub.cdn_url()).and_then(|()| out.flush())?;
    loop {
        std::thread::park();
    }
}

impl Args {
    fn config(self) -> HubConfig {
        let defaults = HubConfig::new(self.root).page_size(self.page_size);
        HubConfig {
            bind: self.bind,
            port: self.port,
            cdn_port: self.cdn_port,
            cdn_url: self.cdn_url,
            token: self.token.unwrap_or_else(|| defaults.token.clone()),
            rate_bytes_per_s: self.rate.map(|rate| rate.max(1)),
            latency: Duration::from_millis(self.latency_ms),
            ..defaults
        }
    }
}

fn write_demo(root: &std::path::Path) -> anyhow::Result<()> {
    RepoBuilder::model("demo/tiny-model")
        .file("config.json", "{\n  \"model_type\": \"llama\",\n  \"architectures\": [\"LlamaForCausalLM\"]\n}\n")
        .file("README.md", "# Tiny model\n\nRandom weights, served by the fake Hub.\n")
        .file("tokenizer/vocab.txt", "hello\nworld\n")
        .random_file("model-00001-of-00002.safetensors", 48 << 20, 1)
        .random_file("model-00002-of-00002.safetensors", 16 << 20, 2)
        .info("pipeline_tag", "text-generation")
        .write(root)
        .context("writing the demo repo")
}
