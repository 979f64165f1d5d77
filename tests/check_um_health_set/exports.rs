//! What does an export hold? Tables and objects: whole, half-written, of several servers, of any size.

use super::support::{plugin, replaced, run_fed};
use super::{LOG, NAME, NOISE, judged, judged_text, run};

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
fn unreadable_when_the_export_is_cut_short() {
    let text = "Name,HealthSetName,AlertValue\nM,UM.CallRouter,Healthy\nN,UM.Call";
    let ran = judged_text(text, &[]);
    ran.assert_begins(
        3,
        "UM HEALTH SET UNKNOWN - 1 rows of standard input lack health set or alert value, or contradict themselves; no",
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
fn of_two_arrays_of_json_the_last_says_how_a_monitor_is() {
    let array = |value: &str| {
        format!(r#"[{{"Server":"CAS1","Name":"M","HealthSetName":"UM.CallRouter","AlertValue":"{value}"}}]"#) + "\r\n"
    };
    judged_text(&(array("Unhealthy") + &array("Healthy")), &[])
        .assert_begins(0, "UM HEALTH SET OK - no issue: 1 of 1 monitors");
    judged_text(&(array("Healthy") + &array("Unhealthy")), &[])
        .assert_begins(2, "UM HEALTH SET CRITICAL - the issue is there: 1 of 1 monitors");
}

#[test]
fn critical_when_one_of_two_servers_is_and_neither_is_named() {
    let of = |alert: &str| format!("\"Name\",\"HealthSetName\",\"AlertValue\"\n\"M1\",\"UM.CallRouter\",\"{alert}\"\n");
    judged_text(&(of("Unhealthy") + &of("Healthy")), &[]).assert_exit(2);
    judged_text(&(of("Healthy") + &of("Unhealthy")), &[]).assert_exit(2);
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
fn critical_or_unreadable_when_the_entries_of_a_report_do_not_account_for_it() {
    let entry = |server: &str, value: &str| {
        format!(r#"{{"Server":"{server}","Name":"M1","HealthSetName":"UM.CallRouter","AlertValue":"{value}"}}"#)
    };
    let asked = |sum: &str, entry: String, more: &str| {
        let report = format!(r#"[{{"Server":"CAS1","HealthSet":"UM.CallRouter",{sum},"Entries":[{entry}]}}{more}]"#);
        judged_text(&report, &["-H", "cas1"])
    };
    asked(r#""MonitorCount":5"#, entry("CAS1", "Healthy"), "")
        .assert_begins(3, "UM HEALTH SET UNKNOWN - 1 rows of standard input lack health set or alert value");
    asked(r#""AlertValue":["Unhealthy"],"MonitorCount":1"#, entry("CAS1", "Healthy"), "")
        .assert_begins(2, "UM HEALTH SET CRITICAL - the issue is there");
    // Entries of another server, which -H leaves away, say nothing of this one.
    let beside = format!(",{}", entry("CAS1", "Healthy"));
    asked(r#""AlertValue":"Unhealthy","MonitorCount":1"#, entry("CAS2", "Unhealthy"), &beside)
        .assert_begins(2, "UM HEALTH SET CRITICAL - the issue is there");
    // What an override is worth decides nothing of a report that is being repaired.
    let report = entry("CAS1", "Repairing").replace(r#""Name":"M1","#, "").replace('}', r#","Entries":["#);
    judged_text(&format!("{report}{}]}}", entry("CAS1", "Disabled")), &["--state", "disabled=ok"])
        .assert_begins(1, "UM HEALTH SET WARNING - the issue is there");
}

#[test]
fn a_number_of_monitors_that_is_none_is_no_data() {
    let report = |count: &str, alert: &str| {
        format!(r#"{{"Server":"CAS1","HealthSet":"UM.CallRouter","AlertValue":"{alert}","MonitorCount":{count}}}"#)
    };
    for count in ["0", "-1", "99999999999", "65536", "\"many\""] {
        let ran = judged_text(&report(count, "Healthy"), &[]);
        ran.assert_begins(
            3,
            "UM HEALTH SET UNKNOWN - health set UM.CallRouter of standard input is of no monitor: expected",
        );
        judged_text(&report(count, "Unhealthy"), &[])
            .assert_begins(2, "UM HEALTH SET CRITICAL - the issue is there: 1 of 1 monitors");
    }
    let healthy = |more: &str| {
        judged_text(&format!("[{}{more}]", report("5", "Healthy")), &[])
            .assert_begins(0, "UM HEALTH SET OK - no issue: 5 of 5 monitors");
    };
    // The same report twice, and a set that nobody asked for.
    healthy(&format!(",{}", report("5", "Healthy")));
    healthy(&format!(",{}", replaced(&report("0", "Unknown"), "UM.CallRouter", "Other")));
    let twice = format!("[{},{}]", report("5", "Healthy"), report("5", "Unhealthy"));
    judged_text(&twice, &[]).assert_begins(2, "UM HEALTH SET CRITICAL - the issue is there: 1 of 5 monitors");
}

#[test]
fn unreadable_when_windows_powershell_counted_more_than_there_are() {
    let row = r#"{"Server":"CAS1","Name":"M1","HealthSetName":"UM.CallRouter","AlertValue":"Healthy"}"#;
    let wrapped = |count: u8| judged_text(&format!(r#"{{"value":[{row}],"Count":{count}}}"#), &[]);
    wrapped(1).assert_begins(0, "UM HEALTH SET OK - no issue: 1 of 1 monitors");
    let ran = wrapped(3);
    ran.assert_begins(
        3,
        "UM HEALTH SET UNKNOWN - standard input: a Count that is not the number of objects beside it: ",
    );
    assert!(ran.stdout.contains("(unreadable)"), "{ran:?}");
    judged_text(r#"{"value":[],"Count":3}"#, &[]).assert_begins(3, "UM HEALTH SET UNKNOWN - standard input: a Count");
}

#[test]
fn unreadable_when_an_object_says_two_things_of_one() {
    let ran = judged_text(r#"[{"HealthSetName":"UM.CallRouter","Name":"a","AlertValue":3,"AlertValue":1}]"#, &[]);
    ran.assert_begins(
        3,
        "UM HEALTH SET UNKNOWN - standard input: line 1: an object that names a property twice: expected",
    );
    assert!(ran.stdout.contains("(unreadable)"), "{ran:?}");
    let ran = judged_text(r#"[{"HealthSetName":"UM.CallRouter","Name":"a","AlertValue":3,"alertvalue":1}]"#, &[]);
    ran.assert_exit(3).assert_says("1 rows of standard input lack health set or alert value, or contradict themselves");
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
    judged_text(export, &["-H", "cas1.example.com"])
        .assert_begins(2, "UM HEALTH SET CRITICAL - the issue is there")
        .assert_says("; M is Unhealthy");
    // Of several servers it is said which one.
    judged_text(export, &[])
        .assert_begins(2, "UM HEALTH SET CRITICAL - the issue is there")
        .assert_says("; M on CAS1 is Unhealthy");
    let ran = judged_text(export, &["-H", "cas3"]);
    ran.assert_begins(
        3,
        "UM HEALTH SET UNKNOWN - none of the 2 rows of standard input is of cas3: expected one of CAS1, CAS2",
    );
    assert!(ran.stdout.contains("(no-data)"), "{ran:?}");
    let somebody = replaced(export, "CAS1,", ",");
    judged_text(&somebody, &["-H", "cas2"]).assert_begins(2, "UM HEALTH SET CRITICAL - the issue is there: 1 of 2");
    let nameless = "Name,HealthSetName,AlertValue\nM,UM.CallRouter,Healthy\n";
    judged_text(nameless, &["-H", "cas1"])
        .assert_begins(3, "UM HEALTH SET UNKNOWN - the only row of")
        .assert_says("is not of cas1: expected a name of the server");
    let many: String =
        (0..20).map(|number| format!("{},M,UM.CallRouter,Healthy\n", format!("s{number}").repeat(20))).collect();
    let ran = judged_text(&format!("Server,Name,HealthSetName,AlertValue\n{many}"), &["-H", "cas3"]);
    ran.assert_begins(3, "UM HEALTH SET UNKNOWN - none of the 20 rows of").assert_says("expected one of s0s0");
    assert!(ran.first_line().len() < 500 && !ran.stdout.contains("s9s9"), "{ran:?}");
    judged(LOG, &["-H", "nobody"])
        .assert_begins(3, "UM HEALTH SET UNKNOWN - none of the ")
        .assert_says("is of nobody: expected one of ");
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
fn unreadable_when_larger_than_any_export() {
    let ran = judged_text(&" ".repeat(65 * 1024 * 1024), &[]);
    ran.assert_begins(3, "UM HEALTH SET UNKNOWN - standard input is larger than 67108864 bytes");
}

#[test]
fn what_takes_too_much_to_be_read_is_refused_in_words() {
    let entries = r#"{"a":1},"#.repeat(7_900_000);
    let object = r#"{"HealthSetName":"UM.CallRouter","Name":"x","AlertValue":1,"Entries":["#;
    for (text, expected) in [
        ("a,".repeat(30_000_000), "line 1: a row of more than 8 MiB or 1000 cells: expected one line for each monitor"),
        ("x".repeat(60_000_000), "line 1: a row of more than 8 MiB or 1000 cells: expected one line for each monitor"),
        (format!("[{object}{entries}1]}}]"), "line 1: an object of more than 8 MiB, or of more values than those of a"),
        (format!("[{object}{}1]}}]", &entries[..7_200_000]), "line 1: an object of more than 8 MiB, or of more values"),
    ] {
        // What it may allocate, in KiB.
        let mut limited = std::process::Command::new("sh");
        limited.args(["-c", "ulimit -d 150000 && exec \"$0\" \"$@\""]).arg(plugin(NAME).get_program());
        let mut command = if cfg!(windows) { plugin(NAME) } else { limited };
        let ran = run_fed(command.args(["--file", "-", "-t", "25"]), text.as_bytes());
        ran.assert_begins(3, &format!("UM HEALTH SET UNKNOWN - standard input: {expected}"));
    }
}

#[test]
fn what_is_not_read_in_time_is_unreadable() {
    let row = format!(r#"{{"Server":"CAS1","HealthSet":"UM.CallRouter","AlertValue":1,"X":"{}"}},"#, "x".repeat(500));
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), format!("[{}1]", row.repeat(90_000))).unwrap();
    let ran = run(&["--file", file.path().to_str().unwrap(), "-t", "0.1"]);
    ran.assert_begins(3, "UM HEALTH SET UNKNOWN - ").assert_says("reading ");
    assert!(ran.stdout.contains("(unreadable)"), "{ran:?}");
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
