//! Is a whole day judged as it was, minute by minute? Time is passed in: 1,440 minutes of checks with outages, restarts, clocks
//! that are set, summer time, a leap second and rotations, against a model that is written from the man pages.
//!
//! `CHECK_UM_DAYS=FIRST..LAST` has the seeds of more days.
//!
//! | Only on Unix | Because                                                             |
//! |--------------|---------------------------------------------------------------------|
//! | all of it    | what is judged is no system's own, and 24,000 histories take a while |

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panic")]

mod model;
mod sources;
#[path = "../support/mod.rs"]
mod support;
mod world;

use std::ffi::OsString;
use std::time::{Duration, SystemTime};

use check_um::checks::{CertExpiry, Events, HealthSet, MissedCallProxy, RejectRate};
use check_um::door::plugin::{Check, report_at};
use check_um::door::report::{Report, State as Reported};

use model::{Counted, Expected, Memory, State};
use sources::{Exports, Log, Scraped};
use world::{Clock, Minute, StateFiles, day};

#[test]
fn a_plain_day() {
    live(Clock::Plain);
}

#[test]
fn a_day_on_which_summer_begins() {
    live(Clock::SummerBegins);
}

#[test]
fn a_day_on_which_summer_ends() {
    live(Clock::SummerEnds);
}

#[test]
fn a_day_with_a_leap_second() {
    live(Clock::LeapSecond);
}

#[test]
fn the_calendar_of_the_model_is_that_of_the_world() {
    assert_eq!(world::midnight(2026, 11, 23), 1_795_392_000_000);
    assert_eq!(world::midnight(2017, 1, 1) - world::midnight(2016, 12, 31), 86_400_000);
    for (moment, civil) in [
        (0, [1970, 1, 1, 0, 0, 0]),
        (1_795_453_261_999, [2026, 11, 23, 17, 1, 1]),
        (951_782_400_000, [2000, 2, 29, 0, 0, 0]),
    ] {
        assert_eq!(world::civil(moment), civil);
    }
}

/// Plays the days of this kind that are asked for.
fn live(clock: Clock) {
    let asked = std::env::var("CHECK_UM_DAYS").unwrap_or_else(|_| "1..2".to_owned());
    let (first, last) = asked.split_once("..").unwrap();
    for seed in first.parse::<u64>().unwrap()..last.parse().unwrap() {
        let mut scheduler = Scheduler::new(clock, seed);
        for (index, minute) in day(clock, seed).iter().enumerate() {
            scheduler.pass(index, minute);
        }
        assert!(scheduler.runs.iter().all(|runs| *runs > 10), "a day without a state: {:?}", scheduler.runs);
    }
}

/// One host that runs every check, and what it should remember.
struct Scheduler {
    name: String,
    directory: tempfile::TempDir,
    scraped: Scraped,
    log: Log,
    exports: Exports,
    totals: Memory,
    exchange: Memory,
    proxy: Memory,
    /// Which minute of the day it is, and the time of its own clock.
    index: usize,
    now: i64,
    /// How many runs ended in each state.
    runs: [usize; 4],
}

