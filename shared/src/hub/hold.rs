//! After a 429 nobody in this process asks the Hub until the time that it told.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The time before which nothing is sent to the Hub.
#[derive(Debug, Default)]
pub(super) struct Hold {
    until: Mutex<Option<Instant>>,
}

impl Hold {
    /// Notes that the Hub wants nothing for so long.
    pub(super) fn extend(&self, wait: Duration) {
        let until = Instant::now().checked_add(wait);
        let mut held = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        *held = (*held).max(until);
    }

    /// How long to wait yet, if at all.
    pub(super) fn rest(&self) -> Option<Duration> {
        let held = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        held.map(|until| until.saturating_duration_since(Instant::now())).filter(|rest| !rest.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_wait_counts() {
        let hold = Hold::default();
        assert_eq!(hold.rest(), None);
        hold.extend(Duration::from_mins(5));
        hold.extend(Duration::from_secs(1));
        assert!(hold.rest() > Some(Duration::from_mins(4)));
    }
}
