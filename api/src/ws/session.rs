//! One client's connection: `init`, then what changes, until somebody has enough.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use poem::web::websocket::{CloseCode, Message, WebSocketStream};
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tracing::debug;

use super::relay::{Joined, News, Relay, Update};

const PING_EVERY: Duration = Duration::from_secs(30);
const READ_TIMEOUT: Duration = Duration::from_mins(1);
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a client may take to answer our Close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// Why a session ends.
enum End {
    /// The server stops.
    Stopped,
    /// The jobs cannot be read now.
    NoJobs,
    /// The client closed, is silent, or does not read.
    Gone(&'static str),
}

/// Serves a client until it goes or the server stops.
pub(super) async fn run(mut socket: WebSocketStream, relay: &Relay, stop: &CancellationToken) {
    let end = tokio::select! {
        biased;
        () = stop.cancelled() => End::Stopped,
        end = serve(&mut socket, relay) => end,
    };
    let (code, reason) = match end {
        End::Stopped => (CloseCode::Away, "the server stops"),
        End::NoJobs => (CloseCode::Again, "the job store is unavailable, try again later"),
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

async fn serve(socket: &mut WebSocketStream, relay: &Relay) -> End {
    match follow(socket, relay).await {
        Ok(never) => match never {},
        Err(end) => end,
    }
}

/// Sends everything that is new to the client.
async fn follow(socket: &mut WebSocketStream, relay: &Relay) -> Result<std::convert::Infallible, End> {
    let mut joined = join(socket, relay).await?;
    let mut ping = interval_at(Instant::now() + PING_EVERY, PING_EVERY);
    ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut silent_at = Instant::now() + READ_TIMEOUT;
    loop {
        tokio::select! {
            received = socket.next() => match received {
                Some(Ok(Message::Close(_))) | None => return Err(End::Gone("closed")),
                Some(Ok(_)) => silent_at = Instant::now() + READ_TIMEOUT,
                Some(Err(_)) => return Err(End::Gone("broken")),
            },
            news = joined.news.recv() => match news {
                Ok(News::Changed(update)) => forward(socket, &joined, &update).await?,
                Ok(News::Gone) | Err(RecvError::Lagged(_)) => joined = join(socket, relay).await?,
                Err(RecvError::Closed) => return Err(End::NoJobs),
            },
            _ = ping.tick() => send(socket, Message::ping(Vec::new())).await?,
            () = sleep_until(silent_at) => return Err(End::Gone("silent")),
        }
    }
}

async fn join(socket: &mut WebSocketStream, relay: &Relay) -> Result<Joined, End> {
    let joined = relay.join().await.ok_or(End::NoJobs)?;
    send(socket, Message::text(&*joined.init.text)).await?;
    Ok(joined)
}

/// Sends an update unless `init` had it; and the end of the job unless `init` knew it.
async fn forward(socket: &mut WebSocketStream, joined: &Joined, update: &Update) -> Result<(), End> {
    let known = joined.init.known.get(&update.job);
    if known.is_some_and(|known| known.order >= update.mark.order) {
        return Ok(());
    }
    send(socket, Message::text(&*update.text)).await?;
    match &update.end {
        Some(end) if update.mark.is_new_end(known) => send(socket, Message::text(&**end)).await,
        _ => Ok(()),
    }
}

async fn send(socket: &mut WebSocketStream, message: Message) -> Result<(), End> {
    match timeout(WRITE_TIMEOUT, socket.send(message)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(End::Gone("broken")),
        Err(_) => Err(End::Gone("does not read")),
    }
}
