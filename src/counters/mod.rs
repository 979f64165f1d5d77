//! What do the named counters of a host say, now or over a window? What every source takes and gives.
//!
//! [`csv`] reads the logs of Windows' performance tools, [`prometheus`] an exporter, [`pdh`] the system itself. What
//! a source knows of the past goes through [`window`] and [`rate`]; what a source that only knows the present said
//! earlier is kept by [`history`] in a [`state_file`], and [`past`] chooses between the two.

pub mod csv;
pub(crate) mod describe;
mod error;
pub mod history;
pub(crate) mod past;
pub(crate) mod pdh;
pub mod prometheus;
pub mod rate;
pub mod role;
pub(crate) mod source;
pub(crate) mod state_file;
pub(crate) mod window;

use std::fmt;
use std::time::{Duration, SystemTime};

use crate::time::deadline::Deadline;

pub(crate) use error::{CounterError, Nearest};

/// A performance counter by its English name. Names are compared without regard to case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counter {
    /// What it is for, as in `--counter-name KEY=NAME`.
    pub key: &'static str,
    pub object: &'static str,
    /// The instance, where the object has instances.
    pub instance: Option<String>,
    /// The counter of the object; empty where nobody knows its name.
    pub name: &'static str,
    /// What the source calls it, when the operator said so.
    pub given: Option<String>,
    /// How an exporter exposes it unless the operator said otherwise.
    pub exposed: Exposed,
    /// Whether a moment without its value is no sample.
    pub required: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exposed {
    /// As the value of a series that is named after object and counter.
    Value,
    /// As one series for each state, which its label `state` names, of which the one that holds has the value 1; the
    /// counter's value is that state's number, from 1.
    StateSet {
        metric: &'static str,
        /// The states, in the order of their numbers.
        states: &'static [&'static str],
    },
}

impl fmt::Display for Counter {
    /// `\Object(Instance)\Counter`, or what the operator called it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.given, &self.instance) {
            (Some(given), _) => f.write_str(given),
            (None, Some(instance)) => write!(f, "\\{}({instance})\\{}", self.object, self.name),
            (None, None) => write!(f, "\\{}\\{}", self.object, self.name),
        }
    }
}

/// What a source is asked.
#[derive(Clone, Debug)]
pub struct CounterQuery<const N: usize> {
    /// The counters, in the order of a `Sample`'s values.
    pub counters: [Counter; N],
    /// Of which host, where a source may know several.
    pub host: Option<String>,
    /// How far back.
    pub window: Duration,
    /// When everything must be over.
    pub deadline: Deadline,
}

/// The values of the counters at a moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample<const N: usize> {
    /// The moment, by the clock of the source.
    pub time: SystemTime,
    /// The values, finite and not below 0; `None` where there was none.
    pub values: [Option<f64>; N],
}

/// What samples are of, which decides what earlier runs have to say beside them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SampleOrigin {
    /// This moment: nothing is known without a history.
    Present,
    /// A log that holds the whole window; it is kept for the time after its rotation.
    WholeLog,
    /// A log that begins within the window.
    YoungLog,
    /// A stream, which nobody will read again: several samples of it speak for themselves.
    Stream,
}

/// The zone that was taken for that of a log which does not say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GuessedZone {
    /// The time of the newest row as it stands in the log, as if its clock were that of UTC.
    pub newest: SystemTime,
    /// Minutes east of UTC, and a day.
    pub minutes: u64,
}

/// What a source said.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading<const N: usize> {
    /// The host that the counters are of, as the source names it; empty when it does not.
    pub host: String,
    /// The samples of the window, by rising time, at least one.
    pub samples: Vec<Sample<N>>,
    /// The time by which to judge how old the newest sample is.
    pub as_of: SystemTime,
    /// How many moments of the window lack a required value.
    pub gaps: u64,
    /// How many of those are newer than the newest sample.
    pub trailing_gaps: u64,
    /// How many samples were replaced by a later one of the same or an earlier time.
    pub replaced: u64,
    /// What the operator should know about the source.
    pub notes: Vec<String>,
    /// What is less certain by that than the first line sounds, for that line.
    pub reservations: Vec<String>,
    /// Whether a log that would have reached further back could not be read.
    pub is_cut_off: bool,
    /// What was taken for the zone of a log, where nobody says it.
    pub guessed: Option<GuessedZone>,
    /// What the samples are of.
    pub origin: SampleOrigin,
}

impl<const N: usize> Reading<N> {
    /// The one sample of a source that only knows the present.
    pub(crate) fn of_now(host: String, sample: Sample<N>) -> Self {
        Self {
            host,
            samples: vec![sample],
            as_of: sample.time,
            gaps: 0,
            trailing_gaps: 0,
            replaced: 0,
            notes: Vec::new(),
            reservations: Vec::new(),
            is_cut_off: false,
            guessed: None,
            origin: SampleOrigin::Present,
        }
    }

    /// The newest sample that has every required value; later ones without are [`Self::trailing_gaps`].
    pub(crate) fn newest_complete(&self) -> &Sample<N> {
        // A reading without a sample is an error of its source.
        &self.samples[self.samples.len() - 1]
    }
}

/// `\\HOST\Object...` as the host and the rest; a path may stand without a host.
pub(crate) fn split_host(path: &str) -> Option<(&str, &str)> {
    match path.strip_prefix(r"\\") {
        Some(rest) => rest.find('\\').map(|end| rest.split_at(end)),
        None => path.starts_with('\\').then_some(("", path)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_split_behind_its_host() {
        assert_eq!(split_host(r"\\CAS1\APP_POOL_WAS(a\b)\State"), Some(("CAS1", r"\APP_POOL_WAS(a\b)\State")));
        assert_eq!(split_host(r"\System\System Up Time"), Some(("", r"\System\System Up Time")));
        assert_eq!(split_host(r"\\CAS1"), None);
    }
}
