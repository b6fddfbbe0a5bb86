//! A Redis behind TLS, with a certificate of an authority that nobody else knows.

use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::TempDir;

use super::redis::RedisServer;
use crate::ports::claim_port;

/// The name in the certificate.
const HOST: &str = "localhost";

const AUTHORITY: &str = "authority.pem";

/// A `redis-server` that speaks TLS, too.
#[derive(Debug)]
pub struct TlsRedis {
    // Dropped before the folder that holds its certificate.
    _server: RedisServer,
    port: u16,
    certificates: TempDir,
}

impl TlsRedis {
    /// Makes an authority and a certificate, and starts an empty server.
    pub async fn start() -> anyhow::Result<Self> {
        let certificates = tempfile::Builder::new().prefix("hfd-tls-").tempdir().context("making a folder")?;
        let path = |name: &str| certificates.path().join(name).to_string_lossy().into_owned();
        let mut authority = CertificateParams::new([])?;
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;
        let key = KeyPair::generate()?;
        let certificate = CertificateParams::new([HOST.to_owned()])?.signed_by(&key, &authority)?;
        fs::write(path(AUTHORITY), authority.pem())?;
        fs::write(path("server.pem"), certificate.pem())?;
        fs::write(path("server.key"), key.serialize_pem())?;
        let port = claim_port()?;
        let server = RedisServer::start_with(&[
            "--tls-port",
            &port.to_string(),
            "--tls-cert-file",
            &path("server.pem"),
            "--tls-key-file",
            &path("server.key"),
            "--tls-auth-clients",
            "no",
        ])
        .await?;
        Ok(Self { _server: server, port, certificates })
    }

    /// Its URL, with TLS.
    pub fn url(&self) -> String {
        format!("rediss://{HOST}:{}", self.port)
    }

    /// The certificate of the authority, for who shall trust the server.
    pub fn authority(&self) -> PathBuf {
        self.certificates.path().join(AUTHORITY)
    }
}
