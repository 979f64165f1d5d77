//! Does the plugin say what an independent calculation says? Random logs and histories, by the rules of the man page.
//!
//! The calculation here knows nothing of the plugin's: it looks at all rows at once, in the words of the rules.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;

use support::peer::Peer;
use support::perfdata::value;

use super::*;

/// How many logs, and how many histories. Wine takes its time to start a program.
const LOGS: u64 = if cfg!(windows) { 40 } else { 400 };
const HISTORIES: u64 = if cfg!(windows) { 12 } else { 120 };
const DISORDERED: u64 = if cfg!(windows) { 4 } else { 40 };

const WINDOW: i64 = 3_600;

#[test]
fn logs_say_what_an_independent_calculation_says() {
    for seed in 0..LOGS {
        let mut random = Random(seed * 2 + 1);
        let log = RandomLog::new(&mut random);
        let directory = tempfile::tempdir().unwrap();
        let source = csv(directory.path(), random.encoded(&log.text));
        let ran = run(&["--counters", &source]);
        assert_says(&ran, expected(&log.rows), &format!("log {seed}:\n{}", log.text));
    }
}

#[test]
fn histories_say_what_an_independent_calculation_says() {
    for seed in 0..HISTORIES {
        let mut random = Random(seed * 2 + 1_000_001);
        let scrapes = Scrapes::new();
        let (mut totals, mut ago) = (random.totals(), random.below(7_000) as i64 + 200);
        let mut rows = Vec::new();
        while ago >= 0 {
            rows.push((scrapes.now - ago, Some(totals)));
            let ran = scrapes.run(ago, totals);
            match expected(&rows) {
                Expected::Nothing => {
                    assert!(ran.stdout.contains("first sample") || ran.stdout.contains("older than"), "{ran:?}")
                }
                calculated => assert_says(&ran, calculated, &format!("history {seed}: {rows:?}")),
            }
            ago -= random.below(900) as i64 + 30;
            random.go_on(&mut totals);
        }
    }
}

/// Two services that ask one slow exporter, and a clock that is set back: three fifths are rejected all the time.
#[test]
fn samples_out_of_order_never_count_what_was_counted_before() {
    for seed in 0..DISORDERED {
        let mut random = Random(seed * 2 + 5_000_001);
        let scrapes = Scrapes::new();
        let total = |second: i64| [7_000_000 + 10 * (10_000 - second) as u64, 3_000_000 + 6 * (10_000 - second) as u64];
        let mut first = None;
        for minute in (0..12).rev() {
            let ago = minute * 60 + 20;
            let late = random.below(11) as i64;
            let samples = match random.below(3) {
                // The other service read earlier and is later in the file.
                0 => vec![(ago, total(ago)), (ago + late, total(ago + late))],
                // The clock was set back: later totals at an earlier time.
                1 => vec![(ago, total(ago)), (ago + late, total(ago - 1))],
                // A slow exporter says at last what it read at first.
                _ => vec![(ago, total(ago)), (ago - late, total(ago + 1))],
            };
            for (ago, totals) in samples {
                let ran = scrapes.run(ago, totals);
                let Some(first) = first else {
                    first = Some(totals);
                    continue;
                };
                let Some(calls) = value(ran.first_line(), "calls") else { continue };
                assert!(calls <= (total(0)[0] - first[0]) as f64, "history {seed}: lifetime totals count: {ran:?}");
                assert!(!ran.stdout.contains("restarted"), "history {seed}: {ran:?}");
                if calls >= 10.0 {
                    let share = value(ran.first_line(), "rejected").unwrap();
                    assert!((share - 60.0).abs() < 0.001 && ran.code == Some(2), "history {seed}: {ran:?}");
                }
            }
        }
    }
}

/// What is expected of a window.
#[derive(Clone, Copy, Debug)]
enum Expected {
    /// Nothing to compare.
    Nothing,
    Growth {
        calls: u64,
        rejected: u64,
        seconds: i64,
        in_doubt: bool,
    },
}

