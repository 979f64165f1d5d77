//! Does check_um_events count what the router logged? The real binary, on recorded exports and on hostile ones.

#![allow(clippy::unwrap_used, reason = "a test fails by panic")]

mod support;

use support::{Outcome, fixture, perfdata, plugin, run_command, run_fed};

const NAME: &str = "check_um_events";

/// Of event 1647 three within the last hour, one before, one of another source; one 1649.
const CALLS_REJECTED: &str = "events/wevtutil-three-calls-rejected.xml";

const UNTIL: &[&str] = &["--until", "2026-11-23T17:00:00Z"];

fn run(arguments: &[&str]) -> Outcome {
    run_command(plugin(NAME).args(arguments))
}

fn judged(file: &str, arguments: &[&str]) -> Outcome {
    run(&[&["--file", &fixture(file)], UNTIL, arguments].concat())
}

fn judged_text(text: &str, arguments: &[&str]) -> Outcome {
    run_fed(plugin(NAME).args(["--file", "-"]).args(UNTIL).args(arguments), text.as_bytes())
}

#[test]
fn warning_when_more_than_two_calls_were_rejected() {
    let ran = judged(CALLS_REJECTED, &["-v"]);
    ran.assert_begins(
        1,
        "UM EVENTS WARNING - 3 x 1647 (call rejected) in 1 h: 2026-11-23T16:59:30Z 15647;source=\"ex2013",
    );
    let perfdata = "'event_1638'=0;2;;0 'event_1643'=0;2;;0 'event_1647'=3;2;;0 'event_1649'=1;;;0 'event_1651'=0;2;;0";
    assert!(ran.first_line().ends_with(perfdata), "{ran:?}");
    let codes =
        "diagnostic codes: 15647 2 times (no access to Active Directory), 15604 once (probably a transient error)";
    assert!(ran.stdout.contains(codes), "{}", ran.stdout);
    assert!(ran.stdout.contains("newest of worst: 1647 on ex2013.contoso.net: 2026-11-23T16:59:30Z"), "{}", ran.stdout);
    assert!(ran.stdout.contains("records: 7, of other sources 1"), "{}", ran.stdout);
}

#[test]
fn ok_when_the_window_is_shorter_or_ends_earlier() {
    judged(CALLS_REJECTED, &["--window", "10m"]).assert_begins(0, "UM EVENTS OK - 1 x 1647 (call rejected) in 10 min");
    let ran = judged(CALLS_REJECTED, &["--until", "2026-11-23T12:00:00+00:00"]);
    ran.assert_begins(0, "UM EVENTS OK - no events in 1 h");
}

#[test]
fn the_window_of_a_file_ends_when_it_was_written() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::copy(fixture(CALLS_REJECTED), file.path()).unwrap();
    let written = check_um::door::time::calendar::parse("2026-11-23T17:00:30Z").unwrap();
    file.as_file().set_modified(written).unwrap();
    let path = file.path().to_str().unwrap();
    run(&["--file", path]).assert_begins(1, "UM EVENTS WARNING - 3 x 1647");
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(2 * 86_400);
    file.as_file().set_modified(old).unwrap();
    let ran = run(&["--file", path, "--max-age", "1h"]);
    ran.assert_begins(3, "UM EVENTS UNKNOWN - ");
    assert!(ran.first_line().contains("was written 2 d ago, more than 1 h"), "{}", ran.stdout);
}

#[test]
fn critical_when_a_rule_says_so() {
    let ran = judged(CALLS_REJECTED, &["--event", "1647=1,2", "--event", "1649=0"]);
    ran.assert_begins(2, "UM EVENTS CRITICAL - 3 x 1647 (call rejected)");
    assert!(ran.stdout.contains("1 x 1649 (TLS negotiation failed) in 1 h"), "{}", ran.stdout);
    ran.assert_says("'event_1647'=3;1;2;0");
}

#[test]
fn an_event_without_a_default_rule_is_counted_when_asked_for() {
    let ran = judged(CALLS_REJECTED, &["--event", "1648=0", "--event", "1647=~:", "--window", "1d"]);
    ran.assert_begins(1, "UM EVENTS WARNING - 1 x 1648 (listening) in 1 d");
    assert_eq!(perfdata::labels(ran.first_line()).last().unwrap(), "event_1648");
}

