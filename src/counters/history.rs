//! What did earlier runs see? The samples of several targets as the text of a state file. Pure.
//!
//! The first line holds the magic, the version and the SHA-256 of the rest; then, for each series, its key and its
//! samples: seconds since 1970 with nine decimals and the totals.
//!
//! ```text
//! check-um history 1 9f86d081884c7d65...
//! series csv CAS1 3600 \MSExchangeUMCallRouterAvailability\Total Inbound Calls Received by the UM Call Router
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
}

/// What a history knows of a series after the sample of this run was added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known<const N: usize> {
    /// Whether this was the first sample ever.
    pub first: bool,
    /// The samples, by rising time.
    pub samples: Vec<Totals<N>>,
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

    /// The text of the history, at most [`MAX_BYTES`] long: for that, the series that were not asked for longest go.
    pub fn encode(&mut self) -> Vec<u8> {
        loop {
            let body = self.body();
            if body.len() <= MAX_BYTES - 128 || self.series.is_empty() {
                return format!("{MAGIC}{VERSION} {}\n{body}", digest_of(&body)).into_bytes();
            }
            self.series.remove(0);
        }
    }

    /// Adds a sample to the series of `key` and forgets what no window of this length can reach any more.
    ///
    /// A sample that is more than ten seconds newer than this one is of a clock that stepped back since, and forgotten;
    /// up to that it is of another run at the same moment, and stays.
    pub fn record<const N: usize>(&mut self, key: &str, sample: Totals<N>, window: Duration) -> Known<N> {
        let key = escaped(key);
        let known = self.series.iter().position(|series| series.key == key);
        // The series that was asked for last stands last.
        let mut series = match known {
            Some(index) => self.series.remove(index),
            None => Series { key, records: Vec::new() },
        };
        let records = &mut series.records;
        records.retain(|record| {
            record.values.len() == N && record.time <= sample.time.checked_add(AT_ONCE).unwrap_or(record.time)
        });
        let place = records.partition_point(|record| record.time <= sample.time);
        records.insert(place, StoredTotals { time: sample.time, values: sample.values.to_vec() });
        if let Some(newest) = records.last().map(|record| record.time) {
            records.retain(|record| newest.duration_since(record.time).unwrap_or_default() <= window);
        }
        thin(records);

        let samples = series.records.iter().filter_map(StoredTotals::totals).collect();
        self.series.push(series);
        if self.series.len() > MAX_SERIES {
            self.series.remove(0);
        }
        Known { first: known.is_none(), samples }
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
        for line in body.lines() {
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

impl StoredTotals {
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

/// Drops every second of too many samples, never the newest. Totals are cumulative: only what a restart hid is lost.
fn thin(records: &mut Vec<StoredTotals>) {
    if records.len() > MAX_RECORDS {
        let mut index = records.len();
        records.retain(|_| {
            index -= 1;
            index.is_multiple_of(2)
        });
    }
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

/// How far apart the clocks of runs at the same moment can be: the time that a run takes.
const AT_ONCE: Duration = Duration::from_secs(10);

/// The most samples of a series.
const MAX_RECORDS: usize = 4_096;

const MAX_SERIES: usize = 256;

/// The most of a key, in characters.
const MAX_KEY: usize = 2_048;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOUR: Duration = Duration::from_secs(3_600);

    fn at(seconds: u64, received: u64) -> Totals<2> {
        Totals { time: UNIX_EPOCH + Duration::from_secs(1_700_000_000 + seconds), values: [received, 1] }
    }

    fn last_known(samples: &[Totals<2>]) -> Known<2> {
        let mut history = History::default();
        samples.iter().map(|sample| history.record("k", *sample, HOUR)).last().unwrap()
    }

    #[test]
    fn the_first_sample_of_a_key_is_the_first() {
        let mut history = History::default();
        assert!(history.record("a", at(0, 1), HOUR).first);
        assert!(!history.record("a", at(60, 1), HOUR).first);
        assert!(history.record("b", at(60, 1), HOUR).first);
    }

    #[test]
    fn what_no_window_reaches_is_forgotten_and_the_newest_never() {
        assert_eq!(last_known(&[at(0, 1), at(3_600, 2)]).samples, [at(0, 1), at(3_600, 2)]);
        let known = last_known(&[at(0, 1), at(3_601, 2)]);
        assert_eq!((known.first, known.samples), (false, vec![at(3_601, 2)]));
    }

    #[test]
    fn runs_at_once_may_write_in_any_order() {
        assert_eq!(last_known(&[at(9, 2), at(0, 1)]).samples, [at(0, 1), at(9, 2)]);
        assert_eq!(last_known(&[at(0, 1), at(0, 1)]).samples.len(), 2);
    }

    #[test]
    fn a_clock_that_steps_back_forgets_the_time_to_come() {
        assert_eq!(last_known(&[at(0, 1), at(500, 2), at(60, 3)]).samples, [at(0, 1), at(60, 3)]);
    }

    #[test]
    fn a_history_is_bounded_in_samples_series_and_bytes() {
        let lines = (1..MAX_RECORDS).map(|second| format!("{}.000000000 {second} 1\n", 1_700_000_000 + second));
        let mut history = History::parse(&("series many\n".to_owned() + &lines.collect::<String>())).unwrap();
        for second in 5_000..5_010 {
            history.record("many", at(second, second), Duration::MAX);
            assert!((MAX_RECORDS / 2..=MAX_RECORDS).contains(&history.len()), "{}", history.len());
        }
        let newest = at(5_010, 9);
        assert_eq!(history.record("many", newest, Duration::MAX).samples.last(), Some(&newest));
        for key in 0..300 {
            history.record(&format!("{key}{}", "x".repeat(3_000)), at(0, 1), HOUR);
        }
        assert_eq!(history.series.len(), MAX_SERIES);
        assert!(history.encode().len() <= MAX_BYTES);
    }

    #[test]
    fn only_a_file_of_ours_is_damaged_and_anything_else_foreign() {
        let mut history = History::default();
        history.record("k", at(0, 1), HOUR);
        let text = history.encode();
        assert_eq!(History::decode(&text), Ok(history));
        for end in MAGIC.len()..text.len() - 1 {
            assert_eq!(History::decode(&text[..end]), Err(HistoryError::Damaged), "cut at {end}");
        }
        for place in MAGIC.len() + 2..text.len() {
            let mut changed = text.clone();
            changed[place] ^= 1;
            assert_eq!(History::decode(&changed), Err(HistoryError::Damaged), "changed at {place}");
        }
        assert_eq!(History::decode(b"[mysqld]\npassword=secret\n"), Err(HistoryError::Foreign));
        assert_eq!(History::decode(b""), Err(HistoryError::Foreign));
        assert_eq!(History::decode(b"check-um history 2 x\n"), Err(HistoryError::Newer));
    }

    #[test]
    fn a_key_cannot_break_its_line() {
        let mut history = History::default();
        history.record("a\nseries b\u{202e}", at(0, 1), HOUR);
        assert_eq!(History::decode(&history.encode()), Ok(history));
    }

    proptest! {
        #[test]
        fn print_parse_equal(samples in proptest::collection::vec(("[a-c\n]{1,3}", 0..9_000_u64, any::<u64>()), 0..40)) {
            let mut history = History::default();
            for (key, second, value) in samples {
                history.record(&key, at(second, value), HOUR);
            }
            prop_assert_eq!(History::decode(&history.encode()), Ok(history));
        }

        #[test]
        fn no_body_panics(body in "[ -~\n.0-9]{0,80}") {
            let text = format!("{MAGIC}{VERSION} {}\n{body}", digest_of(&body));
            if let Ok(mut history) = History::decode(text.as_bytes()) {
                history.record("k", at(0, 1), HOUR);
            }
        }
    }
}
