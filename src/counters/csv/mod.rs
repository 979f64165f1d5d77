//! What do the logs of Windows' performance tools say? PDH-CSV as typeperf, relog and Export-Counter write it.
//!
//! A log is read from its first line to its last, in bounded memory, whatever it comes from: a header may stand
//! anywhere. Rows cost more than lines, so those far from the end of a long file are passed over.
//!
//! The rows have a parser of their own, not the csv crate that exports are read with (`health::csv`): that one does not
//! say whether a cell had quotes, by which a row is told from typeperf's last sentence; takes the cell in which a line
//! was cut short for whole, `"5` for 5 instead of 500; and reads on over line ends behind a quote that is never closed,
//! in memory without bound.

mod files;
mod header;
mod lines;
mod reader;
mod row;
mod several;
mod zone;

use std::io;
use std::path::{self, Path};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub use self::reader::{Log, read};
use self::reader::{LogSource, read_file, read_log};
use self::row::day_for_month;
use self::several::Together;
use self::zone::Summer;
pub(crate) use self::zone::Zone;
use super::window::{Collected, Written};
use super::{CounterError, CounterQuery, GuessedZone, Reading, Sample, SampleOrigin};
use crate::input::{CodePage, Input, file};
use crate::time::stage;

/// A performance log: a stream, a file, or the newest files of a directory or of a pattern.
#[derive(Clone, Debug)]
pub(crate) struct Csv {
    pub log: Input,
    /// The zone of its rows, if the operator knows better than its header.
    pub zone: Option<Zone>,
    /// How it is encoded, where it does not say so itself.
    pub code_page: Option<CodePage>,
}

impl Csv {
    /// The samples of the window that ends at the newest one; where that is longer than the newest file, of older ones too.
    pub(crate) async fn read<const N: usize>(&self, query: &CounterQuery<N>) -> Result<Reading<N>, CounterError> {
        let Input::File(path) = &self.log else {
            let _stage = stage::enter_file(format!("reading {}", self.log));
            let place = self.log.to_string();
            let log = read_log(io::stdin().lock(), 0, query, &self.source(&place))?;
            return self.reading(log, query, &FileTimes { place, modified: None, now: SystemTime::now() });
        };
        let stage = stage::enter_file(format!("looking for {}", self.log));
        let files = files::newest_first(path);
        drop(stage);
        let files = files.map_err(|error| CounterError::Io { place: self.log.to_string(), error })?;
        let newest = files.first().map_or(UNIX_EPOCH, |newest| newest.written);
        let mut together = Together::before(newest, SystemTime::now(), self.log.to_string(), query);
        for file in &files {
            if together.needs_none_of(file.written) || !together.add(self.read_one(&file.path, query), file.written)? {
                break;
            }
        }
        together.finish()
    }

    /// What a log is called in a history: its directory, because its name may be another one every day.
    pub(crate) fn identity(&self) -> String {
        let Input::File(path) = &self.log else { return "csv".to_owned() };
        let directory = if path.is_dir() { path } else { path.parent().unwrap_or(path) };
        let directory = path::absolute(directory).unwrap_or_else(|_| directory.to_owned());
        format!("csv in {}", directory.display())
    }

