//! A server of Xet, the one that the crate is tested with, and what is in it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use tempfile::TempDir;
use xet::xet_session::{Sha256Policy, XetConfig, XetSessionBuilder};
use xet_client::cas_client::{LocalTestServer, LocalTestServerBuilder};

/// A server that runs until it is dropped.
pub(crate) struct XetServer {
    // Dropped before its folder.
    server: LocalTestServer,
    folder: TempDir,
}

impl XetServer {
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let folder = TempDir::new()?;
        let server = LocalTestServerBuilder::new().with_disk_location(folder.path().join("server")).start().await;
        Ok(Self { server, folder })
    }

    pub(crate) fn url(&self) -> &str {
        self.server.http_endpoint()
    }

    /// Takes a file in; returns its hash.
    pub(crate) async fn add(&self, content: Vec<u8>) -> anyhow::Result<String> {
        let config = XetConfig::default().with_config("telemetry.enabled", "false").context("no such setting")?;
        let folder = self.folder.path().join("client");
        let session = XetSessionBuilder::new_with_config(config).with_cache_dir(folder).build()?;
        let commit = session.new_upload_commit()?.with_endpoint(self.url()).build().await?;
        commit.upload_bytes(content, Sha256Policy::Compute, None).await?;
        let uploaded = commit.commit().await?.uploads.into_values().next().context("nothing was uploaded")?;
        Ok(uploaded.xet_info.hash().to_owned())
    }

    /// The files on its disk that hold content.
    pub(crate) fn contents(&self) -> anyhow::Result<Vec<PathBuf>> {
        let folder = self.folder.path().join("server/xorbs");
        let entries = fs::read_dir(&folder).with_context(|| format!("listing {}", folder.display()))?;
        entries.map(|entry| Ok(entry?.path())).collect()
    }

    /// Changes a byte of each.
    pub(crate) fn spoil(&self) -> anyhow::Result<()> {
        self.contents()?.iter().try_for_each(|path| spoil(path))
    }
}

/// Changes a byte in the middle of a file.
fn spoil(path: &Path) -> anyhow::Result<()> {
    let mut permissions = fs::metadata(path)?.permissions();
    #[expect(clippy::permissions_set_readonly_false, reason = "a file of this test alone")]
    permissions.set_readonly(false);
    fs::set_permissions(path, permissions)?;
    let mut bytes = fs::read(path)?;
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).with_context(|| format!("writing {}", path.display()))
}
