//! What follows from Managed Availability's own log, exported as event XML?

use super::support::{fixture, plugin, replaced, run_fed};
use super::{LOG, NAME, judged, judged_text, run};

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
fn critical_when_the_record_of_what_is_unhealthy_names_no_computer() {
    let text = std::fs::read_to_string(fixture(LOG)).unwrap();
    let nameless = replaced(&text, "<Computer>cas1.example.com</Computer>", "");
    judged_text(&nameless, &["-H", "cas1"]).assert_begins(2, "UM HEALTH SET CRITICAL - the issue is there: ");
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
        ran.stdout
            .contains("1 rows of standard input lack health set or alert value, or contradict themselves (unreadable)"),
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
fn a_log_of_any_records_is_read_in_bounded_memory() {
    let text = std::fs::read_to_string(fixture(LOG)).unwrap();
    let foreign = format!(
        "<Event><System><EventID>4</EventID><TimeCreated SystemTime='2026-11-23T16:59:00Z'/></System><UserData><a>{}</a>\
         </UserData></Event>",
        "<b>1</b>".repeat(50)
    );
    let noise = foreign.repeat(48 * 1024 * 1024 / foreign.len());
    let noisy = replaced(&text, "<HealthSet>", &format!("{}<HealthSet>", "<b>1</b>".repeat(1_000)));
    // What it may allocate, in KiB: the text, as it grows, and what is kept of its records.
    let mut limited = std::process::Command::new("sh");
    limited.args(["-c", "ulimit -d 150000 && exec \"$0\" \"$@\""]).arg(plugin(NAME).get_program());
    let mut command = if cfg!(windows) { plugin(NAME) } else { limited };
    let whole = replaced(&noisy, "</Events>", &format!("{noise}</Events>"));
    let ran = run_fed(command.args(["--file", "-", "-t", "25"]), whole.as_bytes());
    ran.assert_begins(2, "UM HEALTH SET CRITICAL - the issue is there: 1 of 3 monitors of UM.CallRouter");
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

    let now = std::time::SystemTime::now();
    for (seconds, exit) in [(4_000, 3), (240, 0)] {
        let time = now + std::time::Duration::from_secs(seconds);
        let milliseconds = time.duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
        let zoned = check_um::door::time::calendar::rfc3339(time).replace('Z', "+00:00");
        for written in [format!("\\/Date({milliseconds})\\/"), zoned] {
            let row = |name: &str, time: &str| {
                format!(
                    r#"{{"Name":"{name}","HealthSetName":"UM.CallRouter","AlertValue":1,"LastTransitionTime":"{time}"}}"#
                )
            };
            let text = format!("[{},{}]", row("M", &written), row("N", "2020-01-01T00:00:00Z"));
            let ran = judged_text(&text, &[]);
            ran.assert_exit(exit);
            assert_eq!(ran.stdout.contains(" min ahead of the clock: expected at most 5 min"), exit == 3);
            judged_text(&text, &["--ignore", "M"]).assert_exit(0);
        }
    }
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
fn unreadable_when_zeros_stand_where_the_log_was_to_be_written() {
    let text = std::fs::read_to_string(fixture(LOG)).unwrap();
    let last = text.rfind("<Event ").unwrap();
    let records = text.matches("<Event ").count() - 1;
    let zeros = "\0".repeat(text.len() - last);
    let open = format!("{}{zeros}", &text[..last]);
    for zeroed in [format!("{open}</Events>"), replaced(&open, "<Events>", "")] {
        let ran = judged_text(&zeroed, &[]);
        ran.assert_begins(
            3,
            &format!("UM HEALTH SET UNKNOWN - standard input: zeros behind record {records}: expected "),
        );
        assert!(ran.stdout.contains("(unreadable)"), "{ran:?}");
    }
    let nothing = judged_text(&format!("<Events>{zeros}</Events>"), &[]);
    nothing.assert_begins(3, "UM HEALTH SET UNKNOWN - standard input: zeros in front of the first record: expected ");
    assert!(nothing.stdout.contains("(unreadable)"), "{nothing:?}");
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
