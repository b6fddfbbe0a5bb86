//! The job store and the event bus on Redis.
//!
//! Each step that changes something is one Lua script (`scripts/`), so it is atomic and may be repeated after a lost answer.
//! All keys begin with one prefix in braces: a Redis Cluster keeps them in one slot. `docs/redis.md` lists them.

/// A script of the folder `scripts`, behind what all of them share.
macro_rules! script {
    ($name:literal) => {
        redis::Script::new(concat!(
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/cluster/redis/scripts/lib.lua")),
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/cluster/redis/scripts/", $name, ".lua"))
        ))
    };
}

mod bandwidth;
mod bus;
mod client;
mod limiter;
mod roster;
mod store;
mod url;

pub use bandwidth::RedisBandwidth;
pub use bus::RedisBus;
pub use client::RedisClient;
pub use limiter::RedisLimiter;
pub use roster::RedisRoster;
pub use store::RedisStore;
pub use url::RedisUrl;
