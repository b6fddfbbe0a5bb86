//! `GET /api/ws`: every change of a job, pushed. One [`session`] a client writes what the feed tells.

mod session;

use hfd_shared::metrics::{EventClient, Transport};
use poem::web::websocket::{BoxWebSocketUpgraded, WebSocket, WebSocketConfig};
use poem_openapi::OpenApi;
use poem_openapi::param::Query;

use crate::document::{Failure, STORE_AWAY, Statuses};
use crate::feed::{Feed, MAX_MESSAGE_BYTES};

/// Buffers of a connection, as documented.
const BUFFER_BYTES: usize = 1024;

/// How a connection is refused.
struct SocketFailures;

impl Statuses for SocketFailures {
    const LIST: &'static [(u16, &'static str)] = &[
        (400, "The request is no WebSocket handshake"),
        (403, "The page that connects is of another site"),
        (404, "There is no such job"),
        STORE_AWAY,
    ];
}

/// Pushes changes of jobs.
pub(crate) struct WebSocketApi(pub(crate) Feed);

#[OpenApi]
impl WebSocketApi {
    /// Real-time updates via WebSocket
    ///
    /// Each text frame is a JSON object with `type`, `seq` and `data`. `init` comes first: `{jobs, version}`. `job_update` is
    /// a job that changed. `event` is `{event, jobId}`: the end of a job (`download_complete`, `download_failed`,
    /// `download_cancelled`, and the same for `verify`, `remove` and `prune`), `files_changed` (read the job's files anew)
    /// or `job_removed`. `seq` counts from 1; where a number is missing, messages were dropped, and an `init` follows.
    /// Messages are at most 512 KB; a job in them has at most 200 of its files.
    #[oai(path = "/api/ws", method = "get", operation_id = "openWebSocket")]
    async fn open(
        &self,
        /// Tell of this job only.
        job: Query<Option<String>>,
        socket: WebSocket,
    ) -> Result<BoxWebSocketUpgraded, Failure<SocketFailures>> {
        let feed = &self.0;
        let follow = feed.follow(job.0.as_deref()).await?;
        let config = WebSocketConfig::default()
            .read_buffer_size(BUFFER_BYTES)
            .write_buffer_size(BUFFER_BYTES)
            .max_message_size(Some(MAX_MESSAGE_BYTES))
            .max_frame_size(Some(MAX_MESSAGE_BYTES));
        // From here on the session counts: a shutdown waits for it even before the upgrade is done.
        let (token, times, stop) = (feed.sessions.token(), feed.times(), feed.stop.clone());
        let upgraded = socket.config(config).on_upgrade(move |socket| async move {
            let _counted = EventClient::begin(Transport::WebSocket);
            session::run(socket, follow, times, &stop).await;
            drop(token);
        });
        Ok(upgraded.boxed())
    }
}
