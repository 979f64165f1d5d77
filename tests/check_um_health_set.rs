//! Does check_um_health_set judge real exports? The real binary, on recorded ones and on hostile ones.

#![allow(clippy::unwrap_used, reason = "a test fails by panic")]

mod support;

use support::{Outcome, fixture, perfdata, plugin, replaced, run_command, run_fed};

const NAME: &str = "check_um_health_set";

/// Two monitors Unhealthy, one of them NotApplicable, and a third one to be ignored.
const TWO_UNHEALTHY: &str = "health/powershell5-two-unhealthy.json";

const DEGRADED: &str = "health/remoted-degraded-disabled-repairing-unknown.json";

/// Managed Availability's own log: UM.CallRouter unhealthy, healthy, unhealthy again; ECP unhealthy.
const LOG: &str = "health/log-call-router-unhealthy-again.xml";

const NOISE: &str = "MaintenanceFailureMonitor.UM.CallRouter";

fn run(arguments: &[&str]) -> Outcome {
    run_command(plugin(NAME).args(arguments))
}

/// Recorded exports were written when the project was checked out.
fn judged(file: &str, arguments: &[&str]) -> Outcome {
    run(&[&["--file", &fixture(file), "--max-age", "none"], arguments].concat())
}

fn judged_text(text: &str, arguments: &[&str]) -> Outcome {
    run_fed(plugin(NAME).args(["--file", "-"]).args(arguments), text.as_bytes())
}

#[test]
fn critical_when_unhealthy_although_not_applicable_and_without_the_ignored_one() {
    let ran = judged(TWO_UNHEALTHY, &["--ignore", NOISE]);
    ran.assert_begins(
        2,
        "UM HEALTH SET CRITICAL - the issue is there: 2 of 5 monitors of UM.CallRouter on CAS1 not Healthy; ",
    );
    let line = ran.first_line();
    assert!(line.contains("UMCallRouterTestMonitor is Unhealthy since 2026-11-23T09:02:00Z: The SIP OPTIONS request"));
    assert!(line.contains("UMCallRouterRecentInboundCallsRejectedMonitor is Unhealthy"), "{line}");
    assert!(!ran.stdout.contains(NOISE), "{}", ran.stdout);
    assert!(line.ends_with(" | 'monitors'=5;;;0 'unhealthy'=2;;;0;5"), "{line}");
    assert!(ran.stdout.contains("caused by: Microsoft.Exchange.Monitoring.SipOptionsException"), "{}", ran.stdout);
    assert!(ran.stdout.contains("advice: "), "{}", ran.stdout);
}

#[test]
fn the_exception_of_a_single_monitor_is_shown() {
    let others = ["--ignore", NOISE, "--ignore", "UMCallRouterRecentInboundCallsRejectedMonitor"];
    let ran = judged(TWO_UNHEALTHY, &others);
    ran.assert_begins(2, "UM HEALTH SET CRITICAL - the issue is there: 1 of 4 monitors");
    assert!(ran.stdout.contains("caused by: Microsoft.Exchange.Monitoring.SipOptionsException"), "{ran:?}");
}

#[test]
fn the_ignored_one_is_named_in_the_details() {
    let ran = judged(TWO_UNHEALTHY, &["--ignore", &NOISE.to_lowercase(), "-v"]);
    assert!(ran.stdout.contains(&format!("ignored: {NOISE} on CAS1 is Unhealthy")), "{}", ran.stdout);
    assert!(ran.stdout.contains("last transition: 2026-11-23T16:00:00Z"), "{}", ran.stdout);
}

#[test]
fn critical_from_csv_with_line_ends_in_quotes() {
    let ran = judged("health/export-csv-two-unhealthy.csv", &["--ignore", NOISE]);
    ran.assert_begins(2, "UM HEALTH SET CRITICAL - the issue is there: 2 of 5 monitors of UM.CallRouter on CAS1");
}

#[test]
fn critical_from_utf_16_with_another_cultures_delimiter() {
    let ran = judged("health/use-culture-german.csv", &[]);
    ran.assert_begins(2, "UM HEALTH SET CRITICAL - the issue is there: 1 of 3 monitors of UM.CallRouter");
    assert!(ran.first_line().contains("beantwortet; Zeitüberschreitung."), "{}", ran.stdout);
}

