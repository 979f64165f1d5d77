//! What has Managed Availability written into its own log? Transitions of health sets, and the monitors that follow from them.
//!
//! | channel                                                 | record                                               |
//! |---------------------------------------------------------|------------------------------------------------------|
//! | `Microsoft-Exchange-ManagedAvailability/Monitoring`     | 4: a health set is unhealthy; 1: it is healthy again |
//! | `Microsoft-Exchange-ActiveMonitoring/MonitorDefinition` | a monitor that there is                              |
//! | `Microsoft-Exchange-ActiveMonitoring/ProbeResult`       | the result of a probe                                |
//!
//! The first is documented, in the management pack's guide: of a health set the newest of its events decides. Its
//! elements (`HealthSet`, `Monitor`, `Subject`, `Message`) and those of the other two are what Microsoft's own scripts
//! read. A monitor named by an event 4 behind the health set's last event 1 is Unhealthy; every other one is Healthy as
//! far as the log reaches back.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::SystemTime;

use super::{AlertValue, Monitor};
use crate::events::EventRecord;
use crate::time::calendar::rfc3339;

/// What the records of the three channels say, in any order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transitions<'a> {
    changes: Vec<Change<'a>>,
    definitions: Vec<&'a EventRecord>,
    failures: Vec<&'a EventRecord>,
    /// How many transitions name no health set.
    pub unusable: usize,
    /// The time of the oldest record of the log of transitions; `None` if there is not one.
    pub reaches_back: Option<SystemTime>,
}

/// A health set became unhealthy, or healthy again.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Change<'a> {
    health_set: &'a str,
    /// The monitor and its target; empty where the event names none.
    monitor: (&'a str, &'a str),
    is_unhealthy: bool,
    record: &'a EventRecord,
}

impl<'a> Transitions<'a> {
    /// Sorts out what `records` are.
    pub fn from_records(records: &'a [EventRecord]) -> Self {
        let mut transitions = Self::default();
        for record in records {
            let is_in = |channel: &str| record.channel.eq_ignore_ascii_case(channel);
            if is_in(MONITORING) {
                let oldest = transitions.reaches_back.map_or(record.time, |oldest| oldest.min(record.time));
                transitions.reaches_back = Some(oldest);
                match (record.id, record.datum(HEALTH_SET_ELEMENTS)) {
                    (UNHEALTHY | HEALTHY, Some(health_set)) => {
                        transitions.changes.push(Change::recorded_by(record, health_set))
                    }
                    (UNHEALTHY | HEALTHY, None) => transitions.unusable += 1,
                    _ => {}
                }
            } else if is_in(DEFINITIONS) {
                transitions.definitions.push(record);
            } else if is_in(PROBE_RESULTS) && record.datum(&[PROBE_FAILED.0]) == Some(PROBE_FAILED.1) {
                transitions.failures.push(record);
            }
        }
        // Of two at the same moment the bad one counts as the later.
        transitions.changes.sort_by_key(|change| (change.record.time, change.is_unhealthy));
        transitions.failures.sort_by_key(|failure| Reverse(failure.time));
        transitions
    }

    /// The monitors of `health_sets`: those that the definitions name, else those that the transitions do.
    pub fn monitors(&self, health_sets: &[String]) -> Vec<Monitor> {
        health_sets.iter().flat_map(|health_set| self.monitors_of(health_set)).collect()
    }

    /// Those of `health_sets` of which no transition is logged.
    pub(crate) fn quiet<'b>(&self, health_sets: &'b [String]) -> Vec<&'b str> {
        let is_quiet = |health_set: &&str| self.changes_of(health_set).next().is_none();
        health_sets.iter().map(String::as_str).filter(is_quiet).collect()
    }

    /// When the last of `health_sets` changed, as their events say.
    pub(crate) fn last_change(&self, health_sets: &[String]) -> Option<SystemTime> {
        health_sets.iter().flat_map(|set| self.changes_of(set)).map(|change| change.record.time).max()
    }

    fn monitors_of(&self, health_set: &str) -> Vec<Monitor> {
        let changes: Vec<_> = self.changes_of(health_set).collect();
        let recovered = changes.iter().rposition(|change| !change.is_unhealthy);
        let (past, open) = changes.split_at(recovered.map_or(0, |place| place + 1));
        let since = recovered.and_then(|place| changes.get(place)).map(|change| rfc3339(change.record.time));

        let mut monitors: BTreeMap<_, Monitor> = BTreeMap::new();
        let healthy = |name: (&str, &str), server: &str| Monitor {
            server: server.to_owned(),
            health_set: health_set.to_owned(),
            name: name.0.to_owned(),
            target: name.1.to_owned(),
            alert_value: AlertValue::Healthy,
            component_state: None,
            since: since.clone(),
            error: String::new(),
            exception: String::new(),
            count: 1,
            is_stale: false,
        };
        let defined = self.definitions_of(health_set).filter(|definition| is_enabled(definition));
        for definition in defined {
            let target = definition.datum(&["TargetResource"]).filter(|target| *target != NULL).unwrap_or_default();
            let name = (definition.datum(&["Name"]).unwrap_or_default(), target);
            monitors.entry(key(name)).or_insert_with(|| healthy(name, &definition.computer));
        }
        if monitors.is_empty() {
            let named = past.iter().filter(|change| !change.monitor.0.is_empty());
            // The last of them stands for the health set where no event names a monitor.
            let unnamed = past.last().filter(|_| open.is_empty() && named.clone().next().is_none());
            for change in named.chain(unnamed) {
                monitors.entry(key(change.monitor)).or_insert_with(|| healthy(change.monitor, &change.record.computer));
            }
        }
        for change in open {
            let name = change.monitor;
            let monitor = monitors.entry(key(name)).or_insert_with(|| healthy(name, &change.record.computer));
            if monitor.alert_value == AlertValue::Healthy {
                monitor.alert_value = AlertValue::Unhealthy;
                monitor.since = Some(rfc3339(change.record.time));
            }
            monitor.error = change.error();
            monitor.exception = self.failure_of(health_set, name.0).unwrap_or_default();
        }
        monitors.into_values().collect()
    }

    fn changes_of(&self, health_set: &str) -> impl Iterator<Item = &Change<'a>> {
        self.changes.iter().filter(move |change| change.health_set.eq_ignore_ascii_case(health_set))
    }

    fn definitions_of(&self, health_set: &str) -> impl Iterator<Item = &'a EventRecord> {
        self.definitions.iter().copied().filter(move |definition| is_of(definition, health_set))
    }

    /// The newest failure of the probe that `monitor` watches, else of any of the health set.
    fn failure_of(&self, health_set: &str, monitor: &str) -> Option<String> {
        let is_named = |definition: &&EventRecord| {
            definition.datum(&["Name"]).is_some_and(|name| name.eq_ignore_ascii_case(monitor))
        };
        let probe = self.definitions_of(health_set).find(is_named).and_then(|found| found.datum(&["SampleMask"]));
        let mut failures = self.failures.iter().filter(|failure| is_of(failure, health_set));
        let is_by = |failure: &&&EventRecord, probe: &str| {
            let result = failure.datum(&["ResultName"]).and_then(|name| name.get(..probe.len()));
            result.is_some_and(|name| name.eq_ignore_ascii_case(probe))
        };
        let failure = match probe {
            Some(probe) => failures.find(|failure| is_by(failure, probe)),
            None => failures.next(),
        }?;
        let name = failure.datum(&["ResultName"]).unwrap_or("a probe");
        let words: Vec<_> = ["Error", "Exception"].iter().filter_map(|name| failure.datum(&[name])).collect();
        Some(format!("{name} failed at {}: {}", rfc3339(failure.time), words.join(" ")))
    }
}

