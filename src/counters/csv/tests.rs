//! Is a log read as it was meant, whatever wrote it?

use std::io::Cursor;
use std::time::Instant;

use proptest::prelude::*;

use super::reader::NEAR;
use super::*;
use crate::counters::role::Role;
use crate::time::deadline::Deadline;

const RECEIVED: &str = r"\MSExchangeUMCallRouterAvailability\Total Inbound Calls Received by the UM Call Router";
/// 11/23/2026 00:00:00.
const MIDNIGHT: i64 = 1_795_392_000_000;
const REJECTED: &str = r"\MSExchangeUMCallRouterAvailability\Total Inbound Calls Rejected by the UM Call Router";

pub(super) fn query() -> CounterQuery<3> {
    let deadline = Deadline::new(Instant::now(), Duration::from_secs(10));
    CounterQuery { counters: Role::CallRouter.counters(true), host: None, window: Duration::from_secs(3_600), deadline }
}

fn header(host: &str) -> String {
    format!("\"(PDH-CSV 4.0) (W. Europe Standard Time)(-60)\",\"\\\\{host}{RECEIVED}\",\"\\\\{host}{REJECTED}\"\r\n")
}

fn row(minute: u32, received: &str, rejected: &str) -> String {
    format!("\"11/23/2026 {:02}:{:02}:00.000\",\"{received}\",\"{rejected}\"\r\n", minute / 60 % 24, minute % 60)
}

fn log(bytes: impl AsRef<[u8]>) -> Result<Log<3>, CounterError> {
    read(bytes.as_ref(), 0, &query(), "log")
}

fn utf_16(text: &str) -> Vec<u8> {
    [0xFEFF].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
}

fn received(log: &Log<3>) -> Vec<f64> {
    log.rows().iter().map(|row| row.values[0].unwrap()).collect()
}

fn collected(log: &Log<3>) -> Collected<3> {
    log.window.clone().finish(None)
}

fn source() -> LogSource<'static> {
    LogSource { place: "log", ..LogSource::default() }
}

fn csv(log: Input, zone: Option<Zone>) -> Csv {
    Csv { log, zone, code_page: None }
}

fn times(modified: Option<SystemTime>) -> FileTimes {
    FileTimes { place: "log".to_owned(), modified, now: modified.unwrap_or_else(SystemTime::now) }
}

#[test]
fn rows_of_the_window_and_no_older_ones() {
    let text = header("CAS1") + &row(0, "1", "0") + &row(540, "2", "0") + &row(570, " ", "0") + &row(600, "3", "0");
    let log = log(text).unwrap();
    assert_eq!((received(&log), collected(&log).gaps, log.host.as_str()), (vec![2.0, 3.0], 1, "CAS1"));
    assert_eq!(log.zone, Zone::east(60));
}

#[test]
fn typeperf_writes_a_blank_line_first_and_a_sentence_last() {
    let header = header("CAS1").replace(" (W. Europe Standard Time)(-60)", "");
    let text = format!("\r\n{header}{}\r\rThe command completed successfully.\r\n", row(0, "1.000000", "0.000000"));
    let log = log(text).unwrap();
    assert_eq!((received(&log), log.zone, collected(&log).malformed), (vec![1.0], None, None));
}

#[test]
fn utf_16_and_a_mark_are_read() {
    let text = header("CAS1") + &row(0, "7", "0") + &row(1, "8", "0");
    let le = utf_16(&text);
    let be = [0xFEFF].into_iter().chain(text.encode_utf16()).flat_map(u16::to_be_bytes).collect::<Vec<_>>();
    let bare = text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
    let utf_8 = format!("\u{feff}{text}").into_bytes();
    for bytes in [le, be, bare, utf_8] {
        assert_eq!(received(&log(bytes).unwrap()), [7.0, 8.0]);
    }
}

