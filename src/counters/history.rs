//! What did earlier runs see? The samples of several targets as the text of a state file. Pure.
//!
//! The first line holds the magic, the version and the SHA-256 of the rest; then, for each series, its key and its
//! samples: seconds since 1970 with nine decimals and the totals.
//!
//! ```text
//! check-um history 1 9f86d081884c7d65...
//! series csv cas1 \MSExchangeUMCallRouterAvailability\Total Inbound Calls Received by the UM Call Router over 3600 s
//! 1795453200.000000000 104211 318
//! ```

use std::fmt::Write;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::rate::Totals;

/// The samples of several series.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    series: Vec<Series>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Series {
    key: String,
    records: Vec<StoredTotals>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct StoredTotals {
    time: SystemTime,
    values: Vec<u64>,
}

/// Why a text is not a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HistoryError {
    /// It does not begin as one: somebody else's, to be left alone.
    #[error("it is not a history of check-um")]
    Foreign,
    /// Of a version that is not known here: to be left alone.
    #[error("it was written by a newer check-um")]
    Newer,
    /// It begins as one, but is not what was once written.
    #[error("it is damaged")]
    Damaged,
    /// It has no room for another series, or for this one, and all that it holds is needed.
    #[error("it is full")]
    Full,
}

/// What a history knows of a series after the sample of this run was added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known<const N: usize> {
    /// What was known before, beside which the sample of this run stands.
    pub before: Before,
    /// The samples, by rising time.
    pub samples: Vec<Totals<N>>,
}

/// What was known of a series before a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Before {
    /// Nothing: it is the first run.
    Nothing,
    /// Samples.
    Samples,
    /// The very sample of this run, which is the newest.
    Same,
    /// Samples of a time to come, forgotten because the clock went back.
    Later,
    /// Samples that cannot be compared with that of this run, forgotten because the clock went back.
    Incomparable,
    /// Samples that say more than that of this run, although they were read before it: it is passed over.
    More,
}

impl History {
    /// Reads what [`History::encode`] wrote.
    pub fn decode(bytes: &[u8]) -> Result<Self, HistoryError> {
        let rest = bytes.strip_prefix(MAGIC.as_bytes()).ok_or(HistoryError::Foreign)?;
        let text = std::str::from_utf8(rest).map_err(|_| HistoryError::Damaged)?;
        let (first, body) = text.split_once('\n').ok_or(HistoryError::Damaged)?;
        let (version, digest) = first.split_once(' ').ok_or(HistoryError::Damaged)?;
        match version.parse::<u32>() {
            Ok(VERSION) => {}
            Ok(version) if version > VERSION => return Err(HistoryError::Newer),
            _ => return Err(HistoryError::Damaged),
        }
        if digest != digest_of(body) {
            return Err(HistoryError::Damaged);
        }
        Self::parse(body).ok_or(HistoryError::Damaged)
    }

    /// The text of the history, at most [`MAX_BYTES`] long: for that the largest series are thinned.
    pub fn encode(&mut self) -> Result<Vec<u8>, HistoryError> {
        loop {
            let body = self.body();
            if body.len() <= MAX_BYTES - 128 {
                return Ok(format!("{MAGIC}{VERSION} {}\n{body}", digest_of(&body)).into_bytes());
            }
            if !self.forget_the_abandoned() && !self.thin_the_largest() {
                return Err(HistoryError::Full);
            }
        }
    }

