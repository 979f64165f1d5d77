//! Which rows are left of a window, whatever order, clock and number they come in?

use super::*;
use proptest::prelude::*;

fn row(time: i64, value: Option<f64>) -> Row<1> {
    Row { time, values: [value] }
}

fn collected(rows: &[Row<1>]) -> Collected<1> {
    let mut window = RowWindow::new(100, [true]);
    rows.iter().for_each(|row| window.push(*row));
    window.finish(None)
}

/// The same, row by row from what the words say.
fn by_definition(rows: &[Row<1>]) -> (Vec<Row<1>>, usize) {
    let replaced = |index: usize| rows[index + 1..].iter().any(|later| later.time <= rows[index].time);
    let kept: Vec<_> = (0..rows.len()).filter(|index| !replaced(*index)).map(|index| rows[index]).collect();
    let newest = kept.last().map_or(0, |row| row.time);
    let complete = |row: &&Row<1>| row.values[0].is_some();
    let end = kept.iter().filter(complete).map(|row| row.time).max().filter(|end| *end >= newest - 100);
    let within = |row: &&Row<1>| row.time >= end.unwrap_or(newest) - 100;
    let rows: Vec<_> = kept.iter().filter(within).filter(complete).copied().collect();
    let gaps = kept.iter().filter(within).count() - rows.len();
    (rows, gaps)
}

#[test]
fn the_window_ends_at_the_newest_complete_row() {
    let rows = [row(0, Some(1.0)), row(50, Some(2.0)), row(120, Some(3.0)), row(130, None)];
    let collected = collected(&rows);
    assert_eq!(collected.rows, [rows[1], rows[2]]);
    assert_eq!((collected.gaps, collected.trailing_gaps), (1, 1));
    let rows = [row(0, Some(1.0)), row(50, None), row(120, Some(3.0)), row(130, None), row(140, None)];
    let collected = self::collected(&rows);
    assert_eq!((collected.gaps, collected.trailing_gaps, collected.reaches_back), (3, 2, true));
}

#[test]
fn nothing_when_the_values_ended_more_than_a_window_ago() {
    let rows = [row(0, Some(1.0)), row(101, None), row(201, None)];
    assert!(collected(&rows).rows.is_empty());
}

#[test]
fn a_window_of_too_many_rows_is_thinned_and_keeps_the_newest() {
    let mut window = RowWindow::new(i64::MAX, [true]);
    (0..200_000).for_each(|time| window.push(row(time, Some(1.0))));
    let rows = window.finish(None).rows;
    assert!(rows.len() <= MAX_ROWS && rows.len() > MAX_ROWS / 4);
    assert_eq!(rows.last().unwrap().time, 199_999);
}

#[test]
fn thinning_drops_every_second_row_and_never_the_newest() {
    let mut window = RowWindow::new(i64::MAX, [true]);
    let most = MAX_ROWS as i64;
    (0..=most).for_each(|time| window.push(row(time, Some(1.0))));
    let times: Vec<_> = window.finish(None).rows.iter().map(|row| row.time).collect();
    assert_eq!(times, (1..most).step_by(2).chain([most]).collect::<Vec<_>>());
}

const MINUTE: i64 = 60_000;

#[test]
fn what_no_window_can_need_goes_before_a_row_of_it_does() {
    let mut window = RowWindow::new(HOUR, [true]);
    (0..=MAX_ROWS as i64).for_each(|second| window.push(row(second * 1_000, Some(1.0))));
    assert_eq!(window.finish(None).rows.len(), 3_601);
}

#[test]
fn room_is_made_by_no_row_that_a_window_needs_which_ended_before_the_newest_row() {
    let (length, step) = (2 * HOUR, 250);
    let newest = MAX_ROWS as i64 * step;
    let end = newest - 90 * MINUTE;
    let mut window = RowWindow::new(length, [true]);
    (0..=newest).step_by(step as usize).for_each(|time| window.push(row(time, (time <= end).then_some(1.0))));
    let rows = window.finish(None).rows;
    assert_eq!((rows[0].time, rows.last().unwrap().time), (end - length, end));
}

/// The times of the rows that count, in minutes, of a row a minute at these times, written at `at` and read just then.
fn minutes(times: impl IntoIterator<Item = i64>, at: i64) -> (Vec<i64>, bool) {
    let mut window = RowWindow::new(HOUR, [true]);
    times.into_iter().for_each(|minute| window.push(row(minute * MINUTE, Some(1.0))));
    let (may_lag, may_lead) = (true, true);
    let collected = window.finish(Some(Written { at: at * MINUTE + 500, may_lag, may_lead }));
    (collected.rows.iter().map(|row| row.time / MINUTE).collect(), collected.is_shifted)
}

#[test]
fn the_hour_that_comes_twice_is_two_hours() {
    // The clock of the log goes from 10:00 back to 9:00.
    let log = (480..=599).chain(540..=570);
    assert_eq!(minutes(log, 630), ((570..=630).collect(), true));
    // All of the window stands behind the change.
    assert_eq!(minutes(540..=640, 700), ((640..=700).collect(), true));
    // It was set right by 59 minutes, and nobody's summer ended.
    let log = (480..=599).chain(540..=570);
    assert_eq!(minutes(log, 570), ((510..=570).collect(), false));
}

