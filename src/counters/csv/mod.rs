//! What do the logs of Windows' performance tools say? PDH-CSV as typeperf, relog and Export-Counter write it.
//!
//! A regular file is read backwards from its end, so that only the window costs; a stream is read once, in bounded
//! memory. Both give the same rows.

mod encoding;
mod header;
mod lines;
mod row;
mod zone;

use std::io::{self, Read, Seek};
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use self::encoding::Encoding;
use self::header::{Columns, HeaderError, is_header};
use self::lines::{Backwards, Forwards};
pub use self::zone::{NotAZone, Zone};
use super::window::{Collected, Row, Window};
use super::{CounterError, Nearest, Query, Reading, Sample};
use crate::input::file;
use crate::time::stage;

/// A performance log.
#[derive(Clone, Debug)]
pub struct Csv {
    /// The file; `None` is standard input.
    pub file: Option<PathBuf>,
    /// The zone of its rows, if the operator knows better than its header.
    pub zone: Option<Zone>,
}

impl Csv {
    /// The samples of the window that ends at the newest one, or the one of this moment.
    pub async fn read<const N: usize>(&self, query: &Query<N>) -> Result<Reading<N>, CounterError> {
        let place = self.place();
        let io = |error| CounterError::Io { place: place.clone(), error };
        stage::enter(format!("reading {place}"));
        let Some(path) = &self.file else {
            let log = forwards(io::stdin().lock(), query, &place)?;
            return self.reading(log, query, &place, None);
        };
        let opened = file::open(path).map_err(io)?;
        let metadata = opened.metadata().map_err(io)?;
        let log = if metadata.is_file() { either(&opened, query, &place)? } else { forwards(&opened, query, &place)? };
        let modified = metadata.modified().ok().filter(|_| metadata.is_file());
        self.reading(log, query, &place, modified)
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

/// The window of a file, backwards; forwards where the log changes its columns on the way.
pub fn either<const N: usize>(
    mut file: impl Read + Seek,
    query: &Query<N>,
    place: &str,
) -> Result<Log<N>, CounterError> {
    if let Some(log) = backwards(&mut file, query, place)? {
        return Ok(log);
    }
    file.rewind().map_err(|error| CounterError::Io { place: place.to_owned(), error })?;
    forwards(file, query, place)
}

/// The window of a stream.
pub fn forwards<const N: usize>(stream: impl Read, query: &Query<N>, place: &str) -> Result<Log<N>, CounterError> {
    let io = |error| CounterError::Io { place: place.to_owned(), error };
    let mut lines = Forwards::new(stream).map_err(io)?;
    let encoding = lines.encoding();
    let mut window = window_of(query);
    let mut columns: Option<Columns<N>> = None;
    let mut number = 0;
    while let Some(line) = lines.next_line().map_err(io)? {
        number += 1;
        let text = encoding.decode(line.bytes);
        if columns.is_none() && text.trim().is_empty() && number < MAX_BLANK_LINES {
            continue;
        }
        match &columns {
            Some(known) if !is_header(&text) => {
                known.row(&text, line.ended).into_iter().for_each(|row| window.push_newer(row));
            }
            known => {
                let found = Columns::find(&text, &query.counters, query.host.as_deref());
                let found = found.map_err(|error| explain(error, &text, query, place, number))?;
                // Totals of two hosts have nothing to do with each other.
                if known.as_ref().is_some_and(|known| !known.host.eq_ignore_ascii_case(&found.host)) {
                    window.clear();
                }
                columns = Some(found);
            }
        }
    }
    let columns = columns.ok_or_else(|| explain(HeaderError::NotAHeader, "", query, place, number.max(1)))?;
    Ok(Log { host: columns.host, zone: columns.zone, collected: window.finish() })
}

/// The window of a file, read from its end; `None` if another header than the first was met, or rows of another.
pub fn backwards<const N: usize>(
    mut file: impl Read + Seek,
    query: &Query<N>,
    place: &str,
) -> Result<Option<Log<N>>, CounterError> {
    let io = |error| CounterError::Io { place: place.to_owned(), error };
    let (header, start, encoding) = first_line(&mut file, place)?;
    let columns = Columns::find(&header, &query.counters, query.host.as_deref());
    let columns = columns.map_err(|error| explain(error, &header, query, place, 1))?;
    let mut window = window_of(query);
    let mut lines = Backwards::new(&mut file, encoding, start).map_err(io)?;
    let mut line = Vec::new();
    while let Some(ended) = lines.next_line(&mut line).map_err(io)? {
        let text = encoding.decode(&line);
        if is_header(&text) && text != header {
            return Ok(None);
        }
        let Some(row) = columns.row(&text, ended) else { continue };
        if ended && !columns.fits(&text) {
            return Ok(None);
        }
        if !window.push_older(row) {
            break;
        }
    }
    Ok(Some(Log { host: columns.host, zone: columns.zone, collected: window.finish() }))
}

/// The first line that is not blank, where the next one begins, and the encoding.
fn first_line(file: &mut (impl Read + Seek), place: &str) -> Result<(String, u64, Encoding), CounterError> {
    let io = |error| CounterError::Io { place: place.to_owned(), error };
    let mut start = [0; 4];
    let read = (&mut *file).take(4).read(&mut start).map_err(io)?;
    let (encoding, mark) = Encoding::detect(&start[..read]);
    file.rewind().map_err(io)?;
    let mut lines = Forwards::new(&mut *file).map_err(io)?;
    let mut next = mark as u64;
    for _ in 0..MAX_BLANK_LINES {
        let Some(line) = lines.next_line().map_err(io)? else { break };
        next += (line.bytes.len() + encoding.width()) as u64;
        let text = encoding.decode(line.bytes);
        if !text.trim().is_empty() {
            // A header without an end has no rows behind it.
            let next = if line.ended { next } else { u64::MAX };
            return Ok((text.into_owned(), next, encoding));
        }
    }
    Ok((String::new(), next, encoding))
}

fn window_of<const N: usize>(query: &Query<N>) -> Window<N> {
    let length = i64::try_from(query.window.as_millis()).unwrap_or(i64::MAX);
    Window::new(length, query.counters.each_ref().map(|counter| counter.required))
}

fn explain<const N: usize>(error: HeaderError, header: &str, query: &Query<N>, place: &str, line: u64) -> CounterError {
    let place = place.to_owned();
    match error {
        HeaderError::NotAHeader => {
            CounterError::Format { place, line, expected: "a header that begins with (PDH-CSV 4.0)" }
        }
        HeaderError::Absent(index) => {
            let counter = Box::new(query.counters[index].clone());
            let nearest = Nearest::to(&counter, header::names(header));
            CounterError::Absent { counter, place, nearest }
        }
        HeaderError::NoSuchHost(hosts) => {
            CounterError::NoSuchHost { host: query.host.clone().unwrap_or_default(), place, hosts }
        }
        HeaderError::SeveralHosts(hosts) => CounterError::SeveralHosts { place, hosts },
    }
}

impl Csv {
    /// What is read, in words.
    pub fn place(&self) -> String {
        self.file.as_ref().map_or_else(|| "standard input".to_owned(), |path| path.display().to_string())
    }

    fn reading<const N: usize>(
        &self,
        log: Log<N>,
        query: &Query<N>,
        place: &str,
        modified: Option<SystemTime>,
    ) -> Result<Reading<N>, CounterError> {
        let Log { host, zone, collected } = log;
        let Some(newest) = collected.rows.last().map(|row| row.time) else {
            let counter = query.counters.iter().find(|counter| counter.required).unwrap_or(&query.counters[0]);
            let counter = Box::new(counter.clone());
            return Err(CounterError::NoSample { counter, place: place.to_owned(), rows: collected.gaps });
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

/// How many lines before the header may be blank: typeperf begins with one.
const MAX_BLANK_LINES: u64 = 8;

#[cfg(test)]
mod tests;
