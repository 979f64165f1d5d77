//! Does check_um_health_set judge real exports? The real binary, on recorded ones and on hostile ones.

#![allow(clippy::unwrap_used, reason = "a test fails by panic")]

#[path = "../support/mod.rs"]
mod support;

mod exports;
mod log;

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
    assert!(ran.stdout.contains("\nreason: given above (disabled)\n"), "{}", ran.stdout);
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
fn every_format_carries_the_result() {
    judged(TWO_UNHEALTHY, &["--output", "json"]).assert_json("CRITICAL");
    judged(TWO_UNHEALTHY, &["--output", "scom"]).assert_scom("CRITICAL");
}

#[test]
fn unreadable_when_the_writer_of_a_pipe_sleeps() {
    let directory = tempfile::tempdir().unwrap();
    let (path, _writer) = silent_pipe(&directory);
    let ran = run(&["--file", &path, "-t", "0.3"]);
    ran.assert_begins(3, "UM HEALTH SET UNKNOWN - reading ");
    ran.assert_until(std::time::Duration::from_millis(300));
    // A pipe of Windows is for one reader.
    #[cfg(unix)]
    run(&["--file", &path, "-t", "0.3:critical"]).assert_begins(2, "UM HEALTH SET CRITICAL - reading ");
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