#[test]
fn critical_from_a_report_of_health_sets() {
    let ran = judged("health/report-unhealthy.json", &[]);
    ran.assert_begins(
        2,
        "UM HEALTH SET CRITICAL - the issue is there: 1 of 6 monitors of UM.CallRouter on CAS1 not Healthy",
    );
}

#[test]
fn ok_when_all_are_healthy() {
    let ran = judged("health/powershell7-single-healthy.json", &[]);
    ran.assert_begins(0, "UM HEALTH SET OK - no issue: 1 of 1 monitors of UM.CallRouter on CAS1 Healthy");
    assert!(ran.first_line().ends_with(" | 'monitors'=1;;;0 'unhealthy'=0;;;0;1"), "{ran:?}");
}

#[test]
fn warning_when_degraded_and_when_disabled() {
    let ran = judged(DEGRADED, &["--ignore", "UMCallRouterCertificateNearExpiryMonitor"]);
    ran.assert_begins(1, "UM HEALTH SET WARNING - the issue is there: 1 of 1 monitors of UM.CallRouter");
    let ran = judged(DEGRADED, &["--ignore", "UMCallRouterTestMonitor"]);
    ran.assert_begins(1, "UM HEALTH SET WARNING - 1 of 1 monitors of UM.CallRouter on CAS1 not Healthy; ");
    ran.assert_says("is Disabled since 2026-11-23T09:02:00Z");
    assert!(ran.stdout.contains("\nreason: as above (disabled)\n"), "{}", ran.stdout);
}

#[test]
fn disabled_is_worth_what_the_operator_says() {
    let arguments = ["--ignore", "UMCallRouterTestMonitor", "--state", "disabled=ok"];
    judged(DEGRADED, &arguments).assert_begins(0, "UM HEALTH SET OK - 1 of 1 monitors of UM.CallRouter");
}

#[test]
fn several_health_sets_are_judged_together() {
    let ran = judged(DEGRADED, &["--health-set", "UM", "--health-set", "um.protocol"]);
    ran.assert_begins(3, "UM HEALTH SET UNKNOWN - the issue is there: 2 of 2 monitors of UM, um.protocol on CAS1");
    assert!(ran.stdout.contains("UMSelfTestMonitor is Unknown"), "{}", ran.stdout);
    assert!(ran.stdout.contains("UMServiceTestMonitor is Repairing"), "{}", ran.stdout);
}

#[test]
fn no_data_when_the_health_set_is_absent() {
    let ran = judged(TWO_UNHEALTHY, &["--health-set", "UM.Protocol"]);
    ran.assert_begins(3, "UM HEALTH SET UNKNOWN - health set UM.Protocol is not in ");
    assert!(ran.stdout.contains("(no-data)"), "{}", ran.stdout);
    assert_eq!(perfdata::value(ran.first_line(), "monitors"), Some(0.0));
}

#[test]
fn no_data_when_everything_is_ignored() {
    let ran = judged("health/powershell7-single-healthy.json", &["--ignore", "UMCallRouterTestMonitor"]);
    ran.assert_begins(3, "UM HEALTH SET UNKNOWN - every monitor is ignored");
}

#[test]
fn no_data_when_the_result_is_empty() {
    for text in ["", "\r\n", "null", "[]"] {
        let ran = judged_text(text, &[]);
        ran.assert_begins(3, "UM HEALTH SET UNKNOWN - standard input: empty: Get-ServerHealth returned nothing");
        assert_eq!(perfdata::labels(ran.first_line()), [""; 0]);
    }
}

#[test]
#[cfg(not(windows))]
fn unknown_without_a_file_where_there_is_nothing_local() {
    run(&[]).assert_begins(3, "UM HEALTH SET UNKNOWN - --file: expected ").assert_says("only Windows");
    let remote = ["-H", "cas1.example.com"];
    run(&remote).assert_begins(3, "UM HEALTH SET UNKNOWN - --hostname: expected --file ").assert_says("only Windows");
}