#[test]
fn another_source_is_judged_when_asked_for() {
    let ran = judged(CALLS_REJECTED, &["--source", "SomebodyElse", "--event", "1647=0"]);
    ran.assert_begins(1, "UM EVENTS WARNING - 1 x 1647");
}

#[test]
fn rendered_messages_in_a_root_and_in_utf_16() {
    let ran = judged("events/rendered-in-root-utf16.xml", &["--event", "1647=0"]);
    ran.assert_begins(
        1,
        "UM EVENTS WARNING - 1 x 1647 (call rejected) in 1 h: 2026-11-23T16:59:00.123Z The Microsoft Exchange",
    );
}

#[test]
fn ok_when_the_export_has_a_root_and_no_events() {
    judged("events/wevtutil-root-no-events.xml", &[]).assert_begins(0, "UM EVENTS OK - no events in 1 h");
}

#[test]
fn no_data_when_the_export_is_empty() {
    let ran = judged_text("\r\n", &[]);
    ran.assert_begins(3, "UM EVENTS UNKNOWN - standard input: empty: ");
    assert!(ran.stdout.contains("(no-data)"), "{}", ran.stdout);
    assert!(!ran.first_line().contains('|'), "{ran:?}");
}

#[test]
#[cfg(not(windows))]
fn unknown_without_a_file_where_there_is_nothing_local() {
    run(&[]).assert_begins(3, "UM EVENTS UNKNOWN - --file: expected ").assert_says("only Windows");
    let remote = ["-H", "cas1.example.com"];
    run(&remote).assert_begins(3, "UM EVENTS UNKNOWN - --hostname: expected --file ").assert_says("only Windows");
    run(&["-H", "cas1", "--file", "-"]).assert_begins(3, "UM EVENTS UNKNOWN - ").assert_says("exclude each other");
}

#[test]
fn unreadable_when_it_is_no_event_xml() {
    for text in ["Access is denied.", "<!DOCTYPE a [<!ENTITY b \"secret\">]><Events><Event>&b;</Event></Events>"] {
        let ran = judged_text(text, &["-vvv"]);
        ran.assert_begins(3, "UM EVENTS UNKNOWN - standard input: ");
        assert!(
            ran.stdout.contains("(unreadable)") && !ran.stdout.contains("secret") && !ran.stdout.contains("denied")
        );
    }
    judged_text("<Events><Event>x</Event><Event></Events>", &[])
        .assert_begins(3, "UM EVENTS UNKNOWN - 2 records cannot be read; standard input: none of its 2 event records");
}

#[test]
fn hostile_texts_break_nothing_and_bad_records_hide_nothing() {
    let file = "events/hostile-texts.xml";
    let ran = judged(file, &["-vvv"]);
    ran.assert_begins(
        1,
        "UM EVENTS WARNING - 3 records cannot be read; 3 x 1651 (OPTIONS rejected) in 1 h: 2026-11-23T16:53:00Z",
    );
    assert_eq!(perfdata::labels(ran.first_line()).len(), 5);
    judged(file, &["--output", "json"]).assert_json("WARNING");
    judged(file, &["--output", "scom"]).assert_scom("WARNING");
}

#[test]
fn a_million_openings_end_in_time() {
    let ran = judged_text(&"<Event ".repeat(1_000_000), &["-t", "5"]);
    ran.assert_begins(3, "UM EVENTS UNKNOWN - 1000000 records cannot be read");
}

#[test]
fn unknown_on_a_bad_rule() {
    for rule in ["1647", "x=1", "1647=a", "1647=1,2,3"] {
        run(&["--event", rule]).assert_begins(3, "UM EVENTS UNKNOWN - --event: ");
    }
    run(&["--window", "1w"]).assert_begins(3, "UM EVENTS UNKNOWN - --window: '1w' is not a duration");
    run(&["--until", "now"]).assert_begins(3, "UM EVENTS UNKNOWN - --until: 'now' is not a time");
}
