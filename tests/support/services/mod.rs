//! Real servers: Debian's `redis-server` and `rabbitmq-server` and an OpenTelemetry Collector, each with ports and a folder of its own.
//!
//! They end with what started them, even when that is killed: a shell beside each of them holds the other end of a pipe.

mod collector;
mod guarded;
mod rabbit;
mod redis;
mod sentinel;
mod service;
#[cfg(test)]
mod tests;
mod tls;

use tokio::sync::OnceCell;

pub use collector::{Collector, Span};
pub use rabbit::RabbitServer;
pub use redis::RedisServer;
pub use sentinel::RedisSentinel;
pub use tls::TlsRedis;

/// The `RabbitMQ` node of this test binary: one takes seconds to start and 150 MB. Tests use names of their own on it, and
/// break other nodes.
pub async fn shared_rabbit() -> anyhow::Result<&'static RabbitServer> {
    static NODE: OnceCell<RabbitServer> = OnceCell::const_new();
    NODE.get_or_try_init(RabbitServer::start).await
}

/// The Redis server of this test binary, for tests that only need a prefix of their own.
pub async fn shared_redis() -> anyhow::Result<&'static RedisServer> {
    static SERVER: OnceCell<RedisServer> = OnceCell::const_new();
    SERVER.get_or_try_init(RedisServer::start).await
}
