//! Does check_um_missed_call_proxy say what the counter or the events say? The real binary over recorded sources.

#![allow(clippy::unwrap_used, reason = "a test fails by panic")]

mod support;

use support::counters::{csv, exporter, exposition, log, recorded, stamp, url, written_now};
use support::{Outcome, plugin, replaced, run_command};

const PLUGIN: &str = "check_um_missed_call_proxy";

fn run(arguments: &[&str]) -> Outcome {
    run_command(plugin(PLUGIN).args(arguments))
}

/// A log in which the share of failed notifications is this at the end, and this many calls came in.
fn share(per_cent: &str, calls: u64) -> String {
    let header = replaced(
        &log([]),
        "% of Inbound Calls Rejected by the UM Call Router",
        "% of Missed Call Notification Proxy Failed at UM Call Router",
    );
    let row = |ago, received, per_cent: &str| format!("\"{}\",\"{received}\",\"0\",\"{per_cent}\"\r\n", stamp(ago));
    header + &row(3_000, 100, "0") + &row(60, 100 + calls, per_cent)
}

fn judged(content: &str, more: &[&str]) -> Outcome {
    let directory = tempfile::tempdir().unwrap();
    let source = csv(directory.path(), content);
    run(&[&["--counters", &source], more].concat())
}

fn events(content: &str, more: &[&str]) -> Outcome {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("events.xml");
    std::fs::write(&path, content).unwrap();
    run(&[&["--method", "events", "--file", path.to_str().unwrap()], more].concat())
}

fn event(id: u32) -> String {
    let now = check_um::door::time::calendar::rfc3339(std::time::SystemTime::now());
    format!(
        "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='MSExchange Unified Messaging'/>\
         <EventID Qualifiers='32772'>{id}</EventID><Level>3</Level><TimeCreated SystemTime='{now}'/><Channel>Application</Channel>\
         <Computer>cas1.example.com</Computer></System><EventData><Data>x</Data></EventData></Event>"
    )
}

#[test]
fn ok_when_half_failed() {
    let ran = judged(&share("50", 9), &[]);
    ran.assert_begins(
        0,
        "UM MISSED CALL PROXY OK - 50 % of the missed-call notifications not proxied by CAS1; low volume cannot be told from it | 'failed'=50%;;50;0;100",
    );
}

#[test]
fn critical_when_more_than_half_failed() {
    let ran = judged(&share("50.1", 9), &[]);
    ran.assert_begins(2, "UM MISSED CALL PROXY CRITICAL - failed 50.1 %, more than 50 %;");
    assert!(ran.stdout.contains("Id=1638"), "{}", ran.stdout);
}

#[test]
fn warning_when_a_warning_is_given() {
    judged(&share("30", 9), &["-w", "25"])
        .assert_begins(1, "UM MISSED CALL PROXY WARNING - failed 30 %, more than 25 %;");
}

#[test]
fn ok_when_no_call_came_in_since() {
    let ran = judged(&share("100", 0), &[]);
    ran.assert_begins(0, "UM MISSED CALL PROXY OK - 100 % of the missed-call notifications not proxied by CAS1; no call came in meanwhile");
    judged(&share("100", 0), &["--state", "few-calls=warning"]).assert_begins(1, "UM MISSED CALL PROXY WARNING");
}

#[test]
fn no_data_when_the_counter_is_absent() {
    judged(&log([(60, 1, 1)]), &[]).assert_begins(3, "UM MISSED CALL PROXY UNKNOWN - no counter \\MSExchangeUMCallRouterAvailability\\% of Missed Call Notification Proxy Failed at UM Call Router Over the Last Hour in ");
}

#[test]
fn a_recorded_log_of_two_hosts_is_read() {
    let directory = tempfile::tempdir().unwrap();
    let source = format!("csv:{}", written_now(directory.path(), "relog-two-hosts-30-and-50-percent.csv").display());
    run(&["--counters", &source, "-H", "CAS1"]).assert_begins(0, "UM MISSED CALL PROXY OK - 12 % of");
    run(&["--counters", &source, "-H", "CAS2"]).assert_begins(2, "UM MISSED CALL PROXY CRITICAL - failed 75 %");
}

#[test]
fn an_exporter_is_judged_and_its_calls_remembered() {
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("history");
    let exporter = exporter(&exposition(1_000, 10));
    let arguments = ["--counters", &url(&exporter), "--state-file", state.to_str().unwrap()];
    run(&arguments)
        .assert_begins(0, "UM MISSED CALL PROXY OK - 12 % of the missed-call notifications not proxied by 127.0.0.1; low volume cannot be told from it |");
    // What is known of one moment says nothing of an hour.
    run(&arguments)
        .assert_begins(0, "UM MISSED CALL PROXY OK - 12 % of the missed-call notifications not proxied by 127.0.0.1; low volume cannot be told from it |");
}

