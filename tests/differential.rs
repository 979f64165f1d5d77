//! Do others read the same as the library? Ranges beside Perl's Monitoring::Plugin, the times of performance logs beside a
//! calendar of its own, the dates of certificates beside OpenSSL.
//!
//! Where one of them is not installed the test says so and passes; with `CHECK_UM_REQUIRE_PEERS=1` it fails.
//! `CHECK_UM_DIFFERENTIAL=N` has N times as many of each.
//!
//! | Only on Unix | Because                                                        |
//! |--------------|----------------------------------------------------------------|
//! | all of it    | what is read is no system's own, and Wine has neither of them  |

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panic")]

mod support;

use std::process::Command;
use std::time::{Duration, Instant};

use check_um::door::counters::CounterQuery;
use check_um::door::counters::csv;
use check_um::door::counters::role::Role;
use check_um::door::report::Range;
use check_um::door::time::deadline::Deadline;
use check_um::door::x509::Certificate;
use support::{run_fed, skipped};

#[test]
fn ranges_alert_where_those_of_monitoring_plugin_do() {
    let module = ["-MMonitoring::Plugin::Range", "-e", "1"];
    if !Command::new("perl").args(module).output().is_ok_and(|ran| ran.status.success()) {
        return skipped("Perl's Monitoring::Plugin is not installed");
    }
    let mut random = Random(7);
    let (mut lines, mut own) = (String::new(), Vec::new());
    for _ in 0..4_000 * times() {
        let text = random.range();
        let Ok(range) = text.parse::<Range>() else { continue };
        // End points themselves, their neighbours, and anything.
        let ends = text.split(['@', ':', '~']).filter_map(|end| end.parse::<f64>().ok());
        let values: Vec<f64> = ends.flat_map(|end| [end, end.next_up(), end.next_down(), end + 1.0, -end]).collect();
        for value in values.into_iter().chain([0.0, -1.0, 1e9, -1e9, random.below(2_000) as f64 / 10.0 - 100.0]) {
            lines += &format!("{text}\t{value}\n");
            own.push((text.clone(), value, range.is_violated_by(value)));
        }
    }
    assert!(own.len() > 10_000, "most of what was made up is no range: {}", own.len());
    let ran = run_fed(Command::new("perl").args(["-e", RANGES]), lines.as_bytes());
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    let others: Vec<_> = ran.stdout.lines().collect();
    assert_eq!(others.len(), own.len());
    for ((text, value, is_violated), other) in own.iter().zip(&others) {
        assert_ne!(*other, "refused", "{text}");
        assert_eq!(*is_violated, *other == "1", "{text} and {value:?}: {other}");
    }
}

/// A range and a value a line in; 1 where it alerts, 0 where not, `refused` where it is none, out.
const RANGES: &str = r#"
    use strict; use warnings; use Monitoring::Plugin::Range;
    while (<STDIN>) {
        chomp; my ($text, $value) = split /\t/;
        my $range = Monitoring::Plugin::Range->parse_range_string($text);
        print defined $range ? ($range->check_range($value) ? 1 : 0) : 'refused', "\n";
    }
"#;

#[test]
fn the_times_of_a_log_are_those_of_a_calendar() {
    let mut random = Random(11);
    for round in 0..300 * times() {
        let west = random.below(28 * 4 + 1) as i64 * 15 - 14 * 60;
        let mut log = format!("\"(PDH-CSV 4.0) (Any Time)({west})\"");
        for name in ["Received", "Rejected"] {
            log += &format!(
                ",\"\\\\CAS1\\MSExchangeUMCallRouterAvailability\\Total Inbound Calls {name} by the UM Call Router\""
            );
        }
        log += "\r\n";
        // Any moment from 1970 to 2106, the last and the first seconds of years, months and days among them.
        let seconds = match round % 3 {
            0 => random.below(1 << 32) as i64,
            1 => random.below(49_000) as i64 * 86_400 - 1,
            _ => random.below(49_000) as i64 * 86_400,
        };
        let seconds = seconds.max(2 * 86_400);
        let (milliseconds, local) = (random.below(1_000) as i64, seconds - west * 60);
        let [year, month, day] = date_of(local.div_euclid(86_400));
        let second = local.rem_euclid(86_400);
        log += &format!(
            "\"{month:02}/{day:02}/{year} {:02}:{:02}:{:02}.{milliseconds:03}\",\"5\",\"1\"\r\n",
            second / 3_600,
            second / 60 % 60,
            second % 60
        );
        let query = CounterQuery {
            counters: Role::CallRouter.counters(true),
            host: None,
            window: Duration::from_secs(3_600),
            deadline: Deadline::new(Instant::now(), Duration::from_secs(10)),
        };
        let times: Vec<_> =
            csv::read(log.as_bytes(), 0, &query, "log").unwrap().rows().iter().map(|row| row.time).collect();
        assert_eq!(times, [seconds * 1_000 + milliseconds], "{log}");
    }
}

/// The date of a day since 1970, counted from one year to the next.
fn date_of(mut day: i64) -> [i64; 3] {
    let mut year = 1970;
    while day >= days_of(year) {
        day -= days_of(year);
        year += 1;
    }
    let months = months_of(year);
    let mut month = 0;
    while day >= months[month] {
        day -= months[month];
        month += 1;
    }
    [year, month as i64 + 1, day + 1]
}

