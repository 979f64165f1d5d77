//! Is the event log of Windows read as an export is? From the stand-in wevtapi.dll; and what is said where the log only
//! pretends to be there, as Wine's does, which fails without an error.

use std::fs;

use tempfile::TempDir;

use crate::stand_ins;
use crate::support::{Outcome, fixture, perfdata, plugin, run_command};

const MONITORING: &str = "Microsoft-Exchange-ManagedAvailability/Monitoring";
const ACTIVE: &str = "Microsoft-Exchange-ActiveMonitoring";

/// A plugin with the stand-in wevtapi.dll beside it.
struct WithLog {
    directory: TempDir,
    plugin: &'static str,
}

impl WithLog {
    /// A log of these lines, as the head of `wevtapi.c` explains them.
    fn new(plugin: &'static str, lines: &str) -> Option<Self> {
        let library = stand_ins()?.join("wevtapi.dll");
        let directory = tempfile::tempdir().unwrap();
        fs::copy(library, directory.path().join("wevtapi.dll")).unwrap();
        let executable = format!("{plugin}.exe");
        fs::copy(crate::support::plugin(&executable).get_program(), directory.path().join(executable)).unwrap();
        fs::write(directory.path().join("log"), lines).unwrap();
        Some(Self { directory, plugin })
    }

    fn run(&self, arguments: &[&str]) -> Outcome {
        let mut command = std::process::Command::new(self.directory.path().join(format!("{}.exe", self.plugin)));
        run_command(command.env("CHECK_UM_WEVTAPI", self.directory.path().join("log")).args(arguments))
    }

    /// What the log was asked, and how many of its handles were left open.
    fn asked(&self) -> Vec<String> {
        let asked = fs::read_to_string(self.directory.path().join("log.asked")).unwrap();
        asked.lines().map(str::to_owned).collect()
    }
}

/// The records of a fixture, each on a line.
fn records(name: &str, which: impl Fn(&str) -> bool) -> String {
    let text = fs::read_to_string(fixture(name)).unwrap();
    let text = text.replace("<Events>", "").replace("</Events>", "");
    text.lines().filter(|line| which(line)).flat_map(|line| [line, "\n"]).collect()
}

const CALLS_REJECTED: &str = "events/wevtutil-three-calls-rejected.xml";
const UNTIL: &[&str] = &["--until", "2026-11-23T17:00:00Z"];

#[test]
fn warning_from_the_log_as_from_an_export() {
    let lines = format!("channel Application\n{}", records(CALLS_REJECTED, |_| true));
    let Some(log) = WithLog::new("check_um_events", &lines) else { return };
    let ran = log.run(&[UNTIL, &["-v"]].concat());
    ran.assert_begins(1, "UM EVENTS WARNING - 3 x 1647 (call rejected) in 1 h: 2026-11-23T16:59:30Z 15647;source=");
    let perfdata = "'event_1638'=0;2;;0 'event_1643'=0;2;;0 'event_1647'=3;2;;0 'event_1649'=1;;;0 'event_1651'=0;2;;0";
    assert!(ran.first_line().ends_with(perfdata), "{ran:?}");
    assert!(ran.stdout.contains("records: 7, of other sources 1"), "{}", ran.stdout);
    let asked = log.asked();
    let expected = "Application *[System[Provider[@Name='MSExchange Unified Messaging' or \
                    @EventSourceName='MSExchange Unified Messaging'] and \
                    TimeCreated[@SystemTime>='2026-11-23T16:00:00Z' and @SystemTime<='2026-11-23T17:05:00.001Z'] and \
                    (EventID=1638 or EventID=1643 or EventID=1647 or EventID=1649 or EventID=1651)]] newest first";
    assert_eq!(asked[0], expected);
    assert_eq!(asked[1..], ["Application * oldest first", "open handles: 0"]);
}

#[test]
fn another_hosts_log_is_asked_when_named() {
    let lines = format!("channel \\\\cas1.example.com\\Application\n{}", records(CALLS_REJECTED, |_| true));
    let Some(log) = WithLog::new("check_um_events", &lines) else { return };
    log.run(&[UNTIL, &["-H", "cas1.example.com"]].concat()).assert_text(1).assert_says("3 x 1647");
    assert_eq!(log.asked().last().unwrap(), "open handles: 0");
    let missing = "UM EVENTS UNKNOWN - there is no such log: the log Application of this machine";
    log.run(UNTIL).assert_begins(3, missing);
    log.run(&[UNTIL, &["-H", "localhost"]].concat()).assert_begins(3, missing);
}