#[test]
fn a_second_header_with_other_columns_counts_from_there() {
    let other = format!("\"(PDH-CSV 4.0) (UTC)(-60)\",\"\\\\cas1{REJECTED}\",\"\\\\CAS1{RECEIVED}\"\n");
    let text = header("CAS1") + &row(0, "5", "1") + &other + &row(1, "2", "6");
    assert_eq!(received(&log(text).unwrap()), [5.0, 6.0]);
}

#[test]
fn rows_of_a_header_before_the_window_are_not_read_by_the_first() {
    let other =
        format!("\"(PDH-CSV 4.0) (UTC)(-60)\",\"\\\\CAS1\\x\\y\",\"\\\\CAS1{RECEIVED}\",\"\\\\CAS1{REJECTED}\"\n");
    let rows = [0, 120].map(|minute| row(minute, "1\",\"7", "2")).concat();
    assert_eq!(received(&log(header("CAS1") + &row(0, "5", "1") + &other + &rows).unwrap()), [7.0]);
}

#[test]
fn a_header_without_the_counters_costs_the_rows_behind_it_and_is_an_error_when_it_is_the_last() {
    let other = "\"(PDH-CSV 4.0) (UTC)(-60)\",\"\\\\CAS1\\x\\y\",\"\\\\CAS1\\x\\z\"\n";
    let text = header("CAS1") + &row(0, "5", "1") + other + &row(1, "9", "9");
    assert!(matches!(log(&text), Err(CounterError::Absent { .. })));
    let text = text + &header("CAS1") + &row(2, "6", "2");
    assert_eq!(received(&log(text).unwrap()), [5.0, 6.0]);
}

#[test]
fn a_long_file_says_what_a_stream_of_it_says() {
    let wide = "x".repeat(13_000);
    // The first row stands there twice, which only those learn of who look at it.
    let minutes = [0].into_iter().chain(0..1_440);
    let rows = minutes.map(|minute| row(minute, &minute.to_string(), "0").replace("\r\n", &format!(",\"{wide}\"\r\n")));
    let text = header("CAS1").replace("\r\n", ",\"\\\\CAS1\\x\\y\"\r\n") + &rows.collect::<String>();
    assert!(text.len() as u64 > NEAR);
    for (hours, first, replaced) in [(1, 1_379.0, 0), (24, 0.0, 1)] {
        let query = CounterQuery { window: Duration::from_secs(hours * 3_600), ..query() };
        let log = read_file(Cursor::new(&text), text.len() as u64, &query, &source()).unwrap();
        assert_eq!((received(&log)[0], received(&log).last()), (first, Some(&1_439.0)));
        assert_eq!(collected(&log).replaced, replaced, "of the rows far from the end");
    }
}

#[test]
fn rows_before_a_place_are_passed_over_in_any_encoding() {
    let (passed, rest) = (header("CAS1") + &row(0, "7", "0"), row(1, "8", "0"));
    for encoded in [|text: &str| text.as_bytes().to_vec(), utf_16] {
        let (from, whole) = (encoded(&passed).len() as u64, encoded(&(passed.clone() + &rest)));
        assert_eq!(received(&read(whole.as_slice(), from, &query(), "log").unwrap()), [8.0]);
        assert_eq!(received(&read(whole.as_slice(), from - 3, &query(), "log").unwrap()), [7.0, 8.0]);
    }
}

#[test]
fn a_renamed_host_begins_anew() {
    let text = header("CAS1") + &row(0, "5", "1") + &header("CAS9") + &row(1, "6", "2");
    let log = log(text).unwrap();
    assert_eq!((received(&log), log.host.as_str()), (vec![6.0], "CAS9"));
}

#[test]
fn a_last_line_cut_short_is_no_row() {
    let text = header("CAS1") + &row(0, "500", "1") + "\"11/23/2026 00:01:00.000\",\"5";
    assert_eq!(received(&log(text).unwrap()), [500.0]);
}

