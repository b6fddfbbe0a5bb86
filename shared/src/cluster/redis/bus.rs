//! Doorbells over Redis pub/sub. The store's scripts ring them in the step that changes a job.

use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt;
use redis::aio::{PubSubSink, PubSubStream};
use redis::{Msg, pipe};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;
use tracing::{debug, warn};

use super::client::RedisClient;
use crate::job::JobId;
use crate::ports::{EventBus, Heard, StoreError, Subscription};

/// A subscriber that is further behind than this misses doorbells, and is told so.
const BACKLOG: usize = 1024;

/// A connection that is silent for so long is asked whether it is still there: one that is half open would be silent for
/// ever.
const SILENCE: Duration = Duration::from_secs(5);

/// How long such an answer may take.
const PONG_TIMEOUT: Duration = Duration::from_secs(3);

/// Pauses between attempts to subscribe.
const PAUSE_MIN: Duration = Duration::from_millis(200);
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// An [`EventBus`] for all processes that share a Redis and a prefix.
pub struct RedisBus {
    client: RedisClient,
}

impl RedisBus {
    /// A bus on this client's Redis.
    pub fn new(client: RedisClient) -> Self {
        Self { client }
    }
}

#[async_trait]
impl EventBus for RedisBus {
    async fn ring(&self, job: JobId) {
        let mut commands = pipe();
        commands.cmd("PUBLISH").arg(self.client.key("events")).arg(job.to_string());
        if let Err(error) = self.client.query::<()>(&commands).await {
            debug!(%job, %error, "doorbell not rung");
        }
    }

    async fn subscribe(&self) -> Box<dyn Subscription> {
        let listener = Listener { client: self.client.clone() };
        // Heard from here on, if Redis is there; if not, the first thing that is heard is a gap.
        let line = listener.connect().await;
        if let Err(error) = &line {
            warn!(%error, "not subscribed to doorbells yet");
        }
        let (sender, bells) = mpsc::channel(BACKLOG);
        let task = AbortOnDropHandle::new(tokio::spawn(listener.run(line.ok(), sender)));
        Box::new(Ear { bells, _task: task })
    }
}

/// One subscriber's ear; the connection is served by a task of its own, which ends with it.
struct Ear {
    bells: mpsc::Receiver<Heard>,
    _task: AbortOnDropHandle<()>,
}

#[async_trait]
impl Subscription for Ear {
    async fn next(&mut self) -> Option<Heard> {
        self.bells.recv().await
    }
}

struct Line {
    sink: PubSubSink,
    bells: PubSubStream,
}

struct Listener {
    client: RedisClient,
}

impl Listener {
    async fn run(self, mut line: Option<Line>, sender: mpsc::Sender<Heard>) {
        loop {
            if let Some(line) = line.take() {
                hear(line, &sender).await;
                warn!("doorbells lost; subscribing again");
            }
            line = Some(self.reconnect().await);
            // What was rung in between is not known.
            if sender.send(Heard::Resync).await.is_err() {
                return;
            }
        }
    }

    async fn connect(&self) -> Result<Line, StoreError> {
        let (mut sink, bells) = self.client.listen().await?.split();
        let subscribed = timeout(PONG_TIMEOUT, sink.subscribe(self.client.key("events"))).await;
        match subscribed {
            Ok(Ok(())) => Ok(Line { sink, bells }),
            Ok(Err(error)) => Err(StoreError::Unavailable(error.to_string())),
            Err(_) => Err(StoreError::Unavailable("no answer to the subscription".to_owned())),
        }
    }

    /// Subscribes again, as often as it takes.
    async fn reconnect(&self) -> Line {
        let mut pause = PAUSE_MIN;
        loop {
            tokio::time::sleep(pause).await;
            match self.connect().await {
                Ok(line) => return line,
                Err(error) => debug!(%error, "not subscribed to doorbells"),
            }
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }
}

/// Passes doorbells on until the connection is lost. Who is too far behind is to read everything anew: until he can be told,
/// bells are heard and dropped, for the client would keep them all.
async fn hear(mut line: Line, sender: &mpsc::Sender<Heard>) {
    let mut is_behind = false;
    loop {
        let heard = tokio::select! {
            room = sender.reserve(), if is_behind => {
                let Ok(room) = room else { return };
                room.send(Heard::Resync);
                is_behind = false;
                continue;
            }
            heard = timeout(SILENCE, line.bells.next()) => heard,
        };
        match heard {
            Ok(Some(_)) if is_behind => {}
            Ok(Some(bell)) => is_behind = !pass(&bell, sender),
            Ok(None) => return,
            Err(_) => {
                let pong = timeout(PONG_TIMEOUT, line.sink.ping::<redis::Value>()).await;
                if !matches!(pong, Ok(Ok(_))) {
                    return;
                }
            }
        }
    }
}

/// Returns whether there was room.
fn pass(bell: &Msg, sender: &mpsc::Sender<Heard>) -> bool {
    let job: Option<JobId> = bell.get_payload::<String>().ok().and_then(|job| job.parse().ok());
    let Some(job) = job else {
        debug!("strange doorbell");
        return true;
    };
    !matches!(sender.try_send(Heard::Changed(job)), Err(TrySendError::Full(_)))
}
