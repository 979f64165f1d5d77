//! What do the logs of Windows' performance tools say? PDH-CSV as typeperf, relog and Export-Counter write it.
//!
//! A log is read from its first line to its last, in bounded memory, whatever it comes from: a header may stand
//! anywhere. Rows cost more than lines, so those far from the end of a long file are passed over.
//!
//! The rows have a parser of their own, not the csv crate that exports are read with (`health::csv`): that one does not
//! say whether a cell had quotes, by which a row is told from typeperf's last sentence; takes the cell in which a line
//! was cut short for whole, `"5` for 5 instead of 500; and reads on over line ends behind a quote that is never closed,
//! in memory without bound.

mod header;
mod lines;
mod row;
mod zone;

use std::io::{self, BufRead, Read, Seek};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use self::header::{Columns, HeaderLine, is_header};
use self::lines::Lines;
pub(crate) use self::zone::Zone;
use super::window::{Collected, Row, RowWindow};
use super::{CounterError, CounterQuery, Reading, Sample};
use crate::input::{self, Input, file};
use crate::time::stage;

/// A performance log.
#[derive(Clone, Debug)]
pub(crate) struct Csv {
    pub log: Input,
    /// The zone of its rows, if the operator knows better than its header.
    pub zone: Option<Zone>,
}

impl Csv {
    /// The samples of the window that ends at the newest one.
    pub(crate) async fn read<const N: usize>(&self, query: &CounterQuery<N>) -> Result<Reading<N>, CounterError> {
        let place = self.log.to_string();
        let io = |error| CounterError::Io { place: place.clone(), error };
        let _stage = stage::enter(format!("reading {place}"));
        let Input::File(path) = &self.log else {
            let log = read(io::stdin().lock(), 0, query, &place)?;
            return self.reading(log, query, None);
        };
        let opened = file::open(path).map_err(io)?;
        let metadata = opened.metadata().map_err(io)?;
        let length = if metadata.is_file() { metadata.len() } else { 0 };
        let log = read_file(&opened, length, query, &place)?;
        let modified = metadata.modified().ok().filter(|_| metadata.is_file());
        self.reading(log, query, modified)
    }
}

/// What was found in a log.
#[derive(Clone, Debug, PartialEq)]
pub struct Log<const N: usize> {
    host: String,
    zone: Option<Zone>,
    collected: Collected<N>,
}

impl<const N: usize> Log<N> {
    /// The complete rows of the window, by rising time.
    pub fn rows(&self) -> &[Row<N>] {
        &self.collected.rows
    }
}

/// The window of a log that goes by. Rows that end at or before `from`, in bytes of the stream, are passed over.
pub fn read<const N: usize>(
    stream: impl Read,
    from: u64,
    query: &CounterQuery<N>,
    place: &str,
) -> Result<Log<N>, CounterError> {
    let io = |error| CounterError::Io { place: place.to_owned(), error };
    let (stream, unit) = input::decode_stream(stream).map_err(io)?;
    let mut lines = Lines::new(stream);
    let mut columns = first_header(&mut lines, query, place)?;
    let length = i64::try_from(query.window.as_millis()).unwrap_or(i64::MAX);
    let mut window = RowWindow::new(length, query.counters.each_ref().map(|counter| counter.required));
    // Behind a header without the counters nothing can be read, which is an error if no other header follows.
    let mut unreadable = None;
    while let Some(line) = lines.next_line().map_err(io)? {
        if !is_header(line.bytes) {
            if line.end > from / unit && unreadable.is_none() {
                columns.row(&input::text(line.bytes), line.ended).into_iter().for_each(|row| window.push(row));
            }
            continue;
        }
        let text = input::text(line.bytes);
        match Columns::find(&HeaderLine { text: &text, number: line.number, place }, query) {
            Ok(found) => {
                // Totals of two hosts have nothing to do with each other.
                if !found.host.eq_ignore_ascii_case(&columns.host) {
                    window.clear();
                }
                (columns, unreadable) = (found, None);
            }
            Err(error) => unreadable = Some(error),
        }
    }
    let Columns { host, zone, .. } = columns;
    unreadable.map_or_else(|| Ok(Log { host, zone, collected: window.finish() }), Err)
}

