//! The store and the broker that the processes of a cluster share.

use std::fmt::Display;

use clap::Args;
use secrecy::{ExposeSecret, SecretString};

use super::UsageError;
use super::secret::{given, name, secret};
use crate::cluster::{BrokerUrl, Credentials, Prefix, RedisUrl};

/// Names the services of a cluster.
#[derive(Debug, Clone, Args)]
pub struct ClusterArgs {
    /// Redis, the store of the jobs: `redis://`, `rediss://` or `redis+sentinel://`
    #[arg(long, value_name = "URL", env = "HFD_STATE", hide_env_values = true, value_parser = secret())]
    pub state: Option<SecretString>,
    /// User name for Redis, instead of one in its URL
    #[arg(long, value_name = "NAME", env = "HFD_STATE_USER")]
    pub state_user: Option<String>,
    /// Password for Redis, instead of one in its URL
    #[arg(long, value_name = "PASSWORD", env = "HFD_STATE_PASSWORD", hide_env_values = true, value_parser = secret())]
    pub state_password: Option<SecretString>,
    /// User name for the Sentinels of Redis, which do not get the one for Redis
    #[arg(long, value_name = "NAME", env = "HFD_STATE_SENTINEL_USER")]
    pub state_sentinel_user: Option<String>,
    /// Password for the Sentinels of Redis, which do not get the one for Redis
    #[arg(long, value_name = "PASSWORD", env = "HFD_STATE_SENTINEL_PASSWORD", hide_env_values = true, value_parser = secret())]
    pub state_sentinel_password: Option<SecretString>,
    /// RabbitMQ, the broker of the tasks: `amqp://` or `amqps://`
    #[arg(long, value_name = "URL", env = "HFD_BROKER", hide_env_values = true, value_parser = secret())]
    pub broker: Option<SecretString>,
    /// User name for RabbitMQ, instead of one in its URL
    #[arg(long, value_name = "NAME", env = "HFD_BROKER_USER")]
    pub broker_user: Option<String>,
    /// Password for RabbitMQ, instead of one in its URL
    #[arg(long, value_name = "PASSWORD", env = "HFD_BROKER_PASSWORD", hide_env_values = true, value_parser = secret())]
    pub broker_password: Option<SecretString>,
    /// Begins the names of all keys and queues; the same for all processes of a cluster
    #[arg(long, env = "HFD_PREFIX", default_value = "hfd")]
    pub prefix: Prefix,
}

/// Where the processes of a cluster meet.
#[derive(Debug, Clone)]
pub struct ClusterConfig {
    /// The store of the jobs.
    pub state: RedisUrl,
    /// The broker of the tasks.
    pub broker: BrokerUrl,
    /// Begins the names of all keys and queues.
    pub prefix: Prefix,
}

impl ClusterArgs {
    /// The cluster that the flags name.
    ///
    /// # Errors
    /// When the store or the broker is missing or their URL cannot be one. No error shows a password.
    pub fn config(&self) -> Result<ClusterConfig, UsageError> {
        let needed = |value: Option<&SecretString>, what: &str| given(value).ok_or_else(|| UsageError(what.to_owned()));
        let state = needed(self.state.as_ref(), "no job store: set --state or HFD_STATE, such as redis://host:6379")?;
        let broker = needed(self.broker.as_ref(), "no broker: set --broker or HFD_BROKER, such as amqp://host:5672")?;
        let refused = |flag: &str, error: &dyn Display| UsageError(format!("{flag}: {error}"));
        let state: RedisUrl = state.expose_secret().parse().map_err(|error| refused("--state", &error))?;
        let broker: BrokerUrl = broker.expose_secret().parse().map_err(|error| refused("--broker", &error))?;
        let sentinels = credentials(self.state_sentinel_user.as_ref(), self.state_sentinel_password.as_ref());
        if !state.has_sentinels() && (sentinels.user.is_some() || sentinels.password.is_some()) {
            let problem = "credentials for Sentinels, and --state names none: write it such as redis+sentinel://host:26379/master";
            return Err(UsageError(format!("--state-sentinel-user, --state-sentinel-password: {problem}")));
        }
        if sentinels.user.is_some() && sentinels.password.is_none() {
            return Err(UsageError("--state-sentinel-user needs --state-sentinel-password beside it".to_owned()));
        }
        let state = state.with_credentials(credentials(self.state_user.as_ref(), self.state_password.as_ref()));
        Ok(ClusterConfig {
            state: state.with_sentinel_credentials(sentinels),
            broker: broker.with_credentials(credentials(self.broker_user.as_ref(), self.broker_password.as_ref())),
            prefix: self.prefix.clone(),
        })
    }
}

/// What is given beside a URL; blank values count as absent.
fn credentials(user: Option<&String>, password: Option<&SecretString>) -> Credentials {
    Credentials { user: user.map(|text| name(text)).filter(|user| !user.trim().is_empty()), password: given(password) }
}