fn days_of(year: i64) -> i64 {
    if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) { 366 } else { 365 }
}

fn months_of(year: i64) -> [i64; 12] {
    [31, days_of(year) - 337, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
}

#[test]
fn dates_of_certificates_are_those_of_openssl() {
    if Command::new("openssl").arg("version").output().is_err() {
        return skipped("openssl is not installed");
    }
    let template = template();
    let mut random = Random(13);
    let (mut alike, mut refused) = (0, 0);
    for _ in 0..60 * times() {
        let texts = [random.utc_time(), random.generalized_time()];
        let der = with_dates(&template, &texts);
        let ran = run_fed(
            Command::new("openssl").args(["x509", "-inform", "DER", "-noout", "-dates", "-dateopt", "iso_8601"]),
            &der,
        );
        let dates: Vec<_> = ran.stdout.lines().filter_map(|line| line.split_once('=')).map(|(_, date)| date).collect();
        let theirs: Vec<_> = dates.iter().filter_map(|date| unix_time(date)).collect();
        match (Certificate::from_der(&der), theirs.as_slice()) {
            (Ok(own), [from, to]) => {
                assert_eq!((own.not_before, own.not_after), (*from, *to), "{texts:?}");
                alike += 1;
            }
            // A time that is none for one of them may be refused by the other, and never read as one.
            (Ok(own), _) => panic!("{texts:?} are {} and {}, OpenSSL says {dates:?}", own.not_before, own.not_after),
            (Err(_), _) => refused += 1,
        }
    }
    assert!(alike > 5 && refused > 5, "{alike} alike, {refused} refused");
}

/// `2026-11-23 17:00:00Z` as Unix time.
fn unix_time(text: &str) -> Option<i64> {
    let (date, time) = text.trim().strip_suffix('Z')?.split_once(' ')?;
    let numbers =
        |text: &str, by| text.split(by).map(|part| part.trim().parse::<i64>().ok()).collect::<Option<Vec<_>>>();
    let (date, time) = (numbers(date, '-')?, numbers(time, ':')?);
    let [year, month, day] = date[..] else { return None };
    let [hour, minute, second] = time[..] else { return None };
    let days = |years: std::ops::Range<i64>| years.map(days_of).sum::<i64>();
    let to_year = if year < 1970 { -days(year..1970) } else { days(1970..year) };
    let to_month: i64 = months_of(year)[..usize::try_from(month - 1).ok()?].iter().sum();
    Some((to_year + to_month + day - 1) * 86_400 + hour * 3_600 + minute * 60 + second)
}

/// A certificate whose validity is from a UTCTime to a GeneralizedTime.
fn template() -> Vec<u8> {
    let mut params = rcgen::CertificateParams::new(["cas1.example.com".to_owned()]).unwrap();
    (params.not_before, params.not_after) = (rcgen::date_time_ymd(2020, 1, 1), rcgen::date_time_ymd(2060, 1, 1));
    params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap().der().to_vec()
}

fn with_dates(template: &[u8], texts: &[String; 2]) -> Vec<u8> {
    let mut der = template.to_vec();
    for (old, new) in ["200101000000Z", "20600101000000Z"].iter().zip(texts) {
        let at = template.windows(old.len()).position(|bytes| bytes == old.as_bytes()).unwrap();
        assert_eq!(old.len(), new.len());
        der[at..at + old.len()].copy_from_slice(new.as_bytes());
    }
    der
}

fn times() -> u64 {
    std::env::var("CHECK_UM_DIFFERENTIAL").map_or(1, |times| times.parse().unwrap())
}

struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % end
    }

    fn number(&mut self) -> String {
        let sign = if self.below(4) == 0 { "-" } else { "" };
        let most = [2, 10, 200, 1_000_000][self.below(4) as usize];
        let whole = self.below(most);
        match self.below(3) {
            0 => format!("{sign}{whole}.{}", self.below(1_000)),
            _ => format!("{sign}{whole}"),
        }
    }

    fn range(&mut self) -> String {
        let at = if self.below(3) == 0 { "@" } else { "" };
        let (start, end) = (self.number(), self.number());
        match self.below(7) {
            0 => format!("{at}{end}"),
            1 => format!("{at}{start}:"),
            2 => format!("{at}:{end}"),
            3 => format!("{at}~:{end}"),
            4 => format!("{at}~:"),
            _ => format!("{at}{start}:{end}"),
        }
    }

    /// Month, day, hour, minute and second, now and then one too far.
    fn rest(&mut self) -> String {
        let most = if self.below(3) == 0 { [14, 33, 26, 62, 62] } else { [12, 28, 24, 60, 60] };
        let [month, day, hour, minute, second] = most.map(|end| self.below(end));
        let first = u64::from(most[0] == 12);
        format!("{:02}{:02}{hour:02}{minute:02}{second:02}Z", month + first, day + first)
    }

    fn utc_time(&mut self) -> String {
        let year = [49, 50, 69, 70, 99, 0, self.below(100)][self.below(7) as usize];
        format!("{year:02}{}", self.rest())
    }

    fn generalized_time(&mut self) -> String {
        let year = [2_050, 2_049, 1_950, 9_999, 2_100, self.below(10_000)][self.below(6) as usize];
        format!("{year:04}{}", self.rest())
    }
}