    /// Adds samples by rising time to the series of `key` and forgets what no window of this length can reach any more.
    ///
    /// What is known of the time from the first of them on is replaced where there are several: a log says all of it. One
    /// sample that is older than others is put in its place, or these are forgotten for it, or it is passed over: see
    /// [`Place`]. It is never taken for a restart.
    ///
    /// A series that is still asked for is never forgotten for another: its next run would be a first one again.
    pub fn record<const N: usize>(
        &mut self,
        key: &str,
        samples: &[Totals<N>],
        window: Duration,
    ) -> Result<Known<N>, HistoryError> {
        // The length of the window is part of it: a check over an hour must not forget what one over a day needs.
        let key = format!("{}{OVER}{} s", escaped(key), window.as_secs());
        let known = self.series.iter().position(|series| series.key == key);
        if known.is_none() && samples.is_empty() {
            return Ok(Known { before: Before::Nothing, samples: Vec::new() });
        }
        if known.is_none() && self.series.len() >= MAX_SERIES && !self.forget_the_abandoned() {
            return Err(HistoryError::Full);
        }
        // The series that was asked for last stands last.
        let mut series = match known {
            Some(index) => self.series.remove(index),
            None => Series { key, records: Vec::new() },
        };
        let records = &mut series.records;
        records.retain(|record| record.values.len() == N);
        let before = match samples {
            [sample] => place(records, sample),
            [] => Before::Samples,
            [first, ..] => {
                records.truncate(records.partition_point(|record| record.time < first.time));
                records.extend(samples.iter().map(StoredTotals::of));
                Before::Samples
            }
        };
        if let Some(newest) = records.last().map(|record| record.time) {
            records.retain(|record| newest.duration_since(record.time).unwrap_or_default() <= window);
        }
        while records.len() > MAX_RECORDS {
            thin(records);
        }

        let samples = series.records.iter().filter_map(StoredTotals::totals).collect();
        self.series.push(series);
        Ok(Known { before: if known.is_none() { Before::Nothing } else { before }, samples })
    }

    /// Forgets the series that nobody has asked for since long before their windows; whether there were any.
    fn forget_the_abandoned(&mut self) -> bool {
        let count = self.series.len();
        let Some(now) = self.series.iter().filter_map(Series::newest).max() else { return false };
        self.series.retain(|series| {
            let age = series.newest().and_then(|newest| now.duration_since(newest).ok());
            age.is_some_and(|age| age <= series.window().saturating_add(ABANDONED))
        });
        self.series.len() < count
    }

    /// Drops every second sample of the series that hold most; whether they held enough for that.
    fn thin_the_largest(&mut self) -> bool {
        let most = self.series.iter().map(|series| series.records.len()).max().unwrap_or_default();
        let is_large = |series: &&mut Series| series.records.len() > most / 2;
        if most > FEW_RECORDS {
            self.series.iter_mut().filter(is_large).for_each(|series| thin(&mut series.records));
        }
        most > FEW_RECORDS
    }

    /// How many samples there are of all series.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.series.iter().map(|series| series.records.len()).sum()
    }

    fn body(&self) -> String {
        let mut body = String::new();
        for series in &self.series {
            let _ = writeln!(body, "series {}", series.key);
            for record in &series.records {
                let time = record.time.duration_since(UNIX_EPOCH).unwrap_or_default();
                let _ = write!(body, "{}.{:09}", time.as_secs(), time.subsec_nanos());
                for value in &record.values {
                    let _ = write!(body, " {value}");
                }
                body.push('\n');
            }
        }
        body
    }

    fn parse(body: &str) -> Option<Self> {
        let mut history = Self::default();
        for line in body.split_terminator('\n') {
            if let Some(key) = line.strip_prefix("series ") {
                history.series.push(Series { key: key.to_owned(), records: Vec::new() });
            } else {
                let record = record(line)?;
                let records = &mut history.series.last_mut()?.records;
                if records.last().is_some_and(|last| last.time > record.time) {
                    return None;
                }
                records.push(record);
            }
        }
        Some(history)
    }
}

/// Where a sample of this run belongs among those of earlier ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Behind all of them.
    Last,
    /// Between its neighbours: another run at the same moment was faster.
    Between,
    /// Behind those that are not newer; the clock has stepped back since the newer ones, which are forgotten.
    Behind,
    /// Nowhere: another run read it before what is known already, and it contradicts that.
    Nowhere,
    /// Alone: the clock has stepped back, and a total is lower than before, so that nothing can be compared with it.
    Alone,
}

/// Puts a sample in its place among those of earlier runs.
fn place<const N: usize>(records: &mut Vec<StoredTotals>, sample: &Totals<N>) -> Before {
    let index = records.partition_point(|record| record.time <= sample.time);
    let (before, ahead) = records.split_at(index);
    let known = match place_between(before, ahead, sample) {
        Place::Nowhere => return Before::More,
        Place::Last if before.last().is_some_and(|last| *last == StoredTotals::of(sample)) => Before::Same,
        Place::Last | Place::Between => Before::Samples,
        Place::Behind => {
            records.truncate(index);
            Before::Later
        }
        Place::Alone => {
            records.clear();
            Before::Incomparable
        }
    };
    records.insert(index.min(records.len()), StoredTotals::of(sample));
    known
}

