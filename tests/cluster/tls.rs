//! The job store behind TLS.

use anyhow::ensure;
use hfd_tests::instance::{Instance, Role};
use hfd_tests::sandbox::Sandbox;
use hfd_tests::services::TlsRedis;
use hfd_tests::wait;

/// Authorities are looked up where the system keeps them, and `SSL_CERT_FILE` says where that is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_behind_tls_is_reached_by_who_trusts_its_authority() -> anyhow::Result<()> {
    let (sandbox, redis) = (Sandbox::new()?, TlsRedis::start().await?);
    // An API replica is ready without its broker.
    let flags = ["--state", &redis.url(), "--broker", "amqp://127.0.0.1:1"].map(str::to_owned).to_vec();
    let trusting = vec!["env".to_owned(), format!("SSL_CERT_FILE={}", redis.authority().display())];
    let trusting = Instance::start_below(&sandbox, Role::Api, flags.clone(), trusting).await?;
    trusting.wait_ready(true).await?;

    let other = Instance::start(&sandbox, Role::Api, flags).await?;
    wait::until("the refusal", wait::LIMIT, async || {
        ensure!(!other.is_ready().await?, "a server of an unknown authority is trusted");
        Ok(other.log()?.contains("UnknownIssuer").then_some(()))
    })
    .await
}
