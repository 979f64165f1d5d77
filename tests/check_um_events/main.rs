//! Does check_um_events count what the router logged? The real binary, on recorded exports and on hostile ones.

#![allow(clippy::unwrap_used, reason = "a test fails by panic")]

#[path = "../support/mod.rs"]
mod support;

mod damaged;

use support::{Outcome, fixture, perfdata, plugin, replaced, run_command, run_fed};

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
    run(&["--file", path, "--max-age", "366d"]).assert_begins(1, "UM EVENTS WARNING - 3 x 1647");
    let any = run(&["--file", path, "--max-age", "none"]);
    any.assert_begins(1, "UM EVENTS WARNING - 3 x 1647").assert_says("was written ");
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
        "UM EVENTS WARNING - 3 records cannot be read; 5 x 1651 (OPTIONS rejected) in 1 h: 2026-11-23T16:53:00Z",
    );
    assert_eq!(perfdata::labels(ran.first_line()).len(), 5);
    judged(file, &["--output", "json"]).assert_json("WARNING");
    judged(file, &["--output", "scom"]).assert_scom("WARNING");
}

#[test]
fn a_million_openings_end_in_time() {
    let ran = judged_text(&"<Event ".repeat(1_000_000), &["-t", "25"]);
    ran.assert_begins(3, "UM EVENTS UNKNOWN - 1000000 records cannot be read");
}

#[test]
fn stale_by_default_when_a_file_is_older_than_the_window() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "<Events></Events>").unwrap();
    let path = file.path().to_str().unwrap();
    run(&["--file", path]).assert_begins(0, "UM EVENTS OK - no events in 1 h");
    file.as_file().set_modified(std::time::SystemTime::now() - std::time::Duration::from_secs(2 * 3_600)).unwrap();
    let ran = run(&["--file", path]);
    ran.assert_begins(3, "UM EVENTS UNKNOWN - ").assert_says("was written 2 h ago, more than 1 h; no events in 1 h");
    assert!(ran.stdout.contains("(stale)"), "{ran:?}");
    run(&["--file", path, "--window", "1d"]).assert_begins(0, "UM EVENTS OK - no events in 1 d");
    // It tells nothing of a window that began after it was written, and all of one that ended before.
    let later = check_um::door::time::calendar::rfc3339(std::time::SystemTime::now());
    run(&["--file", path, "--until", &later]).assert_begins(3, "UM EVENTS UNKNOWN - ").assert_says("before the window");
    run(&["--file", path, "--until", "2026-01-01T00:00:00Z"]).assert_begins(0, "UM EVENTS OK - no events");
}

/// Of event 1647, at `time`, logged by `computer`.
fn rejected_call(time: &str, computer: &str) -> String {
    format!(
        "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>\
         <Provider Name='MSExchange Unified Messaging'/><EventID Qualifiers='32772'>1647</EventID>\
         <TimeCreated SystemTime='{time}'/><Channel>Application</Channel><Computer>{computer}</Computer></System>\
         <EventData><Data>15501;source=\"x\"</Data></EventData></Event>"
    )
}

#[test]
fn events_from_the_future_count_and_are_said() {
    let ran =
        run_fed(plugin(NAME).args(["--file", "-"]), rejected_call("2099-01-01T00:00:00Z", "cas1").repeat(3).as_bytes());
    ran.assert_begins(1, "UM EVENTS WARNING - 3 events are from the future and count all the same; 3 x 1647");
}

#[test]
fn with_a_host_only_its_records_count() {
    let [first, second] =
        ["cas1.example.com", "CAS2.example.com"].map(|computer| rejected_call("2026-11-23T16:59:00Z", computer));
    let export = format!("<Events>{}{second}</Events>", first.repeat(3));
    judged_text(&export, &["-H", "CAS1"]).assert_begins(1, "UM EVENTS WARNING - 3 x 1647");
    judged_text(&export, &["-H", "cas2.example.com"]).assert_begins(0, "UM EVENTS OK - 1 x 1647");
    // A name that is misspelled, or a server that is quiet: who knows which may say so.
    let ran = judged_text(&export, &["-H", "cas3"]);
    ran.assert_begins(3, "UM EVENTS UNKNOWN - none of the 4 records of ").assert_says(" is of cas3: expected one of ");
    assert!(ran.stdout.contains("(no-data)") && ran.stdout.contains("advice: "), "{}", ran.stdout);
    judged_text(&export, &["-H", "cas3", "--state", "no-data=ok"])
        .assert_begins(0, "UM EVENTS OK - no events in 1 h; none of the 4 records of ");
    judged_text("<Events></Events>", &["-H", "cas3"]).assert_begins(0, "UM EVENTS OK - no events");
    // A stream of which nobody says when it was written.
    judged_text("<Events></Events>", &["--max-age", "15m"])
        .assert_begins(0, "UM EVENTS OK - no events")
        .assert_says("how old standard input is nobody knows, so that --max-age has no effect");
    let old = rejected_call("2020-11-23T16:59:00Z", "cas1");
    judged_text(&format!("<Events>{old}</Events>"), &[]).assert_begins(
        0,
        "UM EVENTS OK - the newest record is of 2020-11-23T16:59:00Z, the export of nobody knows when; no",
    );
}

