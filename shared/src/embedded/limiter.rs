//! The Hub's budgets within one process.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use async_trait::async_trait;

use crate::lock::lock;
use crate::ports::{Account, Bucket, Budget, HubLimiter, MAX_WINDOW, Permit, SAME_WINDOW, StoreError};

/// A [`HubLimiter`] for the clients of this process.
#[derive(Debug, Default)]
pub struct LocalLimiter {
    known: Mutex<HashMap<(Account, Bucket), Known>>,
}

/// What is known of one budget.
#[derive(Debug, Default, Clone, Copy)]
struct Known {
    window: Option<Window>,
    held_until: Option<Instant>,
}

#[derive(Debug, Clone, Copy)]
struct Window {
    remaining: u64,
    resets_at: Instant,
}

impl LocalLimiter {
    /// A limiter that knows of no limit yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Does something with what is known of a budget; what is past is forgotten, for all of them.
    fn with<T>(&self, account: &Account, bucket: Bucket, work: impl FnOnce(&mut Known, Instant) -> T) -> T {
        let now = Instant::now();
        let mut all = self.lock();
        all.retain(|_, known| known.forget_past(now));
        work(all.entry((account.clone(), bucket)).or_default(), now)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(Account, Bucket), Known>> {
        lock(&self.known)
    }
}

impl Known {
    /// Forgets what is past; returns whether anything is left.
    fn forget_past(&mut self, now: Instant) -> bool {
        self.window = self.window.filter(|window| now < window.resets_at);
        self.held_until = self.held_until.filter(|until| now < *until);
        self.window.is_some() || self.held_until.is_some()
    }

    fn take(&mut self, now: Instant) -> Permit {
        let spent_until = self.window.filter(|window| window.remaining == 0).map(|window| window.resets_at);
        if let Some(until) = spent_until.max(self.held_until) {
            return Permit::Wait(until.saturating_duration_since(now));
        }
        if let Some(window) = &mut self.window {
            window.remaining -= 1;
        }
        Permit::Go
    }

    fn announce(&mut self, budget: Budget, now: Instant) {
        let told = Window { remaining: budget.remaining, resets_at: now + budget.resets_in.min(MAX_WINDOW) };
        self.window = Some(match self.window {
            Some(known) if told.resets_at + SAME_WINDOW < known.resets_at => known,
            Some(known) if told.resets_at <= known.resets_at + SAME_WINDOW => {
                Window { remaining: known.remaining.min(told.remaining), ..known }
            }
            _ => told,
        });
    }

    fn hold(&mut self, wait: Duration, now: Instant) {
        self.held_until = self.held_until.max(Some(now + wait.min(MAX_WINDOW)));
    }
}

#[async_trait]
impl HubLimiter for LocalLimiter {
    async fn take(&self, account: &Account, bucket: Bucket) -> Result<Permit, StoreError> {
        Ok(self.with(account, bucket, Known::take))
    }

    async fn announce(&self, account: &Account, bucket: Bucket, budget: Budget) -> Result<(), StoreError> {
        self.with(account, bucket, |known, now| known.announce(budget, now));
        Ok(())
    }

    async fn hold(&self, account: &Account, bucket: Bucket, wait: Duration) -> Result<(), StoreError> {
        self.with(account, bucket, |known, now| known.hold(wait, now));
        Ok(())
    }
}
