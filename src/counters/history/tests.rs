//! What does a history know after samples in any order, and what of a file that is none?

use super::*;
use proptest::prelude::*;

const HOUR: Duration = Duration::from_secs(3_600);

fn at(seconds: u64, received: u64) -> Totals<2> {
    Totals { time: UNIX_EPOCH + Duration::from_secs(1_700_000_000 + seconds), values: [received, 1] }
}

fn last_known(samples: &[Totals<2>]) -> Known<2> {
    let mut history = History::default();
    samples.iter().map(|sample| history.record("k", &[*sample], HOUR).unwrap()).last().unwrap()
}

#[test]
fn the_first_sample_of_a_key_is_the_first() {
    let mut history = History::default();
    let mut before = |key: &str, second| history.record(key, &[at(second, 1)], HOUR).unwrap().before;
    assert_eq!([before("a", 0), before("a", 60), before("b", 60)], [Before::Nothing, Before::Samples, Before::Nothing]);
    assert_eq!([before("b", 60), before("b", 120)], [Before::Same, Before::Samples]);
}

#[test]
fn what_no_window_reaches_is_forgotten_and_the_newest_never() {
    assert_eq!(last_known(&[at(0, 1), at(3_600, 2)]).samples, [at(0, 1), at(3_600, 2)]);
    let known = last_known(&[at(0, 1), at(3_601, 2)]);
    assert_eq!((known.before, known.samples), (Before::Samples, vec![at(3_601, 2)]));
}

#[test]
fn runs_at_once_may_write_in_any_order() {
    assert_eq!(last_known(&[at(9, 2), at(0, 1)]).samples, [at(0, 1), at(9, 2)]);
    assert_eq!(last_known(&[at(0, 1), at(0, 1)]).samples.len(), 2);
}

#[test]
fn a_late_sample_never_lowers_a_total() {
    let known = [at(0, 7_000_000), at(60, 7_000_100)];
    let with = |late: Totals<2>| last_known(&[known[0], known[1], late]).samples;
    for late in 1..=10 {
        assert_eq!(with(at(60 - late, 7_000_050)), [known[0], at(60 - late, 7_000_050), known[1]], "{late} s late");
        // The clock stepped back, and calls came in meanwhile.
        assert_eq!(with(at(60 - late, 7_000_200)), [known[0], at(60 - late, 7_000_200)], "{late} s back");
        // Read before the first one, or a slow answer that says less than a fast one did.
        assert_eq!(with(at(60 - late, 6_999_999)), known, "{late} s late, and less");
        assert_eq!(with(at(60 + late, 7_000_099)), known, "less {late} s later");
    }
}

#[test]
fn a_restart_is_a_fall_while_time_went_on() {
    assert_eq!(last_known(&[at(0, 7_000_000), at(5, 3)]).samples, [at(0, 7_000_000), at(5, 3)]);
    assert_eq!(last_known(&[at(0, 7_000_000), at(11, 6_999_999)]).samples.len(), 2);
}

#[test]
fn a_clock_that_stepped_back_and_a_restart_begin_anew() {
    let known = last_known(&[at(0, 7_000_000), at(3_000, 7_000_100), at(600, 3)]);
    assert_eq!((known.before, known.samples), (Before::Incomparable, vec![at(600, 3)]));
    assert_eq!(last_known(&[at(0, 1), at(600, 3)]).before, Before::Samples);
    assert_eq!(last_known(&[at(0, 1), at(600, 3), at(60, 3)]).before, Before::Later);
    assert_eq!(last_known(&[at(0, 900), at(5, 800)]).before, Before::More);
    // One more than half, and half, of all that was counted.
    assert_eq!(last_known(&[at(0, 999), at(5, 500)]).before, Before::More);
    assert_eq!(last_known(&[at(0, 999), at(5, 499)]).before, Before::Samples);
}

#[test]
fn what_a_log_says_replaces_what_was_known_of_its_time() {
    let mut history = History::default();
    history.record("k", &[at(0, 1), at(60, 2), at(120, 3)], HOUR).unwrap();
    let known = history.record("k", &[at(90, 7), at(150, 8)], HOUR).unwrap();
    assert_eq!(known.samples, [at(0, 1), at(60, 2), at(90, 7), at(150, 8)]);
    let known = history.record("k", &[at(90, 9), at(150, 9)], HOUR).unwrap();
    assert_eq!(known.samples, [at(0, 1), at(60, 2), at(90, 9), at(150, 9)]);
    assert_eq!(history.record::<2>("k", &[], HOUR).unwrap().samples.len(), 4);
}