#[test]
fn a_log_that_does_not_reach_back_says_so() {
    let lines = format!("channel Application\n{}", records(CALLS_REJECTED, |line| line.contains("T16:59")));
    let Some(log) = WithLog::new("check_um_events", &lines) else { return };
    log.run(UNTIL).assert_begins(
        0,
        "UM EVENTS OK - the log reaches back to 2026-11-23T16:59:30Z only; 1 x 1647 (call rejected) in 1 h",
    );
}

#[test]
fn a_record_larger_than_the_first_buffer_is_read_whole_and_one_beyond_all_bounds_is_counted() {
    let record = records(CALLS_REJECTED, |line| line.contains("T16:59:30"));
    let grown = |length| record.replace("15647;source", &format!("{}15647;source", "x ".repeat(length)));
    let lines = format!("channel Application\n{}{}", grown(30_000), grown(600_000));
    let Some(log) = WithLog::new("check_um_events", &lines) else { return };
    let ran = log.run(&[UNTIL, &["-v"]].concat());
    ran.assert_begins(3, "UM EVENTS UNKNOWN - 1 record cannot be read, ")
        .assert_says("1 x 1647 (call rejected) in 1 h");
    assert!(ran.stdout.contains("diagnostic codes: 15647 once"), "{}", ran.stdout);
    assert_eq!(log.asked().last().unwrap(), "open handles: 0");
}

#[test]
fn permission_names_the_group_that_grants_it() {
    let Some(log) = WithLog::new("check_um_events", "channel Application\nquery 5\n") else { return };
    let ran = log.run(&[]);
    let denied = "UM EVENTS UNKNOWN - cannot read the log Application of this machine: access denied; membership in the \
                  group Event Log Readers grants it";
    ran.assert_begins(3, denied);
    assert!(ran.stdout.contains("(permission)"), "{}", ran.stdout);
}

#[test]
fn timeout_when_the_log_does_not_answer_until_the_deadline() {
    let Some(log) = WithLog::new("check_um_events", "channel Application\nsleep 20000\n") else { return };
    let ran = log.run(&["-t", "1"]);
    ran.assert_begins(2, "UM EVENTS CRITICAL - reading the log Application of this machine did not finish within 1 s");
    ran.assert_until(std::time::Duration::from_secs(1));
}

#[test]
fn unknown_when_the_log_breaks_off() {
    let record = records(CALLS_REJECTED, |line| line.contains("T16:59:30"));
    for (lines, call) in [("next 15011\n".to_owned() + &record, "EvtNext"), (record + "render 15005\n", "EvtRender")] {
        let Some(log) = WithLog::new("check_um_events", &format!("channel Application\n{lines}")) else { return };
        let ran = log.run(UNTIL);
        ran.assert_begins(3, "UM EVENTS UNKNOWN - cannot read the log Application of this machine: ").assert_says(call);
        assert_eq!(perfdata::value(ran.first_line(), "event_1647"), None);
        assert_eq!(log.asked().last().unwrap(), "open handles: 0");
    }
}

#[test]
fn critical_from_managed_availabilitys_log_with_its_monitors_and_probes() {
    let of = |channel: &str| records("health/log-call-router-unhealthy-again.xml", |line| line.contains(channel));
    let lines = [MONITORING, &format!("{ACTIVE}/MonitorDefinition"), &format!("{ACTIVE}/ProbeResult")];
    let lines: String = lines.iter().map(|channel| format!("channel {channel}\n{}", of(channel))).collect();
    let Some(log) = WithLog::new("check_um_health_set", &lines) else { return };
    let ran = log.run(&[]);
    ran.assert_begins(
        2,
        "UM HEALTH SET CRITICAL - the issue is there: 1 of 3 monitors of UM.CallRouter on cas1.example.com not Healthy; \
         UMCallRouterTestMonitor is Unhealthy since 2026-11-23T17:06:00.25Z: ",
    );
    let cause =
        "caused by: UMCallRouterTestProbe/MSExchangeUMCR failed at 2026-11-23T17:00:10Z: 503 Service Unavailable";
    assert!(ran.stdout.contains(cause), "{}", ran.stdout);
    let asked = [
        format!("{MONITORING} * newest first"),
        format!("{ACTIVE}/MonitorDefinition *[UserData[EventXML[ServiceName='UM.CallRouter']]] newest first"),
        format!(
            "{ACTIVE}/ProbeResult *[UserData[EventXML[ServiceName='UM.CallRouter' and ResultType='4']]] newest first"
        ),
        "open handles: 0".to_owned(),
    ];
    assert_eq!(log.asked(), asked);
}

