//! Does check_um_reject_rate say what the counters say? The real binary over logs, exporters and histories.

#![allow(clippy::unwrap_used, reason = "a test fails by panic")]

mod access;
mod differential;
mod exporter;
mod history;
mod hostile;
mod rotation;
#[path = "../support/mod.rs"]
mod support;

use std::fs;
use std::path::{self, Path, PathBuf};

use support::counters::{
    as_of_now, csv, ending_at, exporter, exposition, http, log, recorded, stamp, url, written_now,
};
use support::{Outcome, perfdata, plugin, root, run_command, run_fed, start};

const PLUGIN: &str = "check_um_reject_rate";

/// Runs the plugin away from the histories of this machine.
fn run(arguments: &[&str]) -> Outcome {
    let mut command = plugin(PLUGIN);
    let places =
        ["MP_STATE_PATH", "NAGIOS_PLUGIN_STATE_DIRECTORY", "STATE_DIRECTORY", "XDG_STATE_HOME", "HOME", "LOCALAPPDATA"];
    for variable in places {
        command.env(variable, nowhere());
    }
    run_command(command.args(arguments))
}

/// A place for a history where nothing can be made: a file.
fn nowhere() -> PathBuf {
    path::absolute(root().join("Cargo.toml")).unwrap()
}

/// An hour of one-minute samples, ten calls each, with this share rejected.
fn hour(per_cent: u64) -> String {
    log((0..=60).map(|minute| (3_600 - 60 * minute, 5_000 + 10 * minute, 700 + 10 * minute * per_cent / 100)))
}

fn judged(content: &str, more: &[&str]) -> Outcome {
    let directory = tempfile::tempdir().unwrap();
    let source = csv(directory.path(), content);
    run(&[&["--counters", &source], more].concat())
}

fn fed(arguments: &[&str], input: &[u8]) -> Outcome {
    run_fed(plugin(PLUGIN).args(arguments), input)
}

#[test]
fn ok_when_10_per_cent_are_rejected() {
    let ran = judged(&hour(10), &[]);
    ran.assert_begins(0, "UM REJECT RATE OK - 60 of 600 calls rejected (10 %) by CAS1 in 1 h | 'rejected'=10%;25;50;0;100 'calls'=600;;;0 'rejected_calls'=60;;;0 'history'=3600s;;;0");
}

#[test]
fn warning_when_30_per_cent_are_rejected() {
    judged(&hour(30), &[]).assert_begins(
        1,
        "UM REJECT RATE WARNING - rejected 30 %, more than 25 %; 180 of 600 calls rejected (30 %) by CAS1 in 1 h |",
    );
}

#[test]
fn warning_when_exactly_50_per_cent_are_rejected() {
    judged(&hour(50), &[]).assert_begins(1, "UM REJECT RATE WARNING - rejected 50 %, more than 25 %;");
}

#[test]
fn critical_when_60_per_cent_are_rejected() {
    let ran = judged(&hour(60), &[]);
    ran.assert_begins(2, "UM REJECT RATE CRITICAL - rejected 60 %, more than 50 %;");
    assert!(ran.stdout.contains("advice: ") && ran.stdout.contains("Get-UMIPGateway"), "{}", ran.stdout);
}

#[test]
fn ok_when_three_calls_are_too_few_to_judge() {
    let ran = judged(&log([(1_800, 10, 5), (60, 13, 8)]), &[]);
    ran.assert_begins(0, "UM REJECT RATE OK - 3 of 3 calls rejected (100 %) by CAS1 in 29 min; only the last 29 min of 1 h are known; fewer than 10 calls are not judged | 'rejected'=100%;25;50;0;100 'calls'=3");
    judged(&log([(1_800, 10, 5), (60, 13, 8)]), &["--state", "few-calls=unknown"])
        .assert_begins(3, "UM REJECT RATE UNKNOWN - 3 of 3");
}

#[test]
fn ok_when_there_was_no_call() {
    let ran = judged(&log([(3_600, 10, 5), (60, 10, 5)]), &["--minimum-calls", "0"]);
    ran.assert_begins(
        0,
        "UM REJECT RATE OK - no call received by CAS1 in 59 min; fewer than 1 calls are not judged | 'calls'=0",
    );
}