    fn source<'a>(&self, place: &'a str) -> LogSource<'a> {
        LogSource { place, zone: self.zone, code_page: self.code_page }
    }

    fn read_one<const N: usize>(&self, path: &Path, query: &CounterQuery<N>) -> Result<Reading<N>, CounterError> {
        let place = path.display().to_string();
        let _stage = stage::enter_file(format!("reading {place}"));
        let io = |error| CounterError::Io { place: place.clone(), error };
        let opened = file::open(path).map_err(io)?;
        let metadata = opened.metadata().map_err(io)?;
        let length = if metadata.is_file() { metadata.len() } else { 0 };
        let log = read_file(&opened, length, query, &self.source(&place))?;
        let modified = metadata.modified().ok().filter(|_| metadata.is_file());
        self.reading(log, query, &FileTimes { place, modified, now: SystemTime::now() })
    }

    fn reading<const N: usize>(
        &self,
        log: Log<N>,
        query: &CounterQuery<N>,
        times: &FileTimes,
    ) -> Result<Reading<N>, CounterError> {
        let (host, known, place) = (log.host, log.zone, times.place.clone());
        let written = times.written(log.summer).filter(|_| self.zone.is_none());
        let collected = log.window.finish(written);
        if let Some(malformed) = collected.malformed {
            return Err(CounterError::Format { place, line: malformed.line, expected: malformed.expected.into() });
        }
        let Some(newest) = collected.rows.last().map(|row| row.time) else {
            if collected.gaps == 0 {
                return Err(CounterError::NoRows { place, host });
            }
            let counter = query.counters.iter().find(|counter| counter.required).unwrap_or(&query.counters[0]);
            let counter = Box::new(counter.clone());
            return Err(CounterError::NoSample { counter, place, rows: collected.gaps });
        };
        if let Some(expected) = times.expected_date(known.map_or(newest, |zone| zone.to_local(newest))) {
            return Err(CounterError::Format { place, line: log.last_row, expected: expected.into() });
        }
        let (mut notes, mut reservations) = (Vec::new(), Vec::new());
        if collected.is_shifted {
            reservations.push("the log's clock is taken for an hour off".to_owned());
            notes.push("the log's clock was changed by an hour while it was written, says the file's time".to_owned());
        }
        // With a known zone the rows are in UTC already.
        let zone = known.is_none().then(|| {
            let nearest = if times.modified.is_some() { "the file's modification time" } else { "now" };
            notes.push(format!(
                "the log does not say its time zone: taken is the one that brings its end nearest to {nearest}"
            ));
            reservations.push("the log says no zone (--time-zone), so that its age is a guess".to_owned());
            Zone::nearest(newest, milliseconds(times.written_at()))
        });
        let guessed = zone.map(|zone| GuessedZone { newest: moment(newest), minutes: zone.number() });
        let time = |time: i64| moment(zone.map_or(time, |zone| zone.to_utc(time)));
        let samples = collected.rows.iter().map(|row| Sample { time: time(row.time), values: row.values }).collect();
        let origin = self.origin(&collected);
        let Collected { gaps, trailing_gaps, replaced, .. } = collected;
        Ok(Reading {
            host,
            samples,
            as_of: time(newest),
            gaps,
            trailing_gaps,
            replaced,
            notes,
            reservations,
            is_cut_off: false,
            guessed,
            origin,
        })
    }

    fn origin<const N: usize>(&self, collected: &Collected<N>) -> SampleOrigin {
        match (&self.log, collected.reaches_back) {
            (Input::Stdin, _) => SampleOrigin::Stream,
            (Input::File(_), true) => SampleOrigin::WholeLog,
            (Input::File(_), false) => SampleOrigin::YoungLog,
        }
    }
}

/// What is known of a log beside its content.
struct FileTimes {
    place: String,
    modified: Option<SystemTime>,
    now: SystemTime,
}

impl FileTimes {
    /// When it was written: a stream, as far as anybody can tell, just now.
    fn written_at(&self) -> SystemTime {
        self.modified.unwrap_or(self.now)
    }

    /// When it was written, where that may tell that its clock is an hour off.
    fn written(&self, summer: Summer) -> Option<Written> {
        let Summer { may_lag, may_lead } = summer;
        let at = milliseconds(self.modified?);
        (may_lag || may_lead).then_some(Written { at, may_lag, may_lead })
    }

    /// What is expected of dates, where the newest row is not of the day of the file and would be with day and month changed
    /// over.
    fn expected_date(&self, newest: i64) -> Option<&'static str> {
        let written = milliseconds(self.written_at());
        let is_of_the_day = |time: i64| time.saturating_sub(written).unsigned_abs() <= A_DAY;
        let is_changed_over = !is_of_the_day(newest) && day_for_month(newest).is_some_and(is_of_the_day);
        is_changed_over.then_some("a date as MM/DD/YYYY: as DD/MM/YYYY it is the day on which the file was written")
    }
}

fn milliseconds(time: SystemTime) -> i64 {
    time.duration_since(UNIX_EPOCH).ok().and_then(|time| i64::try_from(time.as_millis()).ok()).unwrap_or_default()
}

fn moment(milliseconds: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(u64::try_from(milliseconds).unwrap_or_default())
}

/// In milliseconds, and the offset of a clock.
const A_DAY: u64 = 38 * 3_600_000;

#[cfg(test)]
mod tests;
