//! By how much did totals grow over a window? Pure: samples in the order of their arrival in, growth out.
//!
//! Each irregularity has one answer:
//!
//! | what happened       | answer                                                                                     |
//! |---------------------|--------------------------------------------------------------------------------------------|
//! | window              | ends at the newest sample; samples older than the window do not count; the oldest that does is the base; nothing is interpolated |
//! | reset               | a total went down: the service restarted, every total counts from zero; calls between the last sample before and the restart are lost |
//! | no reset            | a total went down, and more than half of what was counted is there again, or it stands where it stood before it had risen, or one step brings back all that was lost: two sources answer in turn, or a sample is wrong. What they may have counted before is doubtful |
//! | jump                | more was counted than can have been in that time: the same two sources, the smaller first. It is doubtful |
//! | gap                 | no sample for a while, or one without a value: the totals on both sides are compared, nothing is lost |
//! | duplicate           | of samples of the same time the one that arrived last counts                               |
//! | out of order        | a sample replaces those that arrived before it and are not older; totals are cumulative, so nothing is lost |
//! | clock stepped back  | the same: the samples of the time that is about to come again are replaced, the window is shorter until it has passed |
//! | host renamed        | the totals of two names are never compared: the window begins anew                         |
//! | 32-bit wrap         | a total within 2^24 below 2^32 that comes back below 2^24 went on counting                  |
//! | two readers at once | a total that is lower than one of less than a second before is skipped: no service restarts that fast; of samples of several runs see [`super::history`] |

use std::array;
use std::time::{Duration, SystemTime};

/// The values of some totals at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Totals<const N: usize> {
    /// The moment, by the clock of the source.
    pub time: SystemTime,
    /// The totals.
    pub values: [u64; N],
}

/// How totals grew from the base of a window to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Growth<const N: usize> {
    /// The growth of each total.
    pub by: [u64; N],
    /// The base.
    pub first: Totals<N>,
    /// The newest sample.
    pub last: Totals<N>,
    /// How many samples were compared, both ends included.
    pub samples: usize,
    /// How often a total went down.
    pub resets: usize,
    /// The part of the growth that may have been counted before all samples: where that was hardly a restart, or a total rose
    /// faster than any router counts. The growth is never too small by that.
    pub doubtful: [u64; N],
    /// How long those were, all together, in which a total went down: calls of that time may be missing.
    pub unseen: Duration,
    /// How often a total went over the end of 32 bits.
    pub wraps: usize,
    /// The longest time between two samples.
    pub longest_gap: Duration,
}

impl<const N: usize> Growth<N> {
    /// From the base to the newest sample.
    pub(crate) fn span(&self) -> Duration {
        since(self.first.time, self.last.time)
    }

    /// The growth without what is doubtful.
    pub(crate) fn sure(&self) -> [u64; N] {
        array::from_fn(|index| self.by[index].saturating_sub(self.doubtful[index]))
    }

    /// Whether more than half of the growth is doubtful.
    pub(crate) fn is_mostly_doubtful(&self) -> bool {
        sum(&self.doubtful) > sum(&self.by) / 2
    }

    /// What a series begins with.
    const fn of(first: Totals<N>) -> Self {
        Self {
            by: [0; N],
            first,
            last: first,
            samples: 1,
            resets: 0,
            doubtful: [0; N],
            unseen: Duration::ZERO,
            wraps: 0,
            longest_gap: Duration::ZERO,
        }
    }
}

/// The samples that count, by rising time: those of the window that ends at the newest, as the module says.
pub fn series<const N: usize>(arrived: impl IntoIterator<Item = Totals<N>>, window: Duration) -> Vec<Totals<N>> {
    let mut series: Vec<Totals<N>> = Vec::new();
    for sample in arrived {
        while series.last().is_some_and(|last| last.time >= sample.time) {
            series.pop();
        }
        series.push(sample);
    }
    if let Some(newest) = series.last().map(|newest| newest.time) {
        let outside = series.iter().take_while(|sample| since(sample.time, newest) > window).count();
        series.drain(..outside);
    }
    series
}

