//! A Redis and a RabbitMQ for the benchmark's cluster: prints their URLs and stops them when its standard input ends.

use std::io::{Read as _, Write as _};

use hfd_tests::services::{RabbitServer, RedisServer};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let (redis, rabbit) = tokio::try_join!(RedisServer::start(), RabbitServer::start())?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{} {}", redis.url(), rabbit.url()).and_then(|()| out.flush())?;
    std::io::stdin().lock().read_to_end(&mut Vec::new())?;
    Ok(())
}
