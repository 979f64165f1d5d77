//! Is a share that cannot be one refused, and is what makes it less certain handed on?

use std::time::UNIX_EPOCH;

use clap::{Args, Command, FromArgMatches};

use super::*;
use crate::counters::rate::{Totals, growth};
use crate::report::{Policy, Started};

/// The rate over totals of calls and rejected ones that were read ten minutes apart.
fn rate(samples: &[[u64; 2]]) -> Rate {
    let command = RejectRate::augment_args(Command::new("x"));
    let check = RejectRate::from_arg_matches(&command.try_get_matches_from(["x"]).unwrap()).unwrap();
    let at = |index: usize| UNIX_EPOCH + Duration::from_secs(1_700_000_000 + 600 * index as u64);
    let samples: Vec<_> =
        samples.iter().enumerate().map(|(index, &values)| Totals { time: at(index), values }).collect();
    let past = Past { growth: growth(&samples), samples, ..Past::default() };
    let judged = Judged { host: "cas1", own: None, past: &past, reservations: String::new(), is_cut_off: false };
    check.by_totals(&judged, &Report::new(RejectRate::ABOUT, Policy::default(), Started::now())).unwrap()
}

#[test]
fn a_total_of_rejected_calls_above_that_of_all_calls_is_no_share() {
    for samples in [[[0, 0], [100, 102]], [[10, 12], [110, 114]]] {
        let rate = rate(&samples);
        assert_eq!((rate.finding.class, rate.share, rate.judged), (Some(Class::NoData), None, false), "{samples:?}");
    }
    // Of a growth alone the two were read one after the other.
    for samples in [[[1_000, 0], [1_100, 102]], [[2, 0], [102, 102]], [[10, 12], [110, 112]]] {
        let rate = rate(&samples);
        assert_eq!((rate.finding.class, rate.share, rate.judged), (None, Some(100.0), true), "{samples:?}");
    }
}

#[test]
fn who_knows_a_part_of_the_window_only_has_a_reservation() {
    let known = |samples: &[[u64; 2]]| rate(samples).reservation;
    assert_eq!(known(&[[0, 0], [100, 1]]), "; only the last 10 min of 1 h are known");
    assert_eq!(known(&[[0, 0], [100, 1], [200, 2], [300, 3]]), "");
}

#[test]
fn of_a_growth_in_doubt_nothing_is_known_but_over_how_long_it_is() {
    let rate = rate(&[[100_000, 500], [90_000, 300]]);
    assert_eq!((rate.finding.class, rate.share, rate.calls), (Some(Class::NoData), None, None));
    assert_eq!(rate.history, Some(Duration::from_secs(600)));
}
