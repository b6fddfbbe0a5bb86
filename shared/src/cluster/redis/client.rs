//! The connection to Redis: made when it is needed, shared by all, made anew when it breaks.

use std::sync::{Arc, Mutex as StdMutex};
use std::time::{Duration, Instant};

use redis::aio::{MultiplexedConnection, PubSub};
use redis::sentinel::SentinelClient;
use redis::{
    AsyncConnectionConfig, Client, ErrorKind, FromRedisValue, Pipeline, RedisError, RedisResult, Script,
    ScriptInvocation, ServerErrorKind,
};
use tokio::sync::Mutex;
use tracing::{debug, info, warn};

use super::url::RedisUrl;
use crate::cluster::Prefix;
use crate::lock::lock;
use crate::ports::StoreError;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// Longer than any script takes, also on a busy server; a failover is not waited for.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(4);

/// Pauses before a step that a broken connection has interrupted is tried again: all steps may be repeated.
const RETRY_PAUSES: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(400)];

/// Pauses between attempts to connect, from the first failure on; meanwhile every step fails at once.
const CONNECT_PAUSE_MIN: Duration = Duration::from_millis(100);
const CONNECT_PAUSE_MAX: Duration = Duration::from_secs(3);

/// Where a connection comes from.
pub(super) enum Server {
    Single(Client),
    Sentinel(Mutex<SentinelClient>),
}

impl Server {
    async fn client(&self) -> RedisResult<Client> {
        match self {
            Self::Single(client) => Ok(client.clone()),
            Self::Sentinel(sentinel) => sentinel.lock().await.async_get_client().await,
        }
    }
}

/// A client of one Redis under one prefix. Clones share their connection.
#[derive(Clone)]
pub struct RedisClient {
    inner: Arc<Inner>,
}

struct Inner {
    server: Server,
    url: RedisUrl,
    tag: String,
    connection: StdMutex<Option<Connection>>,
    connecting: Mutex<Connecting>,
}

/// A connection, which any number of requests share.
#[derive(Clone)]
struct Connection {
    number: u64,
    commands: MultiplexedConnection,
}

/// The last connection's number, and the attempts since that failed in a row.
#[derive(Default)]
struct Connecting {
    number: u64,
    failed: Option<Failed>,
}

struct Failed {
    error: RedisError,
    again_at: Instant,
    pause: Duration,
}

/// What can be sent, again if need be.
enum Request<'a> {
    Script(&'a ScriptInvocation<'a>),
    Commands(&'a Pipeline),
}

impl Request<'_> {
    async fn send<T: FromRedisValue>(&self, mut connection: MultiplexedConnection) -> RedisResult<T> {
        match self {
            Self::Script(invocation) => invocation.invoke_async(&mut connection).await,
            Self::Commands(commands) => commands.query_async(&mut connection).await,
        }
    }
}

