//! Are the totals of the calls to be believed? What they cannot be, and when a doubt of them changes nothing.

use crate::counters::rate::Growth;
use crate::report::{Class, Failure};

/// Whether what may have been counted before all samples changes nothing of note: of the rest alone, which is enough, too many were
/// rejected as well, or as few, and a growth that is mostly of that kind is not taken for calm. A flood that is rejected is one,
/// however fast it came.
pub(super) fn is_sure(growth: &Growth<2>, minimum: u64, is_violated: impl Fn(Option<f64>) -> bool) -> bool {
    let (alerts, [calls, rejected]) = (is_violated(share_of(growth.by)), growth.sure());
    let is_alike = calls.max(rejected) >= minimum.max(1) && is_violated(share_of([calls, rejected])) == alerts;
    growth.doubtful == [0; 2] || alerts && (growth.resets == 0 || is_alike) || is_alike && !growth.is_mostly_doubtful()
}

/// What to say of totals whose falls are hardly restarts, or that rose too fast.
pub(super) fn in_doubt(falls: usize) -> String {
    if falls == 0 {
        let text = "the totals rose by more than 100 calls a second: do two sources answer under one name, or was one value wrong?";
        return text.to_owned();
    }
    let times = if falls == 1 { "once".to_owned() } else { format!("{falls} times") };
    format!(
        "the totals went down {times} and were not counted from zero: do two sources answer under one name, or does the \
         service restart again and again?"
    )
}

/// The share that was rejected, in per cent; `None` without a call. The two are not read at the same moment: a call may be
/// received before the base, and rejected behind it.
pub(super) fn share_of([calls, rejected]: [u64; 2]) -> Option<f64> {
    (calls > 0).then(|| rejected.min(calls) as f64 * 100.0 / calls as f64)
}

/// Whether more calls were rejected than there were, by more than those that came between the reading of the two.
pub(super) fn is_excess(rejected: u64, received: u64) -> bool {
    rejected.saturating_sub(received) > (received / 20).max(3)
}

/// The failure of more calls rejected than there were.
pub(super) fn changed_over(rejected: u64, received: u64) -> Failure {
    let text = format!(
        "{rejected} calls rejected and only {received} received: expected fewer; are the counters changed over \
         (--counter-name)?"
    );
    Failure::new(Class::NoData, text)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;
    use crate::counters::rate::{Totals, growth};

    /// Whether a growth of so many calls and rejected ones is sure, where 25 per cent is the threshold.
    fn sure(samples: &[[u64; 2]]) -> bool {
        let at = |index: usize| UNIX_EPOCH + Duration::from_secs(1_700_000_000 + 600 * index as u64);
        let samples: Vec<_> =
            samples.iter().enumerate().map(|(index, &values)| Totals { time: at(index), values }).collect();
        is_sure(&growth(&samples).unwrap(), 10, |share| share.is_some_and(|share| share > 25.0))
    }

    #[test]
    fn a_doubt_is_one_only_where_it_would_change_the_state() {
        assert!(sure(&[[1_000, 10], [1_100, 20]]));
        // Two restarts: of two steps one may be doubtful, and the other says the same.
        assert!(sure(&[[100, 0], [200, 90], [1, 1], [101, 95], [1, 1], [90, 85], [180, 170]]));
        assert!(sure(&[[100, 0], [200, 5], [1, 0], [101, 5], [1, 0], [90, 5], [180, 9], [270, 9], [360, 9]]));
        // Calm, but for what one step brings back.
        assert!(!sure(&[[100, 0], [200, 90], [1, 0], [60, 50], [5_000, 60]]));
        // Nothing but what may be of another source, or too little beside it.
        assert!(!sure(&[[100_000, 300], [900, 3], [100_050, 310]]));
        assert!(!sure(&[[100_000, 90_000], [900, 3], [100_050, 90_005]]));
        // A flood is rejected.
        assert!(sure(&[[0, 0], [100_000, 90_000]]));
        assert!(!sure(&[[0, 0], [100_000, 9_000]]));
    }

    #[test]
    fn a_few_more_rejected_than_received_came_between_two_readings_and_many_did_not() {
        for (rejected, received, is_too_many) in
            [(3, 0, false), (4, 0, true), (43, 40, false), (1_050, 1_000, false), (1_051, 1_000, true), (5, 10, false)]
        {
            assert_eq!(is_excess(rejected, received), is_too_many, "{rejected} of {received}");
        }
    }
}