impl<'a> Change<'a> {
    fn recorded_by(record: &'a EventRecord, health_set: &'a str) -> Self {
        let monitor = record.datum(&["Monitor", "MonitorName"]).unwrap_or_default();
        let monitor = monitor.split_once('/').unwrap_or((monitor, ""));
        Self { health_set, monitor, is_unhealthy: record.id == UNHEALTHY, record }
    }

    /// What the escalation says: its subject, and its message unless that begins with the same words.
    fn error(&self) -> String {
        let subject = self.record.datum(&["Subject"]).unwrap_or_default();
        match self.record.datum(&["Message"]) {
            Some(message) if message.starts_with(subject) => message.to_owned(),
            Some(message) => format!("{subject}: {message}"),
            None => subject.to_owned(),
        }
    }
}

/// A record with no more than what is read of it; `None` where it is of none of the three channels.
pub(crate) fn telling(mut record: EventRecord) -> Option<EventRecord> {
    let is_told = [MONITORING, DEFINITIONS, PROBE_RESULTS].iter().any(|told| record.channel.eq_ignore_ascii_case(told));
    let mut known: Vec<String> = Vec::new();
    // Of several of one name the first is read.
    record.data.retain(|datum| {
        let is_read = ELEMENTS.iter().any(|name| datum.name.eq_ignore_ascii_case(name));
        let is_first = is_read && !known.iter().any(|name| datum.name.eq_ignore_ascii_case(name));
        known.extend(is_first.then(|| datum.name.clone()));
        is_first
    });
    record.data.shrink_to_fit();
    is_told.then_some(record)
}

fn is_of(record: &EventRecord, health_set: &str) -> bool {
    record.datum(&[SERVICE_NAME]).is_some_and(|name| name.eq_ignore_ascii_case(health_set))
}

/// A definition without a word on it is one of a monitor that runs.
fn is_enabled(definition: &EventRecord) -> bool {
    !definition.datum(&["Enabled"]).is_some_and(|value| value == "0" || value.eq_ignore_ascii_case("false"))
}

/// Names are compared in any case.
fn key((name, target): (&str, &str)) -> (String, String) {
    (name.to_ascii_lowercase(), target.to_ascii_lowercase())
}

pub(crate) const MONITORING: &str = "Microsoft-Exchange-ManagedAvailability/Monitoring";
pub(crate) const DEFINITIONS: &str = "Microsoft-Exchange-ActiveMonitoring/MonitorDefinition";
pub(crate) const PROBE_RESULTS: &str = "Microsoft-Exchange-ActiveMonitoring/ProbeResult";

/// The element that names the health set of a definition or a result.
pub(crate) const SERVICE_NAME: &str = "ServiceName";

/// `ResultType` of a probe that failed.
pub(crate) const PROBE_FAILED: (&str, &str) = ("ResultType", "4");

/// The names that a health set may stand under.
const HEALTH_SET_ELEMENTS: &[&str] = &["HealthSet", "HealthSetName"];

/// All elements that are read.
const ELEMENTS: &[&str] = &[
    "HealthSet",
    "HealthSetName",
    "Monitor",
    "MonitorName",
    "Subject",
    "Message",
    SERVICE_NAME,
    "Name",
    "TargetResource",
    "Enabled",
    "SampleMask",
    "ResultName",
    "ResultType",
    "Error",
    "Exception",
];

/// How these logs write that there is nothing.
const NULL: &str = "[null]";

const HEALTHY: u32 = 1;
const UNHEALTHY: u32 = 4;

#[cfg(test)]
mod tests;
