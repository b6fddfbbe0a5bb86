//! What a [`HubLimiter`](crate::ports::HubLimiter) promises.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use super::{LimiterRig, eventually};
use crate::ports::{Account, Bucket, Budget, MAX_WINDOW, Permit};

/// Long enough not to pass during a case.
const WINDOW: Duration = Duration::from_mins(5);
/// Short enough to wait for its end.
const SHORT: Duration = Duration::from_millis(50);

fn account(token: &str) -> Account {
    Account::new(&"https://hub.example".parse().unwrap(), Some(&SecretString::from(token)))
}

impl LimiterRig {
    async fn take(&self) -> Permit {
        self.limiter.take(&account("a"), Bucket::Api).await.unwrap()
    }

    async fn announce(&self, remaining: u64, resets_in: Duration) {
        self.limiter.announce(&account("a"), Bucket::Api, Budget { remaining, resets_in }).await.unwrap();
    }

    async fn hold(&self, wait: Duration) {
        self.limiter.hold(&account("a"), Bucket::Api, wait).await.unwrap();
    }

    /// How many may be sent before the wait begins; 100 at most.
    async fn left(&self) -> usize {
        for taken in 0..100 {
            if self.take().await != Permit::Go {
                return taken;
            }
        }
        100
    }

    /// Nothing passes, for no longer than this and not much less.
    async fn assert_waits(&self, longest: Duration) {
        match self.take().await {
            Permit::Wait(wait) => assert!(wait <= longest && wait + Duration::from_secs(10) > longest, "{wait:?}"),
            Permit::Go => panic!("it went through"),
        }
    }
}

/// The Hub tells with each answer; before the first there is nothing to go by.
pub async fn what_is_not_known_is_not_limited(rig: &LimiterRig) {
    assert_eq!(rig.left().await, 100);
}

/// Until nothing is left; then all wait for the end of the window.
pub async fn a_budget_is_spent_by_those_who_take(rig: &LimiterRig) {
    rig.announce(3, WINDOW).await;
    assert_eq!(rig.left().await, 3);
    rig.assert_waits(WINDOW).await;
}

/// Takers that race.
pub async fn of_many_takers_at_once_no_more_go_than_the_budget_has(rig: &LimiterRig) {
    rig.announce(5, WINDOW).await;
    let takers = (0..16).map(|_| {
        let limiter = Arc::clone(&rig.limiter);
        tokio::spawn(async move { limiter.take(&account("a"), Bucket::Api).await.unwrap() })
    });
    let mut went = 0;
    for taker in takers.collect::<Vec<_>>() {
        went += usize::from(taker.await.unwrap() == Permit::Go);
    }
    assert_eq!(went, 5);
}

/// What it then has is not known before the next answer.
pub async fn a_spent_budget_is_fresh_after_its_window(rig: &LimiterRig) {
    rig.announce(0, SHORT).await;
    eventually(async || (rig.take().await == Permit::Go).then_some(())).await;
    assert_eq!(rig.left().await, 100);
    rig.announce(2, WINDOW).await;
    assert_eq!(rig.left().await, 2);
}

/// An answer may be overtaken by another, and requests are under way that it does not count.
pub async fn of_two_answers_about_a_window_the_smaller_counts(rig: &LimiterRig) {
    let (earlier, later) = (Duration::from_secs(299), Duration::from_secs(301));
    rig.announce(9, WINDOW).await;
    rig.announce(4, later).await;
    rig.announce(8, earlier).await;
    assert_eq!(rig.take().await, Permit::Go);
    rig.announce(4, WINDOW).await;
    assert_eq!(rig.left().await, 3);
}

/// It has a budget of its own.
pub async fn a_later_window_replaces_the_known_one(rig: &LimiterRig) {
    rig.announce(0, Duration::from_secs(20)).await;
    rig.announce(7, WINDOW).await;
    assert_eq!(rig.left().await, 7);
}

/// Its answer was under way for long.
pub async fn an_older_window_is_ignored(rig: &LimiterRig) {
    rig.announce(2, WINDOW).await;
    rig.announce(0, Duration::from_secs(20)).await;
    assert_eq!(rig.left().await, 2);
}

/// The Hub may refuse for reasons of its own, and answers that were under way say nothing about that.
pub async fn a_hold_lets_nothing_pass_whatever_is_left(rig: &LimiterRig) {
    rig.announce(9, WINDOW).await;
    rig.hold(Duration::from_secs(30)).await;
    rig.announce(9, WINDOW).await;
    rig.assert_waits(Duration::from_secs(30)).await;
    rig.announce(0, WINDOW).await;
    rig.assert_waits(WINDOW).await;
}

/// What was left before is left after it.
pub async fn a_hold_ends_by_itself(rig: &LimiterRig) {
    rig.announce(3, WINDOW).await;
    rig.hold(SHORT).await;
    eventually(async || (rig.take().await == Permit::Go).then_some(())).await;
    assert_eq!(rig.left().await, 2);
}

/// Several requests may be refused at once.
pub async fn the_longest_hold_counts(rig: &LimiterRig) {
    rig.hold(Duration::from_secs(30)).await;
    rig.hold(WINDOW).await;
    rig.hold(Duration::from_secs(1)).await;
    rig.assert_waits(WINDOW).await;
}

/// As the Hub counts them.
pub async fn accounts_and_buckets_are_apart(rig: &LimiterRig) {
    rig.announce(0, WINDOW).await;
    rig.hold(WINDOW).await;
    assert_eq!(rig.limiter.take(&account("a"), Bucket::Resolvers).await.unwrap(), Permit::Go);
    assert_eq!(rig.limiter.take(&account("b"), Bucket::Api).await.unwrap(), Permit::Go);
    rig.assert_waits(WINDOW).await;
}

/// A server may say anything.
pub async fn nobody_waits_longer_than_the_longest_window(rig: &LimiterRig) {
    rig.announce(u64::MAX, Duration::MAX).await;
    assert_eq!(rig.take().await, Permit::Go);
    rig.announce(0, Duration::MAX).await;
    rig.assert_waits(MAX_WINDOW).await;
    rig.hold(Duration::MAX).await;
    rig.assert_waits(MAX_WINDOW).await;
}
