//! The last messages, numbered: every client reads them at its own pace, and one that was away for a moment goes on where
//! it was.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

use hfd_shared::job::{JobId, Version};
use hfd_shared::lock::lock;

use super::message::Message;

/// Limits of what is kept: a client that is further behind begins anew.
const MAX_MESSAGES: usize = 512;
const MAX_BYTES: usize = 8 << 20;

/// What a message tells of its job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    /// How it is, or that its files changed.
    State,
    /// That it has ended in this version.
    End(Version),
    /// That it is gone.
    Removal,
}

/// A message about a job.
#[derive(Debug)]
pub(super) struct News {
    /// Its place among all messages.
    pub(super) number: u64,
    /// The job.
    pub(super) job: JobId,
    /// What it tells.
    pub(super) about: About,
    /// The message.
    pub(super) message: Message,
}

/// What comes after a number.
#[derive(Debug)]
pub(super) enum After {
    /// The next message.
    News(Arc<News>),
    /// So many messages, which are not kept any more.
    Lost(u64),
    /// Nothing yet.
    Nothing,
}

/// The messages. A number is never given twice.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    ring: Mutex<Ring>,
}

#[derive(Debug, Default)]
struct Ring {
    /// Numbered without a gap; the last one has the number `last`.
    news: VecDeque<Arc<News>>,
    bytes: usize,
    last: u64,
}

impl Ring {
    /// The number before that of the first message that is kept.
    fn floor(&self) -> u64 {
        self.last - self.news.len() as u64
    }
}

impl Backlog {
    /// Adds a message; returns its number.
    pub(super) fn add(&self, job: JobId, about: About, message: Message) -> u64 {
        let mut ring = self.ring();
        ring.last += 1;
        ring.bytes += message.data().len();
        let number = ring.last;
        ring.news.push_back(Arc::new(News { number, job, about, message }));
        while ring.news.len() > MAX_MESSAGES || ring.bytes > MAX_BYTES {
            let Some(oldest) = ring.news.pop_front() else { break };
            ring.bytes -= oldest.message.data().len();
        }
        number
    }

    /// Drops all messages: everybody begins anew. Returns the last number.
    pub(super) fn clear(&self) -> u64 {
        let mut ring = self.ring();
        *ring = Ring { last: ring.last + 1, ..Ring::default() };
        ring.last
    }

    /// The number of the last message.
    pub(super) fn last(&self) -> u64 {
        self.ring().last
    }

    /// What comes after a message.
    pub(super) fn after(&self, number: u64) -> After {
        let ring = self.ring();
        match number.checked_sub(ring.floor()) {
            None => After::Lost(ring.floor() - number),
            Some(place) => match usize::try_from(place).ok().and_then(|place| ring.news.get(place)) {
                Some(news) => After::News(Arc::clone(news)),
                None => After::Nothing,
            },
        }
    }

    /// Whether everything after a message is still kept.
    pub(super) fn reaches(&self, number: u64) -> bool {
        let ring = self.ring();
        (ring.floor()..=ring.last).contains(&number)
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        lock(&self.ring)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(backlog: &Backlog) -> u64 {
        let job = JobId::random().unwrap();
        backlog.add(job, About::State, Message::job_removed(job))
    }

    /// The number of the next message, if it is there; or how many are lost.
    fn after(backlog: &Backlog, number: u64) -> Result<Option<u64>, u64> {
        match backlog.after(number) {
            After::News(news) => Ok(Some(news.number)),
            After::Nothing => Ok(None),
            After::Lost(count) => Err(count),
        }
    }

    #[test]
    fn who_reads_in_time_gets_every_message_once() {
        let backlog = Backlog::default();
        assert_eq!(after(&backlog, 0), Ok(None));
        for number in 1..=2000 {
            assert_eq!(add(&backlog), number);
            assert_eq!(after(&backlog, number - 1), Ok(Some(number)));
            assert_eq!(after(&backlog, number), Ok(None));
        }
    }

    #[test]
    fn who_is_too_slow_learns_how_many_messages_it_missed() {
        let backlog = Backlog::default();
        let kept = MAX_MESSAGES as u64;
        for _ in 0..kept + 10 {
            add(&backlog);
        }
        assert_eq!(after(&backlog, 3), Err(7));
        assert_eq!(after(&backlog, 10), Ok(Some(11)));
        assert!(backlog.reaches(10) && backlog.reaches(kept + 10));
        assert!(!backlog.reaches(9) && !backlog.reaches(kept + 11));
    }

    #[test]
    fn long_messages_are_kept_up_to_a_limit_of_bytes() {
        let backlog = Backlog::default();
        let job = JobId::random().unwrap();
        for _ in 0..40 {
            let long = Message::init(&[serde_json::Value::String("x".repeat(500_000))]);
            backlog.add(job, About::State, long);
        }
        assert!(!backlog.reaches(20) && backlog.reaches(30));
    }

    #[test]
    fn after_a_clearing_everybody_has_missed_something() {
        let backlog = Backlog::default();
        let last = add(&backlog);
        assert_eq!(backlog.clear(), last + 1);
        assert_eq!(after(&backlog, last), Err(1));
        assert!(!backlog.reaches(last));
        assert_eq!(after(&backlog, backlog.last()), Ok(None));
    }
}