#[test]
fn critical_until_half_a_window_without_a_call_is_known() {
    let still = |ago: u64| share("100", 0).replace(&stamp(3_000), &stamp(ago));
    judged(&still(1_800), &[]).assert_begins(2, "UM MISSED CALL PROXY CRITICAL - failed 100 %");
    judged(&still(1_900), &[]).assert_begins(0, "UM MISSED CALL PROXY OK - 100 %");
}

#[test]
fn critical_when_calls_are_not_known_up_to_the_end_of_the_window() {
    let blank = |ago| format!("\"{}\",\" \",\"0\",\"100\"\r\n", stamp(ago));
    let log = share("100", 0).replace(&stamp(60), &stamp(600)) + &blank(300) + &blank(60);
    judged(&log, &[]).assert_begins(2, "UM MISSED CALL PROXY CRITICAL - failed 100 %");
}

#[test]
fn critical_when_only_an_old_history_knows_of_calls() {
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("history");
    let header = share("100", 0).lines().next().unwrap().to_owned();
    // One sample a run, the last without the total.
    let asked = |ago, received: &str| {
        let log = format!("{header}\r\n\"{}\",\"{received}\",\"0\",\"100\"\r\n", stamp(ago));
        let source = csv(directory.path(), log);
        run(&["--counters", &source, "--state-file", state.to_str().unwrap(), "--max-age", "2h"])
    };
    asked(3_000, "100").assert_begins(2, "UM MISSED CALL PROXY CRITICAL - failed 100 %");
    asked(600, "100").assert_begins(0, "UM MISSED CALL PROXY OK - 100 %");
    asked(60, " ").assert_begins(2, "UM MISSED CALL PROXY CRITICAL - failed 100 %");
}

#[test]
fn the_share_is_judged_beside_a_history_that_cannot_be_kept() {
    let exporter = exporter(&exposition(1_000, 10));
    let here = recorded(".");
    let ran = run(&["--counters", &url(&exporter), "--state-file", &here, "-c", "10"]);
    ran.assert_begins(2, "UM MISSED CALL PROXY CRITICAL - failed 12 %, more than 10 %;");
    assert!(ran.stdout.contains("it is a directory (unreadable)"), "{}", ran.stdout);
}

#[test]
fn critical_when_most_events_are_failures() {
    let log = [1637, 1638, 1638, 1638, 1647].map(event).concat();
    events(&log, &["--minimum-calls", "4"]).assert_begins(2, "UM MISSED CALL PROXY CRITICAL - failed 75 %, more than 50 %; 3 of 4 missed-call notifications not proxied (75 %) in 1 h | 'failed'=75%;;50;0;100");
}

#[test]
fn few_calls_when_there_are_too_few_notifications() {
    let ran = events(&event(1638), &[]);
    ran.assert_begins(0, "UM MISSED CALL PROXY OK - 1 of 1 missed-call notifications not proxied (100 %) in 1 h; fewer than 10 are not judged | 'failed'=100%;;50;0;100");
    let nine = [event(1637), event(1638).repeat(8)].concat();
    events(&nine, &["--state", "few-calls=warning"]).assert_begins(1, "UM MISSED CALL PROXY WARNING - 8 of 9");
    events(&[nine, event(1638)].concat(), &[]).assert_begins(2, "UM MISSED CALL PROXY CRITICAL - failed 90 %");
    run(&["--minimum-calls", "3", "--counters", "csv:x"])
        .assert_begins(3, "UM MISSED CALL PROXY UNKNOWN - --minimum-calls: expected --method events too");
}

#[test]
fn unreadable_when_some_events_cannot_be_read_and_the_others_do_not_alert() {
    let bad = "<Event>x</Event>".repeat(50);
    let foreign = event(1638).replace("MSExchange Unified Messaging", "Other");
    let ran = events(&format!("{bad}{foreign}"), &[]);
    ran.assert_begins(3, "UM MISSED CALL PROXY UNKNOWN - 50 records cannot be read; ");
    ran.assert_says("events.xml: only 1 of its 51 event records can be read; no missed-call notification in 1 h");
    assert!(ran.stdout.contains("(unreadable)") && ran.stdout.contains("wevtutil qe Application"), "{ran:?}");
    assert!(!ran.stdout.contains("typeperf"), "{ran:?}");
    let ran = events(&bad, &[]);
    ran.assert_says("events.xml: none of its 50 event records can be read");
    let alerting = events(&format!("{bad}{}", event(1638).repeat(10)), &[]);
    alerting.assert_begins(2, "UM MISSED CALL PROXY CRITICAL - 50 records cannot be read; failed 100 %");
    // Undatable ones count as failed ones of the window.
    let undatable = replaced(&event(1638), "SystemTime=", "Time=").repeat(10);
    events(&undatable, &[]).assert_begins(2, "UM MISSED CALL PROXY CRITICAL - 10 records cannot be read; failed 100 %");
}

