//! Is the script's file whole, and does a person see why? What systemd runs for the textfile collector.

use std::fs;
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use super::support::exposition::{self, objections};
use super::support::{self, Outcome, plugin, run_command};

#[test]
fn a_file_is_written_whole_or_not_at_all() {
    let textfiles = tempfile::tempdir().unwrap();
    let written = |name: &str, plugin: &str| {
        let outcome = run_script(textfiles.path(), name, plugin, &["-H", "127.0.0.1", "-p", "1"]);
        (outcome.code, fs::read_to_string(textfiles.path().join(format!("check_um_{name}.prom"))).unwrap_or_default())
    };
    let (code, first) = written("a", "check_um_sip_options");
    let series = exposition::without_comment(&first);
    assert_eq!((code, exposition::value(series, "check_um_state")), (Some(0), Some(2.0)));
    assert!(exposition::assert_valid(series).iter().all(|one| one.labels["run"] == "a"), "{first}");
    assert_eq!(objections(&first).unwrap_or_default(), "", "{first}");
    // What prints half a file and fails, and what is not there.
    let (code, kept) = written("a", "false");
    assert_eq!((code, &kept), (Some(1), &first));
    let (code, kept) = written("a", "echo");
    assert_eq!((code, &kept), (Some(3), &first));
    assert_ne!(written("a", "/nowhere/check_um_sip_options").0, Some(0));
    for name in ["", "../a", "a b", "a/b"] {
        let outcome = run_script(textfiles.path(), name, "check_um_sip_options", &[]);
        assert!(outcome.code == Some(3) && outcome.stdout.contains("expected"), "{name:?}: {outcome:?}");
    }
    let left: Vec<_> = fs::read_dir(textfiles.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["check_um_a.prom"]);
}

/// The reason is where a person looks: in the journal, and in the file.
#[test]
fn the_script_prints_what_the_check_says_first() {
    let textfiles = tempfile::tempdir().unwrap();
    let outcome = run_script(textfiles.path(), "a", "check_um_sip_options", &["-H", "127.0.0.1", "-p", "1"]);
    let begins = "UM SIP OPTIONS CRITICAL - connection refused by 127.0.0.1:1: ";
    assert!(outcome.stdout.starts_with(begins) && outcome.stdout.lines().count() == 1, "{outcome:?}");
    let file = fs::read_to_string(textfiles.path().join("check_um_a.prom")).unwrap();
    assert!(file.starts_with(&format!("# {begins}")) && file.contains(",class=\"refused\"} 1\n"), "{file}");
    let outcome = run_script(textfiles.path(), "a", "check_um_sip_options", &["-w", "3", "-c", "1"]);
    assert!(outcome.stdout.starts_with("UM SIP OPTIONS UNKNOWN - "), "{outcome:?}");
}

/// systemd ends a unit, whatever the shell makes of it.
#[test]
fn nothing_is_left_behind_when_the_script_is_ended() {
    for signal in ["TERM", "INT", "HUP"] {
        let textfiles = tempfile::tempdir().unwrap();
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = silent.local_addr().unwrap().port().to_string();
        let script = support::root().join("integrations/prometheus/check-um-textfile");
        // A shell cannot catch what was ignored when it began, as INT is where tests run in the background.
        let mut command = Command::new("env");
        command
            .args(["--default-signal", "--"])
            .arg(script)
            .arg("a")
            .arg(plugin("check_um_sip_options").get_program())
            .args(["-H", "127.0.0.1", "-p", &port]);
        command.args(["-t", "60"]).env("CHECK_UM_TEXTFILES", textfiles.path());
        let mut child = support::start(command.process_group(0).stdout(Stdio::null()));
        // When somebody is connected the check runs.
        let _connection = silent.accept().unwrap();
        let group = format!("-{}", child.id());
        assert!(Command::new("kill").args(["-s", signal, "--", &group]).status().unwrap().success());
        assert_eq!(child.wait().unwrap().code(), Some(3), "{signal}");
        assert_eq!(fs::read_dir(textfiles.path()).unwrap().count(), 0, "{signal}");
    }
}

/// The script, as the service runs it.
pub(super) fn run_script(textfiles: &Path, name: &str, check: &str, options: &[&str]) -> Outcome {
    let script = support::root().join("integrations/prometheus/check-um-textfile");
    let program = if check.starts_with("check_um") { plugin(check).get_program().to_owned() } else { check.into() };
    let mut command = Command::new("sh");
    // What the shell has to say of a program that is not there belongs into systemd's journal.
    command.args(["-c", "exec \"$@\" 2>&1", "sh"]).arg(script).arg(name).arg(program).args(options);
    run_command(command.env("CHECK_UM_TEXTFILES", textfiles))
}