#[test]
fn critical_from_the_log_of_transitions_with_what_the_probe_found() {
    let ran = judged(LOG, &[]);
    ran.assert_begins(
        2,
        "UM HEALTH SET CRITICAL - the issue is there: 1 of 3 monitors of UM.CallRouter on cas1.example.com not Healthy; \
         UMCallRouterTestMonitor is Unhealthy since 2026-11-23T17:06:00.25Z: Sip Options to UM Call Router Service have \
         failed: The SIP OPTIONS request to the Call Router failed 4 times.",
    );
    let cause = "caused by: UMCallRouterTestProbe/MSExchangeUMCR failed at 2026-11-23T17:00:10Z: 503 Service Unavailable \
                 Microsoft.Exchange.Monitoring.SipOptionsException: 15501";
    assert!(ran.stdout.contains(cause), "{}", ran.stdout);
    assert!(ran.first_line().ends_with(" | 'monitors'=3;;;0 'unhealthy'=1;;;0;3"), "{ran:?}");
}

#[test]
fn ok_from_the_log_before_the_last_transition() {
    let text = std::fs::read_to_string(fixture(LOG)).unwrap();
    let until = text.rfind("<Event ").unwrap();
    let ran = judged_text(&format!("{}</Events>", &text[..until]), &["-v"]);
    ran.assert_begins(0, "UM HEALTH SET OK - no issue: 3 of 3 monitors of UM.CallRouter on cas1.example.com Healthy");
    assert!(ran.stdout.contains("last transition: 2026-11-23T15:20:00Z"), "{}", ran.stdout);
}

#[test]
fn ok_from_a_log_without_transitions_says_how_far_it_reaches_back() {
    let text = std::fs::read_to_string(fixture(LOG)).unwrap();
    let quiet: String = text.lines().filter(|line| !line.contains("<HealthSet>UM.CallRouter")).collect();
    let ran = judged_text(&quiet, &[]);
    ran.assert_begins(0, "UM HEALTH SET OK - no issue: 3 of 3 monitors of UM.CallRouter on cas1.example.com Healthy; ");
    let remark =
        "no transition of UM.CallRouter is logged since 2026-11-21T10:00:00.001Z, as far back as the log reaches";
    assert!(ran.first_line().contains(remark), "{}", ran.stdout);
}

#[test]
fn no_data_when_the_log_does_not_know_the_health_set_or_holds_nothing() {
    let ran = judged(LOG, &["--health-set", "UM.Protocol"]);
    ran.assert_begins(3, "UM HEALTH SET UNKNOWN - health set UM.Protocol is not in ");
    let ran = judged_text("<Events></Events>", &[]);
    ran.assert_begins(
        3,
        "UM HEALTH SET UNKNOWN - standard input holds no event of Managed Availability's log Microsoft-",
    );
    assert!(ran.stdout.contains("(no-data)"), "{}", ran.stdout);
    judged("events/wevtutil-three-calls-rejected.xml", &[]).assert_begins(3, "UM HEALTH SET UNKNOWN - ");
}

#[test]
fn unreadable_when_the_log_has_transitions_of_nothing_or_no_records() {
    let text = std::fs::read_to_string(fixture(LOG)).unwrap();
    let nameless = replaced(&text, "<HealthSet>ECP</HealthSet>", "");
    let ran = judged_text(&nameless, &["--state", "unreadable=warning"]);
    ran.assert_begins(2, "UM HEALTH SET CRITICAL - the issue is there: ");
    assert!(
        ran.stdout.contains("1 rows of standard input lack health set or alert value (unreadable)"),
        "{}",
        ran.stdout
    );
    let ran = judged_text("<Events><Event>secret</Event></Events>", &["-vvv"]);
    ran.assert_begins(3, "UM HEALTH SET UNKNOWN - standard input: none of its 1 event records can be read");
    assert!(!ran.stdout.contains("secret"), "{}", ran.stdout);
    judged_text("<html>secret</html>", &[])
        .assert_begins(3, "UM HEALTH SET UNKNOWN - standard input: expected <Event>");
}

