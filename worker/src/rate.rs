//! How fast bytes come.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The window over which the rate is taken.
const WINDOW: Duration = Duration::from_secs(3);

/// It is longer, up to this, until bytes have come so often in it: under a low limit they come in bursts, seconds apart.
const LONGEST_WINDOW: Duration = Duration::from_secs(20);
const FEWEST_ARRIVALS: usize = 4;

/// Bytes a second over a sliding window.
#[derive(Default)]
pub(crate) struct Rate {
    /// How many bytes there were, each time that there were more.
    arrivals: VecDeque<(Instant, u64)>,
}

impl Rate {
    /// Notes how many bytes there are in all by now; returns how many came a second.
    pub(crate) fn observe(&mut self, total_bytes: u64) -> u64 {
        self.observe_at(total_bytes, Instant::now())
    }

    fn observe_at(&mut self, total_bytes: u64, now: Instant) -> u64 {
        if self.arrivals.back().is_none_or(|(_, bytes)| *bytes != total_bytes) {
            self.arrivals.push_back((now, total_bytes));
        }
        while self.arrivals.len() > 1 && now - self.arrivals[0].0 > self.window() {
            self.arrivals.pop_front();
        }
        let (since, bytes) = self.arrivals[0];
        let millis = u64::try_from((now - since).as_millis()).unwrap_or(u64::MAX);
        (total_bytes - bytes).saturating_mul(1000).checked_div(millis).unwrap_or(0)
    }

    fn window(&self) -> Duration {
        if self.arrivals.len() > FEWEST_ARRIVALS { WINDOW } else { LONGEST_WINDOW }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICK: Duration = Duration::from_millis(250);

    /// The rates that are shown for two minutes, if so many bytes come with each tick that says so.
    fn shown(bytes: u64, comes: impl Fn(u32) -> bool) -> Vec<u64> {
        let (mut rate, mut total, begin) = (Rate::default(), 0, Instant::now());
        let tick = |tick| {
            total += if comes(tick) { bytes } else { 0 };
            rate.observe_at(total, begin + TICK * tick)
        };
        (0..480).map(tick).collect()
    }

    #[test]
    fn a_steady_flow_has_its_rate() {
        assert!(shown(1000, |_| true)[1..].iter().all(|rate| *rate == 4000));
    }

    #[test]
    fn bursts_have_about_the_rate_that_they_make_together() {
        let rates = shown(4000, |tick| tick % 16 == 0);
        assert!(rates[64..].iter().all(|rate| (750..=1250).contains(rate)), "{rates:?}");
    }

    #[test]
    fn a_flow_that_ends_is_soon_slow_and_then_none() {
        let rates = shown(1000, |tick| tick < 40);
        assert!(rates[80] < 400 && rates[121] == 0, "{rates:?}");
    }
}