#[test]
fn the_error_of_a_file_never_quotes_it() {
    let error = log("root:x:0:0:root:/root:/bin/bash\n").unwrap_err();
    assert_eq!(error.to_string(), "log, line 1: expected a header that begins with (PDH-CSV 4.0)");
    assert!(log("").is_err());
    assert!(log([0; 5_000]).is_err());
}

#[test]
fn an_absent_counter_is_named_with_its_nearest() {
    let text = format!("\"(PDH-CSV 4.0)\",\"\\\\CAS1{RECEIVED}\",\"\\\\CAS1\\Memory\\Available MBytes\"\n");
    let CounterError::Absent { counters, nearest, .. } = log(text).unwrap_err() else { panic!("another error") };
    assert_eq!((counters.len(), counters[0].to_string().as_str()), (1, REJECTED));
    assert!(nearest.to_string().starts_with(&format!("nearest of 2 counters there: {RECEIVED}")), "{nearest}");
}

#[test]
fn nothing_of_a_log_without_rows() {
    let log = log(header("CAS1")).unwrap();
    assert!(log.rows().is_empty());
    let error = csv(Input::Stdin, None).reading(log, &query(), &times(None)).unwrap_err();
    assert!(matches!(error, CounterError::NoRows { host, .. } if host == "CAS1"));
}

#[test]
fn an_unknown_zone_is_guessed_and_said() {
    let header = header("CAS1").replace(" (W. Europe Standard Time)(-60)", " (RTZ 2 (");
    let log = log(header + &row(1_020, "1", "0")).unwrap();
    let modified = UNIX_EPOCH + Duration::from_secs(1_795_453_200 - 3 * 3_600 + 20);
    let file = || Input::File("x.csv".into());
    let reading = csv(file(), None).reading(log.clone(), &query(), &times(Some(modified))).unwrap();
    assert_eq!(reading.newest_complete().time, modified - Duration::from_secs(20));
    assert_eq!((reading.as_of, reading.notes.len()), (modified - Duration::from_secs(20), 1));
    // Three days later no zone brings it near.
    let touched = modified + Duration::from_secs(3 * 86_400);
    let reading = csv(file(), None).reading(log.clone(), &query(), &times(Some(touched))).unwrap();
    assert!(touched.duration_since(reading.as_of).unwrap() > Duration::from_secs(2 * 86_400));
    let zoned = read_log(
        (self::header("CAS1") + &row(1_020, "1", "0")).as_bytes(),
        0,
        &query(),
        &LogSource { zone: Zone::east(120), ..source() },
    );
    let reading = csv(file(), Zone::east(120)).reading(zoned.unwrap(), &query(), &times(Some(modified))).unwrap();
    assert_eq!(reading.newest_complete().time, UNIX_EPOCH + Duration::from_secs(1_795_453_200 - 2 * 3_600));
    assert!(reading.notes.is_empty());
}

#[test]
fn a_log_that_runs_over_the_end_of_summer_is_settled_by_the_file_s_time() {
    // Begun in summer; the rows since are those of winter.
    let rows: String = (0..=60).map(|minute| row(minute, &minute.to_string(), "0")).collect();
    let midnight = UNIX_EPOCH + Duration::from_millis(MIDNIGHT as u64);
    let newest = |zone: &str, modified: SystemTime| {
        let text = header("CAS1").replace("(W. Europe Standard Time)(-60)", zone) + &rows;
        let reading = csv(Input::File("x".into()), None).reading(log(text).unwrap(), &query(), &times(Some(modified)));
        let reading = reading.unwrap();
        (reading.samples.len(), reading.newest_complete().time, reading.notes.len())
    };
    assert_eq!(newest("(W. Europe Daylight Time)(-120)", midnight), (61, midnight, 1));
    assert_eq!(newest("(W. Europe Standard Time)(-60)", midnight), (61, midnight, 0));
    // UTC has no summer: the log is an hour old.
    let later = midnight + Duration::from_secs(7_200);
    assert_eq!(newest("(UTC)(0)", later), (61, midnight + Duration::from_secs(3_600), 0));
}

