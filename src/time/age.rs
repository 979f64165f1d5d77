//! Does what was said at a moment still count as of now? Neither what is too old does, nor what lies ahead of the clock.

use std::time::{Duration, SystemTime};

/// Why a moment does not count as now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Untimely {
    /// So old, more than was allowed.
    Stale(Duration),
    /// Further ahead of the clock than clocks are apart.
    Ahead(Duration),
}

/// Judges a moment at `now`, of which something may be `max` old.
pub(crate) fn untimely(time: SystemTime, now: SystemTime, max: Duration) -> Option<Untimely> {
    match now.duration_since(time) {
        Ok(age) => (age > max).then_some(Untimely::Stale(age)),
        Err(ahead) => (ahead.duration() > CLOCKS_APART).then_some(Untimely::Ahead(ahead.duration())),
    }
}

/// How far ahead a moment may be and still count as now.
pub(crate) const CLOCKS_APART: Duration = Duration::from_secs(5 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(seconds_ago: i64) -> Option<Untimely> {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs((1_700_000_000 - seconds_ago).unsigned_abs());
        untimely(time, now, Duration::from_secs(600))
    }

    #[test]
    fn fresh_up_to_the_maximum_age() {
        assert_eq!(judged(600), None);
        assert_eq!(judged(601), Some(Untimely::Stale(Duration::from_secs(601))));
    }

    #[test]
    fn five_minutes_ahead_count_as_now() {
        assert_eq!(judged(-300), None);
        assert_eq!(judged(-301), Some(Untimely::Ahead(Duration::from_secs(301))));
    }
}