/// The window of a file of this length. Of a long one only the rows near its end are read, and all where those do not
/// reach back far enough.
fn read_file<const N: usize>(
    mut file: impl Read + Seek,
    length: u64,
    query: &CounterQuery<N>,
    place: &str,
) -> Result<Log<N>, CounterError> {
    if length > NEAR {
        let log = read(&mut file, length - NEAR, query, place)?;
        if log.collected.reaches_back {
            return Ok(log);
        }
        file.rewind().map_err(|error| CounterError::Io { place: place.to_owned(), error })?;
    }
    read(file, 0, query, place)
}

/// The columns by the first line that is not blank.
fn first_header<const N: usize>(
    lines: &mut Lines<impl BufRead>,
    query: &CounterQuery<N>,
    place: &str,
) -> Result<Columns<N>, CounterError> {
    let mut number = 1;
    while let Some(line) = lines.next_line().map_err(|error| CounterError::Io { place: place.to_owned(), error })? {
        number = line.number;
        let text = input::text(line.bytes);
        if !text.trim().is_empty() || number == MAX_BLANK_LINES {
            return Columns::find(&HeaderLine { text: &text, number, place }, query);
        }
    }
    Columns::find(&HeaderLine { text: "", number, place }, query)
}

impl Csv {
    fn reading<const N: usize>(
        &self,
        log: Log<N>,
        query: &CounterQuery<N>,
        modified: Option<SystemTime>,
    ) -> Result<Reading<N>, CounterError> {
        let Log { host, zone, collected } = log;
        let Some(newest) = collected.rows.last().map(|row| row.time) else {
            let counter = query.counters.iter().find(|counter| counter.required).unwrap_or(&query.counters[0]);
            let counter = Box::new(counter.clone());
            return Err(CounterError::NoSample { counter, place: self.log.to_string(), rows: collected.gaps });
        };
        let mut notes = Vec::new();
        let known = self.zone.or(zone);
        let zone = known.unwrap_or_else(|| {
            let nearest = if modified.is_some() { "the file's modification time" } else { "now" };
            notes.push(format!(
                "the log does not say its time zone: taken is the one that brings its end nearest to {nearest}"
            ));
            Zone::nearest(newest, milliseconds(modified.unwrap_or_else(SystemTime::now)))
        });
        let time = |row: &Row<N>| moment(zone.to_utc(row.time));
        // With a guessed zone a row says nothing about the hour, but the file was written with its last row.
        let as_of = if known.is_some() { collected.rows.last().map(time) } else { modified };
        if as_of.is_none() {
            notes.push(
                "how old the newest sample is could not be judged: neither the log nor --time-zone says its zone"
                    .to_owned(),
            );
        }
        let samples = collected.rows.iter().map(|row| Sample { time: time(row), values: row.values }).collect();
        let (gaps, trailing_gaps, replaced) = (collected.gaps, collected.trailing_gaps, collected.replaced);
        Ok(Reading { host, samples, as_of, gaps, trailing_gaps, replaced, notes })
    }
}

fn milliseconds(time: SystemTime) -> i64 {
    time.duration_since(UNIX_EPOCH).ok().and_then(|time| i64::try_from(time.as_millis()).ok()).unwrap_or_default()
}

fn moment(milliseconds: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(u64::try_from(milliseconds).unwrap_or_default())
}

/// How near to its end the rows of a long file are read, in bytes: an hour of 1,000 counters every second is not there,
/// a day of two is.
const NEAR: u64 = 16 * 1024 * 1024;

/// How many lines before the header may be blank: typeperf begins with one.
const MAX_BLANK_LINES: u64 = 8;

#[cfg(test)]
mod tests;