#[test]
fn the_details_of_managed_availability_cost_no_answer() {
    let of = |channel: &str| records("health/log-call-router-unhealthy-again.xml", |line| line.contains(channel));
    let lines = format!("channel {MONITORING}\n{}channel {ACTIVE}/ProbeResult\nquery 5\n", of(MONITORING));
    let Some(log) = WithLog::new("check_um_health_set", &lines) else { return };
    let ran = log.run(&[]);
    ran.assert_begins(2, "UM HEALTH SET CRITICAL - the issue is there: 1 of 1 monitors of UM.CallRouter");
    ran.assert_says("there is no such log: the log Microsoft-Exchange-ActiveMonitoring/MonitorDefinition");
}

#[test]
fn no_data_where_managed_availability_has_no_log_or_an_empty_one() {
    let Some(log) = WithLog::new("check_um_health_set", "channel Application\n") else { return };
    let ran = log.run(&[]);
    ran.assert_begins(
        3,
        &format!("UM HEALTH SET UNKNOWN - there is no such log: the log {MONITORING} of this machine"),
    );
    assert!(ran.stdout.contains("(no-data)"), "{}", ran.stdout);
    let Some(log) = WithLog::new("check_um_health_set", &format!("channel {MONITORING}\n")) else { return };
    log.run(&[]).assert_text(3).assert_says("holds no event of Managed Availability's log");
}

#[test]
fn notifications_are_counted_from_the_log() {
    let event = |id: &str, second: &str| {
        let record = records(CALLS_REJECTED, |line| line.contains("T16:59:30"));
        let now =
            check_um::door::time::calendar::rfc3339(std::time::SystemTime::now() - std::time::Duration::from_secs(60));
        record
            .replace(">1647<", &format!(">{id}<"))
            .replace("2026-11-23T16:59:30.000000000Z", &now)
            .replace("15647", second)
    };
    let lines = format!("channel Application\n{}{}", event("1637", "1"), event("1638", "2"));
    let Some(log) = WithLog::new("check_um_missed_call_proxy", &lines) else { return };
    log.run(&["--method", "events"]).assert_text(0).assert_says("1 of 2 missed-call notifications not proxied (50 %)");
}

/// Wine's event log cannot be asked, and says nothing of why; a real Windows answers for itself.
fn pretends() -> bool {
    let is_wine = std::path::Path::new("C:\\windows\\system32\\winecfg.exe").exists();
    if !is_wine {
        crate::support::untested("a real Windows has none of the lies of Wine's event log");
    }
    is_wine
}

fn run(name: &str, arguments: &[&str]) -> Outcome {
    run_command(plugin(name).args(arguments))
}

#[test]
fn unknown_when_the_log_of_events_only_pretends() {
    if !pretends() {
        return;
    }
    let ran = run("check_um_events", &[]);
    ran.assert_begins(
        3,
        "UM EVENTS UNKNOWN - cannot read the log Application of this machine: EvtQuery failed without an",
    );
    assert!(ran.stdout.contains("(no-data)"), "{}", ran.stdout);
    assert!(!ran.first_line().contains('|'), "{ran:?}");
    run("check_um_events", &["--output", "json"]).assert_json("UNKNOWN");
}

#[test]
fn unknown_when_the_log_of_managed_availability_only_pretends() {
    if !pretends() {
        return;
    }
    let ran = run("check_um_health_set", &[]);
    ran.assert_begins(
        3,
        "UM HEALTH SET UNKNOWN - cannot read the log Microsoft-Exchange-ManagedAvailability/Monitoring of this machine: \
         EvtQuery failed without an error",
    );
    assert!(!ran.first_line().contains('|'), "{ran:?}");
}

#[test]
fn unknown_when_another_hosts_log_only_pretends() {
    if !pretends() {
        return;
    }
    for name in ["check_um_events", "check_um_health_set"] {
        let ran = run(name, &["-H", "cas1.example.com"]);
        ran.assert_text(3).assert_says("cas1.example.com");
        ran.assert_says("failed without an error");
    }
}

#[test]
fn unknown_when_the_notifications_are_to_be_counted_from_a_log_that_only_pretends() {
    if !pretends() {
        return;
    }
    let ran = run("check_um_missed_call_proxy", &["--method", "events"]);
    ran.assert_begins(
        3,
        "UM MISSED CALL PROXY UNKNOWN - cannot read the log Application of this machine: EvtQuery failed",
    );
}