#[test]
fn ok_when_the_burst_lies_before_the_window() {
    let burst = [(7_200, 1_000, 0), (5_400, 2_000, 1_000)];
    let ran = judged(&log(burst.into_iter().chain([(3_600, 2_000, 1_000), (60, 2_100, 1_001)])), &[]);
    ran.assert_begins(0, "UM REJECT RATE OK - 1 of 100 calls rejected (1 %)");
}

#[test]
fn calls_on_both_sides_of_a_restart_count() {
    let ran = judged(&log([(3_600, 1_000, 100), (1_800, 1_050, 120), (1_740, 10, 2), (60, 50, 12)]), &["-v"]);
    ran.assert_begins(1, "UM REJECT RATE WARNING - rejected 32 %, more than 25 %; 32 of 100 calls rejected (32 %)");
    assert!(
        ran.stdout.contains("samples: 4 over 59 min, 1 resets, 0 32-bit wraps, 0 without a value"),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("first sample: 1000 100 at 20") && ran.stdout.contains("last sample: 50 12 at 20"));
}

#[test]
fn half_a_window_is_said_in_the_first_line() {
    let ran = judged(&log([(900, 1_000, 100), (60, 1_100, 101)]), &[]);
    ran.assert_begins(
        0,
        "UM REJECT RATE OK - 1 of 100 calls rejected (1 %) by CAS1 in 14 min; only the last 14 min of 1 h are known |",
    );
}

#[test]
fn stale_when_the_newest_sample_is_too_old() {
    // 24.6 min, so that a slow machine has most of a minute.
    let old = log([(3_600, 1_000, 0), (1_475, 1_100, 90)]);
    let ran = judged(&old, &[]);
    ran.assert_begins(3, "UM REJECT RATE UNKNOWN - the newest sample is 25 min old, more than 10 min");
    judged(&old, &["--max-age", "1h"]).assert_begins(2, "UM REJECT RATE CRITICAL - rejected 90 %");
}

#[test]
fn stale_when_the_log_is_of_the_future() {
    let ran = judged(&hour(10), &["--time-zone", "-12:00"]);
    ran.assert_begins(
        3,
        "UM REJECT RATE UNKNOWN - the newest sample is 12 h ahead of the clock: expected at most 5 min",
    );
}

#[test]
fn stale_when_a_stopped_service_leaves_rows_without_values() {
    let mut log = log([(3_600, 1_000, 0), (1_775, 1_100, 90)]);
    (1..=29).for_each(|minute| log += &format!("\"{}\",\" \",\" \",\" \"\r\n", stamp(1_775 - 60 * minute)));
    judged(&log, &[]).assert_begins(3, "UM REJECT RATE UNKNOWN - the newest sample is 30 min old, more than 10 min; 29 later ones have no value: does the service run?");
}

#[test]
fn no_data_when_no_row_has_a_value() {
    let mut log = log([]);
    (0..5).for_each(|minute| log += &format!("\"{}\",\" \",\"\",\" \"\r\n", stamp(300 - 60 * minute)));
    judged(&log, &[]).assert_begins(3, "UM REJECT RATE UNKNOWN - no value of \\MSExchangeUMCallRouterAvailability\\Total Inbound Calls Received by the UM Call Router in ");
}

#[test]
fn no_data_when_the_counter_is_absent_naming_the_nearest() {
    let log = hour(10).replace("Calls Rejected by the UM Call Router\"", "Calls Refused by the UM Call Router\"");
    let ran = judged(&log, &[]);
    ran.assert_begins(3, "UM REJECT RATE UNKNOWN - no counter \\MSExchangeUMCallRouterAvailability\\Total Inbound Calls Rejected by the UM Call Router in ");
    assert!(
        ran.stdout.contains(
            "caused by: nearest of 3 counters there: \\MSExchangeUMCallRouterAvailability\\Total Inbound Calls Re"
        ),
        "{}",
        ran.stdout
    );
}

