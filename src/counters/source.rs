//! Where are counters read? One of three sources, and what follows from the age of what it says.

use std::fmt;
use std::time::{Duration, SystemTime};

use super::csv::Csv;
use super::describe::add_reading;
use super::pdh;
use super::prometheus;
use super::{Counter, CounterError, CounterQuery, Reading};
use crate::exporter::Exporter;
use crate::report::{Class, Failure, Report};
use crate::time::age::{Untimely, untimely};
use crate::time::deadline::Deadline;
use crate::time::words::{in_words, roughly};

/// A source, and how it is asked.
#[derive(Clone, Debug)]
pub(crate) struct CounterSource {
    pub kind: SourceKind,
    /// Whose counters are wanted, where it knows several hosts.
    pub host: Option<String>,
    /// Greatest age of the newest sample.
    pub max_age: Duration,
    pub deadline: Deadline,
}

#[derive(Clone, Debug)]
pub(crate) enum SourceKind {
    Csv(Csv),
    Exporter(Box<Exporter>),
    Pdh,
}

impl CounterSource {
    /// Reads `counters` over `window`; the report says what was read.
    pub(crate) async fn read<const N: usize>(
        &self,
        counters: [Counter; N],
        window: Duration,
        report: &mut Report,
    ) -> Result<Reading<N>, CounterError> {
        let query = CounterQuery { counters, host: self.host.clone(), window, deadline: self.deadline };
        let mut reading = match &self.kind {
            SourceKind::Csv(csv) => csv.read(&query).await,
            SourceKind::Exporter(exporter) => prometheus::read(exporter, &query).await,
            SourceKind::Pdh => pdh::read(&query).await,
        }?;
        for value in reading.samples.iter_mut().flat_map(|sample| &mut sample.values).flatten() {
            // So little is nothing, and would be hundreds of digits.
            *value = if *value < LEAST { 0.0 } else { *value };
        }
        add_reading(&reading, report);
        // Where the source itself does not say whose they are, they go by its own name.
        let is_named = match &self.kind {
            SourceKind::Csv(_) => !reading.host.is_empty(),
            SourceKind::Exporter(exporter) => !reading.host.eq_ignore_ascii_case(&exporter.url.host),
            SourceKind::Pdh => false,
        };
        report.servers.extend(is_named.then(|| reading.host.clone()));
        Ok(reading)
    }

    /// Refuses a reading whose newest sample is too old at `now`, or further ahead than clocks are apart.
    pub(crate) fn must_be_fresh<const N: usize>(&self, reading: &Reading<N>, now: SystemTime) -> Result<(), Failure> {
        let mut gaps = match reading.trailing_gaps {
            0 => String::new(),
            gaps => format!("; {gaps} later ones have no value: does the service run?"),
        };
        gaps.extend(reading.reservations.iter().map(|text| format!("; {text}")));
        self.must_be_recent(reading.as_of, now, &gaps)
    }

    /// The same of a moment that a history knows.
    pub(crate) fn must_be_of_now(&self, time: SystemTime, now: SystemTime) -> Result<(), Failure> {
        self.must_be_recent(time, now, "")
    }

    fn must_be_recent(&self, time: SystemTime, now: SystemTime, gaps: &str) -> Result<(), Failure> {
        let text = match untimely(time, now, self.max_age) {
            None => return Ok(()),
            Some(Untimely::Stale(age)) => {
                format!("the newest sample is {} old, more than {}{gaps}", roughly(age), in_words(self.max_age))
            }
            Some(Untimely::Ahead(ahead)) => {
                format!("the newest sample is {} ahead of the clock: expected at most 5 min", roughly(ahead))
            }
        };
        Err(Failure::new(Class::Stale, text))
    }

    /// What identifies the target's counters in a history.
    pub(crate) fn key(&self, host: &str, counters: &[Counter]) -> String {
        let names: Vec<_> = counters.iter().map(ToString::to_string).collect();
        format!("{} {} {}", self.kind, host.to_lowercase(), names.join(" "))
    }
}

impl fmt::Display for SourceKind {
    /// The kind, and of an exporter its address, of a log its place.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Csv(csv) => f.write_str(&csv.identity()),
            Self::Exporter(exporter) => write!(f, "prometheus:{}", exporter.url),
            Self::Pdh => f.write_str("pdh"),
        }
    }
}

/// Less than this no counter of Windows says: it has six decimals, or is a share of a number of 64 bits in per cent.
const LEAST: f64 = 1e-18;