/// By the rules, too, the steps which may have been counted before, each by the index of its later row: more than a hundred calls
/// a second between two rows are of two sources. A total that went down was not counted from zero if more than half of what was
/// counted is there at once; what it had lost, or what the window or an earlier restart began with, comes back in the one step
/// that passes it; and where a restart already stands there, it was the largest step before that had left it.
fn doubtful(window: &[(i64, [u64; 2])], restarts: &[usize], grown: &[u64]) -> BTreeSet<usize> {
    let sum = |index: usize| window[index].1[0] + window[index].1[1];
    let before = |row: usize| restarts.iter().copied().filter(move |other| *other < row);
    let begins = |row: usize| before(row).max().unwrap_or(0);
    // Of the restarts up to a row, what the window or a restart began with before each.
    let least = |row: usize| before(row + 1).map(|restart| sum(begins(restart))).filter(|sum| *sum > 0).min();
    let mut doubtful = BTreeSet::new();
    for row in 1..window.len() {
        let is_leap = grown[row - 1] > 100 * (window[row].0 - window[row - 1].0).max(10) as u64 + 100;
        let passes = |level: u64| sum(row - 1) < level && level <= sum(row);
        if restarts.contains(&row) {
            if least(row).is_some_and(|least| sum(row) >= least) {
                let steps = (begins(row) + 1..row).filter(|step| !doubtful.contains(step));
                let largest = steps.rev().max_by_key(|step| grown[step - 1]);
                doubtful.extend(largest.filter(|step| grown[step - 1] > 0));
            }
            if is_leap || sum(row) > sum(row - 1) / 2 {
                doubtful.insert(row);
            }
        } else if is_leap
            || least(row).is_some_and(passes)
            || before(row).max().is_some_and(|restart| passes(sum(restart - 1)))
        {
            doubtful.insert(row);
        }
    }
    doubtful
}

/// Whether more than the lower threshold allows were rejected.
fn is_violated([calls, rejected]: [u64; 2]) -> bool {
    rejected.min(calls) * 4 > calls
}

/// By the rules: a row counts unless a later one is not newer; the window ends at the newest with values; a total that went
/// down, and did not pass the end of 32 bits, counts from zero with all others.
fn expected(rows: &[(i64, Option<[u64; 2]>)]) -> Expected {
    let stays = |index: usize| rows[index + 1..].iter().all(|later| later.0 > rows[index].0);
    let rows: Vec<_> = (0..rows.len())
        .filter(|index| stays(*index))
        .filter_map(|index| Some((rows[index].0, rows[index].1?)))
        .collect();
    let Some(end) = rows.last().map(|row| row.0) else { return Expected::Nothing };
    let window: Vec<_> = rows.into_iter().filter(|row| row.0 >= end - WINDOW).collect();
    if window.len() < 2 {
        return Expected::Nothing;
    }
    let (mut sums, mut restarts, mut steps) = ([0; 2], Vec::new(), Vec::new());
    for (index, pair) in window.windows(2).enumerate() {
        let (before, after) = (pair[0].1, pair[1].1);
        let wraps =
            |index: usize| before[index] >= (1 << 32) - (1 << 24) && before[index] <= 1 << 32 && after[index] < 1 << 24;
        let restarted = (0..2).any(|index| after[index] < before[index] && !wraps(index));
        if restarted {
            restarts.push(index + 1);
        }
        let before_it = sums;
        for index in 0..2 {
            sums[index] += match (restarted, after[index] < before[index]) {
                (true, _) => after[index],
                (false, true) => (1 << 32) - before[index] + after[index],
                (false, false) => after[index] - before[index],
            };
        }
        steps.push([sums[0] - before_it[0], sums[1] - before_it[1]]);
    }
    let grown: Vec<_> = steps.iter().map(|step| step[0] + step[1]).collect();
    let doubtful = doubtful(&window, &restarts, &grown);
    let sure = [0, 1].map(|which| sums[which] - doubtful.iter().map(|row| steps[row - 1][which]).sum::<u64>());
    let is_mostly = 2 * (sums[0] + sums[1] - sure[0] - sure[1]) > sums[0] + sums[1];
    // What is doubtful changes nothing where the rest alerts as well, or does not either, and is not most of what is said to be calm.
    let is_alike = sure[0].max(sure[1]) >= 10 && is_violated(sure) == is_violated(sums);
    // What is rejected in a flood is judged, however fast it came.
    let is_flood = restarts.is_empty() && is_violated(sums);
    let in_doubt = !doubtful.is_empty() && !is_flood && !(is_alike && (is_violated(sums) || !is_mostly));
    Expected::Growth { calls: sums[0], rejected: sums[1], seconds: end - window[0].0, in_doubt }
}

