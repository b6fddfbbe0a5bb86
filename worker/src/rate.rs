//! How fast bytes come.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The window over which the rate is taken.
const WINDOW: Duration = Duration::from_secs(3);

/// Bytes a second over a sliding window.
#[derive(Default)]
pub(crate) struct Rate {
    samples: VecDeque<(Instant, u64)>,
}

impl Rate {
    /// Notes how many bytes there are in all by now; returns how many came a second.
    pub(crate) fn observe(&mut self, total_bytes: u64) -> u64 {
        let now = Instant::now();
        self.samples.push_back((now, total_bytes));
        while self.samples.len() > 2 && now - self.samples[0].0 > WINDOW {
            self.samples.pop_front();
        }
        let (since, bytes) = self.samples[0];
        let millis = u64::try_from((now - since).as_millis()).unwrap_or(u64::MAX);
        (total_bytes - bytes).saturating_mul(1000).checked_div(millis).unwrap_or(0)
    }
}