impl Scheduler {
    fn new(clock: Clock, seed: u64) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let begin = day(clock, seed)[0].monitor / 1_000;
        Self {
            name: format!("{clock:?} {seed}"),
            scraped: Scraped::new(),
            log: Log::new(directory.path()),
            exports: Exports::new(directory.path(), begin),
            directory,
            totals: Memory::default(),
            exchange: Memory::default(),
            proxy: Memory::default(),
            index: 0,
            now: 0,
            runs: [0; 4],
        }
    }

    fn pass(&mut self, index: usize, minute: &Minute) {
        (self.index, self.now) = (index, minute.monitor);
        self.log.write(minute);
        self.exports.write(minute);
        self.scraped.page(minute);
        self.lose(minute.state_files);
        if !minute.is_scheduled {
            return;
        }
        self.rates();
        let dir = self.log.directory();
        self.ask::<RejectRate>(&["--counters", &format!("csv:{dir}")], "log", &self.log.expected(self.now));
        if self.index.is_multiple_of(5) {
            self.ages();
        }
    }

    /// Of the exporter, each with a history of its own.
    fn rates(&mut self) {
        let source = ["--counters", &self.scraped.url()];
        let scraped = self.scraped.counted();
        let is_of_now = scraped.filter(|sample| model::is_of_now(sample.at, self.now));
        let untold = || Expected::of(State::Unknown, "");
        let totals = is_of_now.map_or_else(untold, |sample| model::by_totals(self.totals.learn(sample)));
        self.ask::<RejectRate>(&source, "totals", &totals);

        let (rejected, failed) = self.scraped.shares();
        let exchange = is_of_now
            .map_or_else(untold, |sample| model::by_exchange(self.exchange.learn(sample), rejected, 25.0, "rejected"));
        self.ask::<RejectRate>(&[&source[..], &["--method", "exchange"]].concat(), "exchange", &exchange);
        let proxy = is_of_now.map_or_else(untold, |sample| {
            let received = Counted { rejected: 0, ..sample };
            model::by_exchange(self.proxy.learn(received), failed, 50.0, "failed")
        });
        self.ask::<MissedCallProxy>(&source, "proxy", &proxy);
    }

    /// Of what was valid, or written, at some time.
    fn ages(&mut self) {
        let Exports { certificate, not_before, not_after, .. } = &self.exports;
        let expected = model::by_validity(*not_before, *not_after, self.now.div_euclid(1_000));
        let certificate = certificate.clone();
        self.ask::<CertExpiry>(&["--file", &certificate, "-w", "12h", "-c", "3h"], "", &expected);
        let (health, expected) = self.exports.health(self.now);
        self.ask::<HealthSet>(&["--file", &health, "--max-age", "1h"], "", &expected);
        let (events, expected) = self.exports.events(self.now);
        self.ask::<Events>(&["--file", &events, "--event", "1647=2"], "", &expected);
    }

    fn lose(&mut self, state_files: StateFiles) {
        if state_files == StateFiles::Kept {
            return;
        }
        for (name, memory) in
            [("totals", &mut self.totals), ("exchange", &mut self.exchange), ("proxy", &mut self.proxy)]
        {
            memory.lose();
            let path = self.directory.path().join(name);
            match std::fs::read_to_string(&path) {
                Ok(text) if state_files == StateFiles::Damaged => {
                    std::fs::write(&path, &text[..text.len() * 2 / 3]).unwrap();
                }
                _ => drop(std::fs::remove_file(&path)),
            }
        }
    }

    /// Runs a check as of the monitoring host's clock, with a state file of that name.
    fn ask<C: Check>(&mut self, options: &[&str], history: &str, expected: &Expected) {
        let mut argv: Vec<OsString> = [C::ABOUT.name].iter().chain(options).map(OsString::from).collect();
        if !history.is_empty() {
            argv.extend(["--state-file".into(), self.directory.path().join(history).into()]);
        }
        let time = SystemTime::UNIX_EPOCH + Duration::from_millis(self.now.unsigned_abs());
        let report = report_at::<C>(argv, time).unwrap();
        let place = || format!("{}, minute {}: {} {options:?}", self.name, self.index, C::ABOUT.name);
        assert_is(&report, expected, place);
        self.runs[usize::from(report.state().exit_code())] += 1;
    }
}

fn assert_is(report: &Report, expected: &Expected, place: impl Fn() -> String) {
    let state = match expected.state {
        State::Ok => Reported::Ok,
        State::Warning => Reported::Warning,
        State::Critical => Reported::Critical,
        State::Unknown => Reported::Unknown,
    };
    let said: Vec<_> = report.findings.iter().map(|finding| finding.text.as_str()).collect();
    let all =
        || format!("{}\nexpected {expected:?}\n{:?}: {said:?}\n{:#?}", place(), report.state(), report.diagnostics);
    assert!(report.state() == state, "{}", all());
    let metrics = report.metrics.iter().map(|metric| format!("{} {:?}; ", metric.label(), metric.value()));
    let metrics: String = metrics.collect();
    assert!(said.iter().any(|text| text.contains(expected.says)), "{}", all());
    for (label, value) in &expected.metrics {
        let found = report.metrics.iter().find(|metric| metric.label() == *label).and_then(|metric| metric.value());
        assert!(found.is_some_and(|found| (found - value).abs() < 0.002), "{label}: {metrics}\n{}", all());
    }
}