impl RedisClient {
    /// A client whose keys begin with `{prefix}`; nothing is sent yet.
    ///
    /// # Errors
    /// When the client library refuses the address.
    pub fn new(url: &RedisUrl, prefix: &Prefix) -> Result<Self, StoreError> {
        let server = url.server().map_err(|error| StoreError::Unavailable(format!("{url}: {error}")))?;
        let inner = Inner {
            server,
            url: url.clone(),
            tag: format!("{{{prefix}}}"),
            connection: StdMutex::default(),
            connecting: Mutex::default(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The prefix in its braces: what a Redis Cluster chooses the slot by.
    pub(super) fn tag(&self) -> &str {
        &self.inner.tag
    }

    /// The name of a key.
    pub(super) fn key(&self, rest: &str) -> String {
        format!("{}:{rest}", self.inner.tag)
    }

    /// Runs a script; `prepare` adds its keys and arguments behind the prefix, which is the first key.
    pub(super) async fn run<T: FromRedisValue>(
        &self,
        script: &Script,
        prepare: impl FnOnce(&mut ScriptInvocation<'_>),
    ) -> Result<T, StoreError> {
        let mut invocation = script.prepare_invoke();
        invocation.key(&self.inner.tag);
        prepare(&mut invocation);
        self.retrying(Request::Script(&invocation)).await
    }

    /// Sends commands that may be repeated. A server that is full refuses transactions, also such as only read; then they are
    /// sent as they are: hardly anything changes meanwhile.
    pub(super) async fn query<T: FromRedisValue>(&self, commands: &Pipeline) -> Result<T, StoreError> {
        match self.retrying(Request::Commands(commands)).await {
            Err(StoreError::Full(_)) if commands.is_transaction() => {
                let mut one_by_one = redis::pipe();
                for command in commands.cmd_iter() {
                    one_by_one.add_command(command.clone());
                }
                self.retrying(Request::Commands(&one_by_one)).await
            }
            answered => answered,
        }
    }

    /// A connection of its own that hears messages.
    pub(super) async fn listen(&self) -> Result<PubSub, StoreError> {
        let connect = async { self.inner.server.client().await?.get_async_pubsub().await };
        match tokio::time::timeout(CONNECT_TIMEOUT, connect).await {
            Ok(connected) => connected.map_err(|error| self.unavailable(&error)),
            Err(_) => Err(StoreError::Unavailable(format!("{}: no answer", self.inner.url))),
        }
    }

    async fn retrying<T: FromRedisValue>(&self, request: Request<'_>) -> Result<T, StoreError> {
        let mut pauses = RETRY_PAUSES.into_iter();
        loop {
            let connection = self.connection().await.map_err(|error| self.unavailable(&error))?;
            let error = match request.send(connection.commands).await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            if !is_of_connection(&error) {
                return Err(self.refused(&error));
            }
            self.disconnect(connection.number);
            // Who waited for the whole time limit has waited long enough.
            let pause = if error.is_timeout() { None } else { pauses.next() };
            let Some(pause) = pause else { return Err(self.unavailable(&error)) };
            debug!(%error, "Redis is asked again");
            tokio::time::sleep(pause).await;
        }
    }

    /// The connection that all share. It is made by a task of its own, which goes on when the caller gives up.
    async fn connection(&self) -> RedisResult<Connection> {
        if let Some(connection) = self.current() {
            return Ok(connection);
        }
        let client = self.clone();
        let connecting = tokio::spawn(async move { client.reconnect().await });
        connecting.await.unwrap_or_else(|error| Err(RedisError::from(std::io::Error::other(error))))
    }

    async fn reconnect(&self) -> RedisResult<Connection> {
        let mut connecting = self.inner.connecting.lock().await;
        // Whoever had the lock before may have connected.
        if let Some(connection) = self.current() {
            return Ok(connection);
        }
        if let Some(failed) = connecting.failed.as_ref().filter(|failed| Instant::now() < failed.again_at) {
            return Err(failed.error.clone());
        }
        match self.connect().await {
            Ok(commands) => {
                if connecting.failed.take().is_some() {
                    info!(redis = %self.inner.url, "connected to Redis again");
                }
                connecting.number += 1;
                let connection = Connection { number: connecting.number, commands };
                *lock(&self.inner.connection) = Some(connection.clone());
                Ok(connection)
            }
            Err(error) => {
                let pause = connecting.failed.as_ref().map_or(CONNECT_PAUSE_MIN, |failed| failed.pause * 2);
                let pause = pause.min(CONNECT_PAUSE_MAX);
                if connecting.failed.is_none() {
                    warn!(redis = %self.inner.url, %error, "cannot connect to Redis");
                }
                connecting.failed = Some(Failed { error: error.clone(), again_at: Instant::now() + pause, pause });
                Err(error)
            }
        }
    }

    async fn connect(&self) -> RedisResult<MultiplexedConnection> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT_TIMEOUT))
            .set_response_timeout(Some(RESPONSE_TIMEOUT));
        let connect =
            async { self.inner.server.client().await?.get_multiplexed_async_connection_with_config(&config).await };
        match tokio::time::timeout(2 * CONNECT_TIMEOUT, connect).await {
            Ok(connected) => connected,
            Err(_) => Err(RedisError::from(std::io::Error::from(std::io::ErrorKind::TimedOut))),
        }
    }

    fn current(&self) -> Option<Connection> {
        lock(&self.inner.connection).clone()
    }

    /// Drops the connection that has failed, unless there is a newer one.
    fn disconnect(&self, number: u64) {
        let mut current = lock(&self.inner.connection);
        if current.as_ref().is_some_and(|current| current.number == number) {
            *current = None;
        }
    }

    fn unavailable(&self, error: &RedisError) -> StoreError {
        StoreError::Unavailable(format!("Redis at {}: {error}", self.inner.url))
    }

    /// What the server says to a step that has reached it.
    fn refused(&self, error: &RedisError) -> StoreError {
        match (error.code(), error.kind()) {
            (Some("CORRUPT"), _) => StoreError::Corrupt {
                at: format!("Redis at {}", self.inner.url),
                reason: error.detail().unwrap_or("unknown").to_owned(),
            },
            _ if says(error, "OOM") => StoreError::Full(format!("Redis at {}: {error}", self.inner.url)),
            (_, ErrorKind::UnexpectedReturnType) => {
                StoreError::Corrupt { at: format!("Redis at {}", self.inner.url), reason: error.to_string() }
            }
            _ => self.unavailable(error),
        }
    }
}

/// Whether another connection, perhaps to another server, may do better.
fn is_of_connection(error: &RedisError) -> bool {
    error.is_io_error()
        || error.is_connection_dropped()
        || error.is_timeout()
        || says(error, "READONLY")
        || says(error, "MASTERDOWN")
        || says(error, "NOREPLICAS")
        || matches!(
            error.kind(),
            ErrorKind::Parse | ErrorKind::Server(ServerErrorKind::BusyLoading | ServerErrorKind::TryAgain)
        )
}

/// Whether this is the server's word for what went wrong, with any of the commands. Before version 7.0 it stands in the middle of
/// what is said of a script.
fn says(error: &RedisError, word: &str) -> bool {
    let errors = error.clone().into_server_errors();
    errors.iter().flat_map(|errors| errors.iter()).any(|(_, error)| {
        error.code() == word || error.details().is_some_and(|details| details.contains(&format!(" -{word} ")))
    })
}

#[cfg(test)]
mod tests {
    use redis::{Value, parse_redis_value};

    use super::*;

    fn error(line: &str) -> RedisError {
        match parse_redis_value(format!("-{line}\r\n").as_bytes()).unwrap() {
            Value::ServerError(error) => error.into(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_demoted_server_is_left_also_if_it_says_so_of_a_script() {
        let plain = error("READONLY You can't write against a read only replica.");
        let of_script = error(
            "ERR Error running script (call to f_1): @user_script:9: @user_script: 9: -READONLY You can't write against a read only replica.",
        );
        assert!(is_of_connection(&plain) && is_of_connection(&of_script));
        assert!(is_of_connection(&error("NOREPLICAS Not enough good replicas to write.")));
        assert!(!is_of_connection(&error("ERR Error running script (call to f_1): @user_script:9: no such key")));
    }
}