#[test]
fn no_data_when_the_file_is_no_log_and_nothing_of_it_is_shown() {
    for path in [Path::new(env!("CARGO_BIN_EXE_check_um_reject_rate")), &root().join("Cargo.toml")] {
        let path = path.to_str().unwrap();
        let ran = run(&["--counters", &format!("csv:{path}"), "-vvv"]);
        ran.assert_begins(
            3,
            &format!("UM REJECT RATE UNKNOWN - {path}, line 1: expected a header that begins with (PDH-CSV 4.0)"),
        );
        assert!(!ran.stdout.contains("edition"), "{}", ran.stdout);
    }
    // What lacks is the directory, of which Windows speaks differently.
    let absent = std::io::Error::from_raw_os_error(if cfg!(windows) { 3 } else { 2 });
    run(&["--counters", "csv:/nonexistent/um.csv"])
        .assert_begins(3, &format!("UM REJECT RATE UNKNOWN - cannot read /nonexistent/um.csv: {absent}"));
    let directory = root().to_str().unwrap();
    let ran = run(&["--counters", &format!("csv:{directory}")]);
    ran.assert_begins(3, &format!("UM REJECT RATE UNKNOWN - cannot read {directory}: "));
    assert!(ran.first_line().to_lowercase().contains(": is a directory"), "{}", ran.stdout);
}

#[test]
fn typeperf_on_standard_input_is_read_without_a_zone() {
    let home = tempfile::tempdir().unwrap();
    let state = home.path().join("state");
    let arguments = ["--counters", "csv:-", "-v", "--state-file", state.to_str().unwrap()];
    let old = fs::read_to_string(recorded("typeperf-60-percent.csv")).unwrap();
    let ran = fed(&arguments, as_of_now(&old).as_bytes());
    ran.assert_begins(
        2,
        "UM REJECT RATE CRITICAL - rejected 60 %, more than 50 %; 72 of 120 calls rejected (60 %) by CAS1 in 1 h; the log says \
         no zone (--time-zone), so that its age is a guess",
    );
    // Several notes share a line.
    let is_said =
        |line: &str| line.starts_with("note: ") && line.contains("the one that brings its end nearest to now");
    assert!(ran.stdout.lines().any(is_said), "{}", ran.stdout);
    fed(&arguments, old.replace("/2026 ", "/2020 ").as_bytes())
        .assert_begins(3, "UM REJECT RATE UNKNOWN - the newest sample is ");
    let ran = fed(&["--counters", "csv:-"], &fs::read(recorded("typeperf-no-valid-counters.txt")).unwrap());
    ran.assert_begins(
        3,
        "UM REJECT RATE UNKNOWN - standard input, line 2: expected a header that begins with (PDH-CSV 4.0)",
    );
}

#[test]
fn utf_16_with_a_header_that_is_cut_is_read() {
    let directory = tempfile::tempdir().unwrap();
    let path = written_now(directory.path(), "perfmon-utf16-zone-cut-10-percent.csv");
    let ran = run(&["--counters", &format!("csv:{}", path.display()), "-v"]);
    ran.assert_begins(0, "UM REJECT RATE OK - 12 of 120 calls rejected (10 %) by CAS1 in 1 h; the log says no zone (--time-zone), so that its age is a guess |");
    assert!(ran.stdout.contains("3 without a value"), "{}", ran.stdout);
}

#[test]
fn of_several_hosts_one_is_chosen() {
    let directory = tempfile::tempdir().unwrap();
    let path = written_now(directory.path(), "relog-two-hosts-30-and-50-percent.csv");
    let source = format!("csv:{}", path.display());
    let ran = run(&["--counters", &source]);
    assert!(
        !ran.first_line().contains('|') && ran.stdout.contains("choose with --hostname one of CAS1, CAS2"),
        "{}",
        ran.stdout
    );
    run(&["--counters", &source, "-H", "cas1.example.com"]).assert_begins(1, "UM REJECT RATE WARNING - rejected 30 %");
    run(&["--counters", &source, "-H", "CAS2"]).assert_begins(1, "UM REJECT RATE WARNING - rejected 50 %");
    run(&["--counters", &source, "-H", "cas3"]).assert_begins(3, "UM REJECT RATE UNKNOWN - no counters of cas3 in ");
}