#[test]
fn each_header_says_the_zone_of_its_own_rows() {
    // The clock went from 2:00 back to 1:00, and typeperf was started anew.
    let summer = header("CAS1").replace("(-60)", "(-120)");
    let text = summer + &row(60, "100", "0") + &row(110, "600", "500") + &header("CAS1") + &row(70, "700", "560");
    let log = log(text).unwrap();
    assert_eq!(received(&log), [600.0, 700.0]);
    assert_eq!(log.rows().iter().map(|row| (row.time - MIDNIGHT) / 60_000).collect::<Vec<_>>(), [-10, 10]);
}

#[test]
fn a_header_without_a_zone_is_of_the_machine_of_the_others() {
    let without = header("CAS1").replace(" (W. Europe Standard Time)(-60)", "");
    for (first, second) in [(header("CAS1"), without.clone()), (without, header("CAS1"))] {
        let log = log(first + &row(60, "1", "0") + &second + &row(90, "2", "0")).unwrap();
        assert_eq!(
            (log.zone, log.rows()[0].time, log.rows()[1].time),
            (Zone::east(60), MIDNIGHT, MIDNIGHT + 1_800_000)
        );
    }
}

#[test]
fn rows_that_do_not_fit_their_header_are_named_and_none_is_read() {
    let reading = |text: String| csv(Input::Stdin, Zone::east(0)).reading(log(text)?, &query(), &times(None));
    let said = |text: String| reading(text).unwrap_err().to_string();
    let begin = header("CAS1") + &row(0, "100", "10");
    let cells = "log, line 3: expected 3 cells, as many as the header of line 1 has";
    // A column too few, a column too many, and a name that the header dropped.
    assert_eq!(said(begin.clone() + "\"11/23/2026 00:01:00.000\",\"216\"\r\n"), cells);
    assert_eq!(said(begin.clone() + &row(1, "216\",\"240", "10")), cells);
    let date = "log, line 3: expected a time such as 11/23/2026 17:00:00.000, which is MM/DD/YYYY";
    for time in ["23/11/2026 00:01:00.000", "2026-11-23 00:01:00.000", "23.11.2026 00:01:00", ""] {
        assert_eq!(said(format!("{begin}\"{time}\",\"1\",\"2\"\r\n")), date, "{time}");
    }
    // Before the window it is no matter, nor what a program that was killed left of its last line.
    let old = begin.clone() + "\"11/23/2026 00:01:00.000\",\"216\"\r\n";
    assert!(reading(old + &row(90, "200", "20")).is_ok());
    for cut in [
        "\"11/23/2026 00:01:00.000\",\"21",
        "\"11/23/2026 00:01:00.000\",\"21\r\n",
        "\"11/23/2026 00:01:00.000\",\"21\"\n",
    ] {
        let reading = reading(begin.clone() + cut + &header("CAS1") + &row(2, "200", "20")).unwrap();
        assert_eq!(reading.samples.len(), 2, "{cut:?}");
    }
}

#[test]
fn a_log_whose_lines_end_in_cr_alone_is_said_to_be_one() {
    let text = (header("CAS1") + &row(0, "1", "0")).replace("\r\n", "\r");
    assert_eq!(
        log(text).unwrap_err().to_string(),
        "log, line 1: expected lines that end in LF or CR LF, not in CR alone"
    );
    let long = "x".repeat(3 * 1024 * 1024);
    assert!(log(long).unwrap_err().to_string().starts_with("log, line 1: expected lines of at most 2 MiB"));
}

#[test]
fn a_line_of_the_window_that_is_too_long_is_named() {
    let long = format!("\"11/23/2026 00:01:00.000\",\"{}\"\r\n", "1".repeat(3 * 1024 * 1024));
    let log = log(header("CAS1") + &row(0, "100", "10") + &long + &row(2, "200", "20")).unwrap();
    let error = csv(Input::Stdin, None).reading(log, &query(), &times(None)).unwrap_err();
    assert!(error.to_string().starts_with("log, line 3: expected lines of at most 2 MiB"), "{error}");
}

