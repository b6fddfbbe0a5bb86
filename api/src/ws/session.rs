//! One client's connection: `init`, then what changes, until somebody has enough.

use std::convert::Infallible;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use poem::web::websocket::{CloseCode, Message, WebSocketStream};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tracing::debug;

use crate::feed::{self, FeedTimes, Follow};

const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a client may take to answer our Close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// Why a session ends.
enum End {
    /// The server stops.
    Stopped,
    /// There is nothing more to tell.
    Feed(feed::End),
    /// The client closed, is silent, or does not read.
    Gone(&'static str),
}

/// Serves a client until it goes or the server stops.
pub(super) async fn run(mut socket: WebSocketStream, follow: Follow, times: FeedTimes, stop: &CancellationToken) {
    let end = tokio::select! {
        biased;
        () = stop.cancelled() => End::Stopped,
        end = serve(&mut socket, follow, times) => end,
    };
    let (code, reason) = match end {
        End::Stopped => (CloseCode::Away, "the server stops"),
        End::Feed(feed::End::NoJobs) => (CloseCode::Again, "the job store is unavailable, try again later"),
        End::Feed(feed::End::JobGone) => (CloseCode::Normal, "the job is gone"),
        End::Gone(reason) => return debug!(reason, "websocket client is gone"),
    };
    let closing = async {
        socket.send(Message::close_with(code, reason)).await?;
        while let Some(Ok(_)) = socket.next().await {}
        Ok::<(), std::io::Error>(())
    };
    if !matches!(timeout(CLOSE_TIMEOUT, closing).await, Ok(Ok(()))) {
        debug!("websocket client did not answer the close");
    }
}

async fn serve(socket: &mut WebSocketStream, follow: Follow, times: FeedTimes) -> End {
    match push(socket, follow, times).await {
        Ok(never) => match never {},
        Err(end) => end,
    }
}

/// Sends everything that is new to the client. What it sends is only taken as a sign of life.
async fn push(socket: &mut WebSocketStream, mut follow: Follow, times: FeedTimes) -> Result<Infallible, End> {
    let mut seq = 0;
    let mut ping = interval_at(Instant::now() + times.ping_every, times.ping_every);
    ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut silent_at = Instant::now() + times.read_timeout;
    loop {
        tokio::select! {
            received = socket.next() => match received {
                Some(Ok(Message::Close(_))) | None => return Err(End::Gone("closed")),
                Some(Ok(_)) => silent_at = Instant::now() + times.read_timeout,
                Some(Err(_)) => return Err(End::Gone("broken")),
            },
            told = follow.next() => {
                let told = told.map_err(End::Feed)?;
                seq += told.missed + 1;
                send(socket, Message::text(told.message().text(seq))).await?;
            }
            _ = ping.tick() => send(socket, Message::ping(Vec::new())).await?,
            () = sleep_until(silent_at) => return Err(End::Gone("silent")),
        }
    }
}

async fn send(socket: &mut WebSocketStream, message: Message) -> Result<(), End> {
    match timeout(WRITE_TIMEOUT, socket.send(message)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(End::Gone("broken")),
        Err(_) => Err(End::Gone("does not read")),
    }
}
