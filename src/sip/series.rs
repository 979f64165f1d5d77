//! What do the round trips of a series of requests say? Median, longest, jitter, loss: no socket, no clock.

use std::time::{Duration, Instant};

/// How many requests are sent, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pace {
    /// At least one.
    pub count: u32,
    /// From one request to the next; above zero.
    pub interval: Duration,
}

impl Pace {
    /// How long all of them take, the wait for the last one's answer included.
    pub(crate) fn whole(&self) -> Duration {
        self.interval.saturating_mul(self.count)
    }

    /// When the next request is due after one that was due at `due` and was sent at `sent`: by the clock, so that the pace is
    /// kept; but whoever is late is given a chance to be answered.
    pub(crate) fn next(&self, due: Instant, sent: Instant) -> Instant {
        (due + self.interval).max(sent + self.interval / 2)
    }
}

/// What came of each request, in their order: the time to its answer, or that it was lost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RoundTrips {
    sent: Vec<Option<Duration>>,
    /// How many were not even sent, because the series broke off.
    unsent: usize,
}

impl RoundTrips {
    /// Adds the next one; `None` was lost.
    pub(crate) fn add(&mut self, took: Option<Duration>) {
        self.sent.push(took);
    }

    /// Gives up the rest of `count` requests: a series that breaks off has no answer to those either.
    pub(crate) fn give_up(&mut self, count: u32) {
        self.unsent = usize::try_from(count).unwrap_or(usize::MAX).saturating_sub(self.sent());
    }

    pub(crate) const fn sent(&self) -> usize {
        self.sent.len()
    }

    pub(crate) const fn unsent(&self) -> usize {
        self.unsent
    }

    pub(crate) fn answered(&self) -> usize {
        self.known().count()
    }

    /// The one in the middle; of an even number, the mean of the two in the middle. Unknown without an answer.
    pub(crate) fn median(&self) -> Option<Duration> {
        let mut known: Vec<_> = self.known().collect();
        known.sort_unstable();
        let upper = *known.get(known.len() / 2)?;
        let lower = *known.get((known.len() - 1) / 2)?;
        Some((lower + upper) / 2)
    }

    pub(crate) fn longest(&self) -> Option<Duration> {
        self.known().max()
    }

    /// The mean of how much each answered one differs from the answered one before it, whatever was lost in between. Unknown
    /// with fewer than two answers.
    pub(crate) fn jitter(&self) -> Option<Duration> {
        let differences = self.known().zip(self.known().skip(1)).map(|(one, next)| one.abs_diff(next));
        let pairs = u32::try_from(self.answered().checked_sub(1)?).ok().filter(|pairs| *pairs > 0)?;
        Some(differences.sum::<Duration>() / pairs)
    }

    /// What share has no answer, in per cent, to four decimals, with those that were given up. Unknown when none was sent.
    pub(crate) fn loss(&self) -> Option<f64> {
        let all = u32::try_from(self.sent() + self.unsent).ok()?;
        let answered = u32::try_from(self.answered()).ok()?;
        let share = f64::from(all - answered) * 100.0 / f64::from(all);
        (self.sent() > 0).then_some((share * 1e4).round() / 1e4)
    }

    fn known(&self) -> impl Iterator<Item = Duration> + '_ {
        self.sent.iter().copied().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Round trips in milliseconds; 0 is one that was lost.
    fn of(trips: &[u64]) -> RoundTrips {
        let sent = trips.iter().map(|trip| (*trip > 0).then_some(Duration::from_millis(*trip))).collect();
        RoundTrips { sent, unsent: 0 }
    }

    fn in_ms(duration: Option<Duration>) -> Option<f64> {
        duration.map(|duration| duration.as_secs_f64() * 1e3)
    }

    #[test]
    fn nothing_is_known_of_nothing() {
        let none = RoundTrips::default();
        assert_eq!((none.median(), none.longest(), none.jitter(), none.loss()), (None, None, None, None));
    }

    #[test]
    fn all_is_lost_when_nobody_answers() {
        let lost = of(&[0, 0, 0]);
        assert_eq!((lost.sent(), lost.answered(), lost.loss()), (3, 0, Some(100.0)));
        assert_eq!((lost.median(), lost.longest(), lost.jitter()), (None, None, None));
    }

    #[test]
    fn the_median_is_not_moved_by_one_that_is_slow() {
        assert_eq!(in_ms(of(&[2, 900, 1]).median()), Some(2.0));
        assert_eq!(in_ms(of(&[4, 2, 900, 1]).median()), Some(3.0));
        assert_eq!(in_ms(of(&[0, 7, 0]).median()), Some(7.0));
        assert_eq!(in_ms(of(&[2, 900, 1]).longest()), Some(900.0));
    }

    #[test]
    fn jitter_is_the_mean_difference_of_neighbours_that_were_answered() {
        assert_eq!(in_ms(of(&[1, 3, 2]).jitter()), Some(1.5));
        assert_eq!(in_ms(of(&[1, 0, 3, 0, 0, 2]).jitter()), Some(1.5));
        assert_eq!(in_ms(of(&[5, 5]).jitter()), Some(0.0));
        assert_eq!(of(&[5]).jitter(), None);
        assert_eq!(of(&[0, 5, 0]).jitter(), None);
    }

    #[test]
    fn loss_is_a_share_of_those_that_were_sent() {
        for (trips, loss) in [(&[1, 1][..], 0.0), (&[1, 0], 50.0), (&[1, 1, 0], 33.3333), (&[0], 100.0)] {
            assert_eq!(of(trips).loss(), Some(loss), "{trips:?}");
        }
    }

    #[test]
    fn what_a_series_that_breaks_off_did_not_send_is_lost_too() {
        for (trips, unsent, loss) in [(&[1, 0][..], 8, 90.0), (&[1, 1], 2, 50.0), (&[0], 3, 100.0), (&[1; 4], 0, 0.0)] {
            let mut broken = of(trips);
            broken.give_up(u32::try_from(trips.len()).unwrap() + unsent);
            assert_eq!((broken.unsent(), broken.loss()), (unsent as usize, Some(loss)), "{trips:?}");
        }
        let mut never_begun = RoundTrips::default();
        never_begun.give_up(5);
        assert_eq!(never_begun.loss(), None);
    }

    #[test]
    fn a_series_takes_an_interval_for_each_of_its_requests() {
        let pace = Pace { count: 10, interval: Duration::from_millis(50) };
        assert_eq!(pace.whole(), Duration::from_millis(500));
    }

    #[test]
    fn the_next_request_is_due_by_the_clock_and_half_an_interval_behind_one_that_is_late() {
        let (pace, due) = (Pace { count: 10, interval: Duration::from_millis(100) }, Instant::now());
        for (late, next) in [(0, 100), (50, 100), (60, 110), (300, 350)] {
            let sent = due + Duration::from_millis(late);
            assert_eq!(pace.next(due, sent), due + Duration::from_millis(next), "{late} ms late");
        }
    }

    proptest! {
        #[test]
        fn median_and_jitter_are_never_beyond_the_longest(trips in proptest::collection::vec(0_u64..10_000, 0..50)) {
            let series = of(&trips);
            prop_assert!(series.median() <= series.longest());
            prop_assert!(series.jitter() <= series.longest());
            prop_assert!(series.loss().is_none_or(|loss| (0.0..=100.0).contains(&loss)));
            prop_assert_eq!(series.median().is_some(), series.answered() > 0);
        }
    }
}