#[test]
fn stale_when_an_export_was_written_ahead_of_the_clock() {
    let now = std::time::SystemTime::now();
    let hour = std::time::Duration::from_secs(3_600);
    let rejected = rejected_call(&check_um::door::time::calendar::rfc3339(now - hour / 6), "cas1").repeat(3);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), format!("<Events>{rejected}</Events>")).unwrap();
    let path = file.path().to_str().unwrap();
    for ahead in [hour * 2, hour * 24 * 365] {
        file.as_file().set_modified(now + ahead).unwrap();
        // What alerts does so all the same, for the window ends now.
        let ran = run(&["--file", path]);
        ran.assert_begins(3, "UM EVENTS UNKNOWN - ").assert_says("ahead of the clock: expected at most 5 min");
        ran.assert_says("3 x 1647").assert_says("'event_1647'=3");
        assert!(ran.stdout.contains("(stale)"), "{ran:?}");
        run(&["--file", path, "--max-age", "none"]).assert_begins(1, "UM EVENTS WARNING - 3 x 1647");
        let until = check_um::door::time::calendar::rfc3339(now);
        run(&["--file", path, "--until", &until]).assert_begins(3, "UM EVENTS UNKNOWN - ");
    }
    file.as_file().set_modified(now + hour / 15).unwrap();
    run(&["--file", path]).assert_begins(1, "UM EVENTS WARNING - 3 x 1647");
}

#[test]
fn that_no_record_is_of_the_source_is_said_in_the_first_line() {
    let export = format!("<Events>{}</Events>", rejected_call("2026-11-23T16:59:00Z", "cas1").repeat(3));
    judged_text(&export, &["--source", "MSExchangeUM"])
        .assert_begins(0, "UM EVENTS OK - all 3 records are of other sources than MSExchangeUM; no events in 1 h");
    let nameless = replaced(&export, "<Provider Name='MSExchange Unified Messaging'/>", "");
    judged_text(&nameless, &[]).assert_begins(1, "UM EVENTS WARNING - 3 x 1647");
}

#[test]
fn an_event_counts_once_where_an_export_was_appended_to() {
    let numbered = |number: u8| {
        let record = format!("<EventRecordID>{number}</EventRecordID><Channel>");
        replaced(&rejected_call("2026-11-23T16:59:00Z", "cas1"), "<Channel>", &record)
    };
    let export = format!("<Events>{}</Events>\r\n", numbered(7));
    let ran = judged_text(&export.repeat(3), &["-v"]);
    ran.assert_begins(0, "UM EVENTS OK - 1 x 1647 (call rejected) in 1 h |");
    assert!(ran.stdout.contains("records: 3, of other sources 0, there already 2"), "{ran:?}");
    let two = format!("{export}<Events>{}{}{}</Events>", numbered(7), numbered(8), numbered(9));
    judged_text(&two, &[]).assert_begins(1, "UM EVENTS WARNING - 3 x 1647");
}

#[test]
fn an_export_of_any_size_is_read_as_a_stream() {
    let event = rejected_call("2026-11-23T16:59:00Z", "cas1");
    let count = 24 * 1024 * 1024 / event.len();
    let export = format!("<Events>{}</Events>", event.repeat(count));
    // What it may allocate, in KiB.
    let mut limited = std::process::Command::new("sh");
    limited.args(["-c", "ulimit -d 16384 && exec \"$0\" \"$@\""]).arg(plugin(NAME).get_program());
    let mut command = if cfg!(windows) { plugin(NAME) } else { limited };
    let ran = run_fed(command.args(["--file", "-", "-t", "25"]).args(UNTIL), export.as_bytes());
    ran.assert_begins(1, &format!("UM EVENTS WARNING - {count} x 1647"));
}

#[test]
fn unknown_when_an_age_is_asked_of_what_has_none() {
    if cfg!(windows) {
        run(&["--max-age", "1h"]).assert_begins(3, "UM EVENTS UNKNOWN - --max-age: expected --file too");
    }
    run(&["--file", "-", "--max-age", "never"]).assert_begins(3, "UM EVENTS UNKNOWN - --max-age: 'never' is not a dur");
}

#[test]
fn unknown_on_a_bad_rule() {
    for rule in ["1647", "x=1", "1647=a", "1647=1,2,3"] {
        run(&["--event", rule]).assert_begins(3, "UM EVENTS UNKNOWN - --event: ");
    }
    run(&["--window", "1w"]).assert_begins(3, "UM EVENTS UNKNOWN - --window: '1w' is not a duration");
    run(&["--until", "now"]).assert_begins(3, "UM EVENTS UNKNOWN - --until: 'now' is not a time");
}
