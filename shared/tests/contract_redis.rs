//! The Redis adapters keep the contracts of their ports, on a real server.
#![expect(clippy::unwrap_used, reason = "a rig that cannot be made fails its case")]

use std::sync::Arc;

use async_trait::async_trait;
use hfd_shared::cluster::{RedisBandwidth, RedisBus, RedisClient, RedisLimiter, RedisRoster, RedisStore};
use hfd_shared::job::JobId;
use hfd_shared::ports::contract::{BandwidthRig, BusRig, LimiterRig, Meter, RosterRig, StoreRig};
use hfd_tests::services::{RedisServer, shared_redis};
use redis::aio::MultiplexedConnection;

/// A client with a prefix of its own on the server of this test binary, with the rights that docs/redis.md names.
async fn client() -> RedisClient {
    let server = shared_redis().await.unwrap();
    let prefix = JobId::random().unwrap().to_string();
    let rights = format!("resetkeys ~{{{prefix}}}* resetchannels &{{{prefix}}}:events +@all -@dangerous");
    assert_eq!(server.command(&format!("ACL SETUSER {prefix} on >secret {rights}")).await.unwrap(), "+OK");
    let url = format!("redis://{prefix}:secret@127.0.0.1:{}", server.port());
    RedisClient::new(&url.parse().unwrap(), &prefix.parse().unwrap()).unwrap()
}

mod redis_store {
    use super::*;

    async fn make() -> StoreRig {
        let client = client().await;
        let (store, bus) = (RedisStore::new(client.clone()), RedisBus::new(client));
        StoreRig::new(Arc::new(store), Arc::new(bus), ())
    }

    hfd_shared::job_store_contract!(make);
}

/// The commands that a server has executed, those of scripts included; 100 bytes that it has sent count as one more.
struct Commands(MultiplexedConnection);

#[async_trait]
impl Meter for Commands {
    async fn work(&self) -> u64 {
        let mut commands = redis::pipe();
        commands.cmd("INFO").arg("commandstats").cmd("INFO").arg("stats");
        let (calls, stats): (String, String) = commands.query_async(&mut self.0.clone()).await.unwrap();
        let number = |line: &str, name: &str| -> Option<u64> {
            let (_, rest) = line.split_once(name)?;
            rest.split(|other: char| !other.is_ascii_digit()).next()?.parse().ok()
        };
        let calls = calls.lines().filter(|line| !line.starts_with("cmdstat_info:"));
        let calls: u64 = calls.filter_map(|line| number(line, "calls=")).sum();
        let sent = stats.lines().find_map(|line| number(line, "total_net_output_bytes:")).unwrap();
        calls + sent / 100
    }
}

mod counted_redis_store {
    use super::*;

    /// On a server of its own, which does nothing else.
    async fn make() -> StoreRig {
        let server = RedisServer::start().await.unwrap();
        let client = RedisClient::new(&server.url().parse().unwrap(), &"counted".parse().unwrap()).unwrap();
        let connection = redis::Client::open(server.url()).unwrap().get_multiplexed_async_connection().await.unwrap();
        let (store, bus) = (RedisStore::new(client.clone()), RedisBus::new(client));
        StoreRig::new(Arc::new(store), Arc::new(bus), server).with_meter(Commands(connection))
    }

    hfd_shared::job_store_cost_contract!(make);
}

mod redis_bus {
    use super::*;

    async fn make() -> BusRig {
        BusRig::new(Arc::new(RedisBus::new(client().await)), ())
    }

    hfd_shared::event_bus_contract!(make);
}

mod redis_limiter {
    use super::*;

    async fn make() -> LimiterRig {
        LimiterRig::new(Arc::new(RedisLimiter::new(client().await)), ())
    }

    hfd_shared::hub_limiter_contract!(make);
}

mod redis_roster {
    use super::*;

    async fn make() -> RosterRig {
        RosterRig::new(Arc::new(RedisRoster::new(client().await)), ())
    }

    hfd_shared::roster_contract!(make);
}

mod redis_bandwidth {
    use super::*;

    async fn make() -> BandwidthRig {
        BandwidthRig::new(Arc::new(RedisBandwidth::new(client().await)))
    }

    hfd_shared::bandwidth_contract!(make);
}