#[track_caller]
fn assert_says(ran: &Outcome, expected: Expected, what: &str) {
    let Expected::Growth { calls, rejected, seconds, in_doubt } = expected else {
        assert_eq!(ran.code, Some(3), "{what}\n{ran:?}");
        return;
    };
    if in_doubt && calls.max(rejected) >= 10 {
        let is_said =
            ["were not counted from zero", "more than 100 calls a second"].iter().any(|text| ran.stdout.contains(text));
        assert!(ran.code == Some(3) && is_said, "{what}\n{ran:?}");
        return;
    }
    if rejected > calls {
        assert!(ran.code == Some(3) && ran.stdout.contains("expected fewer"), "{what}\n{ran:?}");
        return;
    }
    let said = ["calls", "rejected_calls", "history"].map(|label| value(ran.first_line(), label));
    assert_eq!(said, [Some(calls as f64), Some(rejected as f64), Some(seconds as f64)], "{what}\n{ran:?}");
    let share = rejected as f64 * 100.0 / calls as f64;
    let code = match calls {
        0..10 => 0,
        _ if share > 50.0 => 2,
        _ if share > 25.0 => 1,
        _ => 0,
    };
    assert_eq!(ran.code, Some(code), "{what}\n{ran:?}");
}

/// An exporter whose series have times of their own, and the history of what it said.
struct Scrapes {
    now: i64,
    page: Arc<Mutex<String>>,
    exporter: Peer,
    directory: tempfile::TempDir,
}

impl Scrapes {
    fn new() -> Self {
        let page: Arc<Mutex<String>> = Arc::default();
        let served = Arc::clone(&page);
        let exporter = Peer::answering(move |_| {
            let page = served.lock().unwrap();
            format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{page}", page.len()).into_bytes()
        });
        Self { now: now(), page, exporter, directory: tempfile::tempdir().unwrap() }
    }

    /// What the plugin says when the totals were these some seconds ago.
    fn run(&self, ago: i64, [received, rejected]: [u64; 2]) -> Outcome {
        let time = (self.now - ago) * 1_000;
        *self.page.lock().unwrap() =
            format!("calls{{of=\"a\"}} {received} {time}\ncalls{{of=\"b\"}} {rejected} {time}\n");
        let state = self.directory.path().join("history");
        let names = ["received=calls{of=\"a\"}", "rejected=calls{of!=\"a\"}"];
        let source = url(&self.exporter);
        let fixed = ["--counters", &source, "--max-age", "1d", "--state-file", state.to_str().unwrap()];
        run(&[&fixed[..], &["--counter-name", names[0], "--counter-name", names[1]]].concat())
    }
}

/// A log, and what it says: time in seconds since 1970 and the totals, where it has both, in the order of its rows.
struct RandomLog {
    text: String,
    rows: Vec<(i64, Option<[u64; 2]>)>,
}

impl RandomLog {
    fn new(random: &mut Random) -> Self {
        let mut log = Self { text: String::new(), rows: Vec::new() };
        let mut totals = random.totals();
        let (mut header, step) = (Header::new(random), random.below(150) as i64 + 15);
        log.text += &header.text();
        let mut ago = random.below(9_000) as i64 + 2;
        let (end, mut backs) = (now(), 0);
        while ago >= 2 {
            if random.below(12) == 0 {
                header = Header::new(random);
                log.text += &header.text();
            }
            let is_there = random.below(10) > 0;
            log.text += &header.row(end - ago, is_there.then_some(totals));
            log.rows.push((end - ago, is_there.then_some(totals)));
            random.go_on(&mut totals);
            // Now and then the same second again, or a clock that is set back.
            let (is_again, is_back) = (random.below(25) == 0, random.below(25) == 0 && backs < 3);
            backs += i32::from(is_back);
            ago += match (is_again, is_back) {
                (true, _) => 0,
                (false, true) => random.below(1_500) as i64,
                (false, false) => -step,
            };
        }
        log
    }
}