#[test]
fn a_log_without_quotes_is_read() {
    let directory = tempfile::tempdir().unwrap();
    let path = written_now(directory.path(), "old-without-quotes-10-percent.csv");
    run(&["--counters", &format!("csv:{}", path.display())])
        .assert_begins(0, "UM REJECT RATE OK - 6 of 60 calls rejected (10 %) by CAS1 in 1 h; the log says no zone (--time-zone), so that its age is a guess |");
}

#[test]
fn exchange_s_own_counter_is_judged_unless_no_call_came_in() {
    judged(&hour(10), &["--method", "exchange"])
        .assert_begins(2, "UM REJECT RATE CRITICAL - rejected 100 %, more than 50 %;");
    let still = log([(3_000, 10, 5), (60, 10, 5)]);
    let ran = judged(&still, &["--method", "exchange"]);
    ran.assert_begins(0, "UM REJECT RATE OK - 100 % of the calls rejected by CAS1, says Exchange's own counter; no call came in meanwhile");
    ran.assert_says("| 'rejected'=100%;25;50;0;100");
}

#[test]
fn exchange_s_own_counter_is_judged_until_half_a_window_without_a_call_is_known() {
    let still = |ago| judged(&log([(ago, 10, 5), (60, 10, 5)]), &["--method", "exchange"]);
    still(1_900).assert_begins(0, "UM REJECT RATE OK - 100 %");
    let ran = still(1_800);
    ran.assert_begins(2, "UM REJECT RATE CRITICAL - rejected 100 %, more than 50 %;");
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("history");
    let exporter = exporter(&exposition(50, 50).replace("over_the_last_hour 4.2", "over_the_last_hour 100"));
    for _ in 0..3 {
        run(&[
            "--counters",
            &url(&exporter),
            "--state-file",
            state.to_str().unwrap(),
            "--method",
            "exchange",
            "-c",
            "4",
        ])
        .assert_begins(2, "UM REJECT RATE CRITICAL");
    }
}

#[test]
fn exchange_s_own_counter_is_judged_when_calls_are_not_known_up_to_the_end_of_the_window() {
    let blank = |ago| format!("\"{}\",\" \",\" \",\"100\"\r\n", stamp(ago));
    let log = log([(3_600, 10, 5), (1_260, 10, 5)]) + &blank(900) + &blank(60);
    judged(&log, &["--method", "exchange"]).assert_begins(
        2,
        "UM REJECT RATE CRITICAL - rejected 100 %, more than 50 %; 100 % of the calls rejected by CAS1, says Exchange's own counter; \
         calls of the last 20 min are not known",
    );
}

#[test]
fn moments_without_a_value_are_said_in_the_first_line() {
    let with_gaps = log([(3_600, 1_000, 0), (120, 1_100, 10)]) + &format!("\"{}\",\" \",\" \",\" \"\r\n", stamp(60));
    judged(&with_gaps, &[]).assert_begins(
        0,
        "UM REJECT RATE OK - 10 of 100 calls rejected (10 %) by CAS1 in 58 min; the newest row has no value |",
    );
}

#[test]
fn critical_when_every_call_is_rejected_and_one_more_that_was_received_before() {
    let ran = judged(&log([(3_600, 100, 50), (60, 200, 151)]), &[]);
    ran.assert_begins(2, "UM REJECT RATE CRITICAL - rejected 100 %, more than 50 %; 101 of 100 calls rejected");
    let ran = judged(&log([(3_600, 100, 50), (60, 200, 170)]), &[]);
    ran.assert_begins(3, "UM REJECT RATE UNKNOWN - 120 calls rejected and only 100 received: expected fewer");
    ran.assert_says("| 'calls'=100;;;0 'rejected_calls'=120;;;0 'history'=3540s;;;0");
}

#[test]
fn no_data_when_the_totals_of_two_routers_come_in_turn_or_one_of_them_dips() {
    let in_turn = log([(300, 100_000, 500), (240, 90_000, 300), (180, 100_100, 590), (120, 90_100, 390)]);
    let ran = judged(&in_turn, &[]);
    ran.assert_begins(3, "UM REJECT RATE UNKNOWN - the totals went down 2 times and were not counted from zero: do two sources answer under one name");
    assert!(ran.stdout.contains("(no-data)"), "{}", ran.stdout);
    let dip = log([(3_600, 100_000, 500), (1_800, 100_300, 400), (60, 100_600, 980)]);
    judged(&dip, &[]).assert_begins(3, "UM REJECT RATE UNKNOWN - the totals went down once");
    // So few are too few, whoever counted them.
    judged(&log([(300, 4, 0), (240, 3, 1)]), &[]).assert_begins(0, "UM REJECT RATE OK - 1 of 3 calls rejected");
}

