//! Which monitors follow from which records?

use super::*;
use crate::events::Datum;
use std::time::Duration;

const SET: &str = "UM.CallRouter";

fn record(channel: &str, id: u32, seconds: u64, data: &[(&str, &str)]) -> EventRecord {
    let datum = |(name, value): &(&str, &str)| Datum { name: (*name).to_owned(), value: (*value).to_owned() };
    EventRecord {
        id,
        number: None,
        time: SystemTime::UNIX_EPOCH + Duration::from_secs(seconds),
        providers: vec!["ManagedAvailability".to_owned()],
        channel: channel.to_owned(),
        computer: "cas1.example.com".to_owned(),
        message: String::new(),
        data: data.iter().map(datum).collect(),
    }
}

fn change(id: u32, seconds: u64, monitor: &str) -> EventRecord {
    record(MONITORING, id, seconds, &[("HealthSet", SET), ("Monitor", monitor), ("Subject", "no"), ("Message", "why")])
}

fn definition(name: &str, more: &[(&str, &str)]) -> EventRecord {
    record(DEFINITIONS, 1, 0, &[&[("Name", name), ("ServiceName", SET)], more].concat())
}

fn failure(seconds: u64, name: &str) -> EventRecord {
    let data = [("ServiceName", SET), ("ResultName", name), ("ResultType", "4"), ("Error", "503"), ("Exception", "E")];
    record(PROBE_RESULTS, 2, seconds, &data)
}

/// Name and alert value of each monitor.
fn monitors(records: &[EventRecord]) -> Vec<(String, String)> {
    let monitors = Transitions::from_records(records).monitors(&[SET.to_lowercase()]);
    monitors.into_iter().map(|monitor| (monitor.name, monitor.alert_value.name().to_owned())).collect()
}