#[test]
fn hostile_texts_of_a_log_break_nothing() {
    let text = std::fs::read_to_string(fixture(LOG)).unwrap();
    let hostile = replaced(&text, "503 Service", "a|b'=1;2\u{1b}[31m&#10;\u{202e}");
    let hostile = replaced(&hostile, "UMCallRouterTestMonitor", "x|&#13;'y");
    judged_text(&hostile, &["-vvv"]).assert_begins(2, "UM HEALTH SET CRITICAL - the issue is there: 1 of 3 monitors");
    judged_text(&hostile, &["--output", "json"]).assert_json("CRITICAL");
    judged_text(&hostile, &["--output", "scom"]).assert_scom("CRITICAL");
}

#[test]
fn unreadable_names_the_line_and_not_the_text() {
    for (text, place) in
        [("root:x:0:0\nsecond", "line 1: expected column names"), ("{\"a\":1,\n secret}", "line 2: expected JSON")]
    {
        let ran = judged_text(text, &["-vvv"]);
        ran.assert_begins(3, &format!("UM HEALTH SET UNKNOWN - standard input: {place}"));
        assert!(
            ran.stdout.contains("(unreadable)") && !ran.stdout.contains("root:x") && !ran.stdout.contains("secret")
        );
    }
    run(&["--file", "/nonexistent/x.json"]).assert_begins(3, "UM HEALTH SET UNKNOWN - cannot read /nonexistent/x.json");
}

#[test]
fn unreadable_when_the_export_is_cut_short() {
    let text = "Name,HealthSetName,AlertValue\nM,UM.CallRouter,Healthy\nN,UM.Call";
    let ran = judged_text(text, &[]);
    ran.assert_begins(
        3,
        "UM HEALTH SET UNKNOWN - 1 rows of standard input lack health set or alert value; no issue: 1 of 1",
    );
}

#[test]
fn a_half_written_table_is_never_ok() {
    let head = "\"Server\",\"Name\",\"HealthSetName\",\"AlertValue\",\"Error\"\r\n\"CAS1\",\"M\",\"UM.CallRouter\",\"Healthy\",\"\"\r\n";
    let last = "\"CAS1\",\"N\",\"UM.CallRouter\",\"Healthy\",\"a\r\nb\"\r\n";
    judged_text(&format!("{head}{last}"), &[]).assert_begins(0, "UM HEALTH SET OK - no issue: 2 of 2 monitors");
    // A bare carriage return is the end of a line, too.
    for end in 1..last.len() - 1 {
        judged_text(&format!("{head}{}", &last[..end]), &[]).assert_begins(3, "UM HEALTH SET UNKNOWN - ");
    }
    let open = format!("{head}CAS1,O,UM.CallRouter,Healthy,\"oops\r\nCAS1,P,UM.CallRouter,Unhealthy,\r\n");
    let ran = judged_text(&open, &[]);
    ran.assert_begins(
        3,
        "UM HEALTH SET UNKNOWN - standard input: line 3: expected comma-separated values as Export-Csv",
    );
    assert!(ran.stdout.contains("(unreadable)") && !ran.stdout.contains("oops"), "{ran:?}");
}

#[test]
fn critical_when_a_script_appended_with_other_columns() {
    let old = "Name,Server,AlertValue,HealthSetName\nM,CAS1,Healthy,UM.CallRouter\n";
    let new = "Server,Name,HealthSetName,AlertValue\nCAS1,M,UM.CallRouter,Unhealthy\n";
    judged_text(&format!("{old}{new}"), &[]).assert_begins(2, "UM HEALTH SET CRITICAL - the issue is there: 1 of 1");
    judged_text(&format!("{new}{old}"), &[]).assert_begins(0, "UM HEALTH SET OK - no issue: 1 of 1");
}