/// The columns that hold from here on, and the zone.
struct Header {
    /// For each column which counter it has: received, rejected, or one that nobody asked for.
    columns: Vec<usize>,
    /// Minutes west of UTC.
    west: i64,
}

impl Header {
    fn new(random: &mut Random) -> Self {
        let mut columns = vec![0, 1];
        (0..random.below(4)).for_each(|other| columns.push(2 + other as usize));
        for index in (1..columns.len()).rev() {
            columns.swap(index, random.below(index as u64 + 1) as usize);
        }
        Self { columns, west: random.below(24) as i64 * 60 - 660 }
    }

    fn text(&self) -> String {
        let name = |column: &usize| match column {
            0 => r"\MSExchangeUMCallRouterAvailability\Total Inbound Calls Received by the UM Call Router".to_owned(),
            1 => r"\MSExchangeUMCallRouterAvailability\Total Inbound Calls Rejected by the UM Call Router".to_owned(),
            other => format!(r"\PhysicalDisk({other} C:)\Größe, im Mittel"),
        };
        let cells: String = self.columns.iter().map(|column| format!(",\"\\\\CAS1{}\"", name(column))).collect();
        format!("\"(PDH-CSV 4.0) (UTC)({})\"{cells}\r\n", self.west)
    }

    fn row(&self, time: i64, totals: Option<[u64; 2]>) -> String {
        let time = OffsetDateTime::from_unix_timestamp(time - self.west * 60).unwrap();
        let (month, day, year) = (u8::from(time.month()), time.day(), time.year());
        let (hour, minute, second) = (time.hour(), time.minute(), time.second());
        let cell = |column: &usize| match (totals, *column) {
            (_, 2..) => "0.5".to_owned(),
            (Some(totals), index) => totals[index].to_string(),
            (None, _) => " ".to_owned(),
        };
        let cells: String = self.columns.iter().map(|column| format!(",\"{}\"", cell(column))).collect();
        format!("\"{month:02}/{day:02}/{year} {hour:02}:{minute:02}:{second:02}.000\"{cells}\r\n")
    }
}

/// Xorshift: the same numbers every time, so that what fails fails again.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        for shift in [13_i32, -7, 17] {
            self.0 ^= if shift > 0 { self.0 << shift } else { self.0 >> -shift };
        }
        self.0.wrapping_mul(0x9E37_79B9_7F4A_7C15) % bound
    }

    /// What was counted before, in each third series nearly to the end of 32 bits.
    fn totals(&mut self) -> [u64; 2] {
        let received = if self.below(3) == 0 { (1 << 32) - 1 - self.below(300) } else { self.below(1 << 32) };
        [received, self.below(received + 1)]
    }

    /// Some more calls; now and then a restart, or the end of 32 bits.
    fn go_on(&mut self, totals: &mut [u64; 2]) {
        let calls = self.below(20);
        let more = [calls, self.below(calls + 1)];
        match self.below(30) {
            0 => *totals = more,
            1 => totals[0] = (1 << 32) - 1 - self.below(9),
            _ => {
                for index in 0..2 {
                    totals[index] = (totals[index] + more[index]) % (1 << 32);
                }
            }
        }
    }

    /// A text in one of the encodings that Windows writes.
    fn encoded(&mut self, text: &str) -> Vec<u8> {
        let wide = |unit: fn(u16) -> [u8; 2], mark: bool| -> Vec<u8> {
            mark.then_some(0xFEFF).into_iter().chain(text.encode_utf16()).flat_map(unit).collect()
        };
        match self.below(6) {
            0 => text.as_bytes().to_vec(),
            1 => format!("\u{feff}{text}").into_bytes(),
            2 => wide(u16::to_le_bytes, true),
            3 => wide(u16::to_be_bytes, true),
            4 => wide(u16::to_le_bytes, false),
            _ => text.chars().map(|c| u8::try_from(c).unwrap()).collect(),
        }
    }
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    i64::try_from(since.as_secs()).unwrap()
}