#[test]
fn a_clock_that_steps_back_forgets_the_time_to_come() {
    assert_eq!(last_known(&[at(0, 1), at(500, 2), at(60, 3)]).samples, [at(0, 1), at(60, 3)]);
}

#[test]
fn a_clock_that_steps_back_behind_calls_of_the_time_to_come_keeps_what_is_below_them() {
    // Five were counted in the time to come, and three by now.
    let known = last_known(&[at(0, 1), at(500, 5), at(60, 3)]);
    assert_eq!((known.before, known.samples), (Before::Later, vec![at(0, 1), at(60, 3)]));
}

#[test]
fn room_is_made_by_the_large_series_and_not_by_the_small_ones() {
    let mut history = History::default();
    for (key, count) in [("small", 50), ("large", 100)] {
        let samples: Vec<_> = (0..count).map(|second| at(second, second)).collect();
        history.record(key, &samples, HOUR).unwrap();
    }
    assert!(history.thin_the_largest());
    assert_eq!(history.series.iter().map(|series| series.records.len()).collect::<Vec<_>>(), [50, 50]);
    // What is small already makes none.
    let mut history = History::default();
    let few: Vec<_> = (0..FEW_RECORDS as u64).map(|second| at(second, second)).collect();
    history.record("k", &few, HOUR).unwrap();
    assert!(!history.thin_the_largest() && history.len() == FEW_RECORDS);
}

#[test]
fn a_history_is_bounded_in_samples_series_and_bytes() {
    let lines = (1..MAX_RECORDS).map(|second| format!("{}.000000000 {second} 1\n", 1_700_000_000 + second));
    let key = format!("series many over {} s\n", u64::MAX);
    let mut history = History::parse(&(key + &lines.collect::<String>())).unwrap();
    for second in 5_000..5_010 {
        let known = history.record("many", &[at(second, second)], Duration::MAX).unwrap();
        assert_eq!(known.samples.last(), Some(&at(second, second)));
        assert!((MAX_RECORDS / 2..=MAX_RECORDS).contains(&history.len()), "{}", history.len());
    }
    let newest = at(5_010, 9);
    assert_eq!(history.record("many", &[newest], Duration::MAX).unwrap().samples.last(), Some(&newest));
    let mut history = History::default();
    for key in 0..1_000 {
        let samples: Vec<_> = (0..200).map(|second| at(second, second)).collect();
        history.record(&key.to_string(), &samples, HOUR).unwrap();
    }
    // All of them are kept, of fewer samples each, and the newest is one.
    assert!(history.encode().unwrap().len() <= MAX_BYTES);
    assert!(
        history.series.len() == 1_000 && history.series.iter().all(|series| series.records.len() >= FEW_RECORDS / 2)
    );
    assert!(history.series.iter().all(|series| series.newest() == Some(at(199, 0).time)));
    // Keys alone may be too many.
    let mut history = History::default();
    for key in 0..MAX_SERIES {
        history.record(&format!("{key}{}", "\n".repeat(3_000)), &[at(0, 1)], HOUR).unwrap();
    }
    assert_eq!(history.encode(), Err(HistoryError::Full));
}

#[test]
fn no_series_that_is_asked_for_goes_for_another() {
    let mut history = History::default();
    let first_of = |history: &mut History, key: usize, second| {
        history.record(&key.to_string(), &[at(second, 1)], HOUR).map(|known| known.before == Before::Nothing)
    };
    for round in 0..3 {
        for key in 0..MAX_SERIES + 1 {
            let expected = if key == MAX_SERIES { Err(HistoryError::Full) } else { Ok(round == 0) };
            assert_eq!(first_of(&mut history, key, round * 60), expected, "target {key} in round {round}");
        }
    }
    // Only what nobody has asked for since a week before its window makes room.
    assert_eq!(first_of(&mut history, 0, 7 * 86_400), Ok(false));
    assert_eq!(first_of(&mut history, MAX_SERIES, 7 * 86_400), Err(HistoryError::Full));
    assert_eq!(first_of(&mut history, 0, 8 * 86_400), Ok(false));
    assert_eq!(first_of(&mut history, MAX_SERIES, 8 * 86_400), Ok(true));
    assert_eq!(history.series.len(), 2);
}

