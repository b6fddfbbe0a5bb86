//! When a callback that failed is tried again. The schedule goes by the job's end, so no count has to be kept.

use std::time::Duration;

/// The times between two tries; the first follows the job's end at once. After almost a day it is given up.
const GAPS: [Duration; 10] = [
    Duration::from_secs(1),
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_mins(2),
    Duration::from_mins(10),
    Duration::from_mins(30),
    Duration::from_hours(1),
    Duration::from_hours(3),
    Duration::from_hours(6),
    Duration::from_hours(12),
];

/// A receiver that has just failed has at least this pause.
const PAUSE_MIN: Duration = Duration::from_secs(1);

/// How long to wait for the next try, so long after the job's end; none when there was the last.
pub(crate) fn next_try(age: Duration) -> Option<Duration> {
    let mut due = Duration::ZERO;
    for gap in GAPS {
        due += gap;
        if let Some(left) = due.checked_sub(age).filter(|left| !left.is_zero()) {
            return Some(left.max(PAUSE_MIN));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pauses_grow_and_after_a_day_there_are_none() {
        let (mut age, mut pauses) = (Duration::ZERO, Vec::new());
        while let Some(pause) = next_try(age) {
            pauses.push(pause);
            age += pause;
        }
        assert_eq!(pauses, GAPS);
        assert!(age < Duration::from_hours(24));
        assert_eq!(next_try(Duration::from_millis(5_900)), Some(PAUSE_MIN));
        assert_eq!(next_try(Duration::from_secs(10)), Some(Duration::from_secs(26)), "a try that took its time");
    }
}
