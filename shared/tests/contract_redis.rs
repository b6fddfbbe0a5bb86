//! The Redis adapters keep the contracts of their ports, on a real server.
#![expect(clippy::unwrap_used, reason = "a rig that cannot be made fails its case")]

use std::sync::Arc;

use hfd_shared::cluster::{RedisBandwidth, RedisBus, RedisClient, RedisLimiter, RedisRoster, RedisStore};
use hfd_shared::job::JobId;
use hfd_shared::ports::contract::{BandwidthRig, BusRig, LimiterRig, RosterRig, StoreRig};
use hfd_tests::services::shared_redis;

/// A client with a prefix of its own on the server of this test binary.
async fn client() -> RedisClient {
    let server = shared_redis().await.unwrap();
    RedisClient::new(&server.url().parse().unwrap(), &JobId::random().unwrap().to_string().parse().unwrap()).unwrap()
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
