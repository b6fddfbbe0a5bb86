//! One connection to the broker, made when it is needed and made anew when it was lost.
//!
//! lapin's own recovery stays off: it does not know of channels that the broker closed, and we want to say when a broker
//! that is away is tried again.

use std::sync::Arc;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use lapin::{Connection, ConnectionProperties};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};
use tracing::{info, warn};

use super::config::BrokerUrl;
use super::unavailable;
use crate::ports::QueueError;

/// The code of an orderly end: <https://www.rabbitmq.com/amqp-0-9-1-reference#constants>.
pub(super) const REPLY_SUCCESS: u16 = 200;

/// The pauses between attempts: 0.5 s to 30 s, each up to as much again by chance, so that processes do not come in step.
pub(super) fn pauses() -> ExponentialBackoff {
    ExponentialBuilder::new()
        .with_min_delay(Duration::from_millis(500))
        .with_max_delay(LONGEST_PAUSE)
        .without_max_times()
        .with_jitter()
        .build()
}

/// The longest of them, before chance adds to it.
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// A connection and the pauses between attempts to make it. A clone is the same link.
#[derive(Debug, Clone)]
pub(super) struct Link {
    url: BrokerUrl,
    /// What the connection is for, as shown in the broker's list.
    name: &'static str,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    connection: Option<Arc<Connection>>,
    pauses: ExponentialBackoff,
    failed: Option<Failed>,
}

/// Why there is no connection, and when that may change.
#[derive(Debug)]
struct Failed {
    reason: String,
    again_at: Instant,
}

impl Link {
    pub(super) fn new(url: BrokerUrl, name: &'static str) -> Self {
        let state = State { connection: None, pauses: pauses(), failed: None };
        Self { url, name, state: Arc::new(Mutex::new(state)) }
    }

    /// The connection. Fails at once during the pause after a failure.
    pub(super) async fn connection(&self) -> Result<Arc<Connection>, QueueError> {
        if let Some(known) = self.state.lock().await.known() {
            return known;
        }
        // In a task of its own: a caller that gives up does not end the attempt, for others wait for it, too.
        let link = self.clone();
        let attempt = tokio::spawn(async move { link.connect().await });
        attempt.await.unwrap_or_else(|error| Err(unavailable(format!("connecting broke off: {error}"))))
    }

    /// The broker does what it is asked to: the next pause is short again.
    pub(super) async fn works(&self) {
        self.state.lock().await.pauses = pauses();
    }

    /// A connection that does not do what it should is given up, if it is still the present one.
    pub(super) async fn give_up(&self, connection: &Arc<Connection>, reason: &str) {
        let mut state = self.state.lock().await;
        if state.connection.as_ref().is_some_and(|present| Arc::ptr_eq(present, connection)) {
            state.connection = None;
            state.fail(reason.to_owned());
        }
    }

    /// How long the pause after a failure lasts.
    pub(super) async fn pause(&self) -> Duration {
        let state = self.state.lock().await;
        let again_at = state.failed.as_ref().map(|failed| failed.again_at);
        again_at.map_or(Duration::ZERO, |again_at| again_at.saturating_duration_since(Instant::now()))
    }

    /// Ends the connection, if there is one; the broker puts back what was taken on it and not settled.
    pub(super) async fn close(&self) {
        let connection = self.state.lock().await.connection.take();
        if let Some(connection) = connection
            && let Err(error) = connection.close(REPLY_SUCCESS, "closed by the client".into()).await
        {
            info!(broker = %self.url, connection = self.name, %error, "connection was not closed in order");
        }
    }

    async fn connect(&self) -> Result<Arc<Connection>, QueueError> {
        let mut state = self.state.lock().await;
        if let Some(known) = state.known() {
            return known;
        }
        let properties = ConnectionProperties::default().with_connection_name(self.name.into());
        let limit = self.url.connect_limit();
        let reason = match timeout(limit, Connection::connect_uri(self.url.uri().clone(), properties)).await {
            Ok(Ok(connection)) => {
                info!(broker = %self.url, connection = self.name, "connected to the broker");
                let connection = Arc::new(connection);
                state.connection = Some(Arc::clone(&connection));
                return Ok(connection);
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer within {limit:?}"),
        };
        let reason = format!("cannot connect to {}: {reason}", self.url);
        warn!(connection = self.name, reason, "no connection to the broker");
        state.fail(reason.clone());
        Err(unavailable(reason))
    }
}

impl State {
    /// What can be said without an attempt to connect.
    fn known(&self) -> Option<Result<Arc<Connection>, QueueError>> {
        if let Some(connection) = self.connection.as_ref().filter(|connection| connection.status().connected()) {
            return Some(Ok(Arc::clone(connection)));
        }
        let failed = self.failed.as_ref().filter(|failed| failed.again_at > Instant::now())?;
        Some(Err(unavailable(failed.reason.clone())))
    }

    fn fail(&mut self, reason: String) {
        let pause = self.pauses.next().unwrap_or(LONGEST_PAUSE);
        self.failed = Some(Failed { reason, again_at: Instant::now() + pause });
    }
}
