//! Is the command line understood, and a wrong one explained? Options, ini sections, formats.

use crate::support::port::closed_port;
use crate::support::{plugin, run_command};
use crate::{answers, probe, run, sends};

#[test]
fn unknown_when_the_variable_of_the_password_is_empty() {
    let mut command = plugin("check_um_sip_options");
    command.args(["-H", "127.0.0.1", "-p", "9", "--username", "u", "--password-env", "UM_PW"]).env("UM_PW", "");
    let ran = run_command(&mut command);
    ran.assert_text(3).assert_says("the environment variable 'UM_PW' is empty: expected a password");
}

#[test]
fn a_timeout_is_worth_what_the_operator_says() {
    let peer = sends("");
    probe(&peer.port(), &["-t", "0.2:unknown"]).assert_begins(3, "UM SIP OPTIONS UNKNOWN - no response");
    probe(&peer.port(), &["-t", "0.2:unknown", "--state", "timeout=warning"])
        .assert_begins(1, "UM SIP OPTIONS WARNING - ");
    probe(&peer.port(), &["--state", "timeout=warning", "-t", "0.2:unknown"])
        .assert_begins(3, "UM SIP OPTIONS UNKNOWN - ");
    probe(&peer.port(), &["--state", "timeout=warning", "-t", "0.2"]).assert_begins(1, "UM SIP OPTIONS WARNING - ");
}

#[test]
fn every_format_carries_the_state_in_the_exit_code() {
    let peer = answers("SIP/2.0 200 OK", "");
    assert_eq!(probe(&peer.port(), &["--output", "json"]).assert_json("OK").code, Some(0));
    assert_eq!(probe(&peer.port(), &["--output", "scom"]).assert_scom("OK").code, Some(0));
    assert_eq!(probe(&closed_port(), &["--output", "scom", "--exit-ok"]).assert_scom("CRITICAL").code, Some(0));
    assert_eq!(run(&["--output", "json", "--bogus"]).assert_json("UNKNOWN").code, Some(3));
    assert_eq!(run(&["--bogus", "--output=scom"]).assert_scom("UNKNOWN").code, Some(3));
}

#[test]
fn single_line_leaves_out_the_advice() {
    let ran = probe(&closed_port(), &["--single-line", "-vvv"]);
    assert_eq!((ran.code, ran.stdout.lines().count()), (Some(2), 1));
}

#[test]
fn the_command_line_beats_the_ini_section() {
    let peer = answers("SIP/2.0 200 OK", "");
    let directory = tempfile::tempdir().unwrap();
    let ini = directory.path().join("plugins.ini");
    std::fs::write(&ini, format!("[slow]\nhostname=127.0.0.1\np={}\nwarning=@0:100\n", peer.port())).unwrap();
    let extra = format!("--extra-opts=slow@{}", ini.display());
    run(&[&extra]).assert_begins(1, "UM SIP OPTIONS WARNING - ");
    run(&["-w", "100", &extra]).assert_begins(0, "UM SIP OPTIONS OK - ");
}

#[test]
fn extra_opts_show_no_text_of_the_file() {
    let shadow = run(&["-H", "x", "--extra-opts=@/etc/shadow"]);
    assert_eq!(shadow.code, Some(3));
    assert!(!shadow.stdout.contains("root") && shadow.first_line().contains("/etc/shadow"));
    let directory = tempfile::tempdir().unwrap();
    let ini = directory.path().join("x.ini");
    for content in
        ["[s]\nhunter2\n[", "[s]\nhunter2=hunter2\n", "[s]\nwarning=hunter2\n", "[s]\np=hunter2", "[s]\nhunter 2=1\n"]
    {
        std::fs::write(&ini, content).unwrap();
        let ran = run(&["-H", "x", &format!("--extra-opts=s@{}", ini.display())]);
        ran.assert_begins(3, "UM SIP OPTIONS UNKNOWN - ");
        assert!(!ran.stdout.contains("hunter") && ran.first_line().contains("line 2"), "{content:?}: {}", ran.stdout);
    }
}

#[test]
fn unknown_when_the_name_does_not_resolve() {
    run(&["-H", "name..invalid"]).assert_begins(3, "UM SIP OPTIONS UNKNOWN - cannot look up 'name..invalid': ");
}

#[test]
fn unknown_when_a_number_of_an_address_is_missing() {
    // What the system takes for 0.0.0.0 by another name; who listens here is somebody else.
    let here = answers("SIP/2.0 200 OK", "");
    let port = here.port();
    run(&["-H", "127.0.0.1", "-p", &port]).assert_text(0);
    for host in ["0", "127.1", "127.0.1"] {
        run(&["-H", host, "-p", &port]).assert_begins(3, "UM SIP OPTIONS UNKNOWN - ").assert_says(&format!(
            "'{host}' is not a host: an IPv4 address is four numbers from 0 to 255; expected a name such as "
        ));
    }
}

#[test]
fn unknown_with_one_line_when_the_arguments_are_wrong() {
    let cases: [(&[&str], &str); 18] = [
        (&["-w", "nan"], "'nan' is not a range"),
        (&["-w", "20:10"], "start <= end"),
        (&["-c", "10abc"], "'10abc' is not a range"),
        (&["-w", ""], "expected [@][start:][end]"),
        (&["-t", "0"], "'0' is not a timeout: expected seconds"),
        (&["--bogus"], "unknown option --bogus"),
        (&["stray"], "stray word 'stray'"),
        (&["--password=geheim"], "unknown option --password"),
        (&["--expect", "1xx"], "'1xx' is no set of final responses"),
        (&["--uri", "http://x"], "'http://x' is not a SIP URI"),
        (&["--from", "<sip:a@b>;tag=x"], "'<sip:a@b>;tag=x' has a tag: expected an address without one"),
        (&["--to", "\"a\" <sip:a@b> ; TAG = x"], " has a tag: expected an address without one"),
        (&["--to", "\"a\\\" <sip:x>"], "is not an address: expected"),
        (&["--contact", "a,b <sip:x>"], "'a,b <sip:x>' is not an address: expected"),
        (&["--user-agent", "a\r\nVia: b"], "cannot be a header value"),
        (&["--state", "stopped=ok"], "cannot meet 'stopped'"),
        (&["--username", "alice"], "expected its password too"),
        (&["--require-header", "Server"], "expected 'Name: regular expression'"),
    ];
    for (arguments, expected) in cases {
        let ran = run(&[&["-H", "127.0.0.1"], arguments].concat());
        ran.assert_begins(3, "UM SIP OPTIONS UNKNOWN - ");
        assert_eq!(ran.stdout.lines().count(), 1, "{}", ran.stdout);
        assert!(ran.stdout.contains(expected) && !ran.stdout.contains("geheim"), "{}", ran.stdout);
    }
}