/// The growth over a series by rising time; `None` when there is nothing to compare.
pub fn growth<const N: usize>(series: &[Totals<N>]) -> Option<Growth<N>> {
    let (&first, rest) = series.split_first()?;
    let mut growth = Growth::of(first);
    // What was counted where the window began, or behind the last reset, and the largest step since that is in no doubt; the least of the former
    // before that reset, and what had been counted when it came.
    let (mut begun, mut largest, mut least, mut lost) = (sum(&first.values), [0; N], u128::MAX, u128::MAX);
    for &sample in rest {
        let pause = since(growth.last.time, sample.time);
        let (before, counted) = (sum(&growth.last.values), sum(&sample.values));
        let most = u128::from(MOST_CALLS) * u128::from(pause.max(SHORTEST_STEP).as_secs() + 1);
        let mut doubt = |part: [u64; N]| add(&mut growth.doubtful, part);
        let (steps, wraps) = match steps(&growth.last.values, &sample.values) {
            Some((steps, wraps)) => {
                let is_back_at = |level: u128| (before + 1..=counted).contains(&level);
                if sum(&steps) > most || is_back_at(least) || is_back_at(lost) {
                    doubt(steps);
                } else if sum(&steps) > sum(&largest) {
                    largest = steps;
                }
                (steps, wraps)
            }
            None if pause < SERVICE_RESTART => continue,
            None => {
                // Where nothing had been counted, anything is more.
                least = if begun == 0 { least } else { least.min(begun) };
                if counted >= least {
                    doubt(largest);
                }
                if counted > (before / 2).min(most) {
                    doubt(sample.values);
                }
                growth.resets += 1;
                growth.unseen += pause;
                (begun, largest, lost) = (counted, [0; N], before);
                (sample.values, 0)
            }
        };
        add(&mut growth.by, steps);
        growth.wraps += wraps;
        growth.longest_gap = growth.longest_gap.max(pause);
        growth.samples += 1;
        growth.last = sample;
    }
    (growth.samples > 1).then_some(growth)
}

/// What was added to each total, and how many of them wrapped; `None` when one went down: a restart, of all of them.
fn steps<const N: usize>(before: &[u64; N], after: &[u64; N]) -> Option<([u64; N], usize)> {
    let mut steps = [0; N];
    let mut wraps = 0;
    for (step, (&before, &after)) in steps.iter_mut().zip(before.iter().zip(after)) {
        *step = match after.checked_sub(before) {
            Some(step) => step,
            None => {
                wraps += 1;
                wrapped(before, after)?
            }
        };
    }
    Some((steps, wraps))
}

fn add<const N: usize>(to: &mut [u64; N], part: [u64; N]) {
    to.iter_mut().zip(part).for_each(|(to, part)| *to = to.saturating_add(part));
}

fn sum(values: &[u64]) -> u128 {
    values.iter().map(|value| u128::from(*value)).sum()
}

fn wrapped(before: u64, after: u64) -> Option<u64> {
    let below = END_OF_32_BITS.checked_sub(before)?;
    (below <= NEAR && after < NEAR).then_some(below + after)
}

fn since(earlier: SystemTime, later: SystemTime) -> Duration {
    later.duration_since(earlier).unwrap_or_default()
}

/// Shorter than any service takes to come back.
const SERVICE_RESTART: Duration = Duration::from_secs(1);

/// More calls a second than any router takes: Exchange's default is a hundred at once, and each takes seconds.
const MOST_CALLS: u64 = 100;

/// The time that is granted for them, however soon the next sample follows.
const SHORTEST_STEP: Duration = Duration::from_secs(10);

const END_OF_32_BITS: u64 = 1 << 32;

