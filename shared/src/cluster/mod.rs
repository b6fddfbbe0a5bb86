//! The ports over a cluster: Redis holds the truth and rings the bells, RabbitMQ hands the tasks out.

mod credentials;
mod prefix;
mod queue;
mod redis;

pub use self::credentials::Credentials;
pub use self::prefix::Prefix;
pub use self::queue::{BrokerUrl, BrokerUrlError, RabbitQueue};
pub use self::redis::{RedisBandwidth, RedisBus, RedisClient, RedisLimiter, RedisRoster, RedisStore, RedisUrl};