#[test]
fn of_the_hour_that_comes_twice_no_row_takes_the_place_of_another() {
    let mut window = RowWindow::new(HOUR, [true]);
    let rising = |minute: i64| row(minute * MINUTE, Some(minute as f64));
    // From 8:00 to 9:59, and from 9:00 to 9:30 once more.
    (480..600).for_each(|minute| window.push(rising(minute)));
    (600..=630).for_each(|minute| window.push(Row { time: (minute - 60) * MINUTE, ..rising(minute) }));
    let written = Written { at: 630 * MINUTE, may_lag: true, may_lead: true };
    assert_eq!(window.finish(Some(written)).rows, (570..=630).map(rising).collect::<Vec<_>>());
}

#[test]
fn rows_that_are_behind_others_in_the_log_and_not_newer_replace_them_and_are_counted() {
    let mut window = RowWindow::new(HOUR, [true]);
    (480..600).chain(540..=570).for_each(|minute| window.push(row(minute * MINUTE, Some(1.0))));
    let collected = window.finish(None);
    assert_eq!((collected.rows.len(), collected.replaced), (61, 60));
}

#[test]
fn only_the_rows_behind_the_last_header_are_of_another_hour() {
    let mut window = RowWindow::new(3 * HOUR, [true]);
    let push = |minutes: std::ops::RangeInclusive<i64>, window: &mut RowWindow<1>| {
        minutes.for_each(|minute| window.push(row(minute * MINUTE, Some(1.0))));
    };
    push(480..=500, &mut window);
    window.begin_segment();
    push(520..=540, &mut window);
    let written = Written { at: 600 * MINUTE, may_lag: true, may_lead: true };
    let collected = window.finish(Some(written));
    let minutes: Vec<_> = collected.rows.iter().map(|row| row.time / MINUTE).collect();
    assert_eq!((minutes, collected.is_shifted), ((480..=500).chain(580..=600).collect(), true));
}

#[test]
fn rows_reach_back_when_they_begin_well_before_the_window_whatever_hour_is_settled() {
    let reach_back = |first: i64| {
        let mut window = RowWindow::new(HOUR, [true]);
        (first..=600).for_each(|minute| window.push(row(minute * MINUTE, Some(1.0))));
        window.reaches_back()
    };
    assert_eq!([0, 419, 421, 480, 539, 541].map(reach_back), [true, true, false, false, false, false]);
}

#[test]
fn the_hour_that_never_was_is_no_gap() {
    // From 10:00 on to 11:00.
    let log = (480..600).chain(660..=690);
    assert_eq!(minutes(log, 630), ((570..=630).collect(), true));
    assert_eq!(minutes(600..=690, 630), ((570..=630).collect(), true));
    // The service was stopped for an hour.
    let log = (480..600).chain(660..=690);
    assert_eq!(minutes(log, 690), ((660..=690).collect(), false));
}

#[test]
fn an_hour_is_settled_by_the_minute_only() {
    for late in [-58, -50, -30, -5, 5, 30, 55, 63] {
        assert!(!minutes(480..=600, 600 + late).1, "{late}");
    }
}

#[test]
fn a_line_that_is_no_row_counts_as_long_as_its_window() {
    let malformed = |time: Option<i64>, rows: &[i64]| {
        let mut window = RowWindow::new(100, [true]);
        window.push(row(0, Some(1.0)));
        window.push_malformed(3, time, "x".to_owned());
        rows.iter().for_each(|time| window.push(row(*time, Some(1.0))));
        window.finish(None).malformed.map(|malformed| malformed.line)
    };
    assert_eq!(malformed(Some(50), &[150]), Some(3));
    assert_eq!(malformed(Some(50), &[151]), None);
    assert_eq!(malformed(None, &[100]), Some(3));
    assert_eq!(malformed(None, &[101]), None);
}

#[test]
fn what_a_program_left_unfinished_hides_no_earlier_line() {
    let mut window = RowWindow::new(100, [true]);
    window.push(row(0, Some(1.0)));
    window.push_malformed(3, Some(10), "x".to_owned());
    window.push_malformed(5, Some(20), "x".to_owned());
    window.forget_malformed(5);
    window.push(row(30, Some(1.0)));
    assert_eq!(window.finish(None).malformed.map(|malformed| malformed.line), Some(3));
}

#[test]
fn a_log_that_was_begun_in_winter_is_never_an_hour_older_than_it_says() {
    let finished = |newest: i64, may_lag, may_lead| {
        let mut window = RowWindow::new(HOUR, [true]);
        (newest - 30..=newest).for_each(|minute| window.push(row(minute * MINUTE, Some(1.0))));
        let at = 600 * MINUTE + 500;
        let collected = window.finish(Some(Written { at, may_lag, may_lead }));
        collected.rows.last().map(|row| row.time / MINUTE)
    };
    assert_eq!([finished(540, true, false), finished(540, false, true)], [Some(600), Some(540)]);
    assert_eq!([finished(660, true, false), finished(660, false, true)], [Some(660), Some(600)]);
}

proptest! {
    #[test]
    fn no_clock_makes_rows_fall(times in proptest::collection::vec(0..200_i64, 0..60), at in 0..300_i64) {
        let (rows, _) = minutes(times, at);
        prop_assert!(rows.windows(2).all(|pair| pair[0] < pair[1]), "{:?}", rows);
    }

    #[test]
    fn the_rows_are_those_of_the_definition(rows in proptest::collection::vec((0..400_i64, proptest::option::of(0.0..9.0)), 0..60)) {
        let rows: Vec<_> = rows.into_iter().map(|(time, value)| row(time, value)).collect();
        let (expected, gaps) = by_definition(&rows);
        for start in 0..=rows.len() {
            let collected = collected(&rows[start..]);
            if start == 0 || collected.reaches_back {
                prop_assert_eq!(&collected.rows, &expected);
                prop_assert_eq!(collected.gaps, gaps as u64);
            }
        }
    }
}
