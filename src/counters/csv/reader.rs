//! What stands in a log, from its first line to its last? Headers, the rows behind each, and what is neither.

use std::io::{BufRead, Read, Seek};

use super::header::{Columns, HeaderLine, RowLine, inner_header, is_header, without_mark};
use super::lines::{Line, Lines};
use super::zone::{Summer, Zone};
use crate::counters::window::{Row, RowWindow};
use crate::counters::{CounterError, CounterQuery};
use crate::input::{self, CodePage};

/// Where a log comes from, and what the operator knows of it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LogSource<'a> {
    pub place: &'a str,
    pub zone: Option<Zone>,
    pub code_page: Option<CodePage>,
}

/// What was found in a log.
#[derive(Clone, Debug, PartialEq)]
pub struct Log<const N: usize> {
    pub(super) host: String,
    /// The zone of its last rows; `None` where nobody says it, and all times are those of its clock.
    pub(super) zone: Option<Zone>,
    /// How its rows may differ from the zone that the last header says.
    pub(super) summer: Summer,
    pub(super) window: RowWindow<N>,
    /// The line of its last row, from 1.
    pub(super) last_row: u64,
}

impl<const N: usize> Log<N> {
    /// The complete rows of the window, by rising time, each as it stands there.
    pub fn rows(&self) -> Vec<Row<N>> {
        self.window.clone().finish(None).rows
    }
}

/// The window of a log that goes by. Rows that end at or before `from`, in bytes of the stream, are passed over.
pub fn read<const N: usize>(
    stream: impl Read,
    from: u64,
    query: &CounterQuery<N>,
    place: &str,
) -> Result<Log<N>, CounterError> {
    read_log(stream, from, query, &LogSource { place, ..LogSource::default() })
}

/// The same, of a log of which the operator knows more.
pub(super) fn read_log<const N: usize>(
    stream: impl Read,
    from: u64,
    query: &CounterQuery<N>,
    source: &LogSource<'_>,
) -> Result<Log<N>, CounterError> {
    let io = |error| CounterError::Io { place: source.place.to_owned(), error };
    let (stream, unit) = input::decode_stream(stream, source.code_page).map_err(io)?;
    let mut lines = Lines::new(stream);
    let columns = first_header(&mut lines, query, source)?;
    let length = i64::try_from(query.window.as_millis()).unwrap_or(i64::MAX);
    let window = RowWindow::new(length, query.counters.each_ref().map(|counter| counter.required));
    let zone = source.zone.or(columns.zone);
    let mut reader = LogReader { query, source, columns, zone, window, last_row: 0, unreadable: None };
    while let Some(line) = lines.next_line().map_err(io)? {
        let bytes = without_mark(line.bytes);
        if is_header(bytes) {
            reader.header(bytes, line.number);
        } else if line.end > from / unit {
            reader.line(&line);
        }
    }
    reader.finish()
}

/// The window of a file of this length. Of a long one only the rows near its end are read, and all where those do not
/// reach back far enough.
pub(super) fn read_file<const N: usize>(
    mut file: impl Read + Seek,
    length: u64,
    query: &CounterQuery<N>,
    source: &LogSource<'_>,
) -> Result<Log<N>, CounterError> {
    if length > NEAR {
        let log = read_log(&mut file, length - NEAR, query, source)?;
        if log.window.reaches_back() {
            return Ok(log);
        }
        file.rewind().map_err(|error| CounterError::Io { place: source.place.to_owned(), error })?;
    }
    read_log(file, 0, query, source)
}

/// A log as far as it has gone by.
struct LogReader<'a, const N: usize> {
    query: &'a CounterQuery<N>,
    source: &'a LogSource<'a>,
    columns: Columns<N>,
    zone: Option<Zone>,
    window: RowWindow<N>,
    last_row: u64,
    /// Behind a header without the counters nothing can be read, which is an error if no other header follows.
    unreadable: Option<CounterError>,
}

impl<const N: usize> LogReader<'_, N> {
    fn header(&mut self, bytes: &[u8], number: u64) {
        let text = input::text(bytes);
        let line = HeaderLine { text: &text, number, place: self.source.place };
        let found = match Columns::find(&line, self.query) {
            Ok(found) => found,
            Err(error) => {
                self.unreadable = Some(error);
                return;
            }
        };
        self.window.forget_malformed(number.saturating_sub(1));
        self.window.begin_segment();
        // Totals of two hosts have nothing to do with each other.
        if !found.host.eq_ignore_ascii_case(&self.columns.host) {
            self.window.clear();
        }
        // A header that does not say its zone is of the same machine as the others.
        if let (None, Some(zone)) = (self.zone, found.zone) {
            self.window.shift(zone.to_utc(0));
        }
        self.zone = self.source.zone.or(found.zone).or(self.zone);
        (self.columns, self.unreadable) = (found, None);
    }

    fn line(&mut self, line: &Line<'_>) {
        let utc = |time: i64| self.zone.map_or(time, |zone| zone.to_utc(time));
        match self.columns.row(&input::text(line.bytes), line.ended) {
            _ if self.unreadable.is_some() => {}
            RowLine::Row(row) => {
                self.last_row = line.number;
                self.window.push(Row { time: utc(row.time), ..row });
            }
            RowLine::Malformed { time, expected } => match inner_header(line.bytes) {
                Some(at) => self.header(&line.bytes[at..], line.number),
                None => self.window.push_malformed(line.number, time.map(utc), expected),
            },
            RowLine::Nothing if line.is_too_long => {
                self.window.push_malformed(line.number, None, EXPECTED_LINES.to_owned());
            }
            RowLine::Nothing => {}
        }
    }

    fn finish(self) -> Result<Log<N>, CounterError> {
        let Self { columns, zone, window, last_row, unreadable, .. } = self;
        let Columns { host, summer, .. } = columns;
        unreadable.map_or_else(|| Ok(Log { host, zone, summer, window, last_row }), Err)
    }
}

/// The columns by the first line that is not blank.
fn first_header<const N: usize>(
    lines: &mut Lines<impl BufRead>,
    query: &CounterQuery<N>,
    source: &LogSource<'_>,
) -> Result<Columns<N>, CounterError> {
    let place = source.place;
    let mut number = 0;
    while let Some(line) = lines.next_line().map_err(|error| CounterError::Io { place: place.to_owned(), error })? {
        number = line.number;
        if line.is_too_long {
            let expected = EXPECTED_LINES.into();
            return Err(CounterError::Format { place: place.to_owned(), line: number, expected });
        }
        let text = input::text(without_mark(line.bytes));
        if !text.trim().is_empty() || number == MAX_BLANK_LINES {
            return Columns::find(&HeaderLine { text: &text, number, place }, query);
        }
    }
    if number == 0 {
        // It has just been made.
        return Err(CounterError::NoRows { place: place.to_owned(), host: String::new() });
    }
    Columns::find(&HeaderLine { text: "", number, place }, query)
}

/// How near to its end the rows of a long file are read, in bytes: an hour of 1,000 counters every second is not there,
/// a day of two is.
pub(super) const NEAR: u64 = 16 * 1024 * 1024;

/// How many lines before the header may be blank: typeperf begins with one.
const MAX_BLANK_LINES: u64 = 8;

const EXPECTED_LINES: &str = "lines of at most 2 MiB, each ended by LF or CR LF";