fn named(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

#[test]
fn unhealthy_from_its_event_on_until_the_health_set_is_healthy_again() {
    let (bad, good) = (change(4, 10, "A"), change(1, 20, "A"));
    assert_eq!(monitors(std::slice::from_ref(&bad)), [named("A", "Unhealthy")]);
    assert_eq!(monitors(&[bad.clone(), good.clone()]), [named("A", "Healthy")]);
    assert_eq!(monitors(&[good.clone(), bad.clone()]), [named("A", "Healthy")]);
    assert_eq!(monitors(&[good, bad, change(4, 30, "A")]), [named("A", "Unhealthy")]);
}

#[test]
fn the_event_of_recovery_is_about_the_health_set_whichever_monitor_it_names() {
    let records = [change(4, 10, "A"), change(4, 11, "B"), change(1, 20, ""), change(4, 30, "b")];
    assert_eq!(monitors(&records), [named("A", "Healthy"), named("B", "Unhealthy")]);
}

#[test]
fn what_is_kept_of_a_record_is_what_is_read_of_it() {
    let all = [
        change(UNHEALTHY, 30, "A/B"),
        change(HEALTHY, 20, "A"),
        definition("A", &[("TargetResource", "B"), ("SampleMask", "P"), ("Enabled", "1")]),
        failure(29, "P/1"),
    ];
    let noise = |mut record: EventRecord| {
        let first = record.data[0].clone();
        record.data.extend([Datum { name: "Other".to_owned(), value: "x".to_owned() }, first]);
        record
    };
    let kept: Vec<_> = all.iter().cloned().map(noise).filter_map(telling).collect();
    assert_eq!(kept, all);
    assert_eq!(telling(EventRecord { channel: "Application".to_owned(), ..all[0].clone() }), None);
}

#[test]
fn of_two_at_the_same_moment_the_bad_one_counts() {
    assert_eq!(monitors(&[change(1, 10, "A"), change(4, 10, "A")]), [named("A", "Unhealthy")]);
    assert_eq!(monitors(&[change(4, 10, "A"), change(1, 10, "A")]), [named("A", "Unhealthy")]);
}

#[test]
fn a_health_set_stands_for_itself_where_no_event_names_a_monitor() {
    let recovery = record(MONITORING, 1, 20, &[("HealthSetName", SET)]);
    let records = [recovery];
    let monitors = Transitions::from_records(&records).monitors(&[SET.to_owned()]);
    assert_eq!((monitors.len(), monitors[0].name.as_str()), (1, ""));
    assert_eq!(monitors[0].since.as_deref(), Some("1970-01-01T00:00:20Z"));
    assert_eq!(monitors[0].server, "cas1.example.com");
}

#[test]
fn what_is_defined_and_was_never_unhealthy_is_healthy() {
    let other = record(MONITORING, 4, 5, &[("HealthSet", "ECP"), ("Monitor", "X")]);
    let records = [
        other,
        definition("A", &[("TargetResource", "[null]")]),
        definition("A", &[]),
        definition("C", &[("Enabled", "0")]),
        definition("B", &[("TargetResource", "DB1"), ("Enabled", "1")]),
        change(4, 10, "B/DB1"),
    ];
    assert_eq!(monitors(&records), [named("A", "Healthy"), named("B", "Unhealthy")]);
    let transitions = Transitions::from_records(&records);
    assert_eq!(transitions.monitors(&["UM".to_owned()]), []);
    assert_eq!(transitions.quiet(&["UM".to_owned(), SET.to_owned()]), ["UM"]);
    assert_eq!(transitions.reaches_back, Some(SystemTime::UNIX_EPOCH + Duration::from_secs(5)));
}

#[test]
fn an_unhealthy_monitor_says_since_when_and_why_and_what_its_probe_found() {
    let records = [
        failure(50, "OtherProbe"),
        failure(30, "UMCallRouterTestProbe/MSExchangeUMCR"),
        failure(40, "UMCALLROUTERTESTPROBE/MSExchangeUMCR"),
        definition("A", &[("SampleMask", "UMCallRouterTestProbe")]),
        change(4, 60, "A"),
        change(4, 20, "A"),
        change(4, 25, "B"),
    ];
    let monitors = Transitions::from_records(&records).monitors(&[SET.to_owned()]);
    assert_eq!(monitors[0].since.as_deref(), Some("1970-01-01T00:00:20Z"));
    assert_eq!(monitors[0].error, "no: why");
    assert_eq!(monitors[0].exception, "UMCALLROUTERTESTPROBE/MSExchangeUMCR failed at 1970-01-01T00:00:40Z: 503 E");
    assert_eq!(monitors[1].exception, "OtherProbe failed at 1970-01-01T00:00:50Z: 503 E");
}

#[test]
fn the_same_words_are_not_said_twice() {
    let data = [("HealthSet", SET), ("Monitor", "A"), ("Subject", "A is down"), ("Message", "A is down: 503")];
    let records = [record(MONITORING, 4, 10, &data)];
    assert_eq!(Transitions::from_records(&records).monitors(&[SET.to_owned()])[0].error, "A is down: 503");
}

#[test]
fn a_transition_of_no_health_set_is_counted_and_other_events_are_passed_over() {
    let records = [
        record(MONITORING, 4, 10, &[("Monitor", "A")]),
        record(MONITORING, 2, 5, &[]),
        record("Application", 4, 1, &[("HealthSet", SET)]),
        record(PROBE_RESULTS, 1, 1, &[("ServiceName", SET), ("ResultType", "3")]),
    ];
    let transitions = Transitions::from_records(&records);
    assert_eq!((transitions.unusable, transitions.monitors(&[SET.to_owned()])), (1, Vec::new()));
    assert_eq!(transitions.reaches_back, Some(SystemTime::UNIX_EPOCH + Duration::from_secs(5)));
    assert_eq!(Transitions::from_records(&[]).reaches_back, None);
}

#[test]
fn a_recovery_without_a_name_stands_for_the_health_set_only_where_no_event_names_a_monitor() {
    assert_eq!(monitors(&[change(4, 10, "A"), change(1, 20, "")]), [named("A", "Healthy")]);
    assert_eq!(monitors(&[change(1, 10, ""), change(4, 20, "A")]), [named("A", "Unhealthy")]);
    assert_eq!(monitors(&[change(4, 10, ""), change(1, 20, "")]), [named("", "Healthy")]);
}

#[test]
fn what_a_probe_passed_explains_nothing() {
    let passed = record(
        PROBE_RESULTS,
        1,
        30,
        &[("ServiceName", SET), ("ResultName", "P"), ("ResultType", "3"), ("Error", "none")],
    );
    let elsewhere = record(
        "Application",
        2,
        30,
        &[("ServiceName", SET), ("ResultName", "P"), ("ResultType", "4"), ("Error", "503")],
    );
    let records = [passed, elsewhere, change(4, 40, "A")];
    assert_eq!(Transitions::from_records(&records).monitors(&[SET.to_owned()])[0].exception, "");
}
