//! What is said where the event log only pretends to be there? Wine's has no records, and fails without an error.

use crate::support::{Outcome, plugin, run_command};

/// Wine's event log cannot be asked, and says nothing of why; a real Windows answers for itself.
fn pretends() -> bool {
    let is_wine = std::path::Path::new("C:\\windows\\system32\\winecfg.exe").exists();
    if !is_wine {
        println!("this is a real Windows: nothing was asked of Wine's event log");
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
    ran.assert_says("'event_1647'=U;2;;0");
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
    ran.assert_says("'monitors'=U;;;0");
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