#[test]
fn critical_when_a_report_is_worse_than_its_entries() {
    let report = |entries: &str| {
        format!(
            r#"[{{"Server":"CAS1","HealthSet":"UM.CallRouter","AlertValue":"Unhealthy","MonitorCount":2,"Entries":[{entries}]}}]"#
        )
    };
    let entry = r#"{"Server":"CAS1","Name":"M1","HealthSetName":"UM.CallRouter","AlertValue":"Healthy"}"#;
    let ran = judged_text(&report(entry), &[]);
    ran.assert_begins(2, "UM HEALTH SET CRITICAL - the issue is there: 1 of 2 monitors of UM.CallRouter on CAS1");
    judged_text(&report(&replaced(entry, "UM.CallRouter", "Other")), &[]).assert_exit(2);
    judged_text(&report(&replaced(entry, r#""HealthSetName":"UM.CallRouter","#, "")), &[]).assert_exit(2);
}

#[test]
fn stale_when_the_file_is_older_than_allowed() {
    let file = tempfile::NamedTempFile::new().unwrap();
    // Not copied: Windows copies the age as well.
    let export = std::fs::read(fixture("health/powershell7-single-healthy.json")).unwrap();
    std::fs::write(file.path(), export).unwrap();
    let path = file.path().to_str().unwrap();
    run(&["--file", path, "--max-age", "10m"]).assert_begins(0, "UM HEALTH SET OK - no issue");
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(3 * 3_600);
    file.as_file().set_modified(old).unwrap();
    let ran = run(&["--file", path]);
    ran.assert_begins(3, "UM HEALTH SET UNKNOWN - ").assert_says("was written 3 h ago, more than 1 h; no issue");
    assert!(ran.stdout.contains("(stale)"), "{}", ran.stdout);
    let ran = run(&["--file", path, "--max-age", "none"]);
    ran.assert_begins(0, "UM HEALTH SET OK - no issue");
    assert!(ran.first_line().contains("was written 3 h ago"), "{}", ran.stdout);
    let ran = run(&["--file", path, "--max-age", "10m"]);
    ran.assert_begins(3, "UM HEALTH SET UNKNOWN - ");
    assert!(ran.first_line().contains("was written 3 h ago, more than 10 min"), "{}", ran.stdout);
}

#[test]
fn stale_when_written_or_changed_ahead_of_the_clock() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), std::fs::read(fixture("health/powershell7-single-healthy.json")).unwrap()).unwrap();
    let path = file.path().to_str().unwrap();
    let two_years = std::time::SystemTime::now() + std::time::Duration::from_secs(2 * 365 * 86_400);
    file.as_file().set_modified(two_years).unwrap();
    let ran = run(&["--file", path]);
    ran.assert_begins(3, "UM HEALTH SET UNKNOWN - ").assert_says("ahead of the clock: expected at most 5 min");
    assert!(ran.stdout.contains("(stale)"), "{ran:?}");
    run(&["--file", path, "--max-age", "none"]).assert_begins(0, "UM HEALTH SET OK").assert_says("ahead of the clock");

    // An event 1 of a clock that was wrong hides every event 4 from then on.
    let text = std::fs::read_to_string(fixture(LOG)).unwrap();
    let later = replaced(&text, "2026-11-23T15:20:00", "2096-11-23T15:20:00");
    let ran = judged_text(&later, &[]);
    ran.assert_begins(3, "UM HEALTH SET UNKNOWN - the last change is ").assert_says("ahead of the clock");
}

#[test]
fn unreadable_when_a_record_of_an_exported_log_cannot_be_recognized() {
    let text = std::fs::read_to_string(fixture(LOG)).unwrap();
    let last = text.rfind("<Event ").unwrap();
    let damaged = format!("{}<Evnt {}", &text[..last], &text[last + 7..]);
    let ran = judged_text(&damaged, &[]);
    ran.assert_begins(3, "UM HEALTH SET UNKNOWN - 1 rows of standard input ");
    assert!(ran.stdout.contains("(unreadable)"), "{ran:?}");
}

#[test]
fn unreadable_when_an_exported_log_breaks_off() {
    // Cut behind the event that says that it is healthy again, in front of the one that says the opposite.
    let text = std::fs::read_to_string(fixture(LOG)).unwrap();
    let cut = &text[..text.rfind("<Event ").unwrap()];
    let ran = judged_text(cut, &[]);
    ran.assert_begins(3, "UM HEALTH SET UNKNOWN - standard input: expected the end of its root element, </Events>; ");
    assert!(ran.stdout.contains("(unreadable)"), "{ran:?}");
}