#[test]
fn a_log_goes_by_its_directory_because_its_name_may_be_another_one_every_day() {
    let directory = tempfile::tempdir().unwrap();
    let expected = format!("csv in {}", directory.path().display());
    for path in [directory.path().to_owned(), directory.path().join("um_1.csv")] {
        assert_eq!(csv(Input::File(path), None).identity(), expected);
    }
    assert_eq!(csv(Input::Stdin, None).identity(), "csv");
}

#[test]
fn days_that_were_read_as_months_are_said() {
    let log = log(header("CAS1") + "\"05/11/2026 00:00:00.000\",\"1\",\"0\"\r\n").unwrap();
    // 11/05/2026.
    let written = UNIX_EPOCH + Duration::from_millis((MIDNIGHT - 18 * 86_400_000) as u64);
    let error = csv(Input::File("x".into()), None).reading(log, &query(), &times(Some(written))).unwrap_err();
    assert!(error.to_string().starts_with("log, line 2: expected a date as MM/DD/YYYY: as DD/MM/YYYY"), "{error}");
}

#[test]
fn a_header_behind_a_mark_in_the_middle_is_one() {
    let other = format!("\u{feff}\"(PDH-CSV 4.0) (UTC)(-60)\",\"\\\\CAS1{REJECTED}\",\"\\\\CAS1{RECEIVED}\"\n");
    assert_eq!(received(&log(header("CAS1") + &row(0, "5", "1") + &other + &row(1, "2", "6")).unwrap()), [5.0, 6.0]);
}

fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => (0..180_u32, "[0-9 ]{0,3}", "[0-9]{0,2}").prop_map(|(minute, a, b)| row(minute, &a, &b)),
        1 => Just(header("CAS1")),
        1 => "[ -~\r\n]{0,20}",
    ]
}

proptest! {
    #[test]
    fn any_log_gives_rows_of_its_last_hour_that_it_holds(
        lines in proptest::collection::vec(line(), 0..40),
        cut: proptest::sample::Index,
    ) {
        let mut text = header("CAS1") + &lines.concat();
        text.truncate(cut.index(text.len()));
        // A header that was cut may lack a counter.
        let Ok(log) = log(&text) else { return Ok(()) };
        for pair in log.rows().windows(2) {
            prop_assert!(pair[0].time < pair[1].time);
        }
        for read in log.rows() {
            prop_assert!(read.time >= log.rows().last().unwrap().time - 3_600_000);
            let minute = u32::try_from((read.time + 3_600_000 - MIDNIGHT) / 60_000).unwrap();
            let is_this = |line: &&str| {
                let cells: Vec<_> = line.split("\",\"").map(|cell| cell.trim_end().trim_matches('"')).collect();
                let value = |cell: &str| cell.trim().parse().ok();
                row(minute, "", "").starts_with(&format!("\"{}\"", cells[0]))
                    && cells.len() == 3
                    && [value(cells[1]), value(cells[2])] == read.values[..2]
            };
            prop_assert!(text.lines().any(|line| is_this(&line)), "nobody wrote {:?}", read);
        }
    }

    #[test]
    fn what_reaches_back_from_the_end_says_what_the_whole_says(
        lines in proptest::collection::vec(line(), 0..40),
        from: proptest::sample::Index,
    ) {
        let text = header("CAS1") + &lines.concat();
        let whole = log(&text).unwrap();
        let end = read(text.as_bytes(), from.index(text.len()) as u64, &query(), "log").unwrap();
        if end.window.reaches_back() {
            prop_assert_eq!((end.rows(), collected(&end).gaps), (whole.rows(), collected(&whole).gaps));
        }
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = log(bytes);
    }
}