#[test]
fn no_data_when_the_totals_jump_and_a_flood_that_is_rejected_is_judged() {
    let jump = judged(&log([(3_600, 90, 90), (120, 100, 99), (60, 1_000_000, 500)]), &[]);
    jump.assert_begins(3, "UM REJECT RATE UNKNOWN - the totals rose by more than 100 calls a second: do two sources answer under one name");
    judged(&log([(120, 100, 99), (60, 50_100, 40_099)]), &[])
        .assert_begins(2, "UM REJECT RATE CRITICAL - rejected 80 %, more than 50 %; 40000 of 50000 calls rejected");
}

#[test]
fn no_data_when_a_log_has_one_row_within_its_window() {
    judged(&hour(10), &["--window", "1s"])
        .assert_begins(3, "UM REJECT RATE UNKNOWN - only one sample within 1 s: nothing to compare it with");
}

#[test]
fn the_um_service_has_its_own_counter_and_no_total_of_calls() {
    let own = hour(60)
        .replace("MSExchangeUMCallRouterAvailability", "MSExchangeUMAvailability")
        .replace("UM Call Router", "UM Service");
    judged(&own, &["--role", "um-service"]).assert_begins(2, "UM REJECT RATE CRITICAL - rejected 100 %");
    judged(&own, &["--role", "um-service", "--method", "totals"])
        .assert_begins(3, "UM REJECT RATE UNKNOWN - --method totals: this service has no known total");
    let name = r"received=\MSExchangeUMAvailability\Total Inbound Calls Received by the UM Service";
    judged(&own, &["--role", "um-service", "--method", "totals", "--counter-name", name])
        .assert_begins(2, "UM REJECT RATE CRITICAL - rejected 60 %");
}

#[test]
fn unknown_when_an_option_is_wrong() {
    for (arguments, said) in [
        (&["--counters", "xml:x"][..], "--counters: not a counter source: expected csv:FILE"),
        (
            &["--counters", "prometheus:http://me:secret@cas1/"],
            "--counters: prometheus: expected a URL without user information",
        ),
        (&["--window", "1w"], "--window: '1w' is not a duration"),
        (
            &["--counters", "csv:-", "--counter-name", "calls=x"],
            "--counter-name: 'calls' is no counter of this check: expected one of received, rejected, percent",
        ),
        (&["--time-zone", "CET"], "--time-zone: 'CET' is not an offset from UTC"),
        (&["--counters", "csv:-", "--state", "refused=ok"], "--state: this check cannot meet 'refused'"),
    ] {
        let ran = run(arguments);
        ran.assert_begins(3, &format!("UM REJECT RATE UNKNOWN - {said}"));
        assert!(!ran.stdout.contains("secret"));
    }
}

#[cfg(not(windows))]
#[test]
fn unknown_without_a_source_where_there_are_no_counters() {
    let said = "--counters: expected csv:FILE, csv:- or prometheus:URL, because only Windows has performance counters";
    run(&[]).assert_begins(3, &format!("UM REJECT RATE UNKNOWN - {said}"));
}

#[test]
fn json_and_property_bags_carry_the_same() {
    judged(&hour(60), &["--output", "json"]).assert_json("CRITICAL");
    judged(&hour(60), &["--output", "scom"]).assert_scom("CRITICAL");
    judged("", &["--output", "json"]).assert_json("UNKNOWN");
}

#[test]
fn hostile_names_of_hosts_stay_inside_their_line() {
    let log = hour(60).replace("CAS1", "CAS|1\u{202e}\u{1b}[31m");
    let ran = judged(&log, &["-vvv"]);
    ran.assert_begins(2, "UM REJECT RATE CRITICAL - rejected 60 %");
    assert_eq!(perfdata::labels(ran.first_line()), ["rejected", "calls", "rejected_calls", "history"]);
}