#[test]
fn stale_when_a_row_says_so() {
    for stale in ["true", "\"True\"", "1", "\"Yes\"", "\"-1\""] {
        let row = |name: &str, stale: &str| {
            format!(
                r#"{{"Server":"CAS1","Name":"{name}","HealthSetName":"UM.CallRouter","AlertValue":"Healthy","IsStale":{stale}}}"#
            )
        };
        let ran = judged_text(&format!("[{},{}]", row("M", stale), row("N", "false")), &[]);
        ran.assert_begins(
            3,
            "UM HEALTH SET UNKNOWN - M of UM.CallRouter has not been determined anew (IsStale); no issue",
        );
        assert!(ran.stdout.contains("(stale)"), "{ran:?}");
        judged_text(&row("M", stale), &["--ignore", "M", "--state", "no-data=ok"])
            .assert_begins(1, "UM HEALTH SET WARNING - every monitor is ignored");
    }
    let csv = "Name,HealthSetName,AlertValue,IsStale\nM,UM.CallRouter,Healthy,True\nN,UM.CallRouter,Healthy,True\n";
    judged_text(csv, &[]).assert_begins(3, "UM HEALTH SET UNKNOWN - 2 monitors of UM.CallRouter have not been");
    let unhealthy = csv.replace("M,UM.CallRouter,Healthy", "M,UM.CallRouter,Unhealthy");
    judged_text(&unhealthy, &[]).assert_begins(2, "UM HEALTH SET CRITICAL - the issue is there: 1 of 2");
}

#[test]
fn with_a_host_only_its_rows_count() {
    let export = "Server,Name,HealthSetName,AlertValue\nCAS1,M,UM.CallRouter,Unhealthy\nCAS2,M,UM.CallRouter,Healthy\n";
    judged_text(export, &["-H", "cas2"])
        .assert_begins(0, "UM HEALTH SET OK - no issue: 1 of 1 monitors of UM.CallRouter on CAS2");
    judged_text(export, &["-H", "cas1.example.com"]).assert_begins(2, "UM HEALTH SET CRITICAL - the issue is there");
    let ran = judged_text(export, &["-H", "cas3"]);
    ran.assert_begins(3, "UM HEALTH SET UNKNOWN - none of the 2 rows of standard input is of cas3");
    assert!(ran.stdout.contains("(no-data)"), "{ran:?}");
    let somebody = replaced(export, "CAS1,", ",");
    judged_text(&somebody, &["-H", "cas2"]).assert_begins(2, "UM HEALTH SET CRITICAL - the issue is there: 1 of 2");
    let nameless = "Name,HealthSetName,AlertValue\nM,UM.CallRouter,Healthy\n";
    judged_text(nameless, &["-H", "cas1"]).assert_begins(3, "UM HEALTH SET UNKNOWN - none of the 1 rows of");
    let ran = judged(LOG, &["-H", "nobody"]);
    ran.assert_begins(3, "UM HEALTH SET UNKNOWN - none of the ").assert_says("is of nobody");
}

#[test]
fn objects_flattened_to_text_are_said_to_be_that() {
    let flat = "@{Server=CAS1; Name=secret; HealthSetName=UM.CallRouter; AlertValue=Unhealthy}";
    for text in [
        format!("[\"{flat}\",\"{flat}\"]"),
        format!("\"{flat}\""),
        format!("{{\"value\":[\"{flat}\"],\"Count\":1}}"),
        format!("{{\"Server\":\"CAS1\",\"Entries\":[\"{flat}\"]}}"),
        "[\"Microsoft.Exchange.Monitoring.MonitorHealthEntry\"]".to_owned(),
    ] {
        let ran = judged_text(&text, &["-vvv"]);
        ran.assert_begins(3, "UM HEALTH SET UNKNOWN - standard input: ").assert_says("flattened").assert_says("-Depth");
        assert!(ran.stdout.contains("(unreadable)") && !ran.stdout.contains("secret"), "{ran:?}");
    }
    let whole = r#"{"Name":"M","HealthSetName":"UM.CallRouter","AlertValue":"Healthy"}"#;
    let ran = judged_text(&format!("[{whole},\"{flat}\"]"), &[]);
    ran.assert_begins(3, "UM HEALTH SET UNKNOWN - 1 rows of standard input lack health set or alert value");
}