#[test]
fn unreadable_when_zeros_stand_where_events_were_to_be_written() {
    let zeros = "\0".repeat(6_000);
    let ran = events(&format!("{}{zeros}", event(1637).repeat(11)), &[]);
    ran.assert_begins(3, "UM MISSED CALL PROXY UNKNOWN - zeros behind record 11; ");
    ran.assert_says("events.xml: zeros behind record 11: expected event records as far as the export goes");
    let ran = events(&format!("{}{zeros}", event(1638).repeat(10)), &[]);
    ran.assert_begins(2, "UM MISSED CALL PROXY CRITICAL - zeros behind record 10; failed 100 %");
}

#[test]
fn warning_when_no_event_could_be_read_and_that_is_said_to_be_ok() {
    for text in ["<Events><Evnt></Evnt></Events>", "<Events>"] {
        let ran = events(text, &["--state", "unreadable=ok"]);
        ran.assert_begins(1, "UM MISSED CALL PROXY WARNING - ").assert_says("(never OK: there is no answer)");
    }
}

#[test]
fn with_a_host_only_its_records_count() {
    let other = replaced(&event(1638), "cas1.example.com", "cas2.example.com").repeat(10);
    let log = event(1637).repeat(10) + &other;
    events(&log, &["-H", "cas1"]).assert_begins(0, "UM MISSED CALL PROXY OK - 0 of 10");
    events(&log, &["-H", "cas2"]).assert_begins(2, "UM MISSED CALL PROXY CRITICAL - failed 100 %");
    // A name that is misspelled, or a server that is quiet: who knows which may say so.
    let ran = events(&log, &["-H", "cas3"]);
    ran.assert_begins(3, "UM MISSED CALL PROXY UNKNOWN - none of the 20 records of ");
    ran.assert_says(" is of cas3: expected one of cas1.example.com, cas2.example.com; no missed-call notification");
    events(&log, &["-H", "cas3", "--state", "no-data=ok"]).assert_begins(0, "UM MISSED CALL PROXY OK - ");
}

#[test]
fn stale_when_the_events_were_written_ahead_of_the_clock() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), event(1638).repeat(100)).unwrap();
    file.as_file().set_modified(std::time::SystemTime::now() + std::time::Duration::from_secs(7_200)).unwrap();
    let ran = run(&["--method", "events", "--file", file.path().to_str().unwrap()]);
    ran.assert_begins(3, "UM MISSED CALL PROXY UNKNOWN - ")
        .assert_says("2 h ahead of the clock: expected at most 5 min");
    assert!(ran.stdout.contains("(stale)"), "{ran:?}");
}

#[test]
fn ok_when_there_are_no_events_of_notifications() {
    let ran = events(&event(1647), &[]);
    ran.assert_begins(0, "UM MISSED CALL PROXY OK - no missed-call notification in 1 h");
    events("<Events></Events>", &[]).assert_begins(0, "UM MISSED CALL PROXY OK - no missed-call notification");
}

#[test]
fn unknown_when_there_are_no_events_to_read() {
    events("", &[]).assert_begins(3, "UM MISSED CALL PROXY UNKNOWN - ");
    events("root:x:0", &[]).assert_begins(3, "UM MISSED CALL PROXY UNKNOWN - ");
    // Windows has a log of its own.
    let said =
        if cfg!(windows) { "cannot read the log " } else { "--file: expected the XML of wevtutil or Get-WinEvent" };
    run(&["--method", "events"]).assert_begins(3, &format!("UM MISSED CALL PROXY UNKNOWN - {said}"));
    if !cfg!(windows) {
        run(&["--method", "events", "-H", "cas1"])
            .assert_begins(3, "UM MISSED CALL PROXY UNKNOWN - --hostname: expected --file instead");
    }
    run(&["--file", "x"]).assert_begins(3, "UM MISSED CALL PROXY UNKNOWN - --file: expected --method events too");
}

#[test]
fn a_log_without_a_zone_that_stands_still_is_not_fresh_again_in_the_next_hour() {
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("history");
    // It ended 130 minutes ago.
    let log = share("0", 9).replace(&stamp(60), &stamp(7_800)).replace(&stamp(3_000), &stamp(10_800));
    let source = csv(directory.path(), replaced(&log, " (Coordinated Universal Time)(0)", " (RTZ 2 ("));
    // The file is fetched anew, so many minutes after its last row.
    let fetched = |minutes: u64| {
        let written = std::time::SystemTime::now() - std::time::Duration::from_secs((130 - minutes) * 60);
        let file = std::fs::File::options().write(true).open(directory.path().join("log.csv")).unwrap();
        file.set_modified(written).unwrap();
        run(&["--counters", &source, "--state-file", state.to_str().unwrap(), "--max-age", "10d"])
    };
    fetched(1).assert_begins(0, "UM MISSED CALL PROXY OK - 0 % ").assert_says("so that its age is a guess");
    fetched(61).assert_begins(3, "UM MISSED CALL PROXY UNKNOWN - the newest row is the same as when another zone made");
}
