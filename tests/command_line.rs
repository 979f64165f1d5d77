//! Is what somebody wrote on a command line taken as it was meant, or refused with what is needed? For every plugin.

#![allow(clippy::unwrap_used, reason = "a test fails by panic")]

mod support;

use std::fs;

use support::port::closed_port;
use support::{Outcome, plugin, run, run_fed};

/// Runs a plugin and expects one line that says `expected`, and exit code 3.
#[track_caller]
fn refused(name: &str, arguments: &str, expected: &str) {
    let ran = run(name, arguments);
    ran.assert_text(3).assert_says(expected);
    assert_eq!(ran.stdout.lines().count(), 1, "{ran:?}");
}

#[test]
fn unknown_when_an_option_has_no_effect_beside_the_others() {
    let over_tls = "expected --transport tls or --srv without --transport too";
    for option in [
        "--tls-name x",
        "--ca-file /nonexistent",
        "--no-verify",
        "--client-certificate /nonexistent",
        "--tls-backend modern",
        "--certificate-warning 30",
        "--certificate-critical 14",
    ] {
        let name = option.split(' ').next().unwrap();
        refused("check_um_sip_options", &format!("-H 127.0.0.1 {option}"), &format!("{name}: {over_tls}"));
        refused("check_um_sip_options", &format!("-H x.example --srv --transport tcp {option}"), over_tls);
    }
    let pin = format!("--fingerprint {}", "5a".repeat(32));
    refused("check_um_sip_options", &format!("-H 127.0.0.1 --transport udp {pin}"), over_tls);
    for (name, arguments, expected) in [
        ("sip_options", "-H 127.0.0.1 --dns-server 127.0.0.1", "--dns-server: expected --srv too"),
        ("sip_options", "-H 127.0.0.1 --password-file /nonexistent", "--password-file: expected --username too"),
        ("sip_options", "-H 127.0.0.1 --password-env X", "--password-env: expected --username too"),
        (
            "sip_options",
            "-H 127.0.0.1 --transport tls --client-key x",
            "--client-key: expected --client-certificate too",
        ),
        ("cert_expiry", "-H 127.0.0.1 --passphrase-env X", "expected --client-certificate or --file too"),
        ("cert_expiry", "-H 127.0.0.1 --thumbprint 3F2504E04F8911D39A0C0305E82C3301A1B2C3D4", "expected --store too"),
        ("cert_expiry", "--file x --no-verify", "--no-verify: expected --hostname too"),
        ("ad_ds", "-H 127.0.0.1 --ca-file /nonexistent", "--ca-file: expected --tls too"),
        ("ad_ds", "-H 127.0.0.1 --dns-server 127.0.0.1", "--dns-server: expected --domain too"),
        ("reject_rate", "--counters csv:x --ca-file x", "--ca-file: expected --counters prometheus:https:... too"),
        (
            "reject_rate",
            "--counters prometheus:http://127.0.0.1/ --no-verify",
            "--no-verify: expected --counters prometheus:https",
        ),
        (
            "reject_rate",
            "--counters prometheus:http://127.0.0.1/ --time-zone +01:00",
            "--time-zone: expected --counters csv:",
        ),
        (
            "reject_rate",
            "--counters csv:x --method exchange --minimum-calls 5",
            "--minimum-calls: expected --method totals",
        ),
        ("app_pool", "--counters csv:x --tls-name x", "--tls-name: expected --counters prometheus:https:... too"),
        ("missed_call_proxy", "--counters csv:x --file x", "--file: expected --method events too"),
        (
            "missed_call_proxy",
            "--method events --file x --counters csv:x",
            "--counters: expected --method exchange too",
        ),
        ("events", "--max-age 5m", "--max-age: expected --file too"),
        ("health_set", "--max-age 5m", "--max-age: expected --file too"),
    ] {
        refused(&format!("check_um_{name}"), arguments, expected);
    }
}

#[test]
fn what_an_ini_section_says_is_not_refused_and_yields_to_the_command_line() {
    let directory = tempfile::tempdir().unwrap();
    let ini = directory.path().join("x.ini");
    let with = |name: &str, arguments: &str| {
        let arguments = format!("--extra-opts s@{} {arguments}", ini.display());
        run(name, &arguments)
    };
    let port = closed_port();
    fs::write(&ini, "[s]\nca-file=/nonexistent\ndns-server=127.0.0.1\npassword=x\nclient-key=x\nipv6\n").unwrap();
    with("check_um_sip_options", &format!("-4 -H 127.0.0.1 -p {port}"))
        .assert_text(2)
        .assert_says("connection refused");
    with("check_um_sip_options", "-4 -H 127.0.0.1 --tls-name x")
        .assert_text(3)
        .assert_says("--tls-name: expected --transport");
    fs::write(&ini, "[s]\nfile=x\nthumbprint=3F2504E04F8911D39A0C0305E82C3301A1B2C3D4\n").unwrap();
    with("check_um_cert_expiry", &format!("-H 127.0.0.1 -p {port}")).assert_text(2).assert_says("connection refused");
    // What the command line needs may stand in the section.
    fs::write(&ini, "[s]\ntransport=tls\n").unwrap();
    let ran = with("check_um_sip_options", &format!("-H 127.0.0.1 -p {port} --no-verify"));
    ran.assert_text(2).assert_says("connection refused");
}

#[test]
fn unknown_when_two_hosts_are_named() {
    for name in support::plugins() {
        for two in
            ["-H a.example -H b.example", "-Ha.example --hostname b.example", "--hostname=a.example -v -H=b.example"]
        {
            refused(name, two, "--hostname: ");
            refused(name, two, "expected one");
        }
    }
    refused("check_um_ad_ds", "--domain a.example --domain b.example", "--domain: 'a.example' and 'b.example' are two");
    let port = closed_port();
    let again = format!("-H 127.0.0.1 -p {port} --hostname 127.0.0.1 -p {port}");
    run("check_um_sip_options", &again).assert_text(2).assert_says("connection refused");
}

#[test]
fn unknown_when_thresholds_are_reversed() {
    for (name, arguments) in [
        ("sip_options", "-H 127.0.0.1 -w 3 -c 1"),
        ("sip_options", "-H 127.0.0.1 --transport tls --certificate-warning 10 --certificate-critical 20"),
        ("cert_expiry", "-H 127.0.0.1 -w 10 -c 20"),
        ("cert_expiry", "-H 127.0.0.1 -w 48h -c 3"),
        ("ad_ds", "-H 127.0.0.1 -w 3 -c 1"),
        ("reject_rate", "--counters csv:x -w 50 -c 25"),
        ("missed_call_proxy", "--counters csv:x -w 50 -c 25"),
        ("events", "--file x --event 1647=10,2"),
    ] {
        let ran = run(&format!("check_um_{name}"), arguments);
        ran.assert_text(3).assert_says("reversed").assert_says("expected");
    }
}

#[test]
fn a_default_that_decides_against_what_was_given_is_named() {
    let rate = |more: &str| counted("check_um_reject_rate", more);
    rate("-w 60").assert_text(2).assert_says("(by default, --critical 50)");
    assert!(!rate("-w 60 -c 70").assert_text(0).stdout.contains("by default"));
    assert!(!rate("-w 10").assert_text(2).stdout.contains("by default"));
}

/// A run over a log in which 55 of 100 calls are rejected.
fn counted(name: &str, more: &str) -> Outcome {
    let log = support::counters::log([(3_500, 0, 0), (60, 100, 55)]);
    run_fed(plugin(name).args(["--counters", "csv:-"]).args(more.split(' ')), log.as_bytes())
}