#[test]
fn hostile_names_and_errors_break_nothing() {
    let row = r#"{"Server":"a|b\u0000","Name":"x\n'=1;2\u001b[31m","HealthSetName":"UM.CallRouter","AlertValue":"Bad|\u202e","Error":"@"}"#;
    let text = replaced(row, "@", &"|\\n\\u0007".repeat(20_000));
    judged_text(&text, &["-vvv"])
        .assert_begins(3, "UM HEALTH SET UNKNOWN - 1 of 1 monitors of UM.CallRouter on a/b  not Healthy");
    judged_text(&text, &["--output", "json"]).assert_json("UNKNOWN");
    judged_text(&text, &["--output", "scom"]).assert_scom("UNKNOWN");
    let many = format!("[{}]", vec![row; 5_000].join(","));
    judged_text(&many, &["-vvv"]).assert_begins(3, "UM HEALTH SET UNKNOWN - 5000 of 5000 monitors");
    judged_text(&many, &["--output", "json"]).assert_json("UNKNOWN");
}

#[test]
fn unreadable_when_larger_than_any_export() {
    let ran = judged_text(&" ".repeat(65 * 1024 * 1024), &[]);
    ran.assert_begins(3, "UM HEALTH SET UNKNOWN - standard input is larger than 67108864 bytes");
}

#[test]
fn an_export_of_all_servers_is_read_row_by_row() {
    let row = |server: usize, name: usize, value: u8| {
        format!(
            r#"{{"Server":"CAS{server}","Name":"M{name}","HealthSetName":"UM.CallRouter","AlertValue":{value},"Description":"{}"}}"#,
            "x".repeat(1_200)
        )
    };
    let rows: Vec<_> = (0..20).flat_map(|server| (0..700).map(move |name| row(server, name, 1))).collect();
    let text = format!("[{},{}]", rows.join(",\n"), row(20, 0, 3));
    assert!(text.len() > 16 * 1024 * 1024, "{}", text.len());
    // What it may allocate, in KiB: the text, as it grows, and what is kept of its rows.
    let mut limited = std::process::Command::new("sh");
    limited.args(["-c", "ulimit -d 81920 && exec \"$0\" \"$@\""]).arg(plugin(NAME).get_program());
    let mut command = if cfg!(windows) { plugin(NAME) } else { limited };
    let ran = run_fed(command.args(["--file", "-", "-t", "25", "-H", "cas20"]), text.as_bytes());
    ran.assert_begins(2, "UM HEALTH SET CRITICAL - the issue is there: 1 of 1 monitors of UM.CallRouter on CAS20");
}

#[test]
fn every_format_carries_the_result() {
    judged(TWO_UNHEALTHY, &["--output", "json"]).assert_json("CRITICAL");
    judged(TWO_UNHEALTHY, &["--output", "scom"]).assert_scom("CRITICAL");
}

#[test]
fn timeout_when_the_writer_of_a_pipe_sleeps() {
    let directory = tempfile::tempdir().unwrap();
    let (path, _writer) = silent_pipe(&directory);
    let ran = run(&["--file", &path, "-t", "0.3"]);
    ran.assert_begins(2, "UM HEALTH SET CRITICAL - reading ");
    ran.assert_until(std::time::Duration::from_millis(300));
}

#[cfg(unix)]
fn silent_pipe(directory: &tempfile::TempDir) -> (String, ()) {
    let path = directory.path().join("pipe").to_str().unwrap().to_owned();
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    (path, ())
}

#[cfg(windows)]
fn silent_pipe(_: &tempfile::TempDir) -> (String, impl Sized) {
    let path = format!(r"\\.\pipe\check-um-{}", std::process::id());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
    let server = runtime.block_on(async { tokio::net::windows::named_pipe::ServerOptions::new().create(&path) });
    (path, (server.unwrap(), runtime))
}
