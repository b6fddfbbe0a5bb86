//! One client's place in what happens: first `init`, then every message after it that concerns the client.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hfd_shared::job::{JobId, Version};
use tokio::sync::{oneshot, watch};

use super::backlog::{About, After, Backlog, News};
use super::message::Message;
use super::relay::Relay;

/// Ended jobs, each with the version in which it has ended.
pub(super) type Ended = Arc<HashMap<JobId, Version>>;

/// The jobs at one moment.
#[derive(Debug)]
pub(super) struct Init {
    /// The `init`.
    pub(super) message: Message,
    /// The number of the last message before it.
    pub(super) number: u64,
    /// Those that have ended, those that did not fit included: nobody needs to be told again.
    pub(super) ended: Ended,
    /// Whether there are no jobs.
    pub(super) is_empty: bool,
}

/// What is to be sent to a client.
#[derive(Debug)]
pub(crate) struct Told {
    /// How many messages before it were dropped, for the client was too slow.
    pub(crate) missed: u64,
    /// The number of the message among all that were told.
    pub(super) number: u64,
    what: What,
}

#[derive(Debug)]
enum What {
    Init(Arc<Init>),
    News(Arc<News>),
}

impl Told {
    /// The message.
    pub(crate) fn message(&self) -> &Message {
        match &self.what {
            What::Init(init) => &init.message,
            What::News(news) => &news.message,
        }
    }
}

/// Why there is nothing more to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The jobs cannot be read now.
    NoJobs,
    /// The only job that the client follows is gone.
    JobGone,
}

/// Counts the clients.
#[derive(Debug)]
struct Presence(Arc<AtomicUsize>);

impl Presence {
    fn new(clients: &Arc<AtomicUsize>) -> Self {
        clients.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(clients))
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Where a client is.
#[derive(Debug)]
enum Place {
    /// It needs an `init`, which may be on its way.
    Begin(Option<oneshot::Receiver<Arc<Init>>>),
    /// It has had the message of this number.
    Behind(u64),
    /// The job that it follows is gone.
    Over,
}

/// A client's place.
pub(crate) struct Follow {
    relay: Relay,
    backlog: Arc<Backlog>,
    last: watch::Receiver<u64>,
    /// The only job that it wants to hear of.
    job: Option<JobId>,
    place: Place,
    /// What the last `init` said; the message itself is not held on to.
    ended: Ended,
    missed: u64,
    _presence: Presence,
}

impl Follow {
    /// Begins with an `init`.
    pub(super) fn new(relay: &Relay, job: Option<JobId>) -> Self {
        Self {
            relay: relay.clone(),
            backlog: Arc::clone(&relay.backlog),
            last: relay.last.clone(),
            job,
            place: Place::Begin(None),
            ended: Ended::default(),
            missed: 0,
            _presence: Presence::new(&relay.clients),
        }
    }

    /// Begins behind the message of this number if everything after it is still there, otherwise with an `init`.
    pub(super) fn behind(relay: &Relay, job: Option<JobId>, number: Option<u64>) -> Self {
        // It counts as a client before it looks: from then on the messages stay.
        let mut follow = Self::new(relay, job);
        if let Some(number) = number.filter(|number| relay.backlog.reaches(*number)) {
            follow.place = Place::Behind(number);
        }
        follow
    }

    /// Whether the next message is an `init`.
    pub(crate) fn begins_anew(&self) -> bool {
        matches!(self.place, Place::Begin(_))
    }

    /// Waits for the next message. Nothing is lost when the wait is given up and begun again.
    pub(crate) async fn next(&mut self) -> Result<Told, End> {
        loop {
            match &mut self.place {
                Place::Begin(None) => self.place = Place::Begin(Some(self.relay.join(self.job).await?)),
                Place::Begin(Some(init)) => {
                    let init = init.await.map_err(|_| End::NoJobs)?;
                    return Ok(self.begin(init));
                }
                Place::Behind(number) => {
                    let number = *number;
                    self.last.mark_unchanged();
                    match self.backlog.after(number) {
                        After::News(news) => {
                            self.place = Place::Behind(news.number);
                            if self.concerns(&news) {
                                return Ok(self.tell(news));
                            }
                        }
                        After::Lost(count) => {
                            self.missed += count;
                            self.place = Place::Begin(None);
                        }
                        After::Nothing => self.last.changed().await.map_err(|_| End::NoJobs)?,
                    }
                }
                Place::Over => return Err(End::JobGone),
            }
        }
    }

    fn begin(&mut self, init: Arc<Init>) -> Told {
        let is_over = self.job.is_some() && init.is_empty;
        self.place = if is_over { Place::Over } else { Place::Behind(init.number) };
        self.ended = Arc::clone(&init.ended);
        Told { missed: std::mem::take(&mut self.missed), number: init.number, what: What::Init(init) }
    }

    fn tell(&mut self, news: Arc<News>) -> Told {
        if self.job.is_some() && news.about == About::Removal {
            self.place = Place::Over;
        }
        Told { missed: std::mem::take(&mut self.missed), number: news.number, what: What::News(news) }
    }

    /// Whether the client wants to hear of it and has not seen it in `init`.
    fn concerns(&self, news: &News) -> bool {
        let is_known = matches!(news.about, About::End(end) if self.ended.get(&news.job) == Some(&end));
        self.job.is_none_or(|job| job == news.job) && !is_known
    }
}
