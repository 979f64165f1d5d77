//! Why did a source not give its counters? One error for all sources, and what it is worth.

use std::borrow::Cow;
use std::fmt;
use std::io;

use super::Counter;
use crate::exporter::http::HttpError;
use crate::platform::resource;
use crate::report::{Class, Failure};
use crate::time::deadline::Expired;

/// Why there are no counters at `place`, which is what was read. Its content is never part of it, but for the names of
/// counters; lines count from 1.
#[derive(Debug, thiserror::Error)]
pub enum CounterError {
    #[error("cannot read {place}: {error}")]
    Io { place: String, error: io::Error },
    #[error("{place}, line {line}: expected {expected}")]
    Format { place: String, line: u64, expected: Cow<'static, str> },
    /// A file that is no performance log.
    #[error("{place}, line {line}: expected a header that begins with (PDH-CSV 4.0)")]
    NoHeader { place: String, line: u64 },
    #[error("{}", absent(.counters, .place))]
    Absent {
        /// Each that is required and not there, at least one.
        counters: Vec<Counter>,
        place: String,
        #[source]
        nearest: Nearest,
    },
    #[error("no counters of {host} in {place}: expected one of {}", .hosts.join(", "))]
    NoSuchHost { host: String, place: String, hosts: Vec<String> },
    #[error("{}", several_hosts(.place, .hosts, .asked.as_deref()))]
    SeveralHosts {
        place: String,
        /// Some of them; one only where the others do not say whose they are.
        hosts: Vec<String>,
        /// The host asked for, which each of them may be.
        asked: Option<String>,
    },
    /// A log that ends ahead of the clock, and another of its host that was begun behind that.
    #[error(
        "the newest log of {place} ends ahead of the clock, and another log within its time: expected one behind the other"
    )]
    ClockSetBack { place: String },
    #[error("{place} holds no row yet{}", if .host.is_empty() { "" } else { ", only its header" })]
    NoRows {
        place: String,
        /// The host that the header names; empty when it names none.
        host: String,
    },
    /// Rows without values.
    #[error("no value of {counter} in {place}: {rows} rows of the window are without; does the service run?")]
    NoSample {
        /// A counter that was required.
        counter: Box<Counter>,
        place: String,
        rows: u64,
    },
    /// Every state of a state set is 0.
    #[error("{place} says no state of {counter}")]
    NoState { counter: Box<Counter>, place: String },
    /// Two states of a state set are 1.
    #[error("{place} says several states of {counter} at once")]
    SeveralStates { counter: Box<Counter>, place: String },
    #[error("the value of {counter} in {place} is {value}: expected a number from 0 on")]
    NotANumber { counter: Box<Counter>, place: String, value: f64 },
    #[error("several series of {place} fit {counter}: choose one with --counter-name {}=NAME{{LABEL=\"VALUE\"}}, such as {}",
        .counter.key, .series.join(" or "))]
    SeveralSeries {
        counter: Box<Counter>,
        place: String,
        /// Some of them, with their labels.
        series: Vec<String>,
    },
    /// Labels that nobody knows may name another instance than that of the counter.
    #[error("{place} does not say of which instance {series} is: choose it by its labels, with --counter-name {}=NAME{{LABEL=\"VALUE\"}}",
        .counter.key)]
    Unclear {
        counter: Box<Counter>,
        place: String,
        /// One of them, with its labels.
        series: String,
    },
    /// What `windows_exporter_collector_success` and `..._timeout` say.
    #[error("the collector {collector} of {place} {how}, says the exporter: its log says why")]
    CollectorFailed { collector: String, place: String, how: &'static str },
    #[error("cannot read {place}: {error}")]
    Http { place: String, error: HttpError },
    /// The files for TLS, or the credentials, cannot be used.
    #[error("{}", .0.summary)]
    Settings(Failure),
    #[error("cannot read {place}: {reason}, says {call}")]
    Pdh {
        place: String,
        /// Why, in words, with the name of the status.
        reason: String,
        call: &'static str,
    },
    #[error(transparent)]
    Expired(Expired),
    #[error("expected csv:FILE, csv:- or prometheus:URL, because only Windows has performance counters of its own")]
    NeedsWindows,
}

impl CounterError {
    /// `no-data`, so that a dead source does not page as rejected calls; only the deadline keeps its own class, and what this
    /// host lacks, which says nothing of the source.
    pub(crate) fn class(&self) -> Class {
        match self {
            Self::Expired(_) => Class::Timeout,
            Self::Http { error, .. } => error.own_class().unwrap_or(Class::NoData),
            Self::Io { error, .. } if resource::is_exhausted(error) => Class::Local,
            Self::Settings(failure) if failure.class == Class::Local => Class::Local,
            _ => Class::NoData,
        }
    }
}

impl From<CounterError> for Failure {
    fn from(error: CounterError) -> Self {
        let class = error.class();
        match &error {
            CounterError::Http { place, error } => error.failure(place),
            CounterError::Settings(failure) => Self { class, ..failure.clone() },
            error => Self::caused_by(class, error),
        }
    }
}

/// Names are long: where there are several, what they are looked for in comes first.
fn absent(counters: &[Counter], place: &str) -> String {
    let names: Vec<_> = counters.iter().map(ToString::to_string).collect();
    match names.as_slice() {
        [only] => format!("no counter {only} in {place}"),
        names => format!("{place} lacks counters {}", names.join(" and ")),
    }
}

