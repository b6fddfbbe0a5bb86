//! `GET /api/ws`: every change of a job, pushed.
//!
//! One [`relay`] a process hears the doorbells, reads the store and broadcasts; one [`session`] a client writes what is
//! new to it. [`message`] shapes the messages, [`size`] keeps them below their limit.

mod message;
mod relay;
mod session;
mod size;

use std::sync::Arc;

use poem::web::websocket::{BoxWebSocketUpgraded, WebSocket, WebSocketConfig};
use poem_openapi::OpenApi;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::document::{Failure, Statuses};
use crate::state::ApiState;
use relay::Relay;

/// Buffers of a connection, as documented.
const BUFFER_BYTES: usize = 1024;

/// How a connection is refused.
struct SocketFailures;

impl Statuses for SocketFailures {
    const LIST: &'static [(u16, &'static str)] =
        &[(400, "The request is no WebSocket handshake"), (403, "The page that connects is of another site")];
}

/// What sessions need, and what ends them.
#[derive(Clone)]
pub(crate) struct Feed {
    relay: Relay,
    sessions: TaskTracker,
    stop: CancellationToken,
}

impl Feed {
    /// Starts the relay. The tracker holds it and every session; all end soon after `stop`.
    pub(crate) fn start(state: &Arc<ApiState>, sessions: TaskTracker, stop: CancellationToken) -> Self {
        let relay = Relay::start(Arc::clone(state), &sessions, stop.clone());
        Self { relay, sessions, stop }
    }
}

/// Pushes changes of jobs.
pub(crate) struct WebSocketApi(pub(crate) Feed);

#[OpenApi]
impl WebSocketApi {
    /// Real-time updates via WebSocket
    ///
    /// Each text frame is a JSON object with `type` and `data`. `init` comes first: `{jobs, version}`; it comes again when
    /// the client was too slow to get each change. `job_update` is a job that changed. `event` is
    /// `{event, jobId}` with `download_complete`, `download_failed` or `download_cancelled`, once for each end. Messages
    /// are at most 512 KB; a job in them has at most 200 of its files.
    #[oai(path = "/api/ws", method = "get", operation_id = "openWebSocket")]
    #[expect(clippy::unused_async, reason = "poem-openapi wants it")]
    async fn open(&self, socket: WebSocket) -> Result<BoxWebSocketUpgraded, Failure<SocketFailures>> {
        let config = WebSocketConfig::default()
            .read_buffer_size(BUFFER_BYTES)
            .write_buffer_size(BUFFER_BYTES)
            .max_message_size(Some(size::MAX_MESSAGE_BYTES))
            .max_frame_size(Some(size::MAX_MESSAGE_BYTES));
        let Feed { relay, sessions, stop } = self.0.clone();
        // From here on the session counts: a shutdown waits for it even before the upgrade is done.
        let token = sessions.token();
        let upgraded = socket.config(config).on_upgrade(move |socket| async move {
            session::run(socket, &relay, &stop).await;
            drop(token);
        });
        Ok(upgraded.boxed())
    }
}
