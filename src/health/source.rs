//! Where does Managed Availability's word come from? An export that somebody left, or its own log on a Windows host.

use std::time::SystemTime;

use super::transition::{MONITORING, Transitions, telling};
use super::{HealthError, HealthExport, MAX_INPUT, read};
use crate::events::source::LogSource;
use crate::events::{EventError, EventExport, Gap, Recorded, extent, xml};
use crate::input::Input;
use crate::net::host;
use crate::report::{Class, Failure};
use crate::time::calendar::rfc3339;
use crate::time::stage;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Acquired {
    pub export: HealthExport,
    /// When an export was written; `None` is now.
    pub written: Option<SystemTime>,
    pub remarks: Vec<String>,
    /// When a health set last changed, as its own log says; unknown of an export of states.
    pub last_change: Option<SystemTime>,
    /// What says of an exported log that a part of it may be missing.
    pub gap: Option<Gap>,
}

/// Reads Managed Availability's log, or an export: JSON or CSV of `Get-ServerHealth`, or the event XML of that log.
///
/// A log of transitions has monitors only as far as somebody asks for a health set.
pub(crate) fn acquire(source: &LogSource, health_sets: &[String]) -> Result<Acquired, Failure> {
    let (input, computer) = match source {
        LogSource::Log(host) => return logged(host.as_deref(), health_sets),
        LogSource::Export { input, computer } => (input, computer.as_deref()),
    };
    let content = input.read(MAX_INPUT)?;
    // What is large takes its time, too.
    let _stage = stage::enter_file(format!("reading {input}"));
    if content.text.trim_start().starts_with('<') {
        let found = transitions(&content.text, input, computer)?;
        let answer = concluded(&found, &input.to_string(), health_sets)?;
        return Ok(Acquired { written: content.modified, ..answer });
    }
    let mut export = read(&content.text).map_err(|error| input.unusable(error == HealthError::Empty, &error))?;
    if computer.is_some_and(|asked| !export.keep_only(asked)) {
        return Err(absent(computer, input, export.monitors.iter().map(|monitor| monitor.server.as_str())));
    }
    Ok(Acquired { export, written: content.modified, remarks: Vec::new(), last_change: None, gap: None })
}

/// The records of an exported log that say something of health, one by one: there may be any others beside them.
fn transitions(text: &str, input: &Input, computer: Option<&str>) -> Result<EventExport, Failure> {
    // Of a record that names no computer nobody knows that it is another's.
    let is_of_it = |name: &str| computer.is_none_or(|asked| name.is_empty() || host::is_same_computer(asked, name));
    let mut found = EventExport::default();
    let (mut own, mut elsewhere, mut others) = (0_u64, 0, Vec::new());
    let gap = xml::read_stream(text.as_bytes(), |recorded| match recorded {
        Recorded::Whole(record) if !is_of_it(&record.computer) => {
            elsewhere += 1;
            extent::note(&mut others, &record.computer);
        }
        Recorded::Whole(record) => {
            own += 1;
            found.records.extend(telling(record));
        }
        Recorded::Bad(_) => found.bad += 1,
    });
    found.gap = gap.map_err(|error| input.unusable(matches!(error, EventError::Empty), &error))?;
    if own == 0 && elsewhere > 0 && found.gap.is_none() {
        let asked = computer.unwrap_or_default();
        return Err(extent::absent(asked, (elsewhere, "record"), &input.to_string(), &others));
    }
    Ok(found)
}

/// That no row of an export is of the server that was asked for.
fn absent<'a>(computer: Option<&str>, input: &Input, names: impl Iterator<Item = &'a str>) -> Failure {
    let (mut count, mut others) = (0, Vec::new());
    for name in names {
        count += 1;
        extent::note(&mut others, name);
    }
    extent::absent(computer.unwrap_or_default(), (count, "row"), &input.to_string(), &others)
}

/// What follows from the records of a log.
fn concluded(found: &EventExport, source: &str, health_sets: &[String]) -> Result<Acquired, Failure> {
    let transitions = Transitions::from_records(&found.records);
    let Some(reaches_back) = transitions.reaches_back else {
        let (class, text) = match (found.gap, found.bad) {
            (Some(gap), _) => (Class::Unreadable, format!("{source}: {gap}")),
            (None, 0) => (Class::NoData, format!("{source} holds no event of Managed Availability's log {MONITORING}")),
            (None, bad) => (Class::Unreadable, format!("{source}: none of its {bad} event records can be read")),
        };
        return Err(Failure::new(class, text));
    };
    let monitors = transitions.monitors(health_sets);
    let has_monitor = |set: &&str| monitors.iter().any(|monitor| monitor.health_set.eq_ignore_ascii_case(set));
    let remark = |set| {
        format!("no transition of {set} is logged since {}, as far back as the log reaches", rfc3339(reaches_back))
    };
    let remarks = transitions.quiet(health_sets).into_iter().filter(has_monitor).map(remark).collect();
    Ok(Acquired {
        export: HealthExport { monitors, unusable: transitions.unusable + found.bad, shortcoming: None },
        written: None,
        remarks,
        last_change: transitions.last_change(health_sets),
        gap: found.gap,
    })
}