#[test]
fn only_a_file_of_ours_is_damaged_and_anything_else_foreign() {
    let mut history = History::default();
    history.record("k", &[at(0, 1)], HOUR).unwrap();
    let text = history.encode().unwrap();
    assert_eq!(History::decode(&text), Ok(history));
    for end in MAGIC.len()..text.len() - 1 {
        assert_eq!(History::decode(&text[..end]), Err(HistoryError::Damaged), "cut at {end}");
    }
    for place in MAGIC.len() + 2..text.len() {
        let mut changed = text.clone();
        changed[place] ^= 1;
        assert_eq!(History::decode(&changed), Err(HistoryError::Damaged), "changed at {place}");
    }
    assert_eq!(History::decode(b"[mysqld]\npassword=secret\n"), Err(HistoryError::Foreign));
    assert_eq!(History::decode(b""), Err(HistoryError::Foreign));
    assert_eq!(History::decode(b"check-um history 2 x\n"), Err(HistoryError::Newer));
    assert_eq!(History::decode(b"check-um history 0 x\n"), Err(HistoryError::Damaged));
    let timed = |nanoseconds: &str| {
        let body = format!("series k over 60 s\n1700000000.{nanoseconds} 1\n");
        History::decode(format!("{MAGIC}{VERSION} {}\n{body}", digest_of(&body)).as_bytes())
            .map(|history| history.len())
    };
    assert_eq!([timed("999999999"), timed("1000000000")], [Ok(1), Err(HistoryError::Damaged)]);
}

#[test]
fn a_key_cannot_break_its_line() {
    let mut history = History::default();
    history.record("a\nseries b\u{202e}", &[at(0, 1)], HOUR).unwrap();
    assert_eq!(History::decode(&history.encode().unwrap()), Ok(history));
}

proptest! {
    #[test]
    fn print_parse_equal(samples in proptest::collection::vec(("[a-c\n]{1,3}", 0..9_000_u64, any::<u64>()), 0..40)) {
        let mut history = History::default();
        for (key, second, value) in samples {
            history.record(&key, &[at(second, value)], HOUR).unwrap();
        }
        prop_assert_eq!(History::decode(&history.encode().unwrap()), Ok(history));
    }

    #[test]
    fn no_body_panics(body in "[ -~\n.0-9]{0,80}") {
        let text = format!("{MAGIC}{VERSION} {}\n{body}", digest_of(&body));
        if let Ok(mut history) = History::decode(text.as_bytes()) {
            let _ = history.record("k", &[at(0, 1)], HOUR);
        }
    }
}

#[test]
fn a_key_that_ends_in_a_carriage_return_stays_that_key() {
    let mut history = History::default();
    history.record("k\r", &[at(0, 1)], HOUR).unwrap();
    assert_eq!(History::decode(&history.encode().unwrap()).unwrap(), history);
}

#[test]
fn as_many_samples_and_bytes_are_kept_as_there_is_room_for() {
    let kept = |count: usize| {
        let samples: Vec<_> = (0..count as u64).map(|second| at(second, second)).collect();
        History::default().record("k", &samples, Duration::MAX).unwrap().samples.len()
    };
    assert_eq!([kept(MAX_RECORDS), kept(MAX_RECORDS + 1)], [MAX_RECORDS, MAX_RECORDS / 2 + 1]);
    let encoded = |length: usize| {
        let series = Series { key: "k".repeat(length), records: Vec::new() };
        History { series: vec![series] }.encode().map(|text| text.len() <= MAX_BYTES)
    };
    assert_eq!([encoded(MAX_BYTES - 256), encoded(MAX_BYTES - 64)], [Ok(true), Err(HistoryError::Full)]);
}

#[test]
fn a_series_of_a_long_window_is_not_abandoned_before_that_is_over() {
    let mut history = History::default();
    let day = 86_400;
    history.record("long", &[at(0, 1)], Duration::from_secs(30 * day)).unwrap();
    for (days, is_abandoned) in [(20, false), (37, false), (38, true)] {
        history.record("short", &[at(days * day, 1)], HOUR).unwrap();
        assert_eq!(history.forget_the_abandoned(), is_abandoned, "{days}");
    }
}