fn place_between<const N: usize>(before: &[StoredTotals], ahead: &[StoredTotals], sample: &Totals<N>) -> Place {
    let Some((next, newest)) = ahead.first().zip(ahead.last()) else {
        let is_nowhere = before.last().is_some_and(|last| was_read_before(sample, last));
        return if is_nowhere { Place::Nowhere } else { Place::Last };
    };
    let is_below = |values: &[u64], other: &[u64]| values.iter().zip(other).all(|(value, other)| value <= other);
    let rises_to_it = before.last().is_none_or(|before| is_below(&before.values, &sample.values));
    let is_late = newest.time.duration_since(sample.time).is_ok_and(|late| late <= AT_ONCE);
    if is_late && rises_to_it && is_below(&sample.values, &next.values) {
        Place::Between
    } else if rises_to_it && (!is_late || is_below(&newest.values, &sample.values)) {
        Place::Behind
    } else if is_late {
        Place::Nowhere
    } else {
        Place::Alone
    }
}

/// Whether a sample that a slow exporter answered after `last` says less than that: it would be of a service that has
/// restarted since and counted more than half of what it ever had counted.
fn was_read_before<const N: usize>(sample: &Totals<N>, last: &StoredTotals) -> bool {
    let sum = |values: &[u64]| values.iter().map(|value| u128::from(*value)).sum::<u128>();
    let is_late = sample.time.duration_since(last.time).is_ok_and(|pause| pause <= AT_ONCE);
    let fell = last.values.iter().zip(&sample.values).any(|(last, value)| value < last);
    is_late && fell && sum(&sample.values) > sum(&last.values) / 2
}

impl Series {
    fn newest(&self) -> Option<SystemTime> {
        self.records.last().map(|record| record.time)
    }

    /// The window that it is kept for, which its key ends with.
    fn window(&self) -> Duration {
        let seconds = self.key.rsplit_once(OVER).and_then(|(_, length)| length.strip_suffix(" s")?.parse().ok());
        Duration::from_secs(seconds.unwrap_or_default())
    }
}

impl StoredTotals {
    fn of<const N: usize>(totals: &Totals<N>) -> Self {
        Self { time: totals.time, values: totals.values.to_vec() }
    }

    fn totals<const N: usize>(&self) -> Option<Totals<N>> {
        Some(Totals { time: self.time, values: self.values.as_slice().try_into().ok()? })
    }
}

fn record(line: &str) -> Option<StoredTotals> {
    let mut words = line.split(' ');
    let (seconds, nanoseconds) = words.next()?.split_once('.')?;
    let nanoseconds = nanoseconds.parse().ok().filter(|nanoseconds| *nanoseconds < 1_000_000_000)?;
    let time = UNIX_EPOCH.checked_add(Duration::new(seconds.parse().ok()?, nanoseconds))?;
    let values: Option<Vec<_>> = words.map(|word| word.parse().ok()).collect();
    values.filter(|values| (1..=4).contains(&values.len())).map(|values| StoredTotals { time, values })
}

/// Drops every second sample, never the newest. Totals are cumulative: only what a restart hid is lost.
fn thin(records: &mut Vec<StoredTotals>) {
    let mut index = records.len();
    records.retain(|_| {
        index -= 1;
        index.is_multiple_of(2)
    });
}

/// A key as one line.
fn escaped(key: &str) -> String {
    key.chars().take(MAX_KEY).collect::<String>().escape_default().to_string()
}

/// The hexadecimal SHA-256 of a text.
pub fn digest_of(text: &str) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    digest.as_ref().iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// What a history begins with. Only a file that does is ever replaced.
pub const MAGIC: &str = "check-um history ";

/// The most of a history, in bytes.
pub const MAX_BYTES: usize = 4 * 1024 * 1024;

const VERSION: u32 = 1;

/// How far apart what runs at the same moment read can be: the time that a run takes.
const AT_ONCE: Duration = Duration::from_secs(10);

/// The most samples of a series.
const MAX_RECORDS: usize = 4_096;

const MAX_SERIES: usize = 1_024;

/// So many samples of a series are left to it, whatever room others want.
const FEW_RECORDS: usize = 32;

/// Nobody asks any more for a series whose newest sample is so much older than its window.
const ABANDONED: Duration = Duration::from_secs(7 * 86_400);

/// What stands in a key before the length of its window.
const OVER: &str = " over ";

/// The most of a key, in characters.
const MAX_KEY: usize = 2_048;

#[cfg(test)]
mod tests;