/// Whoever has chosen already is not told to choose.
fn several_hosts(place: &str, hosts: &[String], asked: Option<&str>) -> String {
    let all = hosts.join(", ");
    match (asked, hosts) {
        (Some(asked), _) => format!(
            "{place} holds the counters of several hosts that may be {asked}: choose with --hostname one of {all}, as it is \
             written there (of an exporter also by labels: --counter-name)"
        ),
        (None, [_]) => format!(
            "{place} says of some counters that they are of {all}, of others nothing: --hostname {all} takes them for its own \
             (check_um_call_router: --server)"
        ),
        (None, _) => format!(
            "{place} holds the counters of several hosts: choose with --hostname one of {all} (check_um_call_router: --server)"
        ),
    }
}

/// The names of counters that are there, those first that resemble the one that is not.
#[derive(Debug, thiserror::Error)]
pub struct Nearest {
    names: Vec<String>,
    present: usize,
    /// What is said instead of names, where they cannot be listed.
    unlisted: Option<String>,
    /// Whether the object is there with other instances.
    pub other_instances: bool,
}

impl Nearest {
    /// Of `present`, those nearest to `wanted`.
    pub(crate) fn to<'a>(wanted: &Counter, present: impl Iterator<Item = &'a str>) -> Self {
        let name = wanted.to_string().to_lowercase();
        let sibling = format!("\\{}(", wanted.object.to_lowercase());
        let last = format!(")\\{}", wanted.name.to_lowercase());
        let mut other_instances = false;
        let mut scored = Vec::new();
        for other in present.take(MAX_COMPARED) {
            let lower = other.to_lowercase();
            other_instances |= wanted.instance.is_some() && lower.starts_with(&sibling) && lower.ends_with(&last);
            let likeness = strsim::jaro_winkler(excerpt(&name), excerpt(&lower));
            scored.push((likeness, other));
        }
        scored.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
        scored.dedup_by(|a, b| a.1 == b.1);
        let present = scored.len();
        let names = scored.into_iter().take(SHOWN).map(|(_, name)| name.chars().take(MAX_NAME).collect()).collect();
        Self { names, present, unlisted: None, other_instances }
    }

    /// Where the names that are there cannot be listed: what the source said of the one that is not.
    pub const fn unlisted(said: String) -> Self {
        Self { names: Vec::new(), present: 0, unlisted: Some(said), other_instances: false }
    }
}

/// As much of a name as is compared: the time grows with the product of the lengths.
fn excerpt(name: &str) -> &str {
    name.char_indices().nth(MAX_NAME).map_or(name, |(end, _)| &name[..end])
}

impl fmt::Display for Nearest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(said) = &self.unlisted {
            return f.write_str(said);
        }
        match self.names.as_slice() {
            [] => f.write_str("there are no counters"),
            names => write!(f, "nearest of {} counters there: {}", self.present, names.join("; ")),
        }
    }
}

/// How many hosts an error names.
pub(super) const MAX_HOSTS: usize = 5;

const SHOWN: usize = 3;

/// The most of a name, in characters.
const MAX_NAME: usize = 200;

const MAX_COMPARED: usize = 4_096;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counters::role::app_pool;

    #[test]
    fn the_most_similar_name_comes_first() {
        let present =
            [r"\Memory\Available MBytes", r"\APP_POOL_WAS(MSExchangeSyncAppPool)\Current Application Pool State"];
        let nearest = Nearest::to(&app_pool("MSExchangeServicesAppPool")[0], present.into_iter());
        assert!(nearest.other_instances);
        assert!(
            nearest.to_string().starts_with(r"nearest of 2 counters there: \APP_POOL_WAS(MSExchangeSync"),
            "{nearest}"
        );
    }

    #[test]
    fn the_same_counter_of_another_instance_is_not_another_counter() {
        let nearest =
            |name: &'static str| Nearest::to(&app_pool("MSExchangeServicesAppPool")[0], [r"\AAA\b", name].into_iter());
        let same = nearest(r"\App_Pool_WAS(x)\Current Application Pool State");
        assert!(same.other_instances);
        assert!(same.to_string().starts_with(r"nearest of 2 counters there: \App_Pool_WAS(x)"), "{same}");
        for other in [r"\APP_POOL_WAS(x)\Current Worker Processes", r"\Other(x)\Current Application Pool State"] {
            assert!(!nearest(other).other_instances, "{other}");
        }
    }

    #[test]
    fn only_the_deadline_and_what_this_host_lacks_is_not_no_data() {
        let expired = crate::time::deadline::Deadline::new(std::time::Instant::now(), std::time::Duration::ZERO)
            .expired_during("x");
        assert_eq!(CounterError::Expired(expired.clone()).class(), Class::Timeout);
        let error = CounterError::Http { place: String::new(), error: HttpError::Expired(expired) };
        assert_eq!(error.class(), Class::Timeout);
        let error = CounterError::Http { place: String::new(), error: HttpError::Status(503) };
        assert_eq!(error.class(), Class::NoData);
        assert_eq!(CounterError::NeedsWindows.class(), Class::NoData);
        let io = |kind: io::ErrorKind| CounterError::Io { place: String::new(), error: kind.into() };
        assert_eq!(io(io::ErrorKind::NotFound).class(), Class::NoData);
        assert_eq!(io(io::ErrorKind::OutOfMemory).class(), Class::Local);
        assert_eq!(CounterError::Settings(Failure::new(Class::Local, "x")).class(), Class::Local);
        let unreadable = || CounterError::Settings(Failure::new(Class::Unreadable, "x"));
        assert_eq!((unreadable().class(), Failure::from(unreadable()).class), (Class::NoData, Class::NoData));
        let lacking = || Failure::new(Class::Local, "no thread");
        let error = HttpError::LookUp { failure: lacking(), expired: false };
        assert_eq!(CounterError::Http { place: String::new(), error }.class(), Class::Local);
        assert_eq!(lacking().reclassified(Class::NoData).class, Class::Local);
    }
}