/// How close to either end of 32 bits a total must be for its fall to be a wrap: more calls than any window sees.
const NEAR: u64 = 1 << 24;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOUR: Duration = Duration::from_secs(3_600);

    fn at(seconds: u64, values: [u64; 2]) -> Totals<2> {
        Totals { time: SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000 + seconds), values }
    }

    fn grown(samples: impl IntoIterator<Item = Totals<2>>) -> Growth<2> {
        growth(&series(samples, HOUR)).unwrap()
    }

    #[test]
    fn growth_is_newest_minus_base() {
        let growth = grown([at(0, [100, 10]), at(60, [130, 11]), at(120, [150, 15])]);
        assert_eq!((growth.by, growth.samples, growth.resets), ([50, 5], 3, 0));
        assert_eq!(growth.span(), Duration::from_secs(120));
    }

    #[test]
    fn a_sample_at_the_very_edge_of_the_window_is_its_base() {
        assert_eq!(grown([at(0, [10, 0]), at(3_600, [20, 0])]).by, [10, 0]);
        assert_eq!(growth(&series([at(0, [10, 0]), at(3_601, [20, 0])], HOUR)), None);
    }

    #[test]
    fn a_reset_counts_both_sides() {
        let growth = grown([at(0, [1_000, 100]), at(60, [1_010, 105]), at(120, [4, 2]), at(180, [6, 3])]);
        assert_eq!((growth.by, growth.resets, growth.unseen), ([16, 8], 1, Duration::from_secs(60)));
    }

    #[test]
    fn a_reset_of_one_total_is_one_of_all() {
        let growth = grown([at(0, [1_000, 1]), at(60, [5, 2])]);
        assert_eq!((growth.by, growth.resets), ([5, 2], 1));
    }

    #[test]
    fn a_restart_is_in_no_doubt() {
        let doubtful = |samples: &[Totals<2>]| growth(samples).unwrap().doubtful;
        assert_eq!(doubtful(&[at(0, [1_000, 100]), at(60, [1_010, 105]), at(120, [4, 2]), at(180, [6, 3])]), [0, 0]);
        assert_eq!(doubtful(&[at(0, [1_000, 1]), at(60, [5, 2]), at(120, [90, 3])]), [0, 0]);
        // Started within the window, without a call, and once more.
        assert_eq!(doubtful(&[at(0, [0, 0]), at(60, [40, 1]), at(120, [10, 1])]), [0, 0]);
    }

    #[test]
    fn a_fall_that_is_no_restart_is_in_doubt() {
        for (what, samples) in [
            ("two routers in turn", vec![at(0, [100_000, 500]), at(11, [90_000, 300])]),
            ("one total dips", vec![at(0, [100_000, 500]), at(60, [100_050, 400]), at(120, [100_100, 580])]),
            ("more than can have been counted", vec![at(0, [100_000, 500]), at(60, [40_000, 300])]),
            ("a small one and a large one", vec![at(0, [100_000, 500]), at(600, [900, 3]), at(1_200, [100_100, 590])]),
            ("one without a call first", vec![at(0, [0, 0]), at(60, [100_000, 500]), at(120, [0, 0])]),
            ("the small one first", vec![at(0, [900, 3]), at(600, [100_000, 500]), at(1_200, [900, 3])]),
        ] {
            let growth = grown(samples);
            assert!(growth.is_mostly_doubtful() && growth.resets == 1, "{what}: {growth:?}");
        }
        // Of two steps that are equally large the first one.
        let even = grown([at(0, [90, 10]), at(60, [95, 15]), at(120, [105, 15]), at(180, [100, 5])]);
        assert_eq!(even.doubtful, [105, 10]);
        let jump = grown([at(0, [100, 99]), at(60, [1_000_000, 500]), at(120, [1_000_001, 500])]);
        assert!(jump.is_mostly_doubtful() && jump.resets == 0);
        assert!(!grown([at(0, [100, 99]), at(3_600, [300_000, 500])]).is_mostly_doubtful());
        let of = |by| Growth { by: [by, 0], doubtful: [2, 0], ..Growth::of(at(0, [0, 0])) }.is_mostly_doubtful();
        assert_eq!([of(4), of(3)], [false, true]);
    }

    #[test]
    fn a_fall_to_more_than_half_and_a_rise_by_more_than_calls_there_are_begin_in_doubt() {
        let is_in_doubt = |from, to| grown([at(0, [from, 0]), at(60, [to, 0])]).is_mostly_doubtful();
        assert_eq!([is_in_doubt(100, 50), is_in_doubt(100, 51)], [false, true]);
        let most = MOST_CALLS * 61;
        assert_eq!([is_in_doubt(7, 7 + most), is_in_doubt(7, 8 + most)], [false, true]);
    }

    #[test]
    fn of_restarts_soon_after_one_another_only_a_step_is_doubtful() {
        // Ten calls a minute, each rejected from minute 20 on; restarts at minutes 40 and 55, and one call in the first second.
        let minute = |minute: u64| {
            let totals = match minute {
                0..40 => [200 + 10 * minute, 10 * minute.saturating_sub(20)],
                40 | 55 => [1, 1],
                41..55 => [10 * (minute - 40); 2],
                _ => [10 * (minute - 55); 2],
            };
            at(60 * minute, totals)
        };
        for end in 41..100 {
            let growth = grown((0..=end).map(minute));
            let (doubtful, all) = (sum(&growth.doubtful), sum(&growth.by));
            assert!(doubtful * 8 <= all, "minute {end}: {growth:?}");
        }
    }

    #[test]
    fn a_small_source_between_samples_of_a_large_one_leaves_every_jump_doubtful() {
        let samples = (0..10).map(|i| at(1_000 * i, if i % 2 == 0 { [900 + i, 3] } else { [50_000 + i, 500] }));
        let growth = growth(&samples.collect::<Vec<_>>()).unwrap();
        assert_eq!(growth.resets, 4);
        assert!(sum(&growth.sure()) < 5_000, "{growth:?}");
    }

    #[test]
    fn a_gap_loses_nothing_and_is_measured() {
        let growth = grown([at(0, [100, 0]), at(60, [101, 0]), at(2_000, [150, 0])]);
        assert_eq!((growth.by, growth.longest_gap), ([50, 0], Duration::from_secs(1_940)));
    }

    #[test]
    fn of_duplicates_the_last_counts() {
        assert_eq!(series([at(0, [1, 0]), at(60, [2, 0]), at(60, [3, 0])], HOUR), [at(0, [1, 0]), at(60, [3, 0])]);
    }

    #[test]
    fn a_row_out_of_order_loses_nothing() {
        let growth = grown([at(0, [100, 0]), at(120, [130, 0]), at(60, [110, 0]), at(180, [140, 0])]);
        assert_eq!((growth.by, growth.resets), ([40, 0], 0));
    }

    #[test]
    fn a_clock_that_steps_back_is_no_reset() {
        let growth = grown([at(0, [100, 0]), at(1_800, [200, 0]), at(600, [210, 0]), at(660, [220, 0])]);
        assert_eq!((growth.by, growth.resets), ([120, 0], 0));
    }

    #[test]
    fn a_32_bit_wrap_goes_on_counting() {
        let growth = grown([at(0, [u64::from(u32::MAX) - 9, 7]), at(60, [20, 8])]);
        assert_eq!((growth.by, growth.wraps, growth.resets), ([30, 1], 1, 0));
    }

    #[test]
    fn a_fall_from_the_middle_of_32_bits_is_a_reset() {
        assert_eq!(grown([at(0, [3_000_000_000, 0]), at(60, [20, 0])]).resets, 1);
        let to = |after| grown([at(0, [END_OF_32_BITS - 1, 0]), at(60, [after, 0])]);
        assert_eq!([to(NEAR - 1).resets, to(NEAR).resets], [0, 1]);
    }

    #[test]
    fn two_readers_at_once_are_no_reset() {
        let mut late = at(60, [1_000, 5]);
        late.time += Duration::from_millis(3);
        let growth = grown([at(0, [990, 5]), at(60, [1_001, 5]), late, at(120, [1_003, 5])]);
        assert_eq!((growth.by, growth.resets, growth.samples), ([13, 0], 0, 3));
    }

    #[test]
    fn a_total_that_fell_is_a_restart_from_a_second_on() {
        let after = |milliseconds| {
            let time = at(60, [0, 0]).time + Duration::from_millis(milliseconds);
            grown([at(0, [990, 5]), at(60, [1_000, 5]), Totals { time, values: [3, 1] }]).resets
        };
        assert_eq!([after(999), after(1_000), after(1_001)], [0, 1, 1]);
    }

    fn samples() -> impl Strategy<Value = Vec<Totals<2>>> {
        let sample = (0..9_000_u64, 0..2_000_u64, 0..2_000_u64);
        proptest::collection::vec(sample.prop_map(|(time, a, b)| at(time, [a, b])), 0..60)
    }

    proptest! {
        #[test]
        fn a_series_rises_and_stays_within_the_window(samples in samples()) {
            let series = series(samples.clone(), HOUR);
            prop_assert!(series.windows(2).all(|pair| pair[0].time < pair[1].time));
            prop_assert_eq!(series.last(), samples.last());
            if let (Some(first), Some(last)) = (series.first(), series.last()) {
                prop_assert!(since(first.time, last.time) <= HOUR);
            }
        }

        #[test]
        fn a_series_of_a_series_is_itself(samples in samples()) {
            let once = series(samples, HOUR);
            prop_assert_eq!(series(once.clone(), HOUR), once);
        }

        // Whatever samples are lost in between, without a reset the growth is newest minus base.
        #[test]
        fn without_resets_only_the_ends_matter(steps in proptest::collection::vec((1..120_u64, 0..50_u64, 0..50_u64), 1..40), keep: u64) {
            let (mut time, mut received, mut rejected) = (0, 1_000, 100);
            let all: Vec<_> = steps.iter().map(|step| {
                (time, received, rejected) = (time + step.0, received + step.1, rejected + step.2);
                at(time, [received, rejected])
            }).collect();
            let end = all.len() - 1;
            let some = all.iter().enumerate().filter(|(index, _)| [0, end].contains(index) || keep >> (index % 64) & 1 == 1);
            let some: Vec<_> = some.map(|(_, sample)| *sample).collect();
            let by = |samples: &[Totals<2>]| growth(samples).map(|growth| growth.by);
            prop_assert_eq!(by(&all), by(&some));
        }

        #[test]
        fn no_input_overflows(values in proptest::collection::vec((any::<u64>(), any::<u64>(), 0..u64::from(u32::MAX)), 0..20)) {
            let samples = values.into_iter().map(|(a, b, time)| at(time, [a, b]));
            let _ = growth(&series(samples, Duration::MAX));
        }
    }
}