#[cfg(windows)]
fn logged(host: Option<&str>, health_sets: &[String]) -> Result<Acquired, Failure> {
    use std::time::Duration;

    use super::transition::{DEFINITIONS, PROBE_FAILED, PROBE_RESULTS, SERVICE_NAME};
    use super::{AlertValue, Monitor};
    use crate::events::log::{EventLog, Order, Portion};
    use crate::events::query::EventQuery;

    const TRANSITIONS: Portion = Portion { order: Order::NewestFirst, records: 5_000, wait: None };
    // Beside the transitions all else is detail, which must not cost the answer.
    const DETAILS: Portion = Portion { order: Order::NewestFirst, records: 500, wait: Some(Duration::from_secs(1)) };

    let log = EventLog::on(host)?;
    let mut found = EventExport::default();
    let mut take = |recorded| found.add(recorded);
    let is_cut = log.read(&EventQuery::all(MONITORING), TRANSITIONS, &mut take)?;
    let mut remarks = Vec::new();
    if is_cut {
        remarks.push(format!("only the newest {} events were read", found.records.len()));
    }
    let mut add = |channel: &str, values: &[(&str, &str)], found: &mut EventExport| {
        // Only those that can be read: they are details.
        let mut take = |recorded| {
            if let Recorded::Whole(record) = recorded {
                found.records.push(record);
            }
        };
        if let Err(failure) = log.read(&EventQuery::of_values(channel, values), DETAILS, &mut take) {
            remarks.push(failure.summary);
        }
    };
    for set in health_sets {
        add(DEFINITIONS, &[(SERVICE_NAME, set)], &mut found);
    }
    let source = log.name(MONITORING);
    let first = concluded(&found, &source, health_sets)?;
    let is_unhealthy = |set: &&String| {
        let of_set = |monitor: &&Monitor| monitor.health_set.eq_ignore_ascii_case(set);
        first.export.monitors.iter().filter(of_set).any(|monitor| monitor.alert_value == AlertValue::Unhealthy)
    };
    for set in health_sets.iter().filter(is_unhealthy) {
        add(PROBE_RESULTS, &[(SERVICE_NAME, set), PROBE_FAILED], &mut found);
    }
    let answer = concluded(&found, &source, health_sets)?;
    Ok(Acquired { remarks: [answer.remarks, remarks].concat(), ..answer })
}

#[cfg(not(windows))]
fn logged(_: Option<&str>, _: &[String]) -> Result<Acquired, Failure> {
    Err(Failure::new(Class::NoData, NEEDS_HEALTH_EXPORT))
}

/// What to say where there is no event log.
pub(crate) const NEEDS_HEALTH_EXPORT: &str = "--file: expected Get-ServerHealth as JSON or CSV, because only Windows has a Managed Availability channel of its own";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_data_when_every_record_or_row_is_of_another_computer() {
        let event = |computer: &str| {
            format!(
                "<Event><System><EventID>1</EventID><TimeCreated SystemTime='2026-11-23T17:00:00Z'/>\
                 <Computer>{computer}</Computer></System></Event>"
            )
        };
        let read = |text: &str, computer| {
            let found = transitions(text, &Input::Stdin, computer);
            found.map(|found| found.bad).map_err(|failure| (failure.class, failure.summary))
        };
        let none = |what: &str| {
            Err((
                Class::NoData,
                format!("none of the 2 {what}s of standard input is of cas9: expected one of CAS1, CAS2"),
            ))
        };
        let both = event("CAS1") + &event("CAS2");
        assert_eq!(read(&both, Some("cas9")), none("record"));
        // It may be in what is missing, and what names no computer may be of it.
        assert_eq!(read(&format!("<Events>{both}"), Some("cas9")), Ok(0));
        assert_eq!(read(&(both.clone() + &event("")), Some("cas9")), Ok(0));
        assert_eq!([read(&both, Some("cas1.example.com")), read(&both, None)], [Ok(0), Ok(0)]);
        assert_eq!(read("<Events></Events>", Some("cas9")), Ok(0));
        assert_eq!(read(&(event("CAS1") + "<Event>x</Event><Event>x</Event>"), None), Ok(2));
        let failure = absent(Some("cas9"), &Input::Stdin, ["CAS1", "CAS2"].into_iter());
        assert_eq!(Err::<usize, _>((failure.class, failure.summary)), none("row"));
    }

    /// What is acquired from a file with this content.
    fn acquired(content: &str, computer: Option<&str>) -> Result<Acquired, Failure> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), content).unwrap();
        let input = Input::File(file.path().into());
        acquire(&LogSource::Export { input, computer: computer.map(str::to_owned) }, &["UM".to_owned()])
    }

    #[test]
    fn an_exported_log_says_what_changed_and_when_and_what_of_it_cannot_be_read() {
        let changed = format!(
            "<Event><System><EventID>4</EventID><TimeCreated SystemTime='2023-11-14T22:13:20Z'/>\
             <Channel>{MONITORING}</Channel><Computer>CAS1</Computer></System>\
             <UserData><EventXML><HealthSet>UM</HealthSet><Monitor>M</Monitor></EventXML></UserData></Event>"
        );
        let acquired = acquired(&format!("<Events>{changed}<Event>x</Event></Events>"), Some("cas1")).unwrap();
        assert!(acquired.written.is_some());
        assert_eq!((acquired.export.monitors.len(), acquired.export.unusable), (1, 1));
        let changed = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000);
        assert_eq!(acquired.last_change, Some(changed));
    }

    #[test]
    fn of_an_export_of_states_the_rows_of_the_server_that_was_asked_for_count() {
        let row = |server: &str| format!(r#"{{"Server":"{server}","HealthSet":"UM","AlertValue":1}}"#);
        let content = format!("[{},{}]", row("CAS1"), row("CAS2"));
        let count = |computer| {
            let acquired = acquired(&content, computer);
            acquired.map(|acquired| acquired.export.monitors.len()).map_err(|failure| failure.class)
        };
        assert_eq!([count(None), count(Some("cas1.example.com"))], [Ok(2), Ok(1)]);
        assert_eq!(count(Some("cas9")), Err(Class::NoData));
    }
}
